// SPDX-License-Identifier: GPL-2.0

//! Single accesses to I/O ports: C's `inl()`, `outl()` and their like. They are memory behind `PCI_IOBASE`, or
//! a bus behind a chip.

use super::bindings as c;
use kernel::ffi::c_ulong;

macro_rules! accessors {
    ($($ty:ty: $in:ident, $helper_in:ident, $out:ident, $helper_out:ident;)*) => {$(
        /// # Safety
        ///
        /// The port is the caller's, and there is one of that number.
        #[inline(always)]
        pub(crate) unsafe fn $in(port: c_ulong) -> $ty {
            // SAFETY: As required of our caller.
            unsafe { c::$helper_in(port) }
        }

        /// # Safety
        ///
        /// The port is the caller's, and there is one of that number.
        #[inline(always)]
        pub(crate) unsafe fn $out(value: $ty, port: c_ulong) {
            // SAFETY: As required of our caller.
            unsafe { c::$helper_out(value, port) };
        }
    )*};
}

accessors! {
    u8: inb, iomrs_inb, outb, iomrs_outb;
    u16: inw, iomrs_inw, outw, iomrs_outw;
    u32: inl, iomrs_inl, outl, iomrs_outl;
}
