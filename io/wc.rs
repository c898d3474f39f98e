// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Write-combining memory, and the doorbell that is rung after data has been written there.

use super::{AccessBackend, AccessView, Backend, ByteRegion, Flushed, IoExt, MemorySpace, View};
use kernel::{
    io::{Io, IoBase},
    prelude::*,
};

/// The mode of a [`WcView`], through which bytes are copied. It is not an
/// [`AccessMode`](super::AccessMode), so that a [`Wc`] has no `update()`.
pub struct WriteCombining(());

/// A view of write-combining memory, for as long as `'a`.
///
/// The CPU collects stores to such memory and writes them out in bursts, in any order and at any
/// time. So the accesses here are relaxed ([`write32`](Self::write32),
/// [`try_read8`](Self::try_read8), ...; C: `writel_relaxed()`), bytes are copied by
/// [`IoExt::try_copy_from_slice`], and [`flush`](Self::flush) comes before the device is told.
/// There is no read-modify-write: a load from such memory is slow, and makes the CPU write out all
/// that it has collected.
///
/// It may be used on memory of any cache mode.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::io::{Backend, Doorbell, Shared, Wc};
/// use kernel::prelude::*;
///
/// fn send(
///     ring: &mut Wc<'_, 0, Shared>,
///     doorbell: &Doorbell<'_, Backend<Shared>, u32>,
///     message: u64,
/// ) -> Result {
///     ring.try_write64(message, 0)?;
///     doorbell.ring(1, ring.flush());
///     Ok(())
/// }
/// ```
pub struct Wc<'a, const SIZE: usize, S> {
    view: View<'a, ByteRegion<SIZE>, S>,
}

/// The view of a [`Wc`] through which bytes are copied.
pub type WcView<'a, T, S> = AccessView<'a, Backend<S>, T, WriteCombining>;

impl<'b, const SIZE: usize, S: MemorySpace> IoBase<'b> for &'b Wc<'_, SIZE, S> {
    type Backend = AccessBackend<Backend<S>, WriteCombining>;
    type Target = ByteRegion<SIZE>;

    #[inline(always)]
    fn as_view(self) -> WcView<'b, ByteRegion<SIZE>, S> {
        AccessView::new(self.view)
    }
}

macro_rules! accessors {
    ($($ty:ty: $read:ident, $try_read:ident, $write:ident, $try_write:ident;)*) => {$(
        /// Reads the value at `offset`, in bytes, which is checked at compile time.
        #[inline(always)]
        pub fn $read(&self, offset: usize) -> $ty {
            self.view.relaxed().$read(offset)
        }

        /// Reads the value at `offset`, in bytes.
        ///
        /// # Errors
        ///
        /// `EINVAL` where the value does not lie within the memory, or is misaligned.
        #[inline(always)]
        pub fn $try_read(&self, offset: usize) -> Result<$ty> {
            Ok(self.view.relaxed().try_at::<$ty>(offset)?.read_val())
        }

        /// Writes `value` at `offset`, in bytes, which is checked at compile time.
        #[inline(always)]
        pub fn $write(&self, value: $ty, offset: usize) {
            self.view.relaxed().$write(value, offset);
        }

        /// Writes `value` at `offset`, in bytes.
        ///
        /// # Errors
        ///
        /// `EINVAL` where the value does not lie within the memory, or is misaligned.
        #[inline(always)]
        pub fn $try_write(&self, value: $ty, offset: usize) -> Result {
            self.view.relaxed().try_at::<$ty>(offset)?.write_val(value);
            Ok(())
        }
    )*};
}

impl<'a, const SIZE: usize, S: MemorySpace> Wc<'a, SIZE, S> {
    #[inline(always)]
    pub(crate) fn new(view: View<'a, ByteRegion<SIZE>, S>) -> Self {
        Self { view }
    }

    accessors! {
        u8: read8, try_read8, write8, try_write8;
        u16: read16, try_read16, write16, try_write16;
        u32: read32, try_read32, write32, try_write32;
    }

    #[cfg(CONFIG_64BIT)]
    accessors! {
        u64: read64, try_read64, write64, try_write64;
    }

    /// Writes out what this CPU has collected, before anything that it stores afterwards (C:
    /// `wmb()`).
    ///
    /// The data need not have arrived at the device yet: a posted write may still be on its way,
    /// but later ones do not overtake it.
    ///
    /// Nothing can be stored through this `Wc` while the result lives.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io::{Flushed, Shared, Wc};
    /// use kernel::prelude::*;
    ///
    /// /// Writes a descriptor. The result is the proof that it was written out.
    /// fn describe<'a>(ring: &'a mut Wc<'_, 0, Shared>, addr: u64) -> Result<Flushed<'a>> {
    ///     ring.try_write64(addr, 0)?;
    ///     ring.try_write32(4096, 8)?;
    ///     Ok(ring.flush())
    /// }
    /// ```
    #[inline(always)]
    pub fn flush(&mut self) -> Flushed<'_> {
        Flushed::new()
    }
}
