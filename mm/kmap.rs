// SPDX-License-Identifier: GPL-2.0

//! The kernel's temporary maps (`kmap_local`), given up in any order.
//!
//! The kernel keeps a stack of them for each task, takes only the topmost away, and warns of any
//! other order. A map that is given up before the ones above it is marked instead, and goes when it
//! has become the topmost.
//!
//! C: [`mm/highmem.c`](srctree/mm/highmem.c)

use crate::arch::page_table::{RawEntry, SOFTWARE_BIT};
use crate::bindings;
use crate::mm::phys_range::{PAGE_SHIFT, PAGE_SIZE};
use core::num::NonZero;
use kernel::{
    bindings::{migrate_disable, migrate_enable, task_struct, KM_MAX_IDX},
    ffi::{c_int, c_void},
    task::Task,
};

/// As mm/highmem.c: with guard pages each map takes two places on the task's stack.
const STEP: usize = if cfg!(CONFIG_DEBUG_KMAP_LOCAL) { 2 } else { 1 };

/// Maps that are left to others: to what the holder of ours calls, and to interrupts. The kernel takes
/// a full stack for a BUG. Two of them copy a page; that twice.
const RESERVE: usize = 4;

/// The bits of a page-aligned address that are free.
const LOW_BITS: usize = PAGE_SIZE as usize - 1;

/// A temporary map: the address of its page, with the depth of the task's stack of maps in the bits
/// below a page.
#[derive(Clone, Copy)]
pub(crate) struct KmapLocal(NonZero<usize>);

fn current() -> *mut task_struct {
    Task::current_raw()
}

/// How many places of its stack of maps the running task uses.
fn depth() -> usize {
    // SAFETY: The running task exists, and nobody else changes its maps.
    let idx: c_int = unsafe { (&raw const (*current()).kmap_ctrl.idx).read_volatile() };
    // CAST: never negative.
    idx as usize
}

/// The task's copy of the entry of the map at `depth`, which the scheduler writes back after a switch.
///
/// # Safety
///
/// `depth` is 1 to [`KM_MAX_IDX`].
unsafe fn copy_of_entry(depth: usize) -> *mut RawEntry {
    // SAFETY: The running task exists; the array has an element for each depth.
    unsafe {
        (&raw mut (*current()).kmap_ctrl.pteval)
            .cast::<RawEntry>()
            .add(depth - 1)
    }
}

/// Whether the map at `depth`, which the task has, was given up before one that was above it. `false` for 0.
fn is_given_up(depth: usize) -> bool {
    // SAFETY: A depth that the task has. The CPU ignores the bit.
    depth != 0 && unsafe { copy_of_entry(depth).read_volatile() } & SOFTWARE_BIT != 0
}

impl KmapLocal {
    /// Maps the page at `phys` with the protection `prot`, or returns `None` where the task has no
    /// room left on its stack of maps.
    ///
    /// An interrupt leaves the stack as it found it: what it maps it unmaps, and with interrupts on
    /// there is no unmapped map on top that it could take away. So the depth does not change in here.
    #[inline]
    pub(crate) fn new(phys: u64, prot: u64) -> Option<Self> {
        // No overflow: the kernel's stack has `KM_MAX_IDX` places.
        let depth = depth().wrapping_add(STEP);
        if depth >= KM_MAX_IDX as usize - RESERVE * STEP {
            return None;
        }
        // CAST: a page frame number.
        let addr = bindings::iomrs_kmap_local_pfn_prot((phys >> PAGE_SHIFT) as usize, prot);
        NonZero::new(addr | depth).map(Self)
    }

    /// The map as one number, for [`Self::from_raw`]. Bit 11 is 0.
    #[inline(always)]
    pub(crate) fn into_raw(self) -> NonZero<usize> {
        self.0
    }

    #[inline(always)]
    pub(crate) fn from_raw(raw: NonZero<usize>) -> Self {
        Self(raw)
    }

    /// The address of the page.
    #[inline(always)]
    pub(crate) fn addr(self) -> usize {
        self.0.get() & !LOW_BITS
    }

    /// Gives the map up.
    ///
    /// # Safety
    ///
    /// It is of this task or interrupt, and has not been given up.
    pub(crate) unsafe fn unmap(self) {
        let depth_then = self.0.get() & LOW_BITS;
        // Only the task itself gives up the map below. So an interrupt finds no such map on top, whether it comes
        // before the kernel has taken ours away or after that, and leaves the stack as it found it.
        if depth_then == depth() && !is_given_up(depth_then.wrapping_sub(STEP)) {
            // SAFETY: The topmost map, by the caller's promise.
            return unsafe { bindings::iomrs_kunmap_local_indexed(self.addr() as *const c_void) };
        }
        // SAFETY: As required of our caller.
        unsafe { self.unmap_out_of_order(depth_then) };
    }

    /// As [`Self::unmap`], where another map is above this one, which is at `depth_then`, or one that has been
    /// given up below.
    ///
    /// # Safety
    ///
    /// As [`Self::unmap`].
    #[cold]
    #[inline(never)]
    unsafe fn unmap_out_of_order(self, depth_then: usize) {
        // The last to allow migration does so with interrupts on: who waits to move the task need not
        // wait for a tick.
        // SAFETY: Undone below.
        unsafe { migrate_disable() };
        // Between the topmost map's end and that of the unmapped ones below, an interrupt with maps of
        // its own would end them, and their migrate_enable() would come in the midst of ours.
        let flags = bindings::iomrs_local_irq_save();
        if depth_then == depth() {
            // SAFETY: The topmost map, by the caller's promise.
            unsafe { pop(self.addr()) };
        } else {
            // SAFETY: A depth that the task has, as it has the map. The entry is the map's own.
            unsafe {
                let copy = copy_of_entry(depth_then);
                copy.write_volatile(copy.read_volatile() | SOFTWARE_BIT);
            }
        }
        // SAFETY: `flags` are those that interrupts were turned off with.
        unsafe { bindings::iomrs_local_irq_restore(flags) };
        // SAFETY: Turned off above.
        unsafe { migrate_enable() };
    }
}

/// Takes away the topmost map, which is at `addr`, and the unmapped ones that become topmost by that.
///
/// # Safety
///
/// The topmost map of this task is there.
unsafe fn pop(mut addr: usize) {
    loop {
        // SAFETY: The topmost map, as required of our caller, and by the loop after that.
        unsafe { bindings::iomrs_kunmap_local_indexed(addr as *const c_void) };
        if !is_given_up(depth()) {
            return;
        }
        // The stack grows downwards from one fixmap entry to the next.
        addr += STEP * PAGE_SIZE as usize;
    }
}
