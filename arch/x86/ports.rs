// SPDX-License-Identifier: GPL-2.0

//! Single accesses to I/O ports: C's `inl()`, `outl()` and their like.
//!
//! Each is one instruction, as in C. It takes no more than 16 bits of `rdx`.

use core::arch::asm;
pub(crate) use kernel::bindings::IO_SPACE_LIMIT;
use kernel::ffi::c_ulong;

macro_rules! accessors {
    ($($ty:ty, $register:tt: $in:ident, $in_asm:literal, $out:ident, $out_asm:literal;)*) => {$(
        /// # Safety
        ///
        /// The port is the caller's, and there is one of that number.
        #[inline(always)]
        pub(crate) unsafe fn $in(port: c_ulong) -> $ty {
            let value;
            // SAFETY: As required of our caller. Not `nomem`: a device may write memory.
            unsafe {
                asm!(
                    $in_asm,
                    in("rdx") port,
                    out($register) value,
                    options(att_syntax, nostack, preserves_flags)
                )
            };
            value
        }

        /// # Safety
        ///
        /// The port is the caller's, and there is one of that number.
        #[inline(always)]
        pub(crate) unsafe fn $out(value: $ty, port: c_ulong) {
            // SAFETY: As required of our caller. Not `nomem`: a device may read memory.
            unsafe {
                asm!(
                    $out_asm,
                    in("rdx") port,
                    in($register) value,
                    options(att_syntax, nostack, preserves_flags)
                )
            };
        }
    )*};
}

accessors! {
    u8, "al": inb, "inb %dx, %al", outb, "outb %al, %dx";
    u16, "ax": inw, "inw %dx, %ax", outw, "outw %ax, %dx";
    u32, "eax": inl, "inl %dx, %eax", outl, "outl %eax, %dx";
}
