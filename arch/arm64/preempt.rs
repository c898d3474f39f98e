// SPDX-License-Identifier: GPL-2.0

//! What an atomic map turns off, without a call: C's `preempt_disable()` and `pagefault_disable()`
//! are two increments in the running task where nobody traces or checks them. Kbuild says whether this is
//! such a kernel; any other has `arch/generic/preempt.rs`.
//!
//! C header: [`arch/arm64/include/asm/preempt.h`](srctree/arch/arm64/include/asm/preempt.h)

/// Whether this is an interrupt, soft or hard: what runs here ends before a task of this CPU goes on.
pub(crate) use crate::bindings::iomrs_in_interrupt as in_interrupt;
use core::{
    arch::asm,
    mem::offset_of,
    sync::atomic::{compiler_fence, Ordering},
};
use kernel::bindings::task_struct;

// C's `current_thread_info()` is `current`: it stands first.
const _: () = assert!(offset_of!(task_struct, thread_info) == 0);

/// The running task (C: `current`).
#[inline(always)]
fn current() -> *mut task_struct {
    let task;
    // SAFETY: In the kernel this register holds the running task. `pure` and `nomem`, as in C: a task
    // finds itself there wherever it runs and whenever it looks, so that once will do.
    unsafe {
        asm!(
            "mrs {}, sp_el0",
            out(reg) task,
            options(pure, nomem, nostack, preserves_flags)
        )
    };
    task
}

/// The count of what keeps the running task from being preempted. An interrupt that changes it has
/// changed it back when it ends.
#[inline(always)]
fn count() -> *mut u32 {
    // SAFETY: The running task exists. That both fields of the union are integers makes either valid.
    unsafe { &raw mut (*current()).thread_info.__bindgen_anon_1.preempt.count }
}

/// The same count, and above it a word that is 0 where the task should be preempted. An interrupt may
/// change the latter.
#[inline(always)]
fn count_and_need() -> *const u64 {
    // SAFETY: As in `count()`.
    unsafe { &raw const (*current()).thread_info.__bindgen_anon_1.preempt_count }
}

/// How often page faults are turned off in the running task.
#[inline(always)]
fn pagefaults() -> *mut i32 {
    // SAFETY: The running task exists.
    unsafe { &raw mut (*current()).pagefault_disabled }
}

/// Turns preemption off, then page faults (C: `preempt_disable()`, `pagefault_disable()`).
#[inline(always)]
pub(crate) fn map_atomic_begin() {
    let count = count();
    // SAFETY: The count of the running task is read and written by it, and by interrupts that leave it as it was.
    unsafe { count.write_volatile(count.read_volatile().wrapping_add(1)) };
    compiler_fence(Ordering::SeqCst);
    let pagefaults = pagefaults();
    // SAFETY: As above.
    unsafe { pagefaults.write_volatile(pagefaults.read_volatile().wrapping_add(1)) };
    compiler_fence(Ordering::SeqCst);
}

/// Undoes [`map_atomic_begin`] (C: `pagefault_enable()`, `preempt_enable()`).
///
/// # Safety
///
/// Called once for each of them, by the same task or interrupt.
#[inline(always)]
pub(crate) unsafe fn map_atomic_end() {
    compiler_fence(Ordering::SeqCst);
    let pagefaults = pagefaults();
    // SAFETY: The count of the running task is read and written by it, and by interrupts that leave it as it was.
    // It is not 0, as required of our caller.
    unsafe { pagefaults.write_volatile(pagefaults.read_volatile().wrapping_sub(1)) };
    compiler_fence(Ordering::SeqCst);
    // SAFETY: It is valid for reads.
    let left = unsafe { count_and_need().read_volatile() }.wrapping_sub(1);
    // CAST: The lower half is the count. The upper one is left as an interrupt may have changed it meanwhile.
    // SAFETY: As with the other count.
    unsafe { count().write_volatile(left as u32) };
    // An interrupt that came before the store has not preempted the task, as the count was not 0 yet.
    // SAFETY: It is valid for reads.
    if left == 0 || unsafe { count_and_need().read_volatile() } == 0 {
        crate::bindings::iomrs_preempt();
    }
}

/// Returns the number of the CPU that this runs on, which is of use to who stays there.
#[inline(always)]
pub(crate) fn this_cpu() -> usize {
    // SAFETY: The running task exists. The scheduler stores to the field where it moves the task.
    let cpu = unsafe { (&raw const (*current()).thread_info.cpu).read_volatile() };
    // CAST: It is wider.
    cpu as usize
}
