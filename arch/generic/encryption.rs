// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Confidential guests, where there are none.

/// Whether this is such a guest.
pub(crate) const fn is_guest_encrypted() -> bool {
    false
}

/// Whether device memory at `phys` has to be mapped encrypted.
pub(crate) const fn is_private_mmio(_phys: u64) -> bool {
    false
}
