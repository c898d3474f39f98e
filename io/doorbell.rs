// SPDX-License-Identifier: GPL-2.0

//! The order between data in write-combining memory and the register that tells the device of it.

use crate::arch::mmio;
use core::marker::PhantomData;
use kernel::io::{IoBackend, IoCapable};

/// The proof that the stores through a [`Wc`](super::Wc) have been written out, and that none followed. See
/// [`Wc::flush`](super::Wc::flush).
///
/// Stores through another `Wc` of the same memory are not covered.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io::Flushed, ports::PortView};
/// use kernel::io::Io;
///
/// /// Starts an engine by a command. `_data` is the proof that its data has been written out.
/// fn start(command: PortView<'_, u8>, _data: Flushed<'_>) {
///     command.write_val(1);
/// }
/// ```
#[must_use = "the device has not been told of what was written: ring the doorbell"]
pub struct Flushed<'a>(PhantomData<&'a mut ()>);

impl Flushed<'_> {
    /// Writes out what this CPU has collected.
    #[inline(always)]
    pub(super) fn new() -> Self {
        // SAFETY: A barrier has no preconditions.
        unsafe { mmio::wmb() };
        Self(PhantomData)
    }
}

/// A register that tells the device of data in write-combining memory. To write it takes the proof
/// that the data has been written out before. See [`IoExt::try_doorbell`](super::IoExt::try_doorbell).
pub struct Doorbell<'a, B: IoBackend, T> {
    view: B::View<'a, T>,
}

impl<'a, B: IoCapable<T>, T> Doorbell<'a, B, T> {
    #[inline(always)]
    pub(super) fn new(view: B::View<'a, T>) -> Self {
        Self { view }
    }

    /// Writes `value` to the register. The data has been written out before.
    #[inline(always)]
    pub fn ring(&self, value: T, _data: Flushed<'_>) {
        B::io_write(self.view, value);
    }
}
