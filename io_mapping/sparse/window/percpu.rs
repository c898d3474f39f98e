// SPDX-License-Identifier: GPL-2.0

//! Slots of our own: a few pages of address space per CPU whose entries we write ourselves.

use super::{out_of_slots, SlotAddr, SlotUsage};
use crate::bindings;
use crate::mm::cache_mode::Protection;
use crate::mm::page_table::{self, Entry, RawEntry};
use crate::mm::phys_range::{PAGE_SHIFT, PAGE_SIZE};
use crate::mm::slots::{Slots, MAX_SLOTS};
use crate::mm::vm_area::VmArea;
use crate::mm::{preempt, tlb};
use crate::tracking::counters::Counter;
use core::num::NonZero;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use kernel::{cpu, prelude::*};

/// The window of this module, null before it is loaded and after it is unloaded.
static WINDOW: AtomicPtr<Window> = AtomicPtr::new(ptr::null_mut());

/// Slots of one CPU.
///
/// # Invariants
///
/// `entries` points to the page-table entries of as many pages as there are slots, from `addr` on.
/// Whoever has taken a slot, and nobody else, writes its entry. The entry of a free slot is clear,
/// and this CPU has no translation of its page.
// The alignment leaves the low bits of an address to `PackedSlot`, and a cache line to each CPU.
#[repr(align(128))]
struct CpuSlots {
    slots: Slots,
    entries: *mut RawEntry,
    addr: usize,
    /// The most slots that were in use at once.
    peak: AtomicU32,
    /// Whether translations of other address spaces must be invalidated too.
    all_asids: bool,
}

/// A slot that is in use: the address of its [`CpuSlots`], with its number and whether migration
/// was turned off for it in the low bits.
#[derive(Clone, Copy)]
struct PackedSlot(usize);

impl PackedSlot {
    const INDEX: usize = 63;
    const MIGRATION_DISABLED: usize = 64;

    #[inline(always)]
    fn new(cpu: &'static CpuSlots, index: u32, migration_disabled: bool) -> Self {
        let migration_disabled = if migration_disabled {
            Self::MIGRATION_DISABLED
        } else {
            0
        };
        Self(ptr::from_ref(cpu).expose_provenance() | index as usize | migration_disabled)
    }

    #[inline(always)]
    fn cpu(self) -> *const CpuSlots {
        ptr::with_exposed_provenance(self.0 & !(Self::INDEX | Self::MIGRATION_DISABLED))
    }

    #[inline(always)]
    fn index(self) -> u32 {
        // CAST: less than 64.
        (self.0 & Self::INDEX) as u32
    }

    #[inline(always)]
    fn is_migration_disabled(self) -> bool {
        self.0 & Self::MIGRATION_DISABLED != 0
    }
}

/// Address space for temporary maps: the slots of every CPU that there can be.
///
/// # Invariants
///
/// `cpus` has an element for each CPU, and their pages are those of `area`.
pub(crate) struct Window {
    cpus: KVec<CpuSlots>,
    per_cpu: u32,
    _area: VmArea,
}

// SAFETY: The entries belong to who has taken their slot, on whatever CPU the window was made.
unsafe impl Send for Window {}
// SAFETY: As above.
unsafe impl Sync for Window {}

/// Keeps the window for as long as the module is loaded.
pub(crate) struct Registration(KBox<Window>);

impl Window {
    /// Makes the module's window, of `per_cpu` slots a CPU.
    ///
    /// # Errors
    ///
    /// `EINVAL` unless `per_cpu` is a power of two of at most 64, `ENOMEM`.
    ///
    /// # Context
    ///
    /// May sleep.
    pub(crate) fn register(per_cpu: u32) -> Result<Registration> {
        let window = Registration(KBox::new(Self::new(per_cpu)?, GFP_KERNEL)?);
        WINDOW.store(ptr::from_ref(&*window.0).cast_mut(), Ordering::Release);
        Ok(window)
    }

