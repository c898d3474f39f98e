// SPDX-License-Identifier: GPL-2.0

//! What the tests map: memory that nobody else uses.

use crate::{c, support::proc_files};
use core::{
    ffi::{c_void, CStr},
    ptr::NonNull,
};
use io_mapping_rs::{ioremap::Options, CacheMode, IoMapping, Strategy};
use kernel::{device::Bound, error::to_result, pci, prelude::*};

/// Bytes of a small page.
pub(crate) const PAGE: u64 = 4096;
/// Bytes of the larger pages.
pub(crate) const PAGE_2M: u64 = 2 << 20;
pub(crate) const PAGE_1G: u64 = 1 << 30;

/// Physical addresses that nobody else uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) phys: u64,
    pub(crate) size: u64,
}

type Missing = &'static CStr;

impl Range {
    /// The range set aside on the kernel's command line: RAM in truth, so what is written can be
    /// read.
    pub(crate) fn reserved() -> core::result::Result<Self, Missing> {
        let phys = crate::module_parameters::phys.value();
        let size = crate::module_parameters::size.value();
        if size < 4 * PAGE_2M {
            return Err(c"no range set aside: phys= and size= (8 MiB or more)");
        }
        if phys % PAGE_2M != 0 {
            return Err(c"phys= is not a multiple of 2 MiB");
        }
        if cfg!(iomrs_stock) && c::iomrs_c_has_struct_page(phys) {
            return Err(c"the range of phys= has struct pages, which vmap_pfn() refuses");
        }
        Ok(Self { phys, size })
    }

    /// Where in the range a block of 2 MiB begins of which an MTRR covers a part, but not the
    /// beginning: the kernel does not take notice of the rest of a block that begins uncached.
    pub(crate) fn cut_by_mtrr(self) -> core::result::Result<u64, Missing> {
        let missing =
            c"no MTRR covers a part of 2 MiB of phys= (echo base=.. size=.. type=.. > /proc/mtrr)";
        let mut text = KVVec::new();
        proc_files::read(c"/proc/mtrr", &mut text).map_err(|_| missing)?;
        let text = core::str::from_utf8(&text).map_err(|_| missing)?;
        // reg03: base=0x048000000 ( 1152MB), size=    1MB, count=1: uncachable
        let bases = text.lines().filter_map(|line| {
            let base = line.split_once("base=0x")?.1.split_once(' ')?.0;
            let size = line.split_once("size=")?.1.trim_start().split_once("MB")?.0;
            let small = size.parse::<u64>().ok()? < 2;
            u64::from_str_radix(base, 16)
                .ok()
                .filter(|base| small && base % PAGE_2M != 0)
        });
        let mut blocks = bases.map(|base| base & !(PAGE_2M - 1));
        let end = self.phys + self.size - 2 * PAGE_2M;
        blocks
            .find(|block| (self.phys..=end).contains(block))
            .ok_or(missing)
    }

    /// BAR 2 of ivshmem: memory of any size, in a file.
    pub(crate) fn bar2() -> core::result::Result<Self, Missing> {
        Device::ivshmem()?.bar(2).ok_or(c"ivshmem has no BAR 2")
    }

    /// BAR 0 of ivshmem: registers, fewer than a page of them.
    pub(crate) fn bar0() -> core::result::Result<Self, Missing> {
        Device::ivshmem()?.bar(0).ok_or(c"ivshmem has no BAR 0")
    }
}

/// A PCI device that is bound to the driver of the tests.
pub(crate) struct Device(NonNull<c_void>);

impl Device {
    fn get(vendor: u32, device: u32) -> Option<Self> {
        NonNull::new(c::iomrs_c_pci_get(vendor, device)).map(Self)
    }

    pub(crate) fn ivshmem() -> core::result::Result<Self, Missing> {
        Self::get(0x1af4, 0x1110).ok_or(c"no ivshmem device, or another driver has it")
    }

    /// Has a BAR of ports, [`Device::PORT_BAR`].
    pub(crate) fn testdev() -> core::result::Result<Self, Missing> {
        Self::get(0x1b36, 0x0005).ok_or(c"no pci-testdev device")
    }

    pub(crate) const PORT_BAR: u32 = 1;

    /// C's `struct pci_dev`.
    pub(crate) fn as_ptr(&self) -> *mut c_void {
        self.0.as_ptr()
    }

    pub(crate) fn bar(&self, bar: u32) -> Option<Range> {
        let mut size = 0;
        // SAFETY: The device is ours, it has six BARs, and `size` is valid for a write.
        let phys = unsafe { c::iomrs_c_pci_bar(self.0.as_ptr(), bar, &mut size) };
        (size != 0).then_some(Range { phys, size })
    }

    /// The kernel crate's view of it. It stays bound until [`Device::unbind`], which takes it by
    /// value.
    pub(crate) fn bound(&self) -> &pci::Device<Bound> {
        // SAFETY: `pci::Device` is a transparent wrapper of a `struct pci_dev`, of which we hold a
        // reference. The device was bound when we got it, and only `unbind` and the end of this
        // module unbind it.
        unsafe { self.0.cast().as_ref() }
    }

    /// Takes the device from its driver, does `then`, and gives it back.
    pub(crate) fn unbind<T>(self, then: impl FnOnce() -> T) -> Result<T> {
        // SAFETY: We hold a reference to the device, and nobody has a `bound()` of it any more.
        to_result(unsafe { c::iomrs_c_pci_set_bound(self.0.as_ptr(), false) })?;
        let result = then();
        // SAFETY: As above. 1 says that a driver was found.
        to_result(unsafe { c::iomrs_c_pci_set_bound(self.0.as_ptr(), true) })?;
        Ok(result)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: We hold a reference.
        unsafe { c::iomrs_c_pci_put(self.0.as_ptr()) };
    }
}

/// The strategy that apertures follow in this run.
pub(crate) fn strategy() -> Strategy {
    if crate::module_parameters::sparse.value() {
        Strategy::Sparse
    } else {
        Strategy::Whole
    }
}

/// A write-combining aperture of ours.
pub(crate) fn aperture(base: u64, size: u64) -> Result<IoMapping> {
    aperture_with(CacheMode::WriteCombining, base, size)
}

/// An aperture of ours.
pub(crate) fn aperture_with(mode: CacheMode, base: u64, size: u64) -> Result<IoMapping> {
    // SAFETY: The tests map ranges that nobody else uses, or that are refused.
    unsafe { IoMapping::with_strategy(base, size, Options::new(mode), strategy()) }
}

/// The number that C knows a mode by.
pub(crate) fn raw(mode: CacheMode) -> u32 {
    crate::c::page_cache_mode(mode)
}
