// SPDX-License-Identifier: GPL-2.0

//! Every `extern "C"` of ours that is of no architecture, and the C behind it.
//!
//! What the kernel crate's generated bindings have is used from there. Static inlines and macros
//! stand in `helpers/`, a file per kernel header; `tools/bindings.py` compares the prototypes in
//! `helpers/helpers.h` with the declarations below.

use kernel::ffi::{c_char, c_int, c_ulong, c_void};

#[cfg(iomrs_stock)]
pub(crate) mod cmdline;
pub(crate) mod debugfs;
pub(crate) mod efi;
pub(crate) mod fs;
pub(crate) mod ioport;
pub(crate) mod jiffies;
pub(crate) mod module;
pub(crate) mod pci;
pub(crate) mod spin_lock;
pub(crate) mod stacktrace;
pub(crate) mod task;

#[cfg(iomrs_stock)]
pub(crate) use kernel::bindings::page;
use kernel::bindings::smp_call_func_t;
#[cfg(iomrs_exported)]
pub(crate) use kernel::bindings::vm_struct;
use kernel::bindings::{delayed_work, spinlock, work_func_t};
#[cfg(all(iomrs_preempt_calls, CONFIG_PREEMPT_RT))]
pub(crate) use kernel::bindings::{migrate_disable, migrate_enable};

/// How many events are counted.
pub(crate) const COUNTERS: usize = 25;

// mm/vmalloc.c
unsafe extern "C" {
    #[cfg(iomrs_exported)]
    pub(crate) fn free_vm_area(area: *mut vm_struct);
    #[cfg(iomrs_stock)]
    pub(crate) fn vunmap(addr: *const c_void);
}

