// SPDX-License-Identifier: GPL-2.0

//! The window backend `percpu`: pages of address space whose page-table entries are written
//! directly.
//!
//! There are two kinds of slots:
//!
//! - **For any CPU**: those of local maps, whose holders may sleep and be migrated. Each CPU takes
//!   from a share of its own, and from others' when that is in use. A slot that is given back is
//!   dirty: CPUs may keep translations of its page. When the share has no clean slot left, all CPUs
//!   are flushed once, which cleans all dirty slots of all shares.
//! - **For this CPU**: those of atomic maps, and of interrupts that find no other slot. Only one CPU
//!   uses such a slot. So it is enough to invalidate that CPU's translation when the slot is given
//!   back.
//!
//! Why is a slot of the first kind not cleaned on the CPU alone that used it, where its holder was
//! not migrated? A CPU looks ahead, and keeps translations of pages that it has not used. The next
//! holder may be migrated to such a CPU.

use super::{groups_per_cpu, out_of_slots, SlotAddr};
use crate::bindings::{iomrs_clean_lock, spin_lock::SpinLock};
use crate::mm::cache_mode::Protection;
use crate::mm::page_table::{Entry, RawEntry};
use crate::mm::phys_range::PAGE_SHIFT;
use crate::mm::slots::MAX_SLOTS;
use crate::mm::vm_area::VmArea;
use crate::mm::work::{Later, Work};
use crate::mm::{flush, preempt, tlb};
use crate::tracking::counters::Counter;
use core::num::NonZero;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};
use kernel::{alloc::KVVec, cpu, prelude::*};

mod group;
use group::{Cleaning, Group, PackedSlot, GROUP_SIZE};

/// The window of this module, or null before the module is loaded and after it is unloaded.
///
/// It points into the module's [`Registration`].
static WINDOW: AtomicPtr<Window> = AtomicPtr::new(ptr::null_mut());

/// Held by whoever cleans the slots for any CPU.
// SAFETY: The lock is for this alone.
static CLEAN_LOCK: SpinLock<()> = unsafe { SpinLock::new(&raw mut iomrs_clean_lock, ()) };

/// What a CPU has.
///
/// # Invariants
///
/// - `own` has slots that only this CPU uses.
/// - `current` points to a group of the window's `shared`.
// The alignment is that of a group, so that CPUs do not share cache lines.
struct Cpu {
    own: Group,
    /// The group of its share from which it takes slots.
    current: AtomicPtr<Group>,
    /// The first group of its share.
    share: usize,
}

/// The slots of all CPUs that the machine may have.
///
/// # Invariants
///
/// - `cpus` has an element for each CPU number. The groups of `shared` and then theirs are those of
///   `_area`, each after the other, from `first` on.
/// - The slots of `shared` are cleaned on all CPUs.
/// - `work` has been initialised, and does [`CleanLater`].
pub(crate) struct Window {
    cpus: KVVec<Cpu>,
    shared: KVVec<Group>,
    /// Groups of a share.
    share_len: usize,
    work: Work,
    /// The address of the page of the first slot.
    first: usize,
    _area: VmArea,
}

// SAFETY: The raw pointers are to page-table entries of the window's own area, and to its groups.
// Those belong to no task and no CPU.
unsafe impl Send for Window {}
// SAFETY: A shared window is changed by atomic operations, and by stores to entries. By the
// invariants of `Group` only the holder of a slot stores to its entry.
unsafe impl Sync for Window {}

/// Keeps the window while the module is loaded.
pub(crate) struct Registration(KBox<Window>);

