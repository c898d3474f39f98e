// SPDX-License-Identifier: GPL-2.0

//! Single accesses to mapped memory, and the barrier between them: C's `readl()`, `readl_relaxed()`
//! and their like, and `wmb()`.
//!
//! The kernel crate has them as helpers, which a kernel without `CONFIG_RUST_INLINE_HELPERS` calls
//! for each access. Each is one instruction in C, and so it is here: a volatile access that the compiler
//! cannot make part of another instruction, as what emulates accesses to devices in a confidential
//! guest knows `mov` only. Inline assembly as C has it would need the address in a register of its
//! own.

use core::arch::asm;
use kernel::ffi::c_void;

/// Keeps the compiler from moving accesses to memory across: all that x86 needs in `readl()`
/// and `writel()`.
#[inline(always)]
fn barrier() {
    // SAFETY: No instruction.
    unsafe { asm!("", options(nostack, preserves_flags)) };
}

/// As C's on x86-64.
///
/// # Safety
///
/// None: it may stand anywhere. As the kernel crate's.
#[inline(always)]
pub(crate) unsafe fn wmb() {
    // SAFETY: A barrier may stand anywhere.
    unsafe { asm!("sfence", options(nostack, preserves_flags)) };
}

/// Whether the compiler may use `movbe`, as with `CONFIG_X86_NATIVE_CPU`.
///
/// What computes a value may store it, too: `setcc` a truth value, and `movbe` one whose bytes are
/// swapped. Without `movbe` wide values are stored by a `mov` whatever computes them, and to keep them
/// apart would cost a register where a value is stored again and again.
const HAS_MOVBE: bool = cfg!(target_feature = "movbe");

macro_rules! accessors {
    ($($ty:ty, $class:ident, $comment:literal:
       $read:ident, $read_relaxed:ident, $write:ident, $write_relaxed:ident;)*) => {$(
        /// # Safety
        ///
        /// A value of device memory is mapped at `addr`, aligned.
        #[inline(always)]
        pub(crate) unsafe fn $read_relaxed(addr: *const c_void) -> $ty {
            // SAFETY: As required of our caller.
            let mut value = unsafe { addr.cast::<$ty>().read_volatile() };
            // SAFETY: No instruction: the value must be in a register by itself.
            unsafe {
                asm!(
                    $comment,
                    inout($class) value,
                    options(nomem, nostack, preserves_flags)
                )
            };
            value
        }

        /// # Safety
        ///
        /// A value of device memory is mapped at `addr`, aligned.
        #[inline(always)]
        pub(crate) unsafe fn $write_relaxed(mut value: $ty, addr: *mut c_void) {
            if HAS_MOVBE || size_of::<$ty>() == 1 {
                // SAFETY: No instruction: the value must be in a register by itself.
                unsafe {
                    asm!(
                        $comment,
                        inout($class) value,
                        options(pure, nomem, nostack, preserves_flags)
                    )
                };
            }
            // SAFETY: As required of our caller.
            unsafe { addr.cast::<$ty>().write_volatile(value) };
        }

        /// # Safety
        ///
        /// A value of device memory is mapped at `addr`, aligned.
        #[inline(always)]
        pub(crate) unsafe fn $read(addr: *const c_void) -> $ty {
            barrier();
            // SAFETY: As required of our caller.
            let value = unsafe { $read_relaxed(addr) };
            barrier();
            value
        }

        /// # Safety
        ///
        /// A value of device memory is mapped at `addr`, aligned.
        #[inline(always)]
        pub(crate) unsafe fn $write(value: $ty, addr: *mut c_void) {
            barrier();
            // SAFETY: As required of our caller.
            unsafe { $write_relaxed(value, addr) };
            barrier();
        }
    )*};
}

accessors! {
    u8, reg_byte, "/* {0} */": readb, readb_relaxed, writeb, writeb_relaxed;
    u16, reg, "/* {0:x} */": readw, readw_relaxed, writew, writew_relaxed;
    u32, reg, "/* {0:e} */": readl, readl_relaxed, writel, writel_relaxed;
    u64, reg, "/* {0} */": readq, readq_relaxed, writeq, writeq_relaxed;
}