#[allow(improper_ctypes)]
unsafe extern "C" {
    // helpers/bug.c
    pub(crate) safe fn iomrs_warn();

    // helpers/cpumask.c
    pub(crate) safe fn iomrs_num_online_cpus() -> u32;

    // helpers/device.c
    pub(crate) fn iomrs_device_lock(dev: *mut kernel::bindings::device);
    pub(crate) fn iomrs_device_unlock(dev: *mut kernel::bindings::device);

    // helpers/efi.c
    #[cfg(CONFIG_EFI)]
    safe fn iomrs_efi_has_memory_map() -> bool;
    #[cfg(CONFIG_EFI)]
    fn iomrs_efi_mem_desc_lookup(phys: u64, desc: *mut c_void) -> c_int;

    // helpers/highmem.c
    #[cfg(iomrs_window_kmap)]
    pub(crate) safe fn iomrs_kmap_local_pfn_prot(pfn: c_ulong, prot: u64) -> c_ulong;

    #[cfg(iomrs_window_kmap)]
    pub(crate) fn iomrs_kunmap_local_indexed(addr: *const c_void);

    // helpers/io.c
    pub(crate) fn iomrs_insb(data: *mut u8, none: *const u8, port: c_ulong, count: c_ulong);
    pub(crate) fn iomrs_insw(data: *mut u16, none: *const u16, port: c_ulong, count: c_ulong);
    pub(crate) fn iomrs_insl(data: *mut u32, none: *const u32, port: c_ulong, count: c_ulong);
    pub(crate) safe fn iomrs_ioport_map(port: c_ulong, count: u32) -> *mut c_void;
    pub(crate) fn iomrs_outsb(none: *mut u8, data: *const u8, port: c_ulong, count: c_ulong);
    pub(crate) fn iomrs_outsw(none: *mut u16, data: *const u16, port: c_ulong, count: c_ulong);
    pub(crate) fn iomrs_outsl(none: *mut u32, data: *const u32, port: c_ulong, count: c_ulong);

    // helpers/irqflags.c
    #[allow(dead_code, reason = "not every architecture turns interrupts off")]
    pub(crate) safe fn iomrs_local_irq_save() -> c_ulong;
    #[allow(dead_code, reason = "not every architecture turns interrupts off")]
    pub(crate) fn iomrs_local_irq_restore(flags: c_ulong);

    // helpers/jump_label.c
    pub(crate) safe fn iomrs_sparse_apertures_enable();

    // helpers/kallsyms.c
    fn iomrs_symbol(text: *mut c_char, size: usize, addr: c_ulong) -> c_int;

    // helpers/kernel.c
    pub(crate) safe fn iomrs_might_sleep();

    // helpers/mm.c
    pub(crate) safe fn iomrs_totalram_pages() -> c_ulong;

    // helpers/mmzone.c
    pub(crate) safe fn iomrs_pfn_valid(pfn: c_ulong) -> bool;
    pub(crate) fn iomrs_page_is_reserved(pfn: c_ulong) -> bool;

    // helpers/module.c
    pub(crate) fn iomrs_within_module(addr: c_ulong, module: *const c_void) -> bool;
    safe fn iomrs_within_library(addr: c_ulong) -> bool;
    fn iomrs_module_get();
    fn iomrs_module_put();

    // helpers/percpu.c
    pub(crate) fn iomrs_counter(cpu: u32, which: u32) -> c_ulong;
    pub(crate) safe fn iomrs_cpu_possible(cpu: u32) -> bool;

    // helpers/preempt.c
    #[cfg(iomrs_preempt_inline)]
    pub(crate) safe fn iomrs_preempt();
    #[cfg(all(iomrs_preempt_calls, not(CONFIG_PREEMPT_RT)))]
    pub(crate) fn iomrs_preempt_disable();
    #[cfg(all(iomrs_preempt_calls, not(CONFIG_PREEMPT_RT)))]
    pub(crate) fn iomrs_preempt_enable();
    #[cfg(iomrs_preempt_calls)]
    pub(crate) fn iomrs_pagefault_disable();
    #[cfg(iomrs_preempt_calls)]
    pub(crate) fn iomrs_pagefault_enable();

    pub(crate) safe fn iomrs_preemptible() -> bool;
    #[cfg(any(iomrs_preempt_calls, not(CONFIG_X86_64)))]
    pub(crate) safe fn iomrs_in_interrupt() -> bool;

    // helpers/sched.c
    pub(crate) safe fn iomrs_cond_resched();
    pub(crate) safe fn iomrs_fatal_signal_pending() -> bool;

    // helpers/sched_mm.c
    #[cfg(CONFIG_PROVE_LOCKING)]
    pub(crate) safe fn iomrs_might_alloc();
    #[cfg(CONFIG_PROVE_LOCKING)]
    pub(crate) safe fn iomrs_fs_reclaim_acquire();
    #[cfg(CONFIG_PROVE_LOCKING)]
    pub(crate) safe fn iomrs_fs_reclaim_release();

    // helpers/smp.c
    pub(crate) fn iomrs_on_each_cpu(function: smp_call_func_t, arg: *mut c_void);

    // helpers/spinlock.c
    #[cfg(iomrs_spin_lock_calls)]
    fn iomrs_spin_lock(lock: *mut spinlock);
    #[cfg(iomrs_spin_lock_calls)]
    fn iomrs_spin_unlock(lock: *mut spinlock);
    fn iomrs_spin_trylock(lock: *mut spinlock) -> bool;

    // helpers/stacktrace.c
    fn iomrs_stack_trace(addrs: *mut c_ulong, room: u32) -> u32;

    // helpers/vmalloc.c
    pub(crate) safe fn iomrs_vmalloc_total() -> c_ulong;
    #[cfg(iomrs_exported)]
    pub(crate) fn iomrs_get_vm_area(size: c_ulong, phys: u64, addr: *mut c_ulong)
        -> *mut vm_struct;
    #[cfg(iomrs_stock)]
    pub(crate) fn iomrs_vmap(pages: *mut *mut page, count: u32, prot: u64) -> *mut c_void;

    // helpers/workqueue.c
    pub(crate) fn iomrs_init_deferrable_work(work: *mut delayed_work, function: work_func_t);
}

// helpers/spinlock.c
unsafe extern "C" {
    #[cfg(CONFIG_64BIT)]
    pub(crate) static mut iomrs_space_lock: spinlock;
    #[cfg(iomrs_stock)]
    pub(crate) static mut iomrs_cache_modes_lock: spinlock;
    pub(crate) static mut iomrs_clean_lock: spinlock;
    pub(crate) static mut iomrs_owners_lock: spinlock;
}

unsafe extern "C" {
    /// Of each CPU: helpers/percpu.c.
    pub(crate) static iomrs_counters: [c_ulong; COUNTERS];
}
