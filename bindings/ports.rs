// SPDX-License-Identifier: GPL-2.0

//! Single accesses to I/O ports: C's `inl()`, `outl()` and their like.

#[cfg(not(CONFIG_X86_64))]
pub(crate) use super::{
    iomrs_inb as inb, iomrs_inl as inl, iomrs_inw as inw, iomrs_outb as outb, iomrs_outl as outl,
    iomrs_outw as outw,
};

#[cfg(CONFIG_X86_64)]
pub(crate) use x86_64::*;

/// As C's, one instruction. It takes no more than 16 bits of `rdx`.
#[cfg(CONFIG_X86_64)]
mod x86_64 {
    use core::arch::asm;
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
}
