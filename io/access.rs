// SPDX-License-Identifier: GPL-2.0

//! Views whose values are accessed in another mode than usual: big endian, relaxed or
//! write-combining.

use super::{checked_accessors, Backend, IoFill, MemorySpace, View};
use crate::arch::mmio;
use core::marker::PhantomData;
use kernel::{
    io::{IoBackend, IoBase, IoCapable, IoCopyable},
    ptr::KnownSize,
};

/// How a `T` is read and written through a view of the backend `B`.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::io::{AccessMode, AccessView, Backend, Shared};
/// use kernel::{io::Region, prelude::*};
///
/// /// One driver for two revisions of a chip. The older one is big endian.
/// fn version<M>(chip: AccessView<'_, Backend<Shared>, Region, M>) -> Result<u32>
/// where
///     M: AccessMode<Backend<Shared>, u32>,
/// {
///     chip.try_read32(0x0)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{T}` cannot be accessed in the mode `{Self}` here",
    note = "write-combining memory has the accessors of `Wc` itself, and no read-modify-write",
    note = "I/O ports have no relaxed accesses"
)]
pub trait AccessMode<B: IoBackend, T> {
    /// Reads the value of `view`.
    fn read(view: B::View<'_, T>) -> T;

    /// Writes `value` to `view`.
    fn write(view: B::View<'_, T>, value: T);
}

/// A view of the backend `B` whose values are accessed in the mode `M`.
///
/// Copies of bytes are the same in every mode.
///
/// # Examples
///
/// Typed registers of a big-endian device:
///
/// ```
/// use io_mapping_rs::{io::IoExt, ioremap::Mapping};
/// use kernel::{io::register, prelude::*};
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

    checked_accessors!(Self, T, AccessBackend<B, M>);
    checked_accessors!(64 bits: Self, T, AccessBackend<B, M>);
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
        // SAFETY: `as_ptr()` returns the pointer of the inner view, and `ptr` is a projection of
        // it, as required of our caller.
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
        // SAFETY: `buffer` is as required of our caller: the inner view has the same bytes.
        unsafe { B::copy_from_io(view.view, buffer) };
    }

    #[inline]
    unsafe fn copy_to_io(view: Self::View<'_, [u8]>, buffer: *const u8) {
        // SAFETY: `buffer` is as required of our caller: the inner view has the same bytes.
        unsafe { B::copy_to_io(view.view, buffer) };
    }
}

impl<B: IoFill, M> IoFill for AccessBackend<B, M> {
    #[inline]
    fn fill(view: Self::View<'_, [u8]>, byte: u8) {
        B::fill(view.view, byte);
    }
}

/// The [`AccessMode`] of big-endian devices (C: `ioread32be()`).
pub struct BigEndian(());

/// Integers whose bytes can be swapped.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io::{IoExt, IoRepeat, SwapBytes}, Mapping};
/// use kernel::prelude::*;
///
/// /// `try_read_rep()` does not swap. The values of a big-endian FIFO are swapped here.
/// fn receive(fifo: &Mapping, packet: &mut [u32]) -> Result {
///     fifo.try_read_rep(0x0, packet)?;
///     if cfg!(target_endian = "little") {
///         packet.iter_mut().for_each(|word| *word = SwapBytes::swap_bytes(*word));
///     }
///     Ok(())
/// }
/// ```
pub trait SwapBytes {
    /// Returns the value with its bytes in reverse order.
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

/// A backend reads and writes little-endian values on every machine. Swapped they are big-endian.
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

/// The [`AccessMode`] of accesses without barriers (C: `readl_relaxed()`): in order with other
/// accesses to the same device, but neither with memory that the device reads or writes itself nor
/// with locks.
pub struct Relaxed(());

macro_rules! impl_relaxed {
    ($($ty:ty: $read:ident, $write:ident;)*) => {$(
        impl<S: MemorySpace> AccessMode<Backend<S>, $ty> for Relaxed {
            #[inline(always)]
            fn read(view: View<'_, $ty, S>) -> $ty {
                // SAFETY: By the view's invariant its value is mapped at the pointer, aligned.
                unsafe { mmio::$read(Backend::as_ptr(view).cast_const().cast()) }
            }

            #[inline(always)]
            fn write(view: View<'_, $ty, S>, value: $ty) {
                // SAFETY: By the view's invariant its value is mapped at the pointer, aligned.
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
