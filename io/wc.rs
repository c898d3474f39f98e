// SPDX-License-Identifier: GPL-2.0

//! Write combining: data first, then the doorbell.

use super::{AccessBackend, AccessView, Backend, ByteRegion, IoExt, MemorySpace, View};
use crate::arch::mmio;
use core::marker::PhantomData;
use kernel::{
    io::{Io, IoBackend, IoBase, IoCapable},
    prelude::*,
};

/// The access mode of a [`Wc`]. Not an [`AccessMode`](super::AccessMode): it reads and writes no
/// values, so that there is no `update()`.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::io::{Backend, IoExt, Shared, AccessBackend, WriteCombining};
/// use kernel::{io::IoBase, prelude::*};
///
/// /// Takes write-combining memory only: such a copy to registers would be wrong.
/// fn upload<'a, IO>(memory: IO, firmware: &[u8]) -> Result
/// where
///     IO: IoBase<'a, Backend = AccessBackend<Backend<Shared>, WriteCombining>>,
/// {
///     memory.try_copy_from_slice(0, firmware)
/// }
/// ```
pub struct WriteCombining(());

/// Write-combining memory, for as long as `'a`.
///
/// The CPU collects stores to such memory and writes them out in bursts, in an order and at a time
/// of its own choice. So there are plain stores and loads here ([`write32`](Self::write32),
/// [`try_read8`](Self::try_read8), ...; C: `writel_relaxed()`), streaming copies
/// ([`IoExt::try_copy_from_slice`] and [`Io`]'s), and [`flush`](Self::flush) before anybody is
/// told. There is no read-modify-write: a load from such memory is slow, and writes out all that
/// was collected.
///
/// Right on memory of any other cache mode too, which leaves `flush()` nothing to do.
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

/// The view of a [`Wc`] that copies take.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::io::{ByteRegion, IoExt, Shared, WcView};
/// use kernel::{io::Io, prelude::*};
///
/// /// Appends a line to a log in the memory of a device, and says where the next will be.
/// fn log(memory: WcView<'_, ByteRegion, Shared>, at: usize, line: &[u8]) -> Result<usize> {
///     memory.try_copy_from_slice(at, line)?;
///     Ok(at + line.len())
/// }
/// ```
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
        /// Reads at `offset`, in bytes, which the compiler checks.
        ///
        /// # Examples
        ///
        /// ```
        /// # use io_mapping_rs::io::{Shared, Wc};
        /// type Ring<'a> = Wc<'a, 0x1000, Shared>;
        #[doc = concat!("fn tail(ring: &Ring<'_>) -> ", stringify!($ty), " {")]
        #[doc = concat!("    ring.", stringify!($read), "(0xff8)")]
        /// }
        /// ```
        #[inline(always)]
        pub fn $read(&self, offset: usize) -> $ty {
            self.view.relaxed().$read(offset)
        }

        /// Reads at `offset`, in bytes.
        ///
        /// # Errors
        ///
        /// `EINVAL` where the value would leave the memory, or be misaligned.
        ///
        /// # Examples
        ///
        /// ```
        /// # use io_mapping_rs::io::{Shared, Wc};
        /// # use kernel::prelude::*;
        /// /// Slow, as all that was collected goes out first: best done once.
        /// type Old<'a> = Wc<'a, 0, Shared>;
        #[doc = concat!("fn restore(old: &Old<'_>, at: usize) -> Result<", stringify!($ty), "> {")]
        #[doc = concat!("    old.", stringify!($try_read), "(at)")]
        /// }
        /// ```
        #[inline(always)]
        pub fn $try_read(&self, offset: usize) -> Result<$ty> {
            Ok(self.view.relaxed().try_at::<$ty>(offset)?.read_val())
        }

        /// Writes at `offset`, in bytes, which the compiler checks.
        ///
        /// # Examples
        ///
        /// ```
        /// # use io_mapping_rs::io::{Shared, Wc};
        /// type Ring<'a> = Wc<'a, 0x1000, Shared>;
        #[doc = concat!("fn set_tail(ring: &Ring<'_>, tail: ", stringify!($ty), ") {")]
        #[doc = concat!("    ring.", stringify!($write), "(tail, 0xff0);")]
        /// }
        /// ```
        #[inline(always)]
        pub fn $write(&self, value: $ty, offset: usize) {
            self.view.relaxed().$write(value, offset);
        }

        /// Writes at `offset`, in bytes.
        ///
        /// # Errors
        ///
        /// `EINVAL` where the value would leave the memory, or be misaligned.
        ///
        /// # Examples
        ///
        /// ```
        /// # use io_mapping_rs::io::{Shared, Wc};
        /// # use kernel::prelude::*;
        /// /// A pixel, on a screen of as many bits a pixel.
        /// type Screen<'a> = Wc<'a, 0, Shared>;
        #[doc = concat!("fn dot(on: &Screen<'_>, at: usize, c: ", stringify!($ty), ") -> Result {")]
        #[doc = concat!("    on.", stringify!($try_write), "(c, at)")]
        /// }
        /// ```
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

    /// Writes out what the CPU has collected: whatever this CPU stores after it arrives after it.
    ///
    /// C: `wmb()`. On x86 it is `sfence`, on arm64 `dsb st`, on RISC-V `fence ow,ow`, on PowerPC
    /// `sync`. That the data has arrived *at* the device is not said: a posted write may still be
    /// on its way, in front of the next one.
    ///
    /// While the token lives nothing can be stored through this `Wc`.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io::{Flushed, Shared, Wc};
    /// use kernel::prelude::*;
    ///
    /// /// Writes a descriptor and hands on the proof that it went out.
    /// fn describe<'a>(ring: &'a mut Wc<'_, 0, Shared>, addr: u64) -> Result<Flushed<'a>> {
    ///     ring.try_write64(addr, 0)?;
    ///     ring.try_write32(4096, 8)?;
    ///     Ok(ring.flush())
    /// }
    /// ```
    #[inline(always)]
    pub fn flush(&mut self) -> Flushed<'_> {
        // SAFETY: A barrier may stand anywhere.
        unsafe { mmio::wmb() };
        Flushed(PhantomData)
    }
}

