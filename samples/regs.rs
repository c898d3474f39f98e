// SPDX-License-Identifier: GPL-2.0

//! The registers of ivshmem, in BAR 0.
//!
//! Specification: `docs/specs/ivshmem-spec.rst` in QEMU. An ivshmem-plain device has them all, but
//! sends no interrupts and has no peers, so that just the first two keep anything.

use kernel::io::register;

register! {
    /// Which bits of the status raise an interrupt.
    pub(crate) INTR_MASK(u32) @ 0x0 {
        31:0 mask;
    }

    /// Why an interrupt was raised. Reading clears it.
    pub(crate) INTR_STATUS(u32) @ 0x4 {
        31:0 status;
    }

    /// The number of this guest among its peers.
    pub(crate) IV_POSITION(u32) @ 0x8 {
        31:0 peer;
    }

    /// Interrupts a peer; write only.
    pub(crate) DOORBELL(u32) @ 0xc {
        31:16 peer;
        15:0 vector;
    }
}

/// Bytes from the first register to the end of the last.
pub(crate) const END: usize = 0x10;
