// SPDX-License-Identifier: GPL-2.0

//! What C has names for.

use super::{Mapping, Options, WcMapping};
use crate::mm::cache_mode::CacheMode;
use kernel::{
    io::{PhysAddr, ResourceSize},
    prelude::*,
};

macro_rules! ioremap {
    ($($(#[$doc:meta])* $name:ident => $mode:ident, $kind:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// As [`Options::map`].
        ///
        /// # Context
        ///
        /// May sleep.
        ///
        /// # Safety
        ///
        /// As [`Options::map`].
        // Inlined: what is made is large to be copied from caller to caller.
        #[inline]
        #[track_caller]
        pub unsafe fn $name(phys: PhysAddr, size: ResourceSize) -> Result<$kind> {
            // SAFETY: As required of our caller.
            Ok(unsafe { Options::new(CacheMode::$mode).map(phys, size)? }.into())
        }
    )*};
}

ioremap! {
    /// Maps registers: [`CacheMode::UncachedMinus`] (C: `ioremap()`).
    ///
    /// ```
    /// use io_mapping_rs::ioremap::ioremap;
    /// use kernel::{io::{Io, PhysAddr}, prelude::*};
    ///
    /// fn identity(chip: PhysAddr) -> Result<u32> {
    ///     // SAFETY: The registers of our chip, of which we read one.
    ///     let registers = unsafe { ioremap(chip, 0x1000)? };
    ///     registers.try_read32(0xffc)
    /// }
    /// ```
    ioremap => UncachedMinus, Mapping;
    /// Maps registers whatever the MTRRs say: [`CacheMode::Uncached`] (C: `ioremap_uc()`).
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::ioremap_uc, Mapping};
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// A firmware that is known to make the whole BAR write combining by an MTRR.
    /// fn registers(bar: PhysAddr) -> Result<Mapping> {
    ///     // SAFETY: A BAR of our device, which we have requested.
    ///     unsafe { ioremap_uc(bar, 0x10000) }
    /// }
    /// ```
    ioremap_uc => Uncached, Mapping;
    /// Maps a frame buffer or the like: [`CacheMode::WriteCombining`] (C: `ioremap_wc()`).
    ///
    /// ```
    /// use io_mapping_rs::ioremap::ioremap_wc;
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// fn show_white(frame_buffer: PhysAddr) -> Result {
    ///     // SAFETY: The frame buffer that the firmware has set up, given to us.
    ///     let screen = unsafe { ioremap_wc(frame_buffer, 640 * 480 * 4)? };
    ///     let screen = screen.wc();
    ///     (0..640 * 480).try_for_each(|pixel| screen.try_write32(!0, pixel * 4))
    /// }
    /// ```
    ioremap_wc => WriteCombining, WcMapping;
    /// Maps memory that is read more than written: [`CacheMode::WriteThrough`] (C: `ioremap_wt()`).
    ///
    /// ```
    /// use io_mapping_rs::ioremap::ioremap_wt;
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// Reads from battery-backed memory, where what is written must not wait in a cache.
    /// fn settings(nvram: PhysAddr) -> Result<[u8; 128]> {
    ///     let mut settings = [0; 128];
    ///     // SAFETY: Memory of the board that nobody else uses.
    ///     let nvram = unsafe { ioremap_wt(nvram, 0x2000)? };
    ///     nvram.try_copy_to_slice(0x80, &mut settings)?;
    ///     Ok(settings)
    /// }
    /// ```
    ioremap_wt => WriteThrough, Mapping;
    /// Maps memory of a device that keeps caches coherent: [`CacheMode::WriteBack`]
    /// (C: `ioremap_cache()`).
    ///
    /// ```
    /// use io_mapping_rs::ioremap::ioremap_cache;
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// Looks for a text in a table of the firmware, in memory that the kernel has left alone.
    /// fn begins_with(table: PhysAddr, text: &[u8; 8]) -> Result<bool> {
    ///     let mut begin = [0; 8];
    ///     // SAFETY: The table was left there for us to read.
    ///     unsafe { ioremap_cache(table, 0x1000)? }.try_copy_to_slice(0, &mut begin)?;
    ///     Ok(begin == *text)
    /// }
    /// ```
    ioremap_cache => WriteBack, Mapping;
}