/// Says that stores to write-combining memory have been written out, and that none came after
/// through the same [`Wc`]: another of the same memory is not held back. See [`Wc::flush`].
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io::Flushed, ports::PortView};
/// use kernel::io::Io;
///
/// /// Starts the engine by other means than a doorbell. `_data` says that it has something to do.
/// fn start(command: PortView<'_, u8>, _data: Flushed<'_>) {
///     command.write_val(1);
/// }
/// ```
#[must_use = "nobody has been told of what was written: ring the doorbell"]
pub struct Flushed<'a>(PhantomData<&'a mut ()>);

/// A register that tells the device of data in write-combining memory, written only with the proof
/// that the data went first. See [`IoExt::try_doorbell`].
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io::{Backend, Doorbell, IoExt, Shared}, Mapping};
/// use kernel::prelude::*;
///
/// /// The doorbells of a device with a queue for each CPU.
/// fn doorbells(registers: &Mapping) -> Result<[Doorbell<'_, Backend<Shared>, u32>; 2]> {
///     Ok([registers.try_doorbell(0x1000)?, registers.try_doorbell(0x1008)?])
/// }
/// ```
pub struct Doorbell<'a, B: IoBackend, T> {
    view: B::View<'a, T>,
}

impl<'a, B: IoCapable<T>, T> Doorbell<'a, B, T> {
    #[inline(always)]
    pub(super) fn new(view: B::View<'a, T>) -> Self {
        Self { view }
    }

    /// Writes `value` to the register, after the data.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io::{Backend, Doorbell, Shared, Wc};
    ///
    /// /// Tells the device how far the queue has been filled.
    /// fn kick(
    ///     queue: &mut Wc<'_, 0x1000, Shared>,
    ///     doorbell: &Doorbell<'_, Backend<Shared>, u32>,
    ///     tail: u32,
    /// ) {
    ///     queue.write32(tail, 0x0);
    ///     doorbell.ring(tail, queue.flush());
    /// }
    /// ```
    #[inline(always)]
    pub fn ring(&self, value: T, _data: Flushed<'_>) {
        B::io_write(self.view, value);
    }
}
