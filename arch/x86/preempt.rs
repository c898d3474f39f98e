// SPDX-License-Identifier: GPL-2.0

//! What an atomic map turns off, without a call: C's `preempt_disable()` and `pagefault_disable()`
//! are two increments where nobody traces or checks them. Kbuild says whether this is such a
//! kernel; any other has `arch/generic/preempt.rs`.

use core::{arch::asm, mem::offset_of};
use kernel::{
    bindings::{
        __preempt_count, current_task, task_struct, HARDIRQ_BITS, HARDIRQ_OFFSET, SOFTIRQ_OFFSET,
    },
    ffi::{c_int, c_ulong},
};

// The instructions below are as wide as what they count in.
const _: fn() -> *const c_ulong = || &raw const __preempt_count;
const _: fn(&task_struct) -> c_int = |task| task.pagefault_disabled;

/// The running task (C: `current`).
#[inline(always)]
fn current() -> *mut task_struct {
    let task;
    // SAFETY: A word of this CPU. `pure` and `nomem`, as in C: a task finds itself there wherever it
    // runs and whenever it looks, so that once will do.
    unsafe {
        asm!(
            "mov {}, gs:[rip + {}]",
            out(reg) task,
            sym current_task,
            options(pure, nomem, nostack, preserves_flags)
        )
    };
    task
}

/// Turns preemption off, then page faults (C: `preempt_disable()`, `pagefault_disable()`).
#[inline(always)]
pub(crate) fn map_atomic_begin() {
    // SAFETY: This CPU's count, changed in one instruction: no interrupt and no other task can come
    // between. Not `nomem`: no access to memory moves across.
    unsafe { asm!("inc qword ptr gs:[rip + {}]", sym __preempt_count, options(nostack)) };
    // SAFETY: The running task exists, and the count is changed by it alone. Not `nomem`, as above.
    unsafe {
        asm!(
            "inc dword ptr [{} + {}]",
            in(reg) current(),
            const offset_of!(task_struct, pagefault_disabled),
            options(nostack)
        )
    };
}

/// Undoes [`map_atomic_begin`] (C: `pagefault_enable()`, `preempt_enable()`).
///
/// # Safety
///
/// For each of them once, by the same task or interrupt.
#[inline(always)]
pub(crate) unsafe fn map_atomic_end() {
    // SAFETY: The count of the running task, which is not 0 as required of our caller. Not `nomem`:
    // no access to memory moves across.
    unsafe {
        asm!(
            "dec dword ptr [{} + {}]",
            in(reg) current(),
            const offset_of!(task_struct, pagefault_disabled),
            options(nostack)
        )
    };
    // SAFETY: The count of this CPU, which the caller cannot have left; not 0 as required of it. Not
    // `nomem`, as above. The top bit is clear where preemption is due: so it is, and may be, at 0.
    unsafe {
        asm!(
            "dec qword ptr gs:[rip + {}]",
            "jz {}",
            sym __preempt_count,
            label { crate::bindings::iomrs_preempt() },
            options(nostack)
        )
    };
}

/// Which CPU this is: of use to who stays there.
#[inline(always)]
pub(crate) fn this_cpu() -> usize {
    let cpu;
    // SAFETY: A word of this CPU, of 32 bits: the others become 0. Not `nomem`: read where it stands.
    unsafe {
        asm!(
            "mov {:e}, gs:[rip + {}]",
            out(reg) cpu,
            sym kernel::bindings::cpu_number,
            options(nostack, preserves_flags)
        )
    };
    cpu
}

/// Whether this is an interrupt, soft or hard (C: `in_hardirq()`, `in_serving_softirq()`): what runs here ends before
/// a task of this CPU goes on.
#[inline(always)]
pub(crate) fn in_interrupt() -> bool {
    const INTERRUPTS: u32 = ((1 << HARDIRQ_BITS) - 1) * HARDIRQ_OFFSET | SOFTIRQ_OFFSET;
    let count: u32;
    // SAFETY: A word of this CPU, of which these are the low 32 bits. A task that moves to another CPU here finds none
    // of the bits set on either: only interrupts set them. Not `pure`: read where it stands.
    unsafe {
        asm!(
            "mov {:e}, gs:[rip + {}]",
            out(reg) count,
            sym __preempt_count,
            options(nostack, preserves_flags)
        )
    };
    count & INTERRUPTS != 0
}
