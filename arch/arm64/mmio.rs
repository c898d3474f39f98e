// SPDX-License-Identifier: GPL-2.0

//! Single accesses to mapped memory, and the barrier between them: C's `readl()`, `readl_relaxed()`
//! and their like, and `wmb()`.
//!
//! The kernel crate has them as helpers, which a kernel without `CONFIG_RUST_INLINE_HELPERS` calls
//! for each access. Here they are the instructions that C has inline. They have their address in a register
//! by itself, which they do not change: what emulates accesses to devices in a guest knows no other form.
//!
//! C header: [`arch/arm64/include/asm/io.h`](srctree/arch/arm64/include/asm/io.h)

use super::alternative::alternative;
use core::arch::asm;
use kernel::{
    bindings::{ARM64_WORKAROUND_DEVICE_LOAD_ACQUIRE, ARM64_WORKAROUND_NVIDIA_OLYMPUS_1027},
    ffi::c_void,
};

/// As C's on arm64.
///
/// # Safety
///
/// None: it may stand anywhere. As the kernel crate's.
#[inline(always)]
pub(crate) unsafe fn wmb() {
    // SAFETY: A barrier may stand anywhere.
    unsafe { asm!("dsb st", options(nostack, preserves_flags)) };
}

/// What comes before a store that is in order: all that was stored (C: `__io_bw()`).
#[inline(always)]
fn before_write() {
    // SAFETY: A barrier may stand anywhere.
    unsafe { asm!("dmb oshst", options(nostack, preserves_flags)) };
}

/// What comes after a load that is in order: nothing that is loaded later, nor that reads the time, overtakes it
/// (C: `__io_ar()`).
#[inline(always)]
fn after_read(value: u64) {
    // SAFETY: A barrier, and a branch to itself that is never taken.
    unsafe {
        asm!(
            "dmb oshld",
            "eor {value}, {value}, {value}",
            "cbnz {value}, .",
            value = inout(reg) value => _,
            options(nostack, preserves_flags)
        )
    };
}

macro_rules! accessors {
    ($($ty:ty, $load:literal, $load_acquire:literal, $store:literal:
       $read:ident, $read_relaxed:ident, $write:ident, $write_relaxed:ident;)*) => {$(
        /// # Safety
        ///
        /// A value of device memory is mapped at `addr`, aligned.
        #[inline(always)]
        pub(crate) unsafe fn $read_relaxed(addr: *const c_void) -> $ty {
            let value;
            // SAFETY: As required of our caller.
            unsafe {
                asm!(
                    alternative!("nop", "dmb osh", "{before}"),
                    alternative!($load, $load_acquire, "{acquire}"),
                    value = out(reg) value,
                    addr = in(reg) addr,
                    before = const ARM64_WORKAROUND_NVIDIA_OLYMPUS_1027,
                    acquire = const ARM64_WORKAROUND_DEVICE_LOAD_ACQUIRE,
                    options(nostack, preserves_flags)
                )
            };
            value
        }

        /// # Safety
        ///
        /// A value of device memory is mapped at `addr`, aligned.
        #[inline(always)]
        pub(crate) unsafe fn $write_relaxed(value: $ty, addr: *mut c_void) {
            // SAFETY: As required of our caller.
            unsafe {
                asm!(
                    $store,
                    value = in(reg) value,
                    addr = in(reg) addr,
                    options(nostack, preserves_flags)
                )
            };
        }

        /// # Safety
        ///
        /// A value of device memory is mapped at `addr`, aligned.
        #[inline(always)]
        pub(crate) unsafe fn $read(addr: *const c_void) -> $ty {
            // SAFETY: As required of our caller.
            let value = unsafe { $read_relaxed(addr) };
            after_read(value.into());
            value
        }

        /// # Safety
        ///
        /// A value of device memory is mapped at `addr`, aligned.
        #[inline(always)]
        pub(crate) unsafe fn $write(value: $ty, addr: *mut c_void) {
            before_write();
            // SAFETY: As required of our caller.
            unsafe { $write_relaxed(value, addr) };
        }
    )*};
}

accessors! {
    u8, "ldrb {value:w}, [{addr}]", "ldarb {value:w}, [{addr}]", "strb {value:w}, [{addr}]":
        readb, readb_relaxed, writeb, writeb_relaxed;
    u16, "ldrh {value:w}, [{addr}]", "ldarh {value:w}, [{addr}]", "strh {value:w}, [{addr}]":
        readw, readw_relaxed, writew, writew_relaxed;
    u32, "ldr {value:w}, [{addr}]", "ldar {value:w}, [{addr}]", "str {value:w}, [{addr}]":
        readl, readl_relaxed, writel, writel_relaxed;
    u64, "ldr {value:x}, [{addr}]", "ldar {value:x}, [{addr}]", "str {value:x}, [{addr}]":
        readq, readq_relaxed, writeq, writeq_relaxed;
}
