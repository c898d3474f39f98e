// SPDX-License-Identifier: GPL-2.0

//! L0: every `extern "C"` of ours, and the C behind it.
//!
//! What the kernel crate's generated bindings have is used from there; the rest, static inlines and
//! macros, stands in `shims.c` (any kernel) and in `exported.c` or `stock.c` (one of them is
//! built). `shims.h` has the prototypes, and `tools/bindings.py` compares them with the
//! declarations below.

#![allow(non_camel_case_types)]

#[cfg(iomrs_stock)]
use kernel::ffi::c_uint;

use kernel::ffi::{c_int, c_ulong, c_void};

pub(crate) mod debugfs;
pub(crate) mod fs;
pub(crate) mod machine;
pub(crate) mod mmio;
pub(crate) mod module;
pub(crate) mod pci;
pub(crate) mod ports;
#[cfg_attr(iomrs_preempt_shims, path = "preempt_shims.rs")]
pub(crate) mod preempt;

pub(crate) use kernel::bindings::{
    memset_io, pci_dev, pci_enable_device, pci_release_region, pci_request_region, pte_t,
};
#[cfg(not(iomrs_window_kmap))]
pub(crate) use kernel::bindings::{migrate_disable, migrate_enable};
#[cfg(iomrs_exported)]
pub(crate) use kernel::bindings::{pmd_t, pud_t, vm_struct};

/// How many events are counted.
pub(crate) const COUNTERS: usize = 21;

/// Found by [`iomrs_range_flags`]: the range holds system RAM that the kernel uses.
pub(crate) const RANGE_RAM: u32 = 1;
/// Found by [`iomrs_range_flags`]: a confidential guest must map the range encrypted.
pub(crate) const RANGE_ENCRYPTED: u32 = 2;
/// Found by [`iomrs_range_flags`]: the range leaves a resource that it overlaps.
pub(crate) const RANGE_SPANS: u32 = 4;

// mm/vmalloc.c
unsafe extern "C" {
    #[cfg(iomrs_exported)]
    pub(crate) fn free_vm_area(area: *mut vm_struct);
    #[cfg(iomrs_stock)]
    pub(crate) fn vunmap(addr: *const c_void);
}

// shims.c
#[allow(improper_ctypes)]
unsafe extern "C" {
    safe fn iomrs_phys_bits() -> u32;
    safe fn iomrs_phys_mask() -> u64;
    safe fn iomrs_vmalloc_total() -> c_ulong;
    pub(crate) safe fn iomrs_memtype_allowed(
        start: u64,
        size: c_ulong,
        requested: u32,
        achieved: u32,
    ) -> bool;
    pub(crate) safe fn iomrs_pgprot(pcm: u32, encrypted: bool, read_only: bool) -> u64;
    pub(crate) safe fn iomrs_effective_mode(pcm: u32) -> u32;
    pub(crate) safe fn iomrs_pgprot_mode(prot: u64, large: bool) -> u32;
    pub(crate) fn iomrs_lookup(addr: c_ulong, shift: *mut u32) -> u64;
    pub(crate) fn iomrs_pci_resource_flags(pdev: *mut pci_dev, bar: c_int) -> c_ulong;
    #[cfg(iomrs_preempt_inline)]
    pub(crate) safe fn iomrs_preempt();
    #[cfg(iomrs_preempt_shims)]
    pub(crate) safe fn iomrs_map_atomic_begin();
    #[cfg(iomrs_preempt_shims)]
    pub(crate) fn iomrs_map_atomic_end();
    pub(crate) safe fn iomrs_pte_template(prot: u64) -> u64;
    pub(crate) safe fn iomrs_might_sleep();
    pub(crate) fn iomrs_clear_entries(addr: c_ulong, pages: c_ulong);
    pub(crate) safe fn iomrs_has_ram(start: u64, size: u64) -> bool;
    pub(crate) safe fn iomrs_counter(which: u32) -> u64;
    pub(crate) safe fn iomrs_seconds_since(then: u32) -> u32;
    pub(crate) fn iomrs_within_module(addr: c_ulong, module: *const c_void) -> bool;
    /// Of each CPU.
    static iomrs_counters: [c_ulong; COUNTERS];
}

// shims.c, for slots of our own
#[cfg(not(iomrs_window_kmap))]
unsafe extern "C" {
    pub(crate) safe fn iomrs_flush_all_asids() -> bool;
    pub(crate) fn iomrs_flush_asids(addr: c_ulong);
    pub(crate) safe fn iomrs_slot_entry(addr: c_ulong) -> *mut pte_t;
}

// io.c
unsafe extern "C" {
    pub(crate) fn iomrs_memcpy_fromio(data: *mut c_void, io: *const c_void, size: usize);
    pub(crate) fn iomrs_memcpy_toio(io: *mut c_void, data: *const c_void, size: usize);
    pub(crate) safe fn iomrs_port_limit() -> c_ulong;
    #[cfg(not(CONFIG_X86_64))]
    pub(crate) fn iomrs_inb(port: c_ulong) -> u8;
    #[cfg(not(CONFIG_X86_64))]
    pub(crate) fn iomrs_outb(value: u8, port: c_ulong);
    pub(crate) fn iomrs_insb(data: *mut u8, none: *const u8, port: c_ulong, count: c_ulong);
    pub(crate) fn iomrs_outsb(none: *mut u8, data: *const u8, port: c_ulong, count: c_ulong);
    #[cfg(not(CONFIG_X86_64))]
    pub(crate) fn iomrs_inw(port: c_ulong) -> u16;
    #[cfg(not(CONFIG_X86_64))]
    pub(crate) fn iomrs_outw(value: u16, port: c_ulong);
    pub(crate) fn iomrs_insw(data: *mut u16, none: *const u16, port: c_ulong, count: c_ulong);
    pub(crate) fn iomrs_outsw(none: *mut u16, data: *const u16, port: c_ulong, count: c_ulong);
    #[cfg(not(CONFIG_X86_64))]
    pub(crate) fn iomrs_inl(port: c_ulong) -> u32;
    #[cfg(not(CONFIG_X86_64))]
    pub(crate) fn iomrs_outl(value: u32, port: c_ulong);
    pub(crate) fn iomrs_insl(data: *mut u32, none: *const u32, port: c_ulong, count: c_ulong);
    pub(crate) fn iomrs_outsl(none: *mut u32, data: *const u32, port: c_ulong, count: c_ulong);
}

