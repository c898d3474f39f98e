// SPDX-License-Identifier: GPL-2.0

//! Accessors that the kernel crate's [`Io`] does not have.

use super::{
    accessor_macros::{big_endian_accessors, nonatomic64_accessors},
    project::{bytes_view, half_views, value_view, value_view_assert, ViewOf},
    AccessView, BigEndian, Doorbell, IoFill, IoNonatomic64, IoRepeat, Relaxed,
};
use kernel::{
    io::{Io, IoBase, IoCapable, IoCopyable, IoLoc},
    prelude::*,
};

/// More accessors for every type that implements the kernel crate's [`Io`]: big endian, relaxed
/// accesses, FIFOs, 64 bits by two accesses, copies of a part, doorbells.
///
/// As in [`Io`], a name without `try_` takes an offset that is checked at compile time. Offsets are
/// in bytes. All methods may be called in any context.
///
/// C headers: [`include/asm-generic/io.h`](srctree/include/asm-generic/io.h),
/// [`include/linux/io-64-nonatomic-lo-hi.h`](srctree/include/linux/io-64-nonatomic-lo-hi.h)
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io::IoExt, ioremap::Mapping};
/// use kernel::prelude::*;
///
/// fn receive(fifo: &Mapping, packet: &mut [u32]) -> Result<u16> {
///     let kind = fifo.try_read16_be(0x10)?;
///     fifo.try_read_rep(0x14, packet)?;
///     Ok(kind)
/// }
/// ```
pub trait IoExt<'a>: IoBase<'a> {
    /// Returns a view whose values are big-endian (C: `ioread32be()`).
    ///
    /// That goes for typed registers and all other accessors of [`Io`] that take or return values.
    /// Copies and the values of [`read_rep`](Self::read_rep) and its like are not swapped.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::IoExt, Mapping};
    /// use kernel::{io::Io, prelude::*};
    ///
    /// fn enable(chip: &Mapping) -> Result {
    ///     chip.be().try_update(0x4, |control: u32| control | 1)
    /// }
    /// ```
    #[inline(always)]
    fn be(self) -> AccessView<'a, Self::Backend, Self::Target, BigEndian> {
        AccessView::new(self.as_view())
    }

    /// Returns a view that is accessed without barriers (C: `readl_relaxed()`), see [`Relaxed`].
    ///
    /// For memory only. C has no such accesses to I/O ports either.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::IoExt, Mapping};
    /// use kernel::prelude::*;
    ///
    /// /// Polled often, and nothing in memory depends on the result.
    /// fn is_busy(chip: &Mapping) -> Result<bool> {
    ///     Ok(chip.relaxed().try_read32(0x8)? & 1 != 0)
    /// }
    /// ```
    #[inline(always)]
    fn relaxed(self) -> AccessView<'a, Self::Backend, Self::Target, Relaxed> {
        AccessView::new(self.as_view())
    }

    big_endian_accessors! {
        u16: read16_be, try_read16_be, write16_be, try_write16_be;
        u32: read32_be, try_read32_be, write32_be, try_write32_be;
        u64: read64_be, try_read64_be, write64_be, try_write64_be;
    }

    nonatomic64_accessors! {
        "low": try_read64_lo_hi, try_write64_lo_hi, 0, 1;
        "high": try_read64_hi_lo, try_write64_hi_lo, 1, 0;
    }

    /// Returns a view of the value at `offset`.
    ///
    /// [`Io::read_val`] and [`Io::write_val`] access it any number of times without another check.
    /// One comparison checks bounds and alignment, where [`Io::try_read`] and its like make three. The
    /// types of this crate have a `try_read` and its like of their own, which also make one.
    ///
    /// # Errors
    ///
    /// `EINVAL` where the value does not lie within the space, or is misaligned.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::IoExt, IoRegion};
    /// use kernel::{io::Io, prelude::*};
    ///
    /// fn wait(region: &IoRegion, status: usize) -> Result {
    ///     let status = region.try_at::<u32>(status)?;
    ///     while status.read_val() & 1 == 0 {}
    ///     Ok(())
    /// }
    /// ```
    #[inline(always)]
    fn try_at<T>(self, offset: usize) -> Result<ViewOf<'a, Self, T>>
    where
        Self::Backend: IoCapable<T>,
    {
        value_view(self, offset)
    }

    /// Fills `data` from the register at `offset`, which is checked at compile time. See
    /// [`IoRepeat`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::IoExt, ports::PortView};
    /// use kernel::io::Region;
    ///
    /// /// The data register of an ATA disk is the first of eight.
    /// fn read_sector(disk: PortView<'_, Region<8>>, sector: &mut [u16; 256]) {
    ///     disk.read_rep(0, sector);
    /// }
    /// ```
    #[inline(always)]
    fn read_rep<T>(self, offset: usize, data: &mut [T])
    where
        Self::Backend: IoRepeat<T>,
    {
        Self::Backend::read_rep(value_view_assert::<_, T>(self, offset), data);
    }

    /// Fills `data` from the register at `offset`. See [`IoRepeat`].
    ///
    /// # Errors
    ///
    /// `EINVAL` where the register does not lie within the space, or is misaligned.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::IoExt, Mapping};
    /// use kernel::prelude::*;
    ///
    /// /// Reads as many bytes from the FIFO at 0x14 as it holds, at most those of `buffer`.
    /// fn receive<'a>(uart: &Mapping, buffer: &'a mut [u8]) -> Result<&'a [u8]> {
    ///     let filled = buffer.len().min(uart.try_read8(0x10)?.into());
    ///     let bytes = buffer.get_mut(..filled).ok_or(EINVAL)?;
    ///     uart.try_read_rep(0x14, bytes)?;
    ///     Ok(bytes)
    /// }
    /// ```
    #[inline]
    fn try_read_rep<T>(self, offset: usize, data: &mut [T]) -> Result
    where
        Self::Backend: IoRepeat<T>,
    {
        Self::Backend::read_rep(value_view::<_, T>(self, offset)?, data);
        Ok(())
    }

    /// Writes all of `data` to the register at `offset`, which is checked at compile time. See
    /// [`IoRepeat`].
    #[inline(always)]
    fn write_rep<T>(self, offset: usize, data: &[T])
    where
        Self::Backend: IoRepeat<T>,
    {
        Self::Backend::write_rep(value_view_assert::<_, T>(self, offset), data);
    }

    /// Writes all of `data` to the register at `offset`. See [`IoRepeat`].
    ///
    /// # Errors
    ///
    /// `EINVAL` where the register does not lie within the space, or is misaligned.
    #[inline]
    fn try_write_rep<T>(self, offset: usize, data: &[T]) -> Result
    where
        Self::Backend: IoRepeat<T>,
    {
        Self::Backend::write_rep(value_view::<_, T>(self, offset)?, data);
        Ok(())
    }

    /// Fills `data` with the bytes from `offset` on (C: `memcpy_fromio()`).
    ///
    /// # Errors
    ///
    /// `EINVAL` where they do not lie within the space. Nothing is copied then.
    #[inline]
    fn try_copy_to_slice(self, offset: usize, data: &mut [u8]) -> Result
    where
        Self::Backend: IoCopyable,
    {
        let view = bytes_view(self, offset, data.len())?;
        // SAFETY: `data` is valid for writes of as many bytes, and does not overlap device memory.
        unsafe { Self::Backend::copy_from_io(view, data.as_mut_ptr()) };
        Ok(())
    }

    /// Copies all of `data` to the bytes from `offset` on (C: `memcpy_toio()`).
    ///
    /// # Errors
    ///
    /// `EINVAL` where they do not lie within the space. Nothing is copied then.
    #[inline]
    fn try_copy_from_slice(self, offset: usize, data: &[u8]) -> Result
    where
        Self::Backend: IoCopyable,
    {
        let view = bytes_view(self, offset, data.len())?;
        // SAFETY: `data` is valid for reads of as many bytes, and does not overlap device memory.
        unsafe { Self::Backend::copy_to_io(view, data.as_ptr()) };
        Ok(())
    }

    /// Sets `len` bytes from `offset` on to `byte` (C: `memset_io()`).
    ///
    /// # Errors
    ///
    /// `EINVAL` where they do not lie within the space. Nothing is set then.
    #[inline]
    fn try_fill(self, offset: usize, len: usize, byte: u8) -> Result
    where
        Self::Backend: IoFill,
    {
        Self::Backend::fill(bytes_view(self, offset, len)?, byte);
        Ok(())
    }

    /// Returns the register at `offset` as a [`Doorbell`], which is rung after data has been
    /// written to write-combining memory. See [`Wc::flush`](super::Wc::flush).
    ///
    /// # Errors
    ///
    /// `EINVAL` where the register does not lie within the space, or is misaligned.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::IoExt, ioremap::WcMapping, Mapping};
    /// use kernel::prelude::*;
    ///
    /// fn submit(ring: &WcMapping, registers: &Mapping, command: &[u8]) -> Result {
    ///     let doorbell = registers.try_doorbell::<u32>(0x80)?;
    ///     let mut ring = ring.wc();
    ///     ring.try_copy_from_slice(0, command)?;
    ///     doorbell.ring(1, ring.flush());
    ///     Ok(())
    /// }
    /// ```
    #[inline]
    fn try_doorbell<T>(self, offset: usize) -> Result<Doorbell<'a, Self::Backend, T>>
    where
        Self::Backend: IoCapable<T>,
    {
        Ok(Doorbell::new(value_view::<_, T>(self, offset)?))
    }
}

impl<'a, IO: IoBase<'a>> IoExt<'a> for IO {}