    fn new(per_cpu: u32) -> Result<Self> {
        if !per_cpu.is_power_of_two() || per_cpu > MAX_SLOTS {
            return Err(EINVAL);
        }
        let count = cpu::nr_cpu_ids() as usize;
        let bytes = per_cpu as usize * PAGE_SIZE as usize;
        let (area, first) = VmArea::map_nothing(count * bytes)?;
        let mut cpus = KVec::with_capacity(count, GFP_KERNEL)?;
        for index in 0..count {
            let addr = first + index * bytes;
            // A power of two of pages from a multiple of their size on: they share one table.
            let entries = page_table::small_entry(addr).ok_or(ENOMEM)?.as_ptr();
            // INVARIANT: clear, and in no TLB as they never were present.
            let slots = CpuSlots {
                slots: Slots::new(per_cpu),
                entries,
                addr,
                peak: AtomicU32::new(0),
                all_asids: tlb::has_other_address_spaces(),
            };
            cpus.push(slots, GFP_KERNEL)?;
        }
        // INVARIANT: one element a CPU.
        Ok(Self {
            cpus,
            per_cpu,
            _area: area,
        })
    }

    /// The window, while the module is loaded: that is, for all who can call it.
    ///
    /// # Errors
    ///
    /// `ENODEV` before the module has been initialised.
    #[inline(always)]
    pub(crate) fn get() -> Result<&'static Self> {
        let window = NonNull::new(WINDOW.load(Ordering::Acquire)).ok_or(ENODEV)?;
        // SAFETY: It lives until the module is unloaded, and nobody can call us after that.
        Ok(unsafe { window.as_ref() })
    }

    /// Maps the page at physical address `phys` protected by `prot`, and keeps the caller on its CPU.
    ///
    /// # Errors
    ///
    /// `EAGAIN` where all slots of this CPU are in use.
    ///
    /// # Context
    ///
    /// Any but NMI.
    #[inline(always)]
    pub(crate) fn map_local(&'static self, phys: u64, prot: Protection) -> SlotAddr {
        // SAFETY: Undone below, or by `release`: in an interrupt too, for the task that it interrupts,
        // before it returns.
        unsafe { bindings::migrate_disable() };
        if let Some(slot_addr) = self.map_on_this_cpu(phys, prot, true) {
            return slot_addr;
        }
        // SAFETY: Turned off just now, and there is no slot to be given back.
        unsafe { bindings::migrate_enable() };
        out_of_slots()
    }

    /// Maps the page at physical address `phys` protected by `prot`, for a caller that stays on its
    /// CPU.
    ///
    /// # Errors
    ///
    /// As [`Self::map_local`].
    #[inline(always)]
    pub(crate) fn map_atomic(&'static self, phys: u64, prot: Protection) -> SlotAddr {
        self.map_on_this_cpu(phys, prot, false)
            .unwrap_or_else(out_of_slots)
    }

    /// How many slots are in use.
    pub(crate) fn usage(&self) -> Option<SlotUsage> {
        Some(self.count())
    }

    fn count(&self) -> SlotUsage {
        let absent = MAX_SLOTS - self.per_cpu;
        let peaks = self.cpus.iter().map(|cpu| cpu.peak.load(Ordering::Relaxed));
        SlotUsage {
            in_use: self.cpus.iter().map(|cpu| cpu.slots.taken() - absent).sum(),
            peak: peaks.max().unwrap_or(0),
        }
    }

    /// The physical addresses of the pages that slots map now.
    pub(crate) fn pages(&self) -> impl Iterator<Item = u64> + '_ {
        let slots = self
            .cpus
            .iter()
            .flat_map(|cpu| (0..self.per_cpu).map(|index| cpu.page_addr(index)));
        slots.filter_map(Entry::lookup).map(Entry::phys)
    }

    #[inline(always)]
    fn map_on_this_cpu(
        &'static self,
        phys: u64,
        prot: Protection,
        migration_disabled: bool,
    ) -> Option<SlotAddr> {
        // SAFETY: By the invariant there is an element for each CPU.
        let this = unsafe { self.cpus.get_unchecked(preempt::this_cpu()) };
        let index = this.slots.take()?;
        // SAFETY: The slot is ours, and its entry is clear.
        unsafe { page_table::set_entry(this.entry_ptr(index), prot.entry(phys)) };
        let counter = if migration_disabled {
            Counter::SlotLocalMaps
        } else {
            Counter::SlotAtomicMaps
        };
        counter.count();
        if index >= this.peak.load(Ordering::Relaxed) {
            return Some(this.new_peak(index, migration_disabled));
        }
        Some(this.slot_addr(index, migration_disabled))
    }
}

