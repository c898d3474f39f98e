// SPDX-License-Identifier: GPL-2.0

//! What the benchmark has in C: see `c_bench.h`.

use kernel::ffi::{c_char, c_int, c_ulong, c_void};

/// C's `struct io_mapping`, known by its address only.
#[repr(C)]
pub(crate) struct IoMapping([u8; 0]);

/// What a loop in C works on: `struct iomrs_b_loop`.
#[repr(C)]
pub(crate) struct Loop {
    pub(crate) mapping: *mut IoMapping,
    pub(crate) phys: u64,
    pub(crate) offsets: *const u64,
    pub(crate) count: c_ulong,
    pub(crate) data: *mut u8,
    pub(crate) pattern: *const u8,
    pub(crate) bytes: c_ulong,
}

/// A loop in C.
pub(crate) type TimedLoop = unsafe extern "C" fn(*const Loop) -> u64;

/// What a thread runs.
type Call = unsafe extern "C" fn(arg: *mut c_void);

#[allow(improper_ctypes)]
unsafe extern "C" {
    // c_loops.c
    pub(crate) safe fn iomrs_b_nothing() -> u64;
    pub(crate) fn iomrs_b_ioremap_wc(phys: u64, size: c_ulong, unmap: *mut u64) -> u64;
    pub(crate) fn iomrs_b_create_wc(phys: u64, size: c_ulong, unmap: *mut u64) -> u64;
    pub(crate) fn iomrs_b_aperture(phys: u64, size: c_ulong) -> *mut IoMapping;
    pub(crate) fn iomrs_b_aperture_free(mapping: *mut IoMapping);
    pub(crate) fn iomrs_b_empty(l: *const Loop) -> u64;
    pub(crate) fn iomrs_b_map(l: *const Loop) -> u64;
    pub(crate) fn iomrs_b_map_local(l: *const Loop) -> u64;
    pub(crate) fn iomrs_b_map_atomic(l: *const Loop) -> u64;
    pub(crate) fn iomrs_b_map_const(l: *const Loop) -> u64;
    pub(crate) fn iomrs_b_write_const(l: *const Loop) -> u64;
    pub(crate) fn iomrs_b_read(l: *const Loop) -> u64;
    pub(crate) fn iomrs_b_read_atomic(l: *const Loop) -> u64;
    pub(crate) fn iomrs_b_nested(l: *const Loop) -> u64;
    pub(crate) fn iomrs_b_verify(l: *const Loop) -> u64;
    pub(crate) fn iomrs_b_copy_to(l: *const Loop) -> u64;
    pub(crate) fn iomrs_b_copy_from(l: *const Loop) -> u64;
    pub(crate) fn iomrs_b_page(l: *const Loop) -> u64;
    pub(crate) fn iomrs_b_page_read(l: *const Loop) -> u64;
    pub(crate) fn iomrs_b_page_nested(l: *const Loop) -> u64;
    pub(crate) fn iomrs_b_page_verify(l: *const Loop) -> u64;

    // c_machine.c
    pub(crate) safe fn iomrs_b_interrupts() -> u64;
    pub(crate) safe fn iomrs_b_switches() -> u64;
    pub(crate) safe fn iomrs_b_steal_ns(cpu: u32) -> u64;
    pub(crate) safe fn iomrs_b_cpu() -> u32;
    pub(crate) fn iomrs_b_cpus(ids: *mut u32, room: u32) -> u32;
    pub(crate) safe fn iomrs_b_tsc_khz() -> u32;
    pub(crate) safe fn iomrs_b_tsc_is_constant() -> bool;
    pub(crate) fn iomrs_b_hypervisor(name: *mut u8) -> bool;
    pub(crate) safe fn iomrs_b_kernel() -> *const c_char;
    pub(crate) safe fn iomrs_b_irq_save() -> c_ulong;
    pub(crate) fn iomrs_b_irq_restore(flags: c_ulong);
    pub(crate) safe fn iomrs_b_relax();
    pub(crate) safe fn iomrs_b_settle();
    pub(crate) fn iomrs_b_thread_start(cpu: u32, f: Call, arg: *mut c_void) -> *mut c_void;
    pub(crate) fn iomrs_b_thread_wait(thread: *mut c_void) -> c_int;
    pub(crate) fn iomrs_b_thread_join(thread: *mut c_void);

    // c_claim.c
    pub(crate) fn iomrs_b_claim_bar(
        domain: u32,
        bus: u32,
        devfn: u32,
        bar: u32,
        phys: *mut u64,
        size: *mut u64,
        err: *mut c_int,
    ) -> *mut c_void;
    pub(crate) fn iomrs_b_claim_range(phys: u64, size: u64, err: *mut c_int) -> *mut c_void;
    pub(crate) fn iomrs_b_release(claim: *mut c_void);
}
