// SPDX-License-Identifier: GPL-2.0

//! The other side of the comparison, written in C: see `selftests.h`.

use kernel::ffi::{c_char, c_int, c_long, c_ulong, c_void};

/// C's `struct io_mapping`, known by its address only.
#[repr(C)]
pub(crate) struct IoMapping([u8; 0]);

/// What C calls back.
type Call = unsafe extern "C" fn(arg: *mut c_void);

#[allow(improper_ctypes)]
unsafe extern "C" {
    // mappings.c
    pub(crate) fn iomrs_c_ioremap(phys: u64, size: c_ulong, mode: u32) -> c_ulong;
    pub(crate) fn iomrs_c_ioremap_read_only(phys: u64, size: c_ulong) -> c_ulong;
    pub(crate) fn iomrs_c_ioremap_encrypted(phys: u64, size: c_ulong) -> c_ulong;
    pub(crate) fn iomrs_c_iounmap(addr: c_ulong);
    pub(crate) fn iomrs_c_io_mapping_mode(mapping: *mut IoMapping) -> u32;
    pub(crate) fn iomrs_c_create_wc(base: u64, size: c_ulong) -> *mut IoMapping;
    pub(crate) fn iomrs_c_free(mapping: *mut IoMapping);
    pub(crate) fn iomrs_c_map_wc(m: *mut IoMapping, offset: c_ulong, size: c_ulong) -> c_ulong;
    pub(crate) fn iomrs_c_map_local_wc(m: *mut IoMapping, offset: c_ulong) -> c_ulong;
    pub(crate) fn iomrs_c_unmap_local(addr: c_ulong);
    pub(crate) fn iomrs_c_map_atomic_wc(m: *mut IoMapping, offset: c_ulong) -> c_ulong;
    pub(crate) fn iomrs_c_unmap_atomic(addr: c_ulong);
    pub(crate) fn iomrs_c_read32(addr: c_ulong) -> u32;
    pub(crate) fn iomrs_c_write32(addr: c_ulong, value: u32);

    // machine.c
    pub(crate) fn iomrs_c_entry(addr: c_ulong, shift: *mut u32) -> u64;
    pub(crate) safe fn iomrs_c_phys_max() -> u64;
    pub(crate) safe fn iomrs_c_ram() -> u64;
    pub(crate) safe fn iomrs_c_vmalloc_total() -> c_ulong;
    pub(crate) safe fn iomrs_c_free_pages() -> c_ulong;
    pub(crate) safe fn iomrs_c_page_tables() -> c_ulong;
    pub(crate) safe fn iomrs_c_pat_enabled() -> bool;
    pub(crate) safe fn iomrs_c_has_memmap(phys: u64) -> bool;
    pub(crate) safe fn iomrs_c_largest_page() -> u32;
    pub(crate) safe fn iomrs_c_preempt_count() -> u32;
    pub(crate) safe fn iomrs_c_pagefault_disabled() -> u32;
    pub(crate) safe fn iomrs_c_purge();
    pub(crate) fn iomrs_c_plant(addr: c_ulong, phys: u64) -> bool;
    pub(crate) fn iomrs_c_uproot(addr: c_ulong);
    pub(crate) fn iomrs_c_reserved_page(phys: *mut u64) -> c_ulong;
    pub(crate) fn iomrs_c_free_reserved_page(addr: c_ulong);
    pub(crate) safe fn iomrs_c_guest_is_encrypted() -> bool;

    // kunit.c
    pub(crate) fn iomrs_c_note(text: *const c_char);
    pub(crate) fn iomrs_c_skip(reason: *const c_char);
    pub(crate) safe fn iomrs_c_log_mark() -> u64;
    pub(crate) safe fn iomrs_c_log_complaints(mark: u64) -> u32;
    pub(crate) safe fn iomrs_c_mute_warnings() -> *mut c_void;
    pub(crate) fn iomrs_c_unmute_warnings(muted: *mut c_void) -> u32;

    // files.c
    pub(crate) fn iomrs_c_read_file(path: *const c_char, buf: *mut u8, size: usize) -> c_long;
    pub(crate) safe fn iomrs_c_faults_begin() -> c_int;
    pub(crate) safe fn iomrs_c_faults_end();
    pub(crate) safe fn iomrs_c_fail_nth(n: u32);
    pub(crate) safe fn iomrs_c_fail_from(n: u32);
    pub(crate) safe fn iomrs_c_fail_left() -> u32;

    // pci.c
    pub(crate) safe fn iomrs_c_pci_register() -> c_int;
    pub(crate) safe fn iomrs_c_pci_unregister();
    pub(crate) safe fn iomrs_c_pci_get(vendor: u32, device: u32) -> *mut c_void;
    pub(crate) fn iomrs_c_pci_put(pdev: *mut c_void);
    pub(crate) fn iomrs_c_pci_bar(pdev: *mut c_void, bar: u32, size: *mut u64) -> u64;
    pub(crate) fn iomrs_c_pci_rebind(pdev: *mut c_void, bind: bool) -> c_int;

    // accessors.c
    pub(crate) fn iomrs_c_io_read(addr: c_ulong, form: u32) -> u64;
    pub(crate) fn iomrs_c_io_write(addr: c_ulong, form: u32, value: u64);
    pub(crate) fn iomrs_c_io_read_rep(addr: c_ulong, width: u32, data: *mut c_void, count: c_ulong);
    pub(crate) fn iomrs_c_io_write_rep(addr: c_ulong, w: u32, data: *const c_void, count: c_ulong);
    pub(crate) fn iomrs_c_io_copy_from(data: *mut u8, addr: c_ulong, len: c_ulong);
    pub(crate) fn iomrs_c_io_copy_to(addr: c_ulong, data: *const u8, len: c_ulong);
    pub(crate) fn iomrs_c_io_fill(addr: c_ulong, byte: u8, len: c_ulong);
    pub(crate) safe fn iomrs_c_ioport_map(port: c_ulong, count: u32) -> c_ulong;
    pub(crate) fn iomrs_c_inb(port: u16) -> u8;
    pub(crate) safe fn iomrs_c_ports_request(first: u64, count: u64) -> bool;
    pub(crate) fn iomrs_c_ports_release(first: u64, count: u64);
    pub(crate) fn iomrs_c_pci_iomap(
        pdev: *mut c_void,
        bar: c_int,
        offset: c_ulong,
        maxlen: c_ulong,
        wc: bool,
    ) -> c_ulong;
    pub(crate) fn iomrs_c_pci_iounmap(pdev: *mut c_void, addr: c_ulong);
    pub(crate) fn iomrs_c_pci_decode(pdev: *mut c_void, decode: bool);
    pub(crate) fn iomrs_c_pci_unassign(pdev: *mut c_void, bar: u32) -> u64;
    pub(crate) fn iomrs_c_pci_assign(pdev: *mut c_void, bar: u32, start: u64);

    // contexts.c
    pub(crate) fn iomrs_c_in_hardirq(f: Call, arg: *mut c_void);
    pub(crate) fn iomrs_c_in_softirq(f: Call, arg: *mut c_void);
    pub(crate) fn iomrs_c_thread_start(cpu: c_int, f: Call, arg: *mut c_void) -> *mut c_void;
    pub(crate) fn iomrs_c_thread_join(thread: *mut c_void);
    pub(crate) fn iomrs_c_tick_start(cpu: c_int, ns: u64, f: Call, arg: *mut c_void)
        -> *mut c_void;
    pub(crate) fn iomrs_c_tick_stop(tick: *mut c_void);
    pub(crate) safe fn iomrs_c_cpu_online(cpu: c_int, online: bool) -> c_int;
    pub(crate) safe fn iomrs_c_cpus() -> u32;
    pub(crate) safe fn iomrs_c_cpu() -> u32;
    pub(crate) safe fn iomrs_c_context() -> u32;
    pub(crate) safe fn iomrs_c_migration_disabled() -> u32;
    pub(crate) safe fn iomrs_c_current() -> *mut c_void;
    pub(crate) fn iomrs_c_move(task: *mut c_void, cpu: c_int) -> c_int;
    pub(crate) safe fn iomrs_c_schedule();
    pub(crate) safe fn iomrs_c_become_urgent();
    pub(crate) safe fn iomrs_c_sleep_ms(ms: u32);
    pub(crate) safe fn iomrs_c_now() -> u64;
}
