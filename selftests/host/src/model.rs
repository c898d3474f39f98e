// SPDX-License-Identifier: GPL-2.0

//! A model of the library's logic that is slow and simple: numbers have 128 bits, so that none
//! overflows, and mappings are made one page at a time.

use crate::mm::page_plan::Run;
use crate::mm::phys_range::RangeError;

pub const PAGE: u128 = 4096;
/// One past the last address.
pub const TOP: u128 = 1 << 64;

/// Returns what `PhysRange::new` must find for `size` bytes from `start`: the last byte, or the
/// error.
pub fn last_byte(start: u64, size: u64, bits: u32) -> Result<u128, RangeError> {
    let end = u128::from(start) + u128::from(size);
    if size == 0 {
        return Err(RangeError::Empty);
    }
    if end > TOP {
        return Err(RangeError::Wraps);
    }
    if bits < 64 && end > 1 << bits {
        return Err(RangeError::TooWide);
    }
    Ok(end - 1)
}

/// Returns what `check_offset` must return.
pub fn check_offset(size: u64, offset: u64, len: u64) -> Result<(), RangeError> {
    let end = u128::from(offset) + u128::from(len);
    if len == 0 {
        return Err(RangeError::Empty);
    }
    if u128::from(offset) % PAGE != 0 {
        return Err(RangeError::Misaligned);
    }
    if end > u128::from(size) {
        return Err(RangeError::Outside);
    }
    Ok(())
}

/// One page of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub addr: u128,
    pub phys: u128,
    pub bytes: u128,
}

/// The rest of a mapping. Each step takes the largest page that fits at its beginning.
#[derive(Clone)]
pub struct Pages {
    addr: u128,
    phys: u128,
    end: u128,
    sizes: Vec<u128>,
}

/// Returns the pages of a mapping of `size` bytes: whole small pages only, and only those that end
/// before the last address, virtual and physical.
pub fn pages(addr: u64, phys: u64, size: u64, max_shift: u32) -> Pages {
    let floor = |x: u64| u128::from(x) / PAGE * PAGE;
    let (addr, phys) = (floor(addr), floor(phys));
    let room = TOP - PAGE - addr.max(phys);
    let sizes = [1 << 30, 1 << 21, PAGE];
    Pages {
        addr,
        phys,
        end: addr + floor(size).min(room),
        // A small page is always allowed.
        sizes: sizes
            .into_iter()
            .filter(|&size| size == PAGE || max_shift >= 128 || size <= 1 << max_shift)
            .collect(),
    }
}

impl Pages {
    /// Returns how many bytes are left.
    pub fn left(&self) -> u128 {
        self.end - self.addr
    }
}

impl Iterator for Pages {
    type Item = Page;

    fn next(&mut self) -> Option<Page> {
        let (addr, phys, left) = (self.addr, self.phys, self.left());
        let fits = |bytes: u128| addr % bytes == 0 && phys % bytes == 0 && bytes <= left;
        let bytes = self.sizes.iter().copied().find(|&bytes| fits(bytes))?;
        self.addr += bytes;
        self.phys += bytes;
        Some(Page { addr, phys, bytes })
    }
}

/// Does `page` have the page size of `run`, and its entry in the same table?
fn continues(run: &Run, page: &Page) -> bool {
    let table = |addr: u128| addr / (512 * page.bytes);
    page.bytes == 1 << run.shift && table(page.addr) == table(run.addr.into())
}

/// Returns the pages of a mapping, joined to runs where they have one size and one table.
pub fn runs(addr: u64, phys: u64, size: u64, max_shift: u32) -> impl Iterator<Item = Run> {
    let mut pages = pages(addr, phys, size, max_shift).peekable();
    std::iter::from_fn(move || {
        let first = pages.next()?;
        let mut run = Run {
            addr: first.addr.try_into().unwrap(),
            phys: first.phys.try_into().unwrap(),
            shift: first.bytes.trailing_zeros(),
            count: 1,
        };
        while pages.next_if(|page| continues(&run, page)).is_some() {
            run.count += 1;
        }
        Some(run)
    })
}
