// SPDX-License-Identifier: GPL-2.0

//! The bytes that the memory should have. C's `ioremap_wc()` shows those that it has.

use crate::{
    c,
    support::{mappings::*, outcome::*, ranges::*},
};
use kernel::prelude::*;

/// Two chunks of a sparse aperture, and a part of a third.
pub(super) const SIZE: u64 = 2 * PAGE_2M + 3 * PAGE;
const PAGES: usize = (SIZE / PAGE) as usize;

pub(super) struct Model {
    /// Where the memory begins.
    pub(super) phys: u64,
    bytes: KVVec<u8>,
    /// Pages that were written since they were compared.
    written: KVVec<bool>,
    in_c: CMapping,
}

impl Model {
    pub(super) fn new(range: TestRange) -> Outcome<Self> {
        let mut model = Self {
            phys: range.phys,
            bytes: check_ok!(KVVec::from_elem(0, SIZE as usize, GFP_KERNEL)),
            written: check_ok!(KVVec::from_elem(false, PAGES, GFP_KERNEL)),
            in_c: CMapping::new(WC, range.phys, SIZE)?,
        };
        model.take_what_is_there();
        Ok(model)
    }

    /// Takes the bytes that the memory has.
    pub(super) fn take_what_is_there(&mut self) {
        // SAFETY: C has mapped as many bytes.
        unsafe {
            c::iomrs_c_memcpy_fromio(self.bytes.as_mut_ptr(), self.in_c.addr(), self.bytes.len())
        };
        self.written.fill(false);
    }

    /// Returns the `len` bytes from `at` on.
    pub(super) fn bytes(&self, at: u64, len: usize) -> &[u8] {
        &self.bytes[at as usize..][..len]
    }

    pub(super) fn value(&self, at: u64, width: usize) -> u64 {
        let mut value = [0; 8];
        value[..width].copy_from_slice(self.bytes(at, width));
        u64::from_le_bytes(value)
    }

    /// Returns the `len` bytes from `at` on, to be written.
    pub(super) fn bytes_mut(&mut self, at: u64, len: usize) -> &mut [u8] {
        let at = at as usize;
        for page in at / PAGE as usize..=(at + len.max(1) - 1) / PAGE as usize {
            if let Some(written) = self.written.get_mut(page) {
                *written = true;
            }
        }
        &mut self.bytes[at..][..len]
    }

    /// Returns the offset of a byte that is wrong, in a page that was written.
    pub(super) fn find_wrong_byte(&mut self) -> Option<u64> {
        let mut page = [0; PAGE as usize];
        for index in 0..PAGES {
            if core::mem::take(&mut self.written[index]) {
                let at = index * page.len();
                // SAFETY: C has mapped the page, and `page` has room for it.
                unsafe {
                    c::iomrs_c_memcpy_fromio(page.as_mut_ptr(), self.in_c.addr() + at, page.len())
                };
                let model = self.bytes[at..].iter();
                if let Some(wrong) = page
                    .iter()
                    .zip(model)
                    .position(|(byte, model)| byte != model)
                {
                    return Some((at + wrong) as u64);
                }
            }
        }
        None
    }

    /// Fails the test if any byte is wrong.
    pub(super) fn compare_all(&mut self) -> Outcome {
        self.written.fill(true);
        check_eq!(self.find_wrong_byte(), None);
        Ok(())
    }
}
