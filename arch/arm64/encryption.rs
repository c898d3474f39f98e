// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Memory encryption of confidential guests: realms of CCA.

use super::bindings as c;

/// Whether this is a realm, whose memory the hypervisor cannot see.
pub(crate) fn is_guest_encrypted() -> bool {
    c::iomrs_is_realm_world()
}

/// Whether the realm's monitor says that the device memory at `phys` is the realm's own
/// (C: `arm64_is_protected_mmio()`).
pub(crate) fn is_private_mmio(phys: u64) -> bool {
    c::iomrs_is_protected_mmio(phys, 1)
}
