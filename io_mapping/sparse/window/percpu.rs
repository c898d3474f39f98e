// SPDX-License-Identifier: GPL-2.0

//! The window backend `percpu`: each CPU has a few pages of address space, whose page-table entries
//! are written directly.

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

/// The window of this module, or null before the module is loaded and after it is unloaded.
///
/// It points into the module's [`Registration`].
static WINDOW: AtomicPtr<Window> = AtomicPtr::new(ptr::null_mut());

/// The slots of one CPU.
///
/// # Invariants
///
/// - `addr` is the address of as many pages as there are slots, a page for each in order. `entries`
///   points to their page-table entries, which are in one table.
/// - Only the holder of a slot writes its entry.
/// - The entry of a free slot is clear, and this CPU has no translation of its page.
// Aligned so that `PackedSlot` can use the low bits of its address, and so that CPUs do not share
// cache lines.
#[repr(align(128))]
struct CpuSlots {
    slots: Slots,
    entries: *mut RawEntry,
    addr: usize,
    /// The most slots that were in use at once.
    peak: AtomicU32,
    /// Whether translations that were made in other address spaces must be invalidated, too.
    all_address_spaces: bool,
}

/// A slot that is in use, as one number: the address of its [`CpuSlots`], and in the low bits the
/// slot's index and whether migration was disabled for it.
///
/// # Invariants
///
/// The number is the exposed address of a [`CpuSlots`] of the window, plus the bits below its
/// alignment.
#[derive(Clone, Copy)]
struct PackedSlot(usize);

impl PackedSlot {
    /// The bits of the index.
    const INDEX: usize = 63;
    /// This bit says that migration was disabled.
    const MIGRATION_DISABLED: usize = 64;

    #[inline(always)]
    fn new(cpu: &'static CpuSlots, index: u32, migration_disabled: bool) -> Self {
        let migration_disabled = if migration_disabled {
            Self::MIGRATION_DISABLED
        } else {
            0
        };
        // INVARIANT: An index is less than `MAX_SLOTS`, so that both are bits below the alignment.
        Self(ptr::from_ref(cpu).expose_provenance() | index as usize | migration_disabled)
    }

    #[inline(always)]
    fn cpu(self) -> *const CpuSlots {
        ptr::with_exposed_provenance(self.0 & !(Self::INDEX | Self::MIGRATION_DISABLED))
    }

    #[inline(always)]
    fn index(self) -> u32 {
        // CAST: Less than 64.
        (self.0 & Self::INDEX) as u32
    }

    #[inline(always)]
    fn is_migration_disabled(self) -> bool {
        self.0 & Self::MIGRATION_DISABLED != 0
    }
}

/// The slots of all CPUs that the machine may have.
///
/// # Invariants
///
/// `cpus` has an element for each CPU number. Their pages are those of `_area`.
pub(crate) struct Window {
    cpus: KVec<CpuSlots>,
    per_cpu: u32,
    _area: VmArea,
}

// SAFETY: The raw pointers are to page-table entries of the window's own area. Those belong to no task
// and no CPU.
unsafe impl Send for Window {}
// SAFETY: A shared window is changed by atomic operations on its slots, and by stores to entries. By
// the invariants of `CpuSlots` only the holder of a slot stores to its entry.
unsafe impl Sync for Window {}

/// Keeps the window while the module is loaded.
pub(crate) struct Registration(KBox<Window>);

