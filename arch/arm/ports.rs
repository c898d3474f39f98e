// SPDX-License-Identifier: GPL-2.0

//! Single accesses to I/O ports: C's `inl()`, `outl()` and their like. Ports are memory, which the kernel maps where C's
//! `PCI_IO_VIRT_BASE` says.

use super::mmio;
use core::ptr;
use kernel::ffi::c_ulong;

/// Where port 0 is mapped (C: `PCI_IO_VIRT_BASE`). `helpers/io.c` compares it with C's.
const PORT_MEMORY: usize = 0xfee0_0000;
/// The last port (C: `IO_SPACE_LIMIT`). As above.
pub(crate) const IO_SPACE_LIMIT: u32 = 0xf_ffff;

/// Returns where a port is mapped.
#[inline(always)]
const fn addr(port: c_ulong) -> usize {
    PORT_MEMORY + (port & IO_SPACE_LIMIT as c_ulong)
}

macro_rules! accessors {
    ($($ty:ty: $in:ident, $read:ident, $out:ident, $write:ident;)*) => {$(
        /// # Safety
        ///
        /// The port is the caller's, aligned to its width, and there is one of that number.
        #[inline(always)]
        pub(crate) unsafe fn $in(port: c_ulong) -> $ty {
            // SAFETY: The kernel maps the memory of the ports there, and as required of our caller there is
            // one of that number.
            unsafe { mmio::$read(ptr::without_provenance(addr(port))) }
        }

        /// # Safety
        ///
        /// The port is the caller's, aligned to its width, and there is one of that number.
        #[inline(always)]
        pub(crate) unsafe fn $out(value: $ty, port: c_ulong) {
            // SAFETY: As in the function above.
            unsafe { mmio::$write(value, ptr::without_provenance_mut(addr(port))) }
        }
    )*};
}

accessors! {
    u8: inb, readb, outb, writeb;
    u16: inw, readw, outw, writew;
    u32: inl, readl, outl, writel;
}
