// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! 64 bits by two accesses of 32.

use super::{AccessBackend, Backend, BigEndian, MemorySpace, Relaxed};
use kernel::io::{IoCapable, MmioBackend, RelaxedMmioBackend};

/// A backend that can access 64 bits by two accesses of 32.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::io::{IoExt, IoNonatomic64};
/// use kernel::prelude::*;
///
/// /// A clock of 64 bits, in memory or I/O ports, little or big endian.
/// fn clock<'a, IO: IoExt<'a>>(device: IO) -> Result<u64>
/// where
///     IO::Backend: IoNonatomic64,
/// {
///     device.try_read64_hi_lo(0x20)
/// }
/// ```
pub trait IoNonatomic64: IoCapable<u32> {
    /// The offset of the low half: 0 in little endian, 4 in big endian.
    const LOW: usize;
}

impl IoNonatomic64 for MmioBackend {
    const LOW: usize = 0;
}

impl IoNonatomic64 for RelaxedMmioBackend {
    const LOW: usize = 0;
}

impl<S: Copy> IoNonatomic64 for Backend<S>
where
    Self: IoCapable<u32>,
{
    const LOW: usize = 0;
}

impl<S: MemorySpace> IoNonatomic64 for AccessBackend<Backend<S>, Relaxed> {
    const LOW: usize = 0;
}

impl<B: IoNonatomic64> IoNonatomic64 for AccessBackend<B, BigEndian> {
    const LOW: usize = 4 - B::LOW;
}
