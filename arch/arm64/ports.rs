// SPDX-License-Identifier: GPL-2.0

//! Single accesses to I/O ports: C's `inl()`, `outl()` and their like. Most ports are memory, which the kernel
//! maps at `PCI_IOBASE`; those above are a bus behind a chip, for which C looks up the driver.
//!
//! C: [`lib/logic_pio.c`](srctree/lib/logic_pio.c)

use super::{bindings as c, mmio};
use core::ptr;
pub(crate) use kernel::bindings::IO_SPACE_LIMIT;
use kernel::{bindings::MMIO_UPPER_LIMIT, ffi::c_ulong};

/// Where port 0 is mapped (C: `PCI_IOBASE`). `helpers/io.c` compares it with C's.
const PORT_MEMORY: usize = 0xffff_ffff_c080_0000;

/// Returns whether a port is memory.
#[inline(always)]
fn is_memory(port: c_ulong) -> bool {
    // CAST: It is wider.
    port < MMIO_UPPER_LIMIT as c_ulong
}

/// Returns where a port that is memory is mapped.
#[inline(always)]
fn addr(port: c_ulong) -> usize {
    // `is_memory()` bounds the port: no sum wraps.
    PORT_MEMORY.wrapping_add(port)
}

macro_rules! accessors {
    ($($ty:ty: $in:ident, $read:ident, $helper_in:ident, $out:ident, $write:ident, $helper_out:ident;)*) => {$(
        /// # Safety
        ///
        /// The port is the caller's, aligned to its width, and there is one of that number.
        #[inline(always)]
        pub(crate) unsafe fn $in(port: c_ulong) -> $ty {
            if is_memory(port) {
                // SAFETY: The kernel maps the memory of the ports there, and as required of our caller there is
                // one of that number.
                unsafe { mmio::$read(ptr::without_provenance(addr(port))) }
            } else {
                // SAFETY: As required of our caller.
                unsafe { c::$helper_in(port) }
            }
        }

        /// # Safety
        ///
        /// The port is the caller's, aligned to its width, and there is one of that number.
        #[inline(always)]
        pub(crate) unsafe fn $out(value: $ty, port: c_ulong) {
            if is_memory(port) {
                // SAFETY: As in the function above.
                unsafe { mmio::$write(value, ptr::without_provenance_mut(addr(port))) }
            } else {
                // SAFETY: As required of our caller.
                unsafe { c::$helper_out(value, port) };
            }
        }
    )*};
}

accessors! {
    u8: inb, readb, iomrs_inb, outb, writeb, iomrs_outb;
    u16: inw, readw, iomrs_inw, outw, writew, iomrs_outw;
    u32: inl, readl, iomrs_inl, outl, writel, iomrs_outl;
}
