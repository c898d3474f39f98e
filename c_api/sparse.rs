// SPDX-License-Identifier: GPL-2.0

//! Apertures of C drivers that are not mapped as a whole: each map of a page takes a slot, each map of
//! more an area.
//!
//! C's calls name a slot by the address of its page alone. So what took a slot is noted in an array
//! with an element for each. An element is taken by one atomic operation, so that a slot is given back
//! once, and only by this.

use super::misuse::{is_strict, report};
use crate::bindings;
use crate::io_mapping::sparse::chunks::TrackedArea;
use crate::io_mapping::sparse::window::{Slot, Window};
use crate::io_mapping::IoMapping;
use crate::tracking::CallSite;
use core::num::NonZero;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use kernel::{alloc::KVVec, prelude::*, sync::global_lock, task::Task};

/// A sparse aperture, how many of its maps there are, and whether the driver has ended it.
pub(super) struct SparseAperture {
    aperture: IoMapping,
    live: AtomicU32,
    ended: AtomicBool,
}

/// How many apertures there are that the driver has ended.
static ENDED: AtomicU32 = AtomicU32::new(0);

/// Who has a slot.
///
/// # Invariants
///
/// `number` is 0, or it is that of a [`Slot`] that is in use, and `aperture` points to the aperture
/// whose `live` counts it.
struct Holder {
    number: AtomicUsize,
    aperture: AtomicPtr<SparseAperture>,
    /// The task that has mapped it.
    task: AtomicUsize,
    /// Counts up with each map, so that it tells the order.
    sequence: AtomicU64,
}

/// The [`Holder`] of each slot of the window, in their order. Null until there is a sparse aperture.
static HOLDERS: AtomicPtr<KVVec<Holder>> = AtomicPtr::new(ptr::null_mut());

/// How many maps have taken a slot.
static SEQUENCE: AtomicU64 = AtomicU64::new(0);

global_lock! {
    // SAFETY: `init` initialises it, before there is an aperture.
    unsafe(uninit) static CREATE_LOCK: Mutex<()> = ();
}

/// Keeps the array while the module is loaded.
pub(super) struct Registration(());

impl Registration {
    /// # Safety
    ///
    /// Called once, when the module is loaded.
    pub(super) unsafe fn new() -> Self {
        // SAFETY: As required of our caller, nobody has used the lock.
        unsafe { CREATE_LOCK.init() };
        Self(())
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let holders = HOLDERS.swap(ptr::null_mut(), Ordering::Relaxed);
        if !holders.is_null() {
            // SAFETY: `prepare` got the pointer from `into_raw`. No driver is there that could use it.
            drop(unsafe { KBox::from_raw(holders) });
        }
    }
}

/// Returns the address of the running task, as a number that is compared with others.
fn current() -> usize {
    Task::current_raw().addr()
}

/// Returns the holders of all slots; none where there is no sparse aperture.
fn holders() -> &'static [Holder] {
    // SAFETY: Null, or an array that stays until the module is unloaded, when nobody calls us.
    let holders = unsafe { HOLDERS.load(Ordering::Acquire).as_ref() };
    holders.map_or(&[], |holders| holders.as_slice())
}

/// Makes the array of holders, and lets drivers call us when they unmap.
fn prepare(window: &Window) -> Result {
    let _lock = CREATE_LOCK.lock();
    if !HOLDERS.load(Ordering::Relaxed).is_null() {
        return Ok(());
    }
    let mut holders = KVVec::with_capacity(window.count(), GFP_KERNEL)?;
    for _ in 0..window.count() {
        // INVARIANT: `number` is 0.
        let holder = Holder {
            number: AtomicUsize::new(0),
            aperture: AtomicPtr::new(ptr::null_mut()),
            task: AtomicUsize::new(0),
            sequence: AtomicU64::new(0),
        };
        holders.push(holder, GFP_KERNEL)?;
    }
    let holders = KBox::into_raw(KBox::new(holders, GFP_KERNEL)?);
    HOLDERS.store(holders, Ordering::Release);
    bindings::iomrs_sparse_apertures_enable();
    Ok(())
}

impl SparseAperture {
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(aperture: IoMapping) -> Result<KBox<Self>> {
        prepare(Window::get()?)?;
        let made = Self {
            aperture,
            live: AtomicU32::new(0),
            ended: AtomicBool::new(false),
        };
        Ok(KBox::new(made, GFP_KERNEL)?)
    }

    /// Ends it. Returns how many maps of it there are, once.
    pub(super) fn end(&self) -> Option<u32> {
        if self.ended.swap(true, Ordering::Relaxed) {
            return None;
        }
        ENDED.fetch_add(1, Ordering::Relaxed);
        Some(self.live.load(Ordering::Acquire))
    }

    /// Whether it was ended, and no map of it is left.
    pub(super) fn is_over(&self) -> bool {
        self.ended.load(Ordering::Relaxed) && self.live.load(Ordering::Acquire) == 0
    }

    /// Whether there is any that was ended.
    pub(super) fn some_ended() -> bool {
        ENDED.load(Ordering::Relaxed) != 0
    }