// exported.c and stock.c
#[allow(improper_ctypes)]
unsafe extern "C" {
    pub(crate) safe fn iomrs_range_flags(start: u64, size: u64, requested: bool) -> u32;
    pub(crate) fn iomrs_memtype_reserve(
        start: u64,
        end: u64,
        requested: u32,
        achieved: *mut u32,
    ) -> c_int;
    pub(crate) fn iomrs_memtype_free(start: u64, end: u64, requested: u32);
}

// exported.c
#[cfg(iomrs_exported)]
#[allow(improper_ctypes)]
unsafe extern "C" {
    pub(crate) fn iomrs_memtype_sync(start: u64, size: c_ulong, pcm: u32) -> c_int;
    pub(crate) fn iomrs_get_vm_area(size: c_ulong, phys: u64, addr: *mut c_ulong)
        -> *mut vm_struct;
    safe fn iomrs_max_page_shift() -> u32;
    pub(crate) fn iomrs_entry_alloc(addr: c_ulong, shift: u32) -> *mut c_void;
    pub(crate) fn iomrs_set_pud(pud: *mut pud_t, addr: c_ulong, phys: u64, prot: u64) -> c_int;
    pub(crate) fn iomrs_set_pmd(pmd: *mut pmd_t, addr: c_ulong, phys: u64, prot: u64) -> c_int;
}

// stock.c
#[cfg(iomrs_stock)]
unsafe extern "C" {
    pub(crate) safe fn iomrs_has_memmap(start: u64, size: u64) -> bool;
    pub(crate) fn iomrs_vmap_pfn(pfns: *mut c_ulong, count: c_uint, prot: u64) -> *mut c_void;
}

// kmap.c
#[cfg(iomrs_window_kmap)]
unsafe extern "C" {
    pub(crate) safe fn iomrs_kmap(phys: u64, prot: u64) -> c_ulong;
    pub(crate) fn iomrs_kunmap(map: c_ulong);
}

/// Whether a page-table entry of a small page maps something (C: `!pte_none()`).
///
/// # Safety
///
/// `entry` is an entry of the kernel's page table that the caller owns.
#[cfg(all(iomrs_exported, CONFIG_X86_64))]
#[inline(always)]
pub(crate) unsafe fn is_mapped(entry: *const pte_t) -> bool {
    /// Bits that an erratum of Knights Landing may set in a clear entry: accessed and dirty.
    const ERRATUM: u64 = 0x60;
    // SAFETY: As required of our caller.
    unsafe { entry.cast::<u64>().read_volatile() & !ERRATUM != 0 }
}

/// Writes a page-table entry of a small page.
///
/// A plain store: of what hooks `set_pte()` nothing minds entries of device memory. (Xen emulates
/// the store of a paravirtualised guest.)
///
/// # Safety
///
/// `entry` is an entry of the kernel's page table that the caller owns.
#[cfg(CONFIG_X86_64)]
#[inline(always)]
pub(crate) unsafe fn set_entry(entry: *mut pte_t, raw: u64) {
    // SAFETY: As required of our caller. The page-table walker may read it at any time.
    unsafe { entry.cast::<u64>().write_volatile(raw) };
}

/// Invalidates this CPU's translation of the page at `addr`: in the current address space, and of a
/// global page.
///
/// # Safety
///
/// Nobody uses the page.
#[cfg(all(not(iomrs_window_kmap), CONFIG_X86_64))]
#[inline(always)]
pub(crate) unsafe fn invalidate_page(addr: usize) {
    // SAFETY: Dropping a translation is harmless. Not `nomem`: accesses to the page come before.
    unsafe { core::arch::asm!("invlpg [{}]", in(reg) addr, options(nostack, preserves_flags)) };
}

/// Adds one to a counter of this CPU, in one instruction: no interrupt and no other task can come
/// between.
///
/// # Safety
///
/// `which` is less than [`COUNTERS`].
#[cfg(CONFIG_X86_64)]
#[inline(always)]
pub(crate) unsafe fn count(which: usize) {
    let counter = (&raw const iomrs_counters)
        .cast::<c_ulong>()
        .wrapping_add(which);
    #[cfg(CONFIG_SMP)]
    // SAFETY: Relative to GS, it is this CPU's, by the caller's promise one of those that there are.
    unsafe {
        core::arch::asm!("inc qword ptr gs:[{}]", in(reg) counter, options(nostack))
    };
    #[cfg(not(CONFIG_SMP))]
    // SAFETY: The only CPU's, by the caller's promise one of those that there are.
    unsafe {
        core::arch::asm!("inc qword ptr [{}]", in(reg) counter, options(nostack))
    };
}

/// The time now in 64 jiffies, for [`iomrs_seconds_since`]: enough for years.
#[inline(always)]
pub(crate) fn now() -> u32 {
    // SAFETY: A word that the kernel changes at any time.
    let jiffies = unsafe { (&raw const kernel::bindings::jiffies_64).read_volatile() };
    // CAST: so that what is kept is small.
    (jiffies >> 6) as u32
}
