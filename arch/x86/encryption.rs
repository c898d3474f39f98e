// SPDX-License-Identifier: GPL-2.0

//! Memory encryption of confidential guests.

use super::bindings as c;

/// Whether the hypervisor says that the device memory at `phys` is mapped encrypted
/// (C: `x86_platform.hyper.is_private_mmio()`).
pub(crate) fn is_private_mmio(phys: u64) -> bool {
    // SAFETY: A function pointer that does not change after boot.
    let is_private = unsafe { (&raw const c::x86_platform.hyper.is_private_mmio).read() };
    // SAFETY: Any address may be asked for.
    is_private.is_some_and(|is_private| unsafe { is_private(phys) })
}