impl Window {
    /// Makes the module's window, with `per_cpu` slots for each CPU.
    ///
    /// # Errors
    ///
    /// - `EINVAL` where `per_cpu` is not a power of two, or more than 64.
    /// - `ENOMEM`.
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
        // CAST: At most 64 pages.
        let size_per_cpu = per_cpu as usize * PAGE_SIZE as usize;
        let size = count.checked_mul(size_per_cpu).ok_or(ENOMEM)?;
        let (area, first) = VmArea::reserve(size)?;
        let mut cpus = KVec::with_capacity(count, GFP_KERNEL)?;
        for index in 0..count {
            // No overflow: it is an address of the area.
            let addr = first.wrapping_add(index.wrapping_mul(size_per_cpu));
            let entries = page_table::small_entry(addr).ok_or(ENOMEM)?.as_ptr();
            // INVARIANT: The pages are those of the area from `addr` on. They are a power of two, and
            // begin at a multiple of their size, so that their entries are in one table. The entries
            // are clear. They never were present, so that no TLB has a translation.
            let slots = CpuSlots {
                slots: Slots::new(per_cpu),
                entries,
                addr,
                peak: AtomicU32::new(0),
                all_address_spaces: tlb::has_other_address_spaces(),
            };
            cpus.push(slots, GFP_KERNEL)?;
        }
        // INVARIANT: There is an element for each CPU number, with pages of `area`.
        Ok(Self {
            cpus,
            per_cpu,
            _area: area,
        })
    }

    /// Returns the module's window.
    ///
    /// # Errors
    ///
    /// `ENODEV` before the module has been initialised.
    #[inline(always)]
    pub(crate) fn get() -> Result<&'static Self> {
        let window = NonNull::new(WINDOW.load(Ordering::Acquire)).ok_or(ENODEV)?;
        // SAFETY: `WINDOW` is null or points to the window of the module's `Registration`, which is
        // dropped when the module is unloaded. Nobody can call this function after that.
        Ok(unsafe { window.as_ref() })
    }

    /// Maps the page at physical address `phys` with protection `prot`, and keeps the caller on its
    /// CPU.
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
        // SAFETY: It is enabled again below or by `release`. An interrupt disables it for the task that
        // it interrupts, and enables it again before it returns.
        unsafe { bindings::migrate_disable() };
        if let Some(slot_addr) = self.map_on_this_cpu(phys, prot, true) {
            return slot_addr;
        }
        // SAFETY: It was disabled just now, and no slot will enable it.
        unsafe { bindings::migrate_enable() };
        out_of_slots()
    }

    /// Maps the page at physical address `phys` with protection `prot`, for a caller that stays on its
    /// CPU until it has given the slot back.
    ///
    /// # Errors
    ///
    /// As [`Self::map_local`].
    #[inline(always)]
    pub(crate) fn map_atomic(&'static self, phys: u64, prot: Protection) -> SlotAddr {
        self.map_on_this_cpu(phys, prot, false)
            .unwrap_or_else(out_of_slots)
    }

    /// Returns how many slots are in use, which this backend always knows.
    pub(crate) fn usage(&self) -> Option<SlotUsage> {
        Some(self.count_slots())
    }

    // Out of line, as nothing that uses it is in a hurry.
    #[inline(never)]
    fn count_slots(&self) -> SlotUsage {
        // Slots that do not exist count as taken.
        let absent = MAX_SLOTS.saturating_sub(self.per_cpu);
        let in_use = self
            .cpus
            .iter()
            .map(|cpu| cpu.slots.taken().saturating_sub(absent));
        let peaks = self.cpus.iter().map(|cpu| cpu.peak.load(Ordering::Relaxed));
        SlotUsage {
            in_use: in_use.sum(),
            peak: peaks.max().unwrap_or(0),
        }
    }

    /// Returns the physical addresses of the pages that slots map now.
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
        // SAFETY: By the invariants of `Window` there is an element for each CPU number.
        let this = unsafe { self.cpus.get_unchecked(preempt::this_cpu()) };
        let index = this.slots.take()?;
        // SAFETY: By the invariants of `CpuSlots` the entry is one of the window's area, and belongs
        // to the holder of the slot, which we have taken just now.
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

    /// Makes the [`SlotAddr`] of slot `index`, which has been taken and whose page is mapped.
    #[inline(always)]
    fn slot_addr(&'static self, index: u32, migration_disabled: bool) -> SlotAddr {
        // INVARIANT: The page stays mapped until the slot is given back, and the number is that of
        // the slot.
        SlotAddr {
            addr: self.page_addr(index),
            slot: NonZero::new(PackedSlot::new(self, index, migration_disabled).0),
        }
    }

    /// As [`Self::slot_addr`], for a slot with an index that is higher than any before. All slots
    /// below it are in use, as the lowest free one is taken.
    // A tail call, so that the caller need not save registers in any other case.
    #[cold]
    #[inline(never)]
    fn new_peak(&'static self, index: u32, migration_disabled: bool) -> SlotAddr {
        // No overflow: an index is less than `MAX_SLOTS`.
        self.peak
            .fetch_max(index.wrapping_add(1), Ordering::Relaxed);
        self.slot_addr(index, migration_disabled)
    }
}