impl Window {
    /// Makes the module's window, with `per_cpu` slots for local maps for each CPU.
    ///
    /// # Errors
    ///
    /// - Those of [`groups_per_cpu`].
    /// - `ENOMEM`.
    ///
    /// # Context
    ///
    /// May sleep. Called once, when the module is loaded.
    pub(crate) fn register(per_cpu: u32) -> Result<Registration> {
        let window = Registration(KBox::new(Self::new(per_cpu)?, GFP_KERNEL)?);
        // SAFETY: The module is loaded once. The window stays in its box until it is dropped with the
        // registration, which cancels the work first. INVARIANT: The work is initialised.
        unsafe { window.0.work.init::<CleanLater>() };
        WINDOW.store(ptr::from_ref(&*window.0).cast_mut(), Ordering::Release);
        Ok(window)
    }

    fn new(per_cpu: u32) -> Result<Self> {
        let share_len = groups_per_cpu(per_cpu)?;
        let (count, shares) = (cpu::nr_cpu_ids() as usize, flush::online_cpus());
        // No overflow: there are at most 2^16 CPUs, and 64 groups for each.
        let size = (count + shares * share_len) * GROUP_SIZE;
        // A group more, so that they can begin at a multiple of their size.
        let (area, addr) = VmArea::reserve(size + GROUP_SIZE)?;
        // No overflow: these are addresses of the area.
        let first = addr.next_multiple_of(GROUP_SIZE);
        let mut addrs = (first..first.wrapping_add(size)).step_by(GROUP_SIZE);
        let mut group = |cleaning| Group::new(addrs.next().ok_or(ENOMEM)?, cleaning);
        let mut shared = KVVec::with_capacity(shares * share_len, GFP_KERNEL)?;
        for _ in 0..shares * share_len {
            shared.push(group(Cleaning::AllCpus)?, GFP_KERNEL)?;
        }
        let own_cleaning = if tlb::has_other_address_spaces() {
            Cleaning::ThisCpu
        } else {
            Cleaning::Page
        };
        let mut cpus = KVVec::with_capacity(count, GFP_KERNEL)?;
        for index in 0..count {
            let share = index % shares * share_len;
            let current = shared.get(share).ok_or(ENOMEM)?;
            // INVARIANT: No other CPU number gets the group `own`. `shared` does not grow, so that
            // its groups stay where they are.
            let cpu = Cpu {
                own: group(own_cleaning)?,
                current: AtomicPtr::new(ptr::from_ref(current).cast_mut()),
                share,
            };
            cpus.push(cpu, GFP_KERNEL)?;
        }
        // INVARIANT: There is an element for each CPU number, and the groups are those of `area`.
        // `register` initialises the work before anybody can use it.
        Ok(Self {
            cpus,
            shared,
            share_len,
            work: Work::new(),
            first,
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

    /// Maps the page at physical address `phys` with protection `prot`, for a caller that may sleep
    /// and be migrated until it has given the slot back.
    ///
    /// # Errors
    ///
    /// `EAGAIN` where all slots are in use, or must be cleaned first and this context cannot do it.
    ///
    /// # Context
    ///
    /// Any but NMI.
    #[inline(always)]
    pub(crate) fn map_local(&'static self, phys: u64, prot: Protection) -> SlotAddr {
        let (cpu, entry) = (self.this_cpu(), prot.entry(phys));
        // SAFETY: By the invariants of `Cpu` it points to a group of `shared`, which does not change.
        let group = unsafe { &*cpu.current.load(Ordering::Relaxed) };
        let Some(index) = group.slots.take_at_once() else {
            return self.map_local_elsewhere(cpu, entry);
        };
        Counter::SlotLocalMaps.count();
        // SAFETY: Taken just now. The slot may be used on any CPU, as all of `shared`.
        unsafe { group.map(index, entry) }
    }

    /// Does [`Self::map_local`] where the CPU's current group has no clean slot. `cpu` is the one on
    /// which the caller was.
    // A tail call, so that the caller need not save registers in any other case.
    #[cold]
    #[inline(never)]
    fn map_local_elsewhere(&'static self, cpu: &'static Cpu, entry: RawEntry) -> SlotAddr {
        if let Some((group, index)) = self.find_clean(cpu) {
            Counter::SlotLocalMaps.count();
            // SAFETY: Taken just now. The slot may be used on any CPU, as all of `shared`.
            return unsafe { group.map(index, entry) };
        }
        if preempt::in_interrupt() {
            // An interrupt ends on its CPU, and its guards end before. It was on `cpu` all the time.
            return self.map_on(cpu, entry);
        }
        out_of_slots()
    }

    /// Takes a slot for any CPU: of the share of `cpu` if possible, else of another.
    fn find_clean(&'static self, cpu: &Cpu) -> Option<(&'static Group, u32)> {
        let own = self.shared.iter().skip(cpu.share).take(self.share_len);
        if let Some((group, index)) = self.take_or_clean(own) {
            cpu.current
                .store(ptr::from_ref(group).cast_mut(), Ordering::Relaxed);
            return Some((group, index));
        }
        let found = self.take_or_clean(self.shared.iter());
        if !flush::may_wait_for_cpus() {
            // SAFETY: By the invariants of `Window` it has been initialised.
            unsafe { self.work.queue_after(0) };
        }
        found
    }

    /// Takes a slot of `groups`. If there is none, cleans those that are dirty first, where the
    /// caller may wait for the other CPUs.
    fn take_or_clean(
        &'static self,
        mut groups: impl Iterator<Item = &'static Group> + Clone,
    ) -> Option<(&'static Group, u32)> {
        let take = |group: &'static Group| Some((group, group.slots.take()?));
        let found = groups.clone().find_map(take);
        if found.is_some() || !flush::may_wait_for_cpus() {
            return found;
        }
        let _lock = CLEAN_LOCK.lock();
        // Another task may have cleaned them while we waited for the lock.
        let found = groups.clone().find_map(take);
        if found.is_some() || !groups.clone().any(|group| group.slots.is_dirty()) {
            return found;
        }
        // SAFETY: We hold the lock.
        unsafe { self.clean() };
        groups.find_map(take)
    }

    /// Cleans all slots for any CPU that are dirty.
    ///
    /// # Context
    ///
    /// As [`flush::all_cpus`].
    ///
    /// # Safety
    ///
    /// The caller holds [`CLEAN_LOCK`].
    unsafe fn clean(&self) {
        self.shared.iter().for_each(Group::begin_cleaning);
        flush::all_cpus();
        self.shared.iter().for_each(Group::end_cleaning);
        Counter::SlotFlushes.count();
    }

    /// Maps the page at physical address `phys` with protection `prot`, for a caller that stays on its
    /// CPU until it has given the slot back.
    ///
    /// # Errors
    ///
    /// `EAGAIN` where all slots of this CPU are in use.
    ///
    /// # Context
    ///
    /// Any but NMI.
    #[inline(always)]
    pub(crate) fn map_atomic(&'static self, phys: u64, prot: Protection) -> SlotAddr {
        self.map_on(self.this_cpu(), prot.entry(phys))
    }

    /// Maps a page by a slot of `cpu`, on which the caller stays until it has given the slot back.
    #[inline(always)]
    fn map_on(&'static self, cpu: &'static Cpu, entry: RawEntry) -> SlotAddr {
        let Some(index) = cpu.own.slots.take_at_once() else {
            return self.map_on_after_flush(cpu, entry);
        };
        Counter::SlotAtomicMaps.count();
        // SAFETY: Taken just now. Our caller stays on the CPU.
        unsafe { cpu.own.map(index, entry) }
    }

    /// Does [`Self::map_on`] where the CPU has no clean slot.
    // A tail call, so that the caller need not save registers in any other case.
    #[cold]
    #[inline(never)]
    fn map_on_after_flush(&'static self, cpu: &'static Cpu, entry: RawEntry) -> SlotAddr {
        let dirty = cpu.own.slots.take_dirty();
        if dirty != 0 {
            tlb::invalidate_all();
            cpu.own.slots.put_all_clean(dirty);
        }
        let Some(index) = cpu.own.slots.take() else {
            return out_of_slots();
        };
        Counter::SlotAtomicMaps.count();
        // SAFETY: Taken just now. The caller of `map_on` stays on the CPU.
        unsafe { cpu.own.map(index, entry) }
    }

    /// Returns what this CPU has. The caller may be on another one already, unless it cannot be
    /// migrated.
    #[inline(always)]
    fn this_cpu(&'static self) -> &'static Cpu {
        // SAFETY: By the invariants of `Window` there is an element for each CPU number.
        unsafe { self.cpus.get_unchecked(preempt::this_cpu()) }
    }

    fn groups(&self) -> impl Iterator<Item = &Group> {
        let own = self.cpus.iter().map(|cpu| &cpu.own);
        Iterator::chain(own, self.shared.iter())
    }

    /// Returns how many slots are in use, which this backend always knows.
    pub(crate) fn in_use(&self) -> Option<u32> {
        Some(self.groups().map(Group::in_use).sum())
    }

    /// Returns the number of slots that there are, in use or not.
    pub(crate) fn count(&self) -> usize {
        let groups = self.cpus.len().wrapping_add(self.shared.len());
        groups.wrapping_mul(MAX_SLOTS as usize)
    }

    /// Returns which of the slots has the page at `addr`, if one has.
    pub(crate) fn index_of(&self, addr: usize) -> Option<usize> {
        let index = addr.wrapping_sub(self.first) >> PAGE_SHIFT;
        (index < self.count()).then_some(index)
    }

    /// Returns whether a caller that stays on its CPU may give slot `index` back: it is for any CPU, or
    /// for this one.
    pub(crate) fn may_be_released_here(&self, index: usize) -> bool {
        let group = index / MAX_SLOTS as usize;
        let cpu = group.checked_sub(self.shared.len());
        cpu.is_none_or(|cpu| cpu == preempt::this_cpu())
    }

    /// Returns the physical addresses of the pages that slots map now.
    pub(crate) fn pages(&self) -> impl Iterator<Item = u64> + '_ {
        let groups = self.groups().filter(|group| group.in_use() != 0);
        let slots = groups.flat_map(|group| (0..MAX_SLOTS).map(|index| group.page_addr(index)));
        slots.filter_map(Entry::lookup).map(Entry::phys)
    }
}

/// Cleans slots when nobody who needs them could.
struct CleanLater;

impl Later for CleanLater {
    fn run() {
        if let Ok(window) = Window::get() {
            let _lock = CLEAN_LOCK.lock();
            // SAFETY: We hold the lock.
            unsafe { window.clean() };
        }
    }
}

/// Gives a slot back.
///
/// # Safety
///
/// `slot` is the number of a slot of this window that is in use. It has not been given back. If it is
/// a slot for one CPU, this is that CPU.
// Out of line, as a user's module cannot call what it needs.
#[inline(never)]
pub(super) unsafe fn release(slot: NonZero<usize>) {
    // SAFETY: Our caller guarantees that it is the number of a slot that is in use.
    let slot = unsafe { PackedSlot::from_raw(slot) };
    // SAFETY: As for the statement before.
    let group = unsafe { slot.group() };
    // SAFETY: Our caller holds the slot, and gives it back.
    unsafe { group.clear(slot.index()) };
    if group.cleaning == Cleaning::Page {
        Counter::SlotAtomicUnmaps.count();
        tlb::invalidate_page(group.page_addr(slot.index()));
        return group.slots.put_clean(slot.index());
    }
    group.unmaps.count();
    group.slots.put_dirty(slot.index());
}

impl Drop for Registration {
    fn drop(&mut self) {
        WINDOW.store(ptr::null_mut(), Ordering::Release);
        // SAFETY: By the invariants of `Window` it has been initialised.
        unsafe { self.0.work.disable() };
        let leaked = self.0.in_use().unwrap_or(0);
        if leaked != 0 {
            pr_warn!("{} temporary maps were leaked\n", leaked);
        }
    }
}