impl CpuSlots {
    #[inline(always)]
    fn entry_ptr(&self, index: u32) -> *mut RawEntry {
        self.entries.wrapping_add(index as usize)
    }

    #[inline(always)]
    fn page_addr(&self, index: u32) -> usize {
        self.addr.wrapping_add((index as usize) << PAGE_SHIFT)
    }

    /// Where the page of slot `index` is, which has been taken.
    #[inline(always)]
    fn slot_addr(&'static self, index: u32, migration_disabled: bool) -> SlotAddr {
        SlotAddr {
            addr: self.page_addr(index),
            slot: NonZero::new(PackedSlot::new(self, index, migration_disabled).0),
        }
    }

    /// As [`Self::slot_addr`], where more slots are in use than ever: the lowest free one is taken, so
    /// that all below it are in use.
    // The last that the caller does, so that it need not save registers in any other case.
    #[cold]
    #[inline(never)]
    fn new_peak(&'static self, index: u32, migration_disabled: bool) -> SlotAddr {
        self.peak.fetch_max(index + 1, Ordering::Relaxed);
        self.slot_addr(index, migration_disabled)
    }
}

/// Gives a slot back.
///
/// # Safety
///
/// `packed` came from this window, on this CPU, and has not been given back.
// Not inlined, as a user's module cannot reach the shims.
#[inline(never)]
pub(super) unsafe fn release(packed: NonZero<usize>) {
    let packed = PackedSlot(packed.get());
    // SAFETY: The window lives until the module is unloaded, which the holder of a slot prevents.
    let cpu = unsafe { &*packed.cpu() };
    // SAFETY: The slot is ours, and we are on its CPU, where alone the page has been used.
    unsafe {
        page_table::set_entry(cpu.entry_ptr(packed.index()), 0);
        tlb::invalidate_page(cpu.page_addr(packed.index()));
    }
    if cpu.all_asids {
        // SAFETY: As required of our caller, for `cpu`.
        return unsafe { release_in_all_asids(cpu, packed) };
    }
    // SAFETY: As above, and by this CPU alone the page has been used.
    unsafe { free_slot(cpu, packed) };
}

/// Gives a slot back.
///
/// # Safety
///
/// As [`release`], for the slots of `cpu`, and no TLB has the page any more.
#[inline(always)]
unsafe fn free_slot(cpu: &CpuSlots, packed: PackedSlot) {
    cpu.slots.put(packed.index());
    if packed.is_migration_disabled() {
        Counter::SlotLocalUnmaps.count();
        // SAFETY: The slot was taken with migration turned off for it.
        unsafe { bindings::migrate_enable() };
    } else {
        Counter::SlotAtomicUnmaps.count();
    }
}

/// What is left of [`release`] where the TLB may have the page for other address spaces.
///
/// # Safety
///
/// As [`release`], for the slots of `cpu`.
// The last that it does, so that it need not save registers in any other case.
#[cold]
#[inline(never)]
unsafe fn release_in_all_asids(cpu: &CpuSlots, packed: PackedSlot) {
    // SAFETY: Nobody uses the page of a slot that is given back.
    unsafe { tlb::invalidate_page_everywhere(cpu.page_addr(packed.index())) };
    // SAFETY: As required of our caller, and just invalidated.
    unsafe { free_slot(cpu, packed) };
}

impl Drop for Registration {
    fn drop(&mut self) {
        WINDOW.store(ptr::null_mut(), Ordering::Release);
        let leaked = self.0.count().in_use;
        if leaked != 0 {
            pr_warn!("{} temporary maps were leaked\n", leaked);
        }
    }
}
