// SPDX-License-Identifier: GPL-2.0

//! Memory encryption of confidential guests.

use super::bindings as c;
use kernel::bindings::{cc_attr, cc_attr_CC_ATTR_GUEST_MEM_ENCRYPT};

/// Whether the platform has an attribute of confidential computing.
#[inline(always)]
pub(super) fn cc_platform_has(attr: cc_attr) -> bool {
    #[cfg(CONFIG_ARCH_HAS_CC_PLATFORM)]
    // SAFETY: It may be called anywhere.
    return unsafe { kernel::bindings::cc_platform_has(attr) };
    #[cfg(not(CONFIG_ARCH_HAS_CC_PLATFORM))]
    {
        let _ = attr;
        false
    }
}

/// Whether this is a confidential guest, whose memory is encrypted.
pub(crate) fn is_guest_encrypted() -> bool {
    cc_platform_has(cc_attr_CC_ATTR_GUEST_MEM_ENCRYPT)
}

/// Whether the hypervisor says that the device memory at `phys` is mapped encrypted
/// (C: `x86_platform.hyper.is_private_mmio()`).
pub(crate) fn is_private_mmio(phys: u64) -> bool {
    // SAFETY: A function pointer that does not change after boot.
    let is_private = unsafe { (&raw const c::x86_platform.hyper.is_private_mmio).read() };
    // SAFETY: Any address may be asked for.
    is_private.is_some_and(|is_private| unsafe { is_private(phys) })
}
