// SPDX-License-Identifier: GPL-2.0

//! Views through which values are accessed in another mode: big endian, relaxed, write
//! combining.

use super::{Backend, IoFill, MemorySpace, View};
use crate::arch::mmio;
use core::marker::PhantomData;
use kernel::{
    io::{IoBackend, IoBase, IoCapable, IoCopyable},
    ptr::KnownSize,
};

/// How to read and write a `T` through a view of backend `B`.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::io::{Backend, AccessMode, Shared, AccessView};
/// use kernel::{io::{Io, Region}, prelude::*};
///
/// /// One driver for two revisions of a chip, the older of which is big endian.
/// fn version<M>(chip: AccessView<'_, Backend<Shared>, Region, M>) -> Result<u32>
/// where
///     M: AccessMode<Backend<Shared>, u32>,
/// {
///     chip.try_read32(0x0)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{T}` cannot be accessed in the mode `{Self}` there",
    note = "write-combining memory has the accessors of `Wc` itself, and no read-modify-write",
    note = "relaxed accesses are to memory, never to ports"
)]
pub trait AccessMode<B: IoBackend, T> {
    /// Reads what `view` is of.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io::{Backend, BigEndian, AccessMode, Shared, View};
    ///
    /// /// One value of a table, which is otherwise little endian.
    /// fn checksum(checksum: View<'_, u32, Shared>) -> u32 {
    ///     <BigEndian as AccessMode<Backend<_>, _>>::read(checksum)
    /// }
    /// ```
    fn read(view: B::View<'_, T>) -> T;

    /// Writes what `view` is of.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io::{AccessMode, Relaxed, Shared, View};
    ///
    /// /// Moves the pointer, which nothing in memory goes with.
    /// fn move_to(position: View<'_, u32, Shared>, x: u16, y: u16) {
    ///     Relaxed::write(position, u32::from(y) << 16 | u32::from(x));
    /// }
    /// ```
    fn write(view: B::View<'_, T>, value: T);
}

/// A view of backend `B` whose values are accessed in the mode `M`.
///
/// Copies of bytes are what they are without it.
///
/// # Examples
///
/// Typed registers of a device that has them in big endian:
///
/// ```
/// use io_mapping_rs::{io::IoExt, ioremap::Mapping};
/// use kernel::{io::{register, Io}, prelude::*};
///
/// register! {
///     VERSION(u32) @ 0x0 {
///         31:16 major;
///         15:0 minor;
///     }
/// }
///
/// fn major(mapping: &Mapping) -> Result<u32> {
///     Ok(mapping.be().try_read(VERSION)?.major().into())
/// }
/// ```
pub struct AccessView<'a, B: IoBackend, T: ?Sized + KnownSize, M> {
    view: B::View<'a, T>,
    mode: PhantomData<M>,
}

impl<'a, B: IoBackend, T: ?Sized + KnownSize, M> AccessView<'a, B, T, M> {
    #[inline(always)]
    pub(super) fn new(view: B::View<'a, T>) -> Self {
        Self {
            view,
            mode: PhantomData,
        }
    }
}

impl<B: IoBackend, T: ?Sized + KnownSize, M> Copy for AccessView<'_, B, T, M> {}
impl<B: IoBackend, T: ?Sized + KnownSize, M> Clone for AccessView<'_, B, T, M> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<'a, B: IoBackend, T: ?Sized + KnownSize, M> IoBase<'a> for AccessView<'a, B, T, M> {
    type Backend = AccessBackend<B, M>;
    type Target = T;

    #[inline(always)]
    fn as_view(self) -> Self {
        self
    }
}

/// The [`IoBackend`] of an [`AccessView`].
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{
///     io::{Backend, BigEndian, Doorbell, IoExt, Shared, AccessBackend},
///     Mapping,
/// };
/// use kernel::prelude::*;
///
/// type BeDoorbell<'a> = Doorbell<'a, AccessBackend<Backend<Shared>, BigEndian>, u32>;
///
/// /// The doorbell of a device that wants the number of the queue in big endian.
/// fn doorbell(registers: &Mapping) -> Result<BeDoorbell<'_>> {
///     registers.be().try_doorbell(0x800)
/// }
/// ```
pub struct AccessBackend<B, M>(PhantomData<(B, M)>);

impl<B: IoBackend, M> IoBackend for AccessBackend<B, M> {
    type View<'a, T: ?Sized + KnownSize> = AccessView<'a, B, T, M>;

    #[inline(always)]
    fn as_ptr<'a, T: ?Sized + KnownSize>(view: Self::View<'a, T>) -> *mut T {
        B::as_ptr(view.view)
    }

    #[inline(always)]
    unsafe fn project_view<'a, T: ?Sized + KnownSize, U: ?Sized + KnownSize>(
        view: Self::View<'a, T>,
        ptr: *mut U,
    ) -> Self::View<'a, U> {
        // SAFETY: `ptr` is a projection of what `as_ptr()` above gave, as required of our caller:
        // that of the view within.
        AccessView::new(unsafe { B::project_view(view.view, ptr) })
    }
}

