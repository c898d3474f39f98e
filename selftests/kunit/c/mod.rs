// SPDX-License-Identifier: GPL-2.0

//! What the tests call in C: see `selftests.h`.

use io_mapping_rs::CacheMode;
use kernel::ffi::{c_char, c_int, c_long, c_ulong, c_void};

/// C's `struct io_mapping`, as a driver reads it.
#[repr(C)]
pub(crate) struct IoMapping {
    pub(crate) base: u64,
    pub(crate) size: c_ulong,
    pub(crate) prot: u64,
    pub(crate) iomem: c_ulong,
}

/// What a C driver calls (C: `struct iomrs_c_driver`).
#[repr(C)]
pub(crate) struct Driver {
    pub(crate) ioremap: unsafe extern "C" fn(phys: u64, size: c_ulong, mode: u32) -> c_ulong,
    pub(crate) ioremap_prot: unsafe extern "C" fn(phys: u64, size: c_ulong, p: c_ulong) -> c_ulong,
    pub(crate) iounmap: unsafe extern "C" fn(addr: c_ulong),
    pub(crate) create_wc: unsafe extern "C" fn(base: u64, size: c_ulong) -> *mut IoMapping,
    pub(crate) free: unsafe extern "C" fn(m: *mut IoMapping),
    pub(crate) zeroed: unsafe extern "C" fn() -> *mut IoMapping,
    pub(crate) kfree: unsafe extern "C" fn(m: *mut IoMapping),
    pub(crate) init_wc: unsafe extern "C" fn(m: *mut IoMapping, base: u64, size: c_ulong) -> bool,
    pub(crate) fini: unsafe extern "C" fn(m: *mut IoMapping),
    pub(crate) map_wc: unsafe extern "C" fn(m: *mut IoMapping, at: c_ulong, n: c_ulong) -> c_ulong,
    pub(crate) unmap: unsafe extern "C" fn(addr: c_ulong),
    pub(crate) map_local: unsafe extern "C" fn(m: *mut IoMapping, offset: c_ulong) -> c_ulong,
    pub(crate) unmap_local: unsafe extern "C" fn(addr: c_ulong),
    pub(crate) map_atomic: unsafe extern "C" fn(m: *mut IoMapping, offset: c_ulong) -> c_ulong,
    pub(crate) unmap_atomic: unsafe extern "C" fn(addr: c_ulong),
    pub(crate) pci_iomap: unsafe extern "C" fn(
        pdev: *mut c_void,
        bar: c_int,
        offset: c_ulong,
        max: c_ulong,
        wc: bool,
    ) -> c_ulong,
    pub(crate) pci_ioremap_bar:
        unsafe extern "C" fn(pdev: *mut c_void, bar: c_int, wc: bool) -> c_ulong,
    pub(crate) pci_iounmap: unsafe extern "C" fn(pdev: *mut c_void, addr: c_ulong),
    pub(crate) pcim_iomap:
        unsafe extern "C" fn(pdev: *mut c_void, bar: c_int, max: c_ulong) -> c_ulong,
    pub(crate) pcim_iomap_range: unsafe extern "C" fn(
        pdev: *mut c_void,
        bar: c_int,
        offset: c_ulong,
        len: c_ulong,
    ) -> c_ulong,
    pub(crate) pcim_iounmap: unsafe extern "C" fn(pdev: *mut c_void, addr: c_ulong),
    pub(crate) pcim_iomap_region: unsafe extern "C" fn(pdev: *mut c_void, bar: c_int) -> c_ulong,
    pub(crate) pcim_iounmap_region: unsafe extern "C" fn(pdev: *mut c_void, bar: c_int),
    pub(crate) pcim_iomap_regions: unsafe extern "C" fn(pdev: *mut c_void, mask: c_int) -> c_int,
    pub(crate) pcim_table: unsafe extern "C" fn(pdev: *mut c_void, bar: c_int) -> c_ulong,
    pub(crate) devm_ioremap:
        unsafe extern "C" fn(pdev: *mut c_void, phys: u64, size: c_ulong) -> c_ulong,
    pub(crate) devm_ioremap_resource:
        unsafe extern "C" fn(pdev: *mut c_void, bar: c_int, flags: c_ulong) -> c_ulong,
    pub(crate) devm_iounmap: unsafe extern "C" fn(pdev: *mut c_void, addr: c_ulong),
    pub(crate) platform_device: unsafe extern "C" fn(phys: u64, size: c_ulong) -> *mut c_void,
    pub(crate) devm_platform: unsafe extern "C" fn(pdev: *mut c_void, how: u32) -> c_ulong,
    pub(crate) platform_put: unsafe extern "C" fn(pdev: *mut c_void),
}

/// A function that C calls with the argument that it was given for it.
pub(crate) type Callback<R = ()> = unsafe extern "C" fn(arg: *mut c_void) -> R;

