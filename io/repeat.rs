// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Reading and writing one register, such as a FIFO's, many times in a row.

use super::{AccessMode, Backend, MemorySpace, Relaxed, View};
use kernel::io::IoBackend;

/// A backend that can read and write a register of type `T` many times in a row (C:
/// `ioread32_rep()`).
///
/// The bytes of the slice are in the order in which the device has them, on every machine: none are
/// swapped. Accesses to memory have no barriers, neither between them nor before or after.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::io::{IoExt, IoRepeat};
/// use kernel::prelude::*;
///
/// /// Empties a FIFO in memory or I/O ports.
/// fn drain<'a, IO: IoExt<'a>>(device: IO) -> Result
/// where
///     IO::Backend: IoRepeat<u32>,
/// {
///     device.try_read_rep(0x10, &mut [0u32; 64])
/// }
/// ```
pub trait IoRepeat<T>: IoBackend {
    /// Reads the register once for each value of `data`, in order.
    fn read_rep(view: Self::View<'_, T>, data: &mut [T]);

    /// Writes each value of `data` to the register, in order.
    fn write_rep(view: Self::View<'_, T>, data: &[T]);
}

macro_rules! impl_repeat {
    ($($ty:ty),*) => {$(
        impl<S: MemorySpace> IoRepeat<$ty> for Backend<S> {
            #[inline]
            fn read_rep(view: View<'_, $ty, S>, data: &mut [$ty]) {
                // From an iterator the compiler makes an addition and a copy more.
                let mut unfilled = data;
                while let [value, others @ ..] = unfilled {
                    // A relaxed read returns the value of little-endian bytes: back to those.
                    *value = <Relaxed as AccessMode<Self, $ty>>::read(view).to_le();
                    unfilled = others;
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