impl<B: IoBackend, M: AccessMode<B, T>, T> IoCapable<T> for AccessBackend<B, M> {
    #[inline(always)]
    fn io_read<'a>(view: Self::View<'a, T>) -> T {
        M::read(view.view)
    }

    #[inline(always)]
    fn io_write<'a>(view: Self::View<'a, T>, value: T) {
        M::write(view.view, value);
    }
}

impl<B: IoCopyable, M> IoCopyable for AccessBackend<B, M> {
    #[inline]
    unsafe fn copy_from_io(view: Self::View<'_, [u8]>, buffer: *mut u8) {
        // SAFETY: As required of our caller, for the same bytes.
        unsafe { B::copy_from_io(view.view, buffer) };
    }

    #[inline]
    unsafe fn copy_to_io(view: Self::View<'_, [u8]>, buffer: *const u8) {
        // SAFETY: As required of our caller, for the same bytes.
        unsafe { B::copy_to_io(view.view, buffer) };
    }
}

impl<B: IoFill, M> IoFill for AccessBackend<B, M> {
    #[inline]
    fn fill(view: Self::View<'_, [u8]>, byte: u8) {
        B::fill(view.view, byte);
    }
}

/// An [`AccessMode`]: the device has its values in big endian (C: `ioread32be()`).
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io::{Backend, BigEndian, IoExt, Shared, AccessView}, Mapping};
/// use kernel::io::Region;
///
/// struct Chip<'a> {
///     registers: AccessView<'a, Backend<Shared>, Region, BigEndian>,
/// }
///
/// impl<'a> Chip<'a> {
///     fn new(registers: &'a Mapping) -> Self {
///         Self { registers: registers.be() }
///     }
/// }
/// ```
pub struct BigEndian(());

/// Integers that have an order of bytes, and one byte, which has none to change.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io::{IoExt, IoRepeat, SwapBytes}, Mapping};
/// use kernel::prelude::*;
///
/// /// Strings of values are raw: on a little-endian machine a big-endian FIFO's are swapped.
/// fn receive(fifo: &Mapping, packet: &mut [u32]) -> Result {
///     fifo.try_read_rep(0x0, packet)?;
///     if cfg!(target_endian = "little") {
///         packet.iter_mut().for_each(|word| *word = SwapBytes::swap_bytes(*word));
///     }
///     Ok(())
/// }
/// ```
pub trait SwapBytes {
    /// The same bytes in reverse order.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io::SwapBytes;
    ///
    /// /// A tag that hardware sends back in the order of bytes of its own.
    /// fn is_ours<T: SwapBytes + PartialEq>(sent: T, returned: T) -> bool {
    ///     returned.swap_bytes() == sent
    /// }
    /// ```
    fn swap_bytes(self) -> Self;
}

macro_rules! impl_swap_bytes {
    ($($ty:ident),*) => {$(
        impl SwapBytes for $ty {
            #[inline(always)]
            fn swap_bytes(self) -> Self {
                $ty::swap_bytes(self)
            }
        }
    )*};
}

impl_swap_bytes!(u8, u16, u32, u64);

/// A backend reads and writes little endian, on every machine: the swapped value is big endian.
impl<B: IoCapable<T>, T: SwapBytes> AccessMode<B, T> for BigEndian {
    #[inline(always)]
    fn read(view: B::View<'_, T>) -> T {
        B::io_read(view).swap_bytes()
    }

    #[inline(always)]
    fn write(view: B::View<'_, T>, value: T) {
        B::io_write(view, value.swap_bytes());
    }
}

/// An [`AccessMode`]: in order with other accesses to the same device, but not with memory that it
/// reads or writes itself, nor with locks (C: `readl_relaxed()`).
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io::{Backend, IoExt, Relaxed, Shared, AccessView}, Mapping};
/// use kernel::{io::{Io, Region}, prelude::*};
///
/// /// Sums up counters, whose order does not matter.
/// fn total(statistics: AccessView<'_, Backend<Shared>, Region, Relaxed>) -> Result<u64> {
///     let counters = (0x0..0x40).step_by(4);
///     counters.map(|offset| Ok(u64::from(statistics.try_read32(offset)?))).sum()
/// }
/// ```
pub struct Relaxed(());

macro_rules! impl_relaxed {
    ($($ty:ty: $read:ident, $write:ident;)*) => {$(
        impl<S: MemorySpace> AccessMode<Backend<S>, $ty> for Relaxed {
            #[inline(always)]
            fn read(view: View<'_, $ty, S>) -> $ty {
                // SAFETY: By the view's invariant a value is mapped there, aligned.
                unsafe { mmio::$read(Backend::as_ptr(view).cast_const().cast()) }
            }

            #[inline(always)]
            fn write(view: View<'_, $ty, S>, value: $ty) {
                // SAFETY: By the view's invariant a value is mapped there, aligned.
                unsafe { mmio::$write(value, Backend::as_ptr(view).cast()) };
            }
        }
    )*};
}

impl_relaxed! {
    u8: readb_relaxed, writeb_relaxed;
    u16: readw_relaxed, writew_relaxed;
    u32: readl_relaxed, writel_relaxed;
}

#[cfg(CONFIG_64BIT)]
impl_relaxed! {
    u64: readq_relaxed, writeq_relaxed;
}