/// Returns C's `enum page_cache_mode` of a cache mode.
pub(crate) fn page_cache_mode(mode: CacheMode) -> u32 {
    // CAST: `repr(u8)`.
    mode as u32
}

#[allow(improper_ctypes)]
unsafe extern "C" {
    // accessors.c
    pub(crate) fn iomrs_c_ioread(addr: c_ulong, access: u32) -> u64;
    pub(crate) fn iomrs_c_iowrite(addr: c_ulong, access: u32, value: u64);
    pub(crate) fn iomrs_c_ioread_rep(addr: c_ulong, width: u32, data: *mut c_void, count: c_ulong);
    pub(crate) fn iomrs_c_iowrite_rep(addr: c_ulong, w: u32, data: *const c_void, count: c_ulong);
    pub(crate) fn iomrs_c_memcpy_fromio(data: *mut u8, addr: c_ulong, len: c_ulong);
    pub(crate) fn iomrs_c_memcpy_toio(addr: c_ulong, data: *const u8, len: c_ulong);
    pub(crate) fn iomrs_c_memset_io(addr: c_ulong, byte: u8, len: c_ulong);
    pub(crate) safe fn iomrs_c_ioport_map(port: c_ulong, count: u32) -> c_ulong;
    pub(crate) fn iomrs_c_inb(port: u16) -> u8;
    pub(crate) safe fn iomrs_c_request_region(first: u64, count: u64) -> bool;
    pub(crate) fn iomrs_c_release_region(first: u64, count: u64);

    // contexts.c
    pub(crate) fn iomrs_c_run_in_hardirq(f: Callback, arg: *mut c_void);
    pub(crate) fn iomrs_c_run_in_softirq(f: Callback, arg: *mut c_void);
    pub(crate) fn iomrs_c_run_with_bh_disabled(f: Callback, arg: *mut c_void);
    pub(crate) fn iomrs_c_thread_start(cpu: c_int, f: Callback, arg: *mut c_void) -> *mut c_void;
    pub(crate) fn iomrs_c_thread_join(thread: *mut c_void);
    pub(crate) fn iomrs_c_timer_start(
        cpu: c_int,
        ns: u64,
        f: Callback,
        arg: *mut c_void,
    ) -> *mut c_void;
    pub(crate) fn iomrs_c_timer_stop(tick: *mut c_void);
    pub(crate) safe fn iomrs_c_set_cpu_online(cpu: c_int, online: bool) -> c_int;
    pub(crate) safe fn iomrs_c_num_online_cpus() -> u32;
    pub(crate) safe fn iomrs_c_this_cpu() -> u32;
    pub(crate) safe fn iomrs_c_current_context() -> u32;
    pub(crate) safe fn iomrs_c_preempt_count() -> u32;
    pub(crate) safe fn iomrs_c_pagefault_disabled() -> u32;
    pub(crate) safe fn iomrs_c_migration_disabled() -> u32;
    pub(crate) safe fn iomrs_c_current() -> *mut c_void;
    pub(crate) fn iomrs_c_move_task(task: *mut c_void, cpu: c_int) -> c_int;
    pub(crate) safe fn iomrs_c_schedule();
    pub(crate) safe fn iomrs_c_sched_set_fifo();
    pub(crate) safe fn iomrs_c_msleep(ms: u32);

    // driver.c, driver_check.c
    #[cfg(CONFIG_X86_64)]
    pub(crate) safe static iomrs_c_driver: Driver;
    #[cfg(CONFIG_X86_64)]
    pub(crate) safe static iomrs_c_checked_driver: Driver;
    #[cfg(CONFIG_X86_64)]
    pub(crate) safe static iomrs_c_plain_driver: Driver;

    // fault_injection.c
    pub(crate) safe fn iomrs_c_fault_injection_begin() -> c_int;
    pub(crate) safe fn iomrs_c_fault_injection_end();
    pub(crate) safe fn iomrs_c_fail_nth(n: u32);
    pub(crate) safe fn iomrs_c_fail_from(n: u32);
    pub(crate) safe fn iomrs_c_fail_countdown() -> u32;

    // files.c
    pub(crate) fn iomrs_c_read_file(path: *const c_char, buf: *mut u8, size: usize) -> c_long;

    // kunit.c
    pub(crate) fn iomrs_c_note(text: *const c_char);
    pub(crate) fn iomrs_c_skip(reason: *const c_char);
    pub(crate) safe fn iomrs_c_log_position() -> u64;
    pub(crate) safe fn iomrs_c_count_complaints(position: u64) -> u32;
    pub(crate) fn iomrs_c_count_lines(position: u64, text: *const c_char) -> u32;
    pub(crate) safe fn iomrs_c_suppress_warnings() -> *mut c_void;
    pub(crate) fn iomrs_c_end_suppress_warnings(suppression: *mut c_void) -> u32;

    // machine.c
    pub(crate) safe fn iomrs_c_phys_limit() -> u64;
    pub(crate) safe fn iomrs_c_ram_page() -> u64;
    pub(crate) safe fn iomrs_c_vmalloc_total() -> c_ulong;
    pub(crate) safe fn iomrs_c_free_pages() -> c_ulong;
    pub(crate) safe fn iomrs_c_pat_enabled() -> bool;
    pub(crate) safe fn iomrs_c_largest_page_shift() -> u32;
    pub(crate) fn iomrs_c_alloc_reserved_page(phys: *mut u64) -> c_ulong;
    pub(crate) fn iomrs_c_free_reserved_page(addr: c_ulong);
    pub(crate) safe fn iomrs_c_guest_is_encrypted() -> bool;

    // mappings.c
    pub(crate) fn iomrs_c_ioremap(phys: u64, size: c_ulong, mode: u32) -> c_ulong;
    pub(crate) fn iomrs_c_ioremap_read_only(phys: u64, size: c_ulong) -> c_ulong;
    pub(crate) fn iomrs_c_ioremap_encrypted(phys: u64, size: c_ulong) -> c_ulong;
    pub(crate) fn iomrs_c_iounmap(addr: c_ulong);
    pub(crate) fn iomrs_c_io_mapping_mode(mapping: *mut IoMapping) -> u32;
    pub(crate) fn iomrs_c_io_mapping_create_wc(base: u64, size: c_ulong) -> *mut IoMapping;
    pub(crate) fn iomrs_c_io_mapping_free(mapping: *mut IoMapping);
    pub(crate) fn iomrs_c_io_mapping_map_wc(
        m: *mut IoMapping,
        offset: c_ulong,
        size: c_ulong,
    ) -> c_ulong;
    pub(crate) fn iomrs_c_io_mapping_map_local_wc(m: *mut IoMapping, offset: c_ulong) -> c_ulong;
    pub(crate) fn iomrs_c_io_mapping_unmap_local(addr: c_ulong);
    pub(crate) fn iomrs_c_io_mapping_map_atomic_wc(m: *mut IoMapping, offset: c_ulong) -> c_ulong;
    pub(crate) fn iomrs_c_io_mapping_unmap_atomic(addr: c_ulong);
    pub(crate) fn iomrs_c_readl(addr: c_ulong) -> u32;
    pub(crate) fn iomrs_c_writel(addr: c_ulong, value: u32);

    // page_table.c
    pub(crate) fn iomrs_c_lookup_entry(addr: c_ulong, shift: *mut u32) -> u64;
    pub(crate) safe fn iomrs_c_gap(addr: c_ulong) -> u64;
    pub(crate) fn iomrs_c_populate_entry(addr: c_ulong, phys: u64) -> bool;
    pub(crate) fn iomrs_c_clear_entry(addr: c_ulong);
    pub(crate) safe fn iomrs_c_page_table_pages() -> c_ulong;
    pub(crate) safe fn iomrs_c_vm_unmap_aliases();

    // pci.c
    pub(crate) safe fn iomrs_c_pci_register() -> c_int;
    pub(crate) safe fn iomrs_c_pci_unregister();
    pub(crate) safe fn iomrs_c_pci_get(vendor: u32, device: u32) -> *mut c_void;
    pub(crate) fn iomrs_c_pci_put(pdev: *mut c_void);
    pub(crate) fn iomrs_c_pci_bar(pdev: *mut c_void, bar: u32, size: *mut u64) -> u64;
    pub(crate) fn iomrs_c_pci_set_bound(pdev: *mut c_void, bind: bool) -> c_int;
    pub(crate) fn iomrs_c_pci_iomap(
        pdev: *mut c_void,
        bar: c_int,
        offset: c_ulong,
        maxlen: c_ulong,
        wc: bool,
    ) -> c_ulong;
    pub(crate) fn iomrs_c_pci_iounmap(pdev: *mut c_void, addr: c_ulong);
    pub(crate) fn iomrs_c_pci_set_decode(pdev: *mut c_void, decode: bool);
    pub(crate) fn iomrs_c_pci_set_msix(pdev: *mut c_void, on: bool) -> c_int;
    pub(crate) fn iomrs_c_pci_unassign(pdev: *mut c_void, bar: u32) -> u64;
    pub(crate) fn iomrs_c_pci_assign(pdev: *mut c_void, bar: u32, start: u64);

    // reclaim.c
    pub(crate) fn iomrs_c_shrinker_start(scan: Callback<bool>, arg: *mut c_void) -> *mut c_void;
    pub(crate) fn iomrs_c_shrinker_stop(shrinker: *mut c_void);
    pub(crate) fn iomrs_c_run_in_reclaim(f: Callback, arg: *mut c_void);
    pub(crate) safe fn iomrs_c_drop_slab() -> c_int;
    pub(crate) fn iomrs_c_use_up_memory(is_enough: Callback<bool>, arg: *mut c_void);
}
