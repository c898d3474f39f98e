// SPDX-License-Identifier: GPL-2.0

//! What the benchmark has in C: see `bench.h`.

use kernel::ffi::{c_char, c_int, c_ulong, c_void};

/// C's `struct io_mapping`, known by its address only.
#[repr(C)]
pub(crate) struct IoMapping([u8; 0]);

/// What a C driver calls for what it has mapped while something else is measured: `struct iomrs_b_driver`.
#[repr(C)]
pub(crate) struct Driver {
    pub(crate) aperture: unsafe extern "C" fn(phys: u64, size: c_ulong) -> *mut IoMapping,
    pub(crate) aperture_free: unsafe extern "C" fn(mapping: *mut IoMapping),
    pub(crate) map_page: unsafe extern "C" fn(phys: u64) -> *mut c_void,
    pub(crate) unmap_page: unsafe extern "C" fn(addr: *mut c_void),
}

/// What C's side works on: `struct iomrs_b_work`.
#[repr(C)]
pub(crate) struct Work {
    pub(crate) phys: u64,
    pub(crate) size: c_ulong,
    pub(crate) pdev: *mut c_void,
    pub(crate) bar: c_int,
    pub(crate) mapping: *mut IoMapping,
    pub(crate) io: *mut c_void,
    pub(crate) offsets: *const u64,
    pub(crate) count: c_ulong,
    pub(crate) data: *mut u8,
    pub(crate) pattern: *const u8,
    pub(crate) bytes: c_ulong,
}

/// Two calls of C's, one that maps and one that unmaps, each timed. 0 where the first one fails.
pub(crate) type TimedCalls = unsafe extern "C" fn(*const Work, unmap: *mut u64) -> u64;

/// A loop of C's. 0 where it fails.
pub(crate) type TimedLoop = unsafe extern "C" fn(*const Work) -> u64;

/// What a thread runs.
type Call = unsafe extern "C" fn(arg: *mut c_void);

#[allow(improper_ctypes)]
unsafe extern "C" {
    // ranges.c
    pub(crate) fn iomrs_b_nothing(work: *const Work, unmap: *mut u64) -> u64;
    pub(crate) fn iomrs_b_ioremap(work: *const Work, unmap: *mut u64) -> u64;
    pub(crate) fn iomrs_b_ioremap_uc(work: *const Work, unmap: *mut u64) -> u64;
    pub(crate) fn iomrs_b_ioremap_wc(work: *const Work, unmap: *mut u64) -> u64;
    pub(crate) fn iomrs_b_ioremap_wt(work: *const Work, unmap: *mut u64) -> u64;
    pub(crate) fn iomrs_b_ioremap_cache(work: *const Work, unmap: *mut u64) -> u64;
    pub(crate) fn iomrs_b_ioremap_many(work: *const Work, unmap: *mut u64) -> u64;
    pub(crate) fn iomrs_b_create_wc(work: *const Work, unmap: *mut u64) -> u64;
    pub(crate) fn iomrs_b_create_page(work: *const Work, unmap: *mut u64) -> u64;
    pub(crate) fn iomrs_b_request(work: *const Work, unmap: *mut u64) -> u64;
    pub(crate) fn iomrs_b_bar(work: *const Work, unmap: *mut u64) -> u64;
    pub(crate) fn iomrs_b_bar_aperture(work: *const Work, unmap: *mut u64) -> u64;

    // maps.c
    pub(crate) safe static iomrs_b_c_driver: Driver;
    pub(crate) fn iomrs_b_empty(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_map(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_map_local(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_map_atomic(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_map_const(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_write_const(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_read(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_read_atomic(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_nested(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_verify(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_page(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_page_read(work: *const Work) -> u64;
    #[cfg(CONFIG_HIGHMEM)]
    pub(crate) fn iomrs_b_kmap_read(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_page_nested(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_page_verify(work: *const Work) -> u64;

    // accesses.c
    pub(crate) safe fn iomrs_b_cookie(first: c_ulong, count: u32) -> *mut c_void;
    pub(crate) fn iomrs_b_readl_const(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_writel_const(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_readl(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_writel(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_ioread32(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_iowrite32(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_copy_to(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_copy_from(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_read8_rep(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_write8_rep(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_read16_rep(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_write16_rep(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_read32_rep(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_write32_rep(work: *const Work) -> u64;

    // machine.c
    pub(crate) safe fn iomrs_b_interrupts() -> u64;
    pub(crate) safe fn iomrs_b_switches() -> u64;
    pub(crate) safe fn iomrs_b_steal_ns(cpu: u32) -> u64;
    pub(crate) safe fn iomrs_b_cpu() -> u32;
    pub(crate) fn iomrs_b_cpus(ids: *mut u32, room: u32) -> u32;
    pub(crate) safe fn iomrs_b_khz() -> u32;
    pub(crate) safe fn iomrs_b_clock_is_constant() -> bool;
    pub(crate) fn iomrs_b_hypervisor(name: *mut u8) -> bool;
    pub(crate) safe fn iomrs_b_kernel() -> *const c_char;
    pub(crate) fn iomrs_b_only_small(phys: u64, size: c_ulong) -> bool;
    pub(crate) safe fn iomrs_b_irq_save() -> c_ulong;
    pub(crate) fn iomrs_b_irq_restore(flags: c_ulong);
    pub(crate) safe fn iomrs_b_relax();
    pub(crate) safe fn iomrs_b_settle();
    pub(crate) fn iomrs_b_thread_start(cpu: u32, f: Call, arg: *mut c_void) -> *mut c_void;
    pub(crate) fn iomrs_b_thread_wait(thread: *mut c_void) -> c_int;
    pub(crate) fn iomrs_b_thread_join(thread: *mut c_void);

    // claim.c
    pub(crate) fn iomrs_b_claim_bar(
        domain: u32,
        bus: u32,
        devfn: u32,
        bar: u32,
        phys: *mut u64,
        size: *mut u64,
        ports: *mut bool,
        err: *mut c_int,
    ) -> *mut c_void;
    pub(crate) fn iomrs_b_begin(claim: *mut c_void) -> bool;
    pub(crate) fn iomrs_b_is_leaving(claim: *mut c_void) -> bool;
    pub(crate) fn iomrs_b_end(claim: *mut c_void);
    pub(crate) fn iomrs_b_lend(claim: *mut c_void, bar: *mut c_int) -> *mut c_void;
    pub(crate) fn iomrs_b_take_back(claim: *mut c_void);
    pub(crate) fn iomrs_b_release(claim: *mut c_void);
}

#[cfg(CONFIG_X86_64)]
#[allow(improper_ctypes)]
unsafe extern "C" {
    // c_api.c
    pub(crate) safe static iomrs_b_c_api_driver: Driver;
    pub(crate) fn iomrs_b_c_api_ioremap_wc(work: *const Work, unmap: *mut u64) -> u64;
    pub(crate) fn iomrs_b_c_api_create_wc(work: *const Work, unmap: *mut u64) -> u64;
    pub(crate) fn iomrs_b_c_api_map(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_c_api_map_local(work: *const Work) -> u64;
    pub(crate) fn iomrs_b_c_api_map_atomic(work: *const Work) -> u64;
}
