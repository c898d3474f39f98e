// SPDX-License-Identifier: GPL-2.0

//! Physical addresses that the tests map, and that nobody else uses.

use crate::{
    c,
    support::{outcome::*, text::Text},
};

/// Bytes of a small page.
pub(crate) const PAGE: u64 = 4096;
/// Bytes of the larger pages.
pub(crate) const PAGE_2M: u64 = 2 << 20;
pub(crate) const PAGE_1G: u64 = 1 << 30;

/// Returns the size of the pages that map a block of 2 MiB, which is aligned to its size.
pub(crate) fn page_of_block() -> u64 {
    (1 << c::iomrs_c_largest_page_shift()).min(PAGE_2M)
}

/// Physical addresses that nobody else uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TestRange {
    pub(crate) phys: u64,
    pub(crate) size: u64,
}

impl TestRange {
    /// Returns the range that the kernel's command line sets aside. It is RAM, so that what is
    /// written can be read back.
    pub(crate) fn reserved() -> Available<Self> {
        let phys = crate::module_parameters::phys.value();
        let size = crate::module_parameters::size.value();
        if size < 4 * PAGE_2M {
            return Err(c"no range set aside: phys= and size= (8 MiB or more)");
        }
        if phys % PAGE_2M != 0 {
            return Err(c"phys= is not a multiple of 2 MiB");
        }
        Ok(Self { phys, size })
    }

    /// Returns `size` bytes of the upper half of the physical address space. No RAM and no device
    /// is there: the range can be mapped and not accessed.
    pub(crate) fn unpopulated(size: u64) -> Available<Self> {
        let half = c::iomrs_c_phys_limit() / 2;
        if size > half {
            return Err(c"the CPU's physical addresses are too narrow (-cpu max,phys-bits=46)");
        }
        Ok(Self { phys: half, size })
    }

    /// Returns where in the range an MTRR begins to make memory uncached. It covers no whole block of
    /// 2 MiB, and not the beginning of one.
    pub(crate) fn uncached_by_mtrr(self) -> Available<u64> {
        let missing =
            c"no MTRR covers a part of 2 MiB of phys= (echo base=.. size=.. type=.. > /proc/mtrr)";
        let text = Text::read(c"/proc/mtrr").map_err(|_| missing)?;
        // reg03: base=0x048000000 ( 1152MB), size=    1MB, count=1: uncachable
        let lines = text.as_str().map_err(|_| missing)?.lines();
        let mut bases = lines.filter_map(|line| {
            let base = line.split_once("base=0x")?.1.split_once(' ')?.0;
            let size = line.split_once("size=")?.1.trim_start().split_once("MB")?.0;
            let small = line.ends_with(": uncachable") && size.parse::<u64>().ok()? < 2;
            u64::from_str_radix(base, 16).ok().filter(|_| small)
        });
        let blocks = self.phys..=self.phys + self.size - 2 * PAGE_2M;
        bases
            .find(|base| base % PAGE_2M != 0 && blocks.contains(&(base & !(PAGE_2M - 1))))
            .ok_or(missing)
    }

    /// Returns where in the range a block of 2 MiB begins that an MTRR covers in part. The
    /// beginning of the block is not covered: mtrr_type_lookup() takes a block that begins uncached
    /// for uniform.
    pub(crate) fn block_split_by_mtrr(self) -> Available<u64> {
        Ok(self.uncached_by_mtrr()? & !(PAGE_2M - 1))
    }
}

/// Whether there is memory for what KASAN keeps of more than some GiB of address space.
pub(crate) fn much_address_space() -> Available<()> {
    if cfg!(CONFIG_KASAN) {
        return Err(c"KASAN takes an eighth of the address space in memory");
    }
    Ok(())
}

/// Returns the size of the address space for areas, if a test can fill it.
pub(crate) fn fillable_address_space() -> Available<u64> {
    much_address_space()?;
    let total = c::iomrs_c_vmalloc_total() as u64;
    let few_areas = c::iomrs_c_largest_page_shift() == PAGE_1G.trailing_zeros() || total < PAGE_1G;
    if total > 64 << 40 || !few_areas {
        return Err(c"too much address space to fill (no5lvl), or no 1G pages");
    }
    Ok(total)
}
