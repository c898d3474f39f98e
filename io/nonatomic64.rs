// SPDX-License-Identifier: GPL-2.0

//! 64 bits as two accesses of 32.

use super::{AccessBackend, Backend, BigEndian, MemorySpace, Relaxed};
use kernel::io::{IoCapable, MmioBackend, RelaxedMmioBackend};

/// A backend that knows which half of 64 bits comes first in its space.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::io::{IoExt, IoNonatomic64};
/// use kernel::prelude::*;
///
/// /// A clock of 64 bits, behind memory or ports, in whatever order of bytes.
/// fn clock<'a, IO: IoExt<'a>>(device: IO) -> Result<u64>
/// where
///     IO::Backend: IoNonatomic64,
/// {
///     device.try_read64_hi_lo(0x20)
/// }
/// ```
pub trait IoNonatomic64: IoCapable<u32> {
    /// Where the low half is, in bytes from the beginning: 0 or 4. The high half is the other one.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::IoNonatomic64, ports::PortBackend};
    ///
    /// /// The register with the low half of a timer at 0x40.
    /// const TIMER_LOW: usize = 0x40 + <PortBackend as IoNonatomic64>::LOW;
    /// ```
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

/// The other one first.
impl<B: IoNonatomic64> IoNonatomic64 for AccessBackend<B, BigEndian> {
    const LOW: usize = 4 - B::LOW;
}