/// Gives a slot back.
///
/// # Safety
///
/// `slot` is the number of a slot of this window that is in use. It has not been given back, and this
/// is the slot's CPU.
// Out of line, as a user's module cannot call what it needs.
#[inline(never)]
pub(super) unsafe fn release(slot: NonZero<usize>) {
    // INVARIANT: Our caller guarantees that it is the number of a slot of this window.
    let packed = PackedSlot(slot.get());
    // SAFETY: By the invariants of `PackedSlot` it points to a `CpuSlots` of the window. That is there
    // until the module is unloaded, which the holder of a slot prevents.
    let cpu = unsafe { &*packed.cpu() };
    // SAFETY: By the invariants of `CpuSlots` the entry belongs to the holder of the slot, which our
    // caller is.
    unsafe { page_table::set_entry(cpu.entry_ptr(packed.index()), 0) };
    tlb::invalidate_page(cpu.page_addr(packed.index()));
    if cpu.all_address_spaces {
        // SAFETY: Our caller guarantees that the slot is in use, has not been given back, and is of
        // this CPU. `cpu` has its slots. The entry was cleared just now.
        return unsafe { release_in_all_address_spaces(cpu, packed) };
    }
    // SAFETY: Our caller guarantees that the slot is in use, has not been given back, and is of this
    // CPU. `cpu` has its slots. The entry was cleared and the translation invalidated just now.
    unsafe { free_slot(cpu, packed) };
}

/// Lets the slot be taken again.
///
/// # Safety
///
/// - `packed` is a slot of `cpu`, which is this CPU. It is in use and has not been given back.
/// - Its entry is clear, and this CPU has no translation of its page.
#[inline(always)]
unsafe fn free_slot(cpu: &CpuSlots, packed: PackedSlot) {
    cpu.slots.put(packed.index());
    if packed.is_migration_disabled() {
        Counter::SlotLocalUnmaps.count();
        // SAFETY: Migration was disabled for this slot, and nobody else enables it for it.
        unsafe { bindings::migrate_enable() };
    } else {
        Counter::SlotAtomicUnmaps.count();
    }
}

/// Does the rest of [`release`] where the TLB may have translations that were made in other address
/// spaces.
///
/// # Safety
///
/// - `packed` is a slot of `cpu`, which is this CPU. It is in use and has not been given back.
/// - Its entry is clear.
// A tail call, so that the caller need not save registers in any other case.
#[cold]
#[inline(never)]
unsafe fn release_in_all_address_spaces(cpu: &CpuSlots, packed: PackedSlot) {
    tlb::invalidate_all();
    // SAFETY: Our caller guarantees all but the translation, which was invalidated just now.
    unsafe { free_slot(cpu, packed) };
}

impl Drop for Registration {
    fn drop(&mut self) {
        WINDOW.store(ptr::null_mut(), Ordering::Release);
        let leaked = self.0.count_slots().in_use;
        if leaked != 0 {
            pr_warn!("{} temporary maps were leaked\n", leaked);
        }
    }
}
