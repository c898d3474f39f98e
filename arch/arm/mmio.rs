// SPDX-License-Identifier: GPL-2.0

//! Single accesses to mapped memory, and the barrier between them: C's `readl()`, `readl_relaxed()`
//! and their like, and `wmb()`. There are none of 64 bits.
//!
//! The kernel crate has them as helpers, which are calls. Here they are the instructions that C has inline.
//! They have their address in a register by itself, which they do not change: what emulates accesses to devices in
//! a guest knows no other form.
//!
//! C header: [`arch/arm/include/asm/io.h`](srctree/arch/arm/include/asm/io.h)

use core::arch::asm;
use kernel::ffi::c_void;

// C calls the board then, for each barrier.
#[cfg(CONFIG_ARM_HEAVY_MB)]
compile_error!("on 32-bit ARM the kernel must be without CONFIG_ARM_HEAVY_MB");
#[cfg(not(CONFIG_ARM_DMA_MEM_BUFFERABLE))]
compile_error!("on 32-bit ARM the kernel must have CONFIG_ARM_DMA_MEM_BUFFERABLE");

/// As C's on ARM.
///
/// # Safety
///
/// None: it may stand anywhere. As the kernel crate's.
#[inline(always)]
pub(crate) unsafe fn wmb() {
    // SAFETY: A barrier may stand anywhere. Rust's target is one without the instruction.
    unsafe { asm!(".arch armv7-a", "dsb st", options(nostack, preserves_flags)) };
}

/// What comes after a load that is in order (C: `__iormb()`).
#[inline(always)]
fn after_read() {
    // SAFETY: As above.
    unsafe { asm!(".arch armv7-a", "dsb sy", options(nostack, preserves_flags)) };
}

macro_rules! accessors {
    ($($ty:ty, $load:literal, $store:literal:
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
                    $load,
                    value = out(reg) value,
                    addr = in(reg) addr,
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
            after_read();
            value
        }

        /// # Safety
        ///
        /// A value of device memory is mapped at `addr`, aligned.
        #[inline(always)]
        pub(crate) unsafe fn $write(value: $ty, addr: *mut c_void) {
            // SAFETY: A barrier may stand anywhere (C: `__iowmb()`).
            unsafe { wmb() };
            // SAFETY: As required of our caller.
            unsafe { $write_relaxed(value, addr) };
        }
    )*};
}

accessors! {
    u8, "ldrb {value}, [{addr}]", "strb {value}, [{addr}]": readb, readb_relaxed, writeb, writeb_relaxed;
    u16, "ldrh {value}, [{addr}]", "strh {value}, [{addr}]": readw, readw_relaxed, writew, writew_relaxed;
    u32, "ldr {value}, [{addr}]", "str {value}, [{addr}]": readl, readl_relaxed, writel, writel_relaxed;
}
