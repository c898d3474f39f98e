// SPDX-License-Identifier: GPL-2.0

//! What the kernel crate's [`Io`] leaves out.

use super::{
    accessor_macros::{big_endian, nonatomic64},
    project::{bytes_view, half_views, value_view, value_view_assert, ViewOf},
    AccessView, BigEndian, Doorbell, IoFill, IoNonatomic64, IoRepeat, Relaxed,
};
use kernel::{
    io::{Io, IoBase, IoCapable, IoCopyable, IoLoc},
    prelude::*,
};

/// More accessors for whatever has the kernel crate's [`Io`]: big endian, relaxed, strings of
/// values, 64 bits in two halves, copies of parts, doorbells.
///
/// As there, a name without `try_` takes an offset that the compiler checks. Offsets are in bytes.
/// All of them may be called in any context.
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
    /// The same space with its values in big endian (C: `ioread32be()`): for typed registers, and
    /// all else that [`Io`] does with values. Bytes and strings of values stay as they are.
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

    /// The same space, accessed without order towards memory and locks (C: `readl_relaxed()`).
    /// Memory only: C has no such form for ports either.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::IoExt, Mapping};
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// Asked often, and nothing in memory depends on the answer.
    /// fn is_busy(chip: &Mapping) -> Result<bool> {
    ///     Ok(chip.relaxed().try_read32(0x8)? & 1 != 0)
    /// }
    /// ```
    #[inline(always)]
    fn relaxed(self) -> AccessView<'a, Self::Backend, Self::Target, Relaxed> {
        AccessView::new(self.as_view())
    }

    big_endian! {
        u16: read16_be, try_read16_be, write16_be, try_write16_be;
        u32: read32_be, try_read32_be, write32_be, try_write32_be;
        u64: read64_be, try_read64_be, write64_be, try_write64_be;
    }

    nonatomic64! {
        "low": try_read64_lo_hi, try_write64_lo_hi, 0, 1;
        "high": try_read64_hi_lo, try_write64_hi_lo, 1, 0;
    }

    /// The value at `offset`, to be read and written any number of times by [`Io::read_val`] and
    /// [`Io::write_val`] with no check but this one.
    ///
    /// Also the cheapest way to a value whose offset is known at run time only: here one test does
    /// for bounds and alignment, while [`Io::try_read`] and its like have three.
    ///
    /// # Errors
    ///
    /// `EINVAL` where the value would leave the space, or be misaligned.
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

    /// Fills `data` from the register at `offset`, which the compiler checks: see [`IoRepeat`].
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

    /// Fills `data` from the register at `offset`: see [`IoRepeat`].
    ///
    /// # Errors
    ///
    /// `EINVAL` where the register would leave the space, or be misaligned.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::IoExt, Mapping};
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// Takes out of the FIFO at 0x14 what there is, and fits.
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

    /// Writes `data` to the register at `offset`, which the compiler checks: see [`IoRepeat`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io::{IoExt, Shared, View};
    /// use kernel::io::Region;
    ///
    /// /// The device wants its key in one register, word by word.
    /// fn set_key(cipher: View<'_, Region<0x100>, Shared>, key: &[u32; 8]) {
    ///     cipher.write_rep(0x40, key);
    /// }
    /// ```
    #[inline(always)]
    fn write_rep<T>(self, offset: usize, data: &[T])
    where
        Self::Backend: IoRepeat<T>,
    {
        Self::Backend::write_rep(value_view_assert::<_, T>(self, offset), data);
    }

    /// Writes `data` to the register at `offset`: see [`IoRepeat`].
    ///
    /// # Errors
    ///
    /// `EINVAL` where the register would leave the space, or be misaligned.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::IoExt, IoRegion};
    /// use kernel::prelude::*;
    ///
    /// /// Sends a frame to the FIFO of a device behind memory or ports.
    /// fn send(device: &IoRegion, frame: &[u16]) -> Result {
    ///     device.try_write_rep(0x20, frame)
    /// }
    /// ```
    #[inline]
    fn try_write_rep<T>(self, offset: usize, data: &[T]) -> Result
    where
        Self::Backend: IoRepeat<T>,
    {
        Self::Backend::write_rep(value_view::<_, T>(self, offset)?, data);
        Ok(())
    }

    /// Copies bytes from `offset` on to all of `data` (C: `memcpy_fromio()`).
    ///
    /// # Errors
    ///
    /// `EINVAL` where they would leave the space: nothing is copied.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io::{ByteRegion, IoExt, Shared, View};
    /// use kernel::prelude::*;
    ///
    /// fn mac_address(eeprom: View<'_, ByteRegion, Shared>) -> Result<[u8; 6]> {
    ///     let mut address = [0; 6];
    ///     eeprom.try_copy_to_slice(0x2a, &mut address)?;
    ///     Ok(address)
    /// }
    /// ```
    #[inline]
    fn try_copy_to_slice(self, offset: usize, data: &mut [u8]) -> Result
    where
        Self::Backend: IoCopyable,
    {
        let view = bytes_view(self, offset, data.len())?;
        // SAFETY: `data` has room for as many bytes, in memory that is no device's.
        unsafe { Self::Backend::copy_from_io(view, data.as_mut_ptr()) };
        Ok(())
    }

    /// Copies all of `data` to `offset` (C: `memcpy_toio()`).
    ///
    /// # Errors
    ///
    /// `EINVAL` where it would leave the space: nothing is copied.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io::{IoExt, Shared, Wc};
    /// use kernel::prelude::*;
    ///
    /// /// Copies a command to its place in the ring.
    /// fn queue(ring: &Wc<'_, 0, Shared>, index: usize, command: &[u8; 64]) -> Result {
    ///     ring.try_copy_from_slice(index * command.len(), command)
    /// }
    /// ```
    #[inline]
    fn try_copy_from_slice(self, offset: usize, data: &[u8]) -> Result
    where
        Self::Backend: IoCopyable,
    {
        let view = bytes_view(self, offset, data.len())?;
        // SAFETY: `data` has as many bytes, in memory that is no device's.
        unsafe { Self::Backend::copy_to_io(view, data.as_ptr()) };
        Ok(())
    }

    /// Sets `len` bytes from `offset` on to `byte` (C: `memset_io()`).
    ///
    /// # Errors
    ///
    /// `EINVAL` where they would leave the space: nothing is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io::{IoExt, Shared, Wc};
    /// use kernel::prelude::*;
    ///
    /// /// Clears a line of pixels of 4 bytes.
    /// fn clear_line(screen: &Wc<'_, 0, Shared>, width: usize, y: usize) -> Result {
    ///     screen.try_fill(y * width * 4, width * 4, 0)
    /// }
    /// ```
    #[inline]
    fn try_fill(self, offset: usize, len: usize, byte: u8) -> Result
    where
        Self::Backend: IoFill,
    {
        Self::Backend::fill(bytes_view(self, offset, len)?, byte);
        Ok(())
    }

    /// The register at `offset` as a [`Doorbell`], to be rung after data was written to
    /// write-combining memory: see [`Wc::flush`](super::Wc::flush).
    ///
    /// # Errors
    ///
    /// `EINVAL` where the register would leave the space, or be misaligned.
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
