// SPDX-License-Identifier: GPL-2.0

//! Many values from and to one register, such as a FIFO's.

use super::{AccessMode, Backend, MemorySpace, Relaxed, View};
use kernel::io::IoBackend;

/// A backend that reads many `T` from one register in a row, and writes them.
///
/// The values are raw, as the device has them: the bytes of a slice of `u16` are those of the same
/// slice of `u32`, on every machine. On memory there is no barrier between them, nor before or
/// after. (C: `ioread32_rep()`.)
///
/// # Examples
///
/// ```
/// use io_mapping_rs::io::{IoExt, IoRepeat};
/// use kernel::prelude::*;
///
/// /// Throws away what is left in a FIFO, of memory or of ports.
/// fn drain<'a, IO: IoExt<'a>>(device: IO) -> Result
/// where
///     IO::Backend: IoRepeat<u32>,
/// {
///     device.try_read_rep(0x10, &mut [0u32; 64])
/// }
/// ```
pub trait IoRepeat<T>: IoBackend {
    /// Fills `data` with what the register gives, one value after the other.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io::{Backend, IoRepeat, Shared, View};
    ///
    /// /// `data` is the register itself, wherever it is.
    /// fn samples(data: View<'_, u16, Shared>, samples: &mut [u16; 32]) {
    ///     Backend::read_rep(data, samples);
    /// }
    /// ```
    fn read_rep(view: Self::View<'_, T>, data: &mut [T]);

    /// Writes all of `data` to the register, one value after the other.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::IoRepeat, ports::{PortBackend, PortView}};
    ///
    /// /// Plays samples by the data port of a sound card.
    /// fn play(data: PortView<'_, u8>, samples: &[u8]) {
    ///     PortBackend::write_rep(data, samples);
    /// }
    /// ```
    fn write_rep(view: Self::View<'_, T>, data: &[T]);
}

macro_rules! impl_repeat {
    ($($ty:ty),*) => {$(
        impl<S: MemorySpace> IoRepeat<$ty> for Backend<S> {
            #[inline]
            fn read_rep(view: View<'_, $ty, S>, data: &mut [$ty]) {
                // One by one from the front: of an iterator the compiler makes an addition and a copy.
                let mut rest = data;
                while let [value, behind @ ..] = rest {
                    // As the device has it.
                    *value = <Relaxed as AccessMode<Self, $ty>>::read(view).to_le();
                    rest = behind;
                }
            }

            #[inline]
            fn write_rep(view: View<'_, $ty, S>, data: &[$ty]) {
                for &value in data {
                    <Relaxed as AccessMode<Self, $ty>>::write(view, <$ty>::from_le(value));
                }
            }
        }
    )*};
}

impl_repeat!(u8, u16, u32);
#[cfg(CONFIG_64BIT)]
impl_repeat!(u64);