    /// Maps the page at `offset`, a multiple of the page size within the aperture. If `atomic`, the
    /// caller stays on its CPU until it has unmapped it.
    ///
    /// # Errors
    ///
    /// `EAGAIN` where all slots are in use.
    pub(super) fn map_page(&self, offset: u64, atomic: bool) -> Result<usize> {
        let slot_addr = if atomic {
            self.aperture.map_slot_atomic(offset)
        } else {
            self.aperture.map_slot_local(offset)
        };
        // SAFETY: The `SlotAddr` was returned just now, and is claimed here only.
        let (addr, slot) = unsafe { slot_addr.claim()? };
        let index = Window::get()?.index_of(addr);
        let holder = index.and_then(|index| holders().get(index));
        // A slot of the window has a holder. If it had not, it would be given back here.
        let holder = holder.ok_or(EINVAL)?;
        self.live.fetch_add(1, Ordering::Relaxed);
        holder
            .aperture
            .store(ptr::from_ref(self).cast_mut(), Ordering::Relaxed);
        holder.task.store(current(), Ordering::Relaxed);
        let sequence = SEQUENCE.fetch_add(1, Ordering::Relaxed);
        holder.sequence.store(sequence, Ordering::Relaxed);
        // INVARIANT: The number of a slot in use, which `live` counts from above on.
        holder
            .number
            .store(slot.into_raw().get(), Ordering::Release);
        Ok(addr)
    }

    /// Maps `len` bytes from `offset` on. The bytes, at least one, are within the aperture, and `offset`
    /// is a multiple of the page size.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Safety
    ///
    /// The aperture stays for as long as [`live`](Self::live) is not 0.
    pub(super) unsafe fn map_area(&self, offset: u64, len: usize) -> Result<Area> {
        let (_, area) = self.aperture.map_area(offset, len as u64)?;
        self.live.fetch_add(1, Ordering::Relaxed);
        // SAFETY: It is counted from above on, so that our caller keeps the aperture.
        let aperture = unsafe { &*ptr::from_ref(self) };
        Ok(Area {
            area,
            // INVARIANT: Counted just now.
            _counted: Counted(aperture),
        })
    }
}

impl Drop for SparseAperture {
    fn drop(&mut self) {
        if *self.ended.get_mut() {
            ENDED.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// One of the maps of an aperture.
///
/// # Invariants
///
/// The aperture counts this as `live`, so that it stays until this is dropped.
struct Counted(&'static SparseAperture);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, Ordering::Release);
    }
}

/// A part of a sparse aperture, unmapped on drop, and then counted no more.
pub(super) struct Area {
    area: TrackedArea,
    _counted: Counted,
}

impl Area {
    /// The address of its first byte.
    pub(super) fn addr(&self) -> usize {
        self.area.info().addr
    }

    /// The number of bytes, rounded up to pages.
    pub(super) fn size(&self) -> usize {
        // CAST: It was a `usize` when it was mapped.
        self.area.info().size as usize
    }
}

/// Unmaps the page at `addr`, or reports that it cannot be. Returns whether it is that of a slot.
pub(super) fn unmap_page(addr: usize, site: &CallSite) -> bool {
    let window = Window::get().ok();
    let index = window.and_then(|window| window.index_of(addr));
    let holder = index.and_then(|index| holders().get(index));
    let (Some(window), Some(index), Some(holder)) = (window, index, holder) else {
        return false;
    };
    unmap_slot((addr, index), window, holder, site);
    true
}

fn unmap_slot((addr, index): (usize, usize), window: &Window, holder: &Holder, site: &CallSite) {
    if holder.number.load(Ordering::Relaxed) == 0 {
        report(site, "unmap of a page that is not mapped", addr);
        return;
    }
    if !window.may_be_released_here(index) {
        report(site, "unmap of a page that another CPU has mapped", addr);
        return;
    }
    if holder.task.load(Ordering::Relaxed) != current() {
        report(site, "unmap of a page that another task has mapped", addr);
    }
    if is_strict() && is_mapped_before_another(holder) {
        report(
            site,
            "unmap of a page that is not the last one mapped",
            addr,
        );
    }
    // INVARIANT: 0.
    let number = holder.number.swap(0, Ordering::Acquire);
    let Some(number) = NonZero::new(number) else {
        report(site, "unmap of a page that is not mapped", addr);
        return;
    };
    // Nobody else changes it while the slot is in use.
    let aperture = holder.aperture.load(Ordering::Relaxed);
    // SAFETY: By the invariant of `Holder` it is the number of a slot in use. The swap has taken it. If
    // the slot is for one CPU, this is that CPU: the caller is an interrupt or an atomic section.
    drop(unsafe { Slot::from_raw(number) });
    // SAFETY: By the invariant of `Holder` `live` counts the slot until this.
    unsafe { &*aperture }.live.fetch_sub(1, Ordering::Release);
}

/// Whether the task that has this slot has mapped another one since, and not unmapped it.
fn is_mapped_before_another(holder: &Holder) -> bool {
    let (task, sequence) = (
        holder.task.load(Ordering::Relaxed),
        holder.sequence.load(Ordering::Relaxed),
    );
    holders().iter().any(|other| {
        other.number.load(Ordering::Relaxed) != 0
            && other.task.load(Ordering::Relaxed) == task
            && other.sequence.load(Ordering::Relaxed) > sequence
    })
}
