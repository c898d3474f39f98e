// SPDX-License-Identifier: GPL-2.0

//! The backend of a [`View`]: accesses to mapped memory.

use super::{MemorySpace, View};
use crate::arch::{mmio, string_io};
use core::marker::PhantomData;
use kernel::{
    io::{IoBackend, IoCapable, IoCopyable},
    ptr::KnownSize,
};

/// The [`IoBackend`] of a [`View`] in the space `S`.
///
/// Memory is accessed as by C's `readl()` and `writel()`: in order with accesses to the same
/// device, with memory that the device reads or writes itself, and with locks.
pub struct Backend<S>(PhantomData<S>);

impl<S: Copy> IoBackend for Backend<S> {
    type View<'a, T: ?Sized + KnownSize> = View<'a, T, S>;

    #[inline(always)]
    fn as_ptr<'a, T: ?Sized + KnownSize>(view: Self::View<'a, T>) -> *mut T {
        view.ptr
    }

    #[inline(always)]
    unsafe fn project_view<'a, T: ?Sized + KnownSize, U: ?Sized + KnownSize>(
        view: Self::View<'a, T>,
        ptr: *mut U,
    ) -> Self::View<'a, U> {
        // SAFETY: `ptr` is a projection of the pointer of a valid view, as required of our caller.
        unsafe { View::from_raw(ptr, view.space) }
    }
}

macro_rules! impl_capable {
    ($($ty:ty: $read:ident, $write:ident;)*) => {$(
        impl<S: MemorySpace> IoCapable<$ty> for Backend<S> {
            #[inline(always)]
            fn io_read<'a>(view: View<'a, $ty, S>) -> $ty {
                // SAFETY: By the view's invariant its value is mapped at the pointer, aligned.
                unsafe { mmio::$read(view.ptr.cast_const().cast()) }
            }

            #[inline(always)]
            fn io_write<'a>(view: View<'a, $ty, S>, value: $ty) {
                // SAFETY: By the view's invariant its value is mapped at the pointer, aligned.
                unsafe { mmio::$write(value, view.ptr.cast()) };
            }
        }
    )*};
}

impl_capable! {
    u8: readb, writeb;
    u16: readw, writew;
    u32: readl, writel;
}

#[cfg(CONFIG_64BIT)]
impl_capable! {
    u64: readq, writeq;
}

impl<S: MemorySpace> IoCopyable for Backend<S> {
    #[inline]
    unsafe fn copy_from_io(view: Self::View<'_, [u8]>, buffer: *mut u8) {
        // SAFETY: By the view's invariant `len` bytes are mapped at its pointer. `buffer` is valid
        // for as many, as required of our caller.
        unsafe {
            string_io::memcpy_fromio(buffer.cast(), view.ptr.cast_const().cast(), view.ptr.len())
        };
    }

    #[inline]
    unsafe fn copy_to_io(view: Self::View<'_, [u8]>, buffer: *const u8) {
        // SAFETY: By the view's invariant `len` bytes are mapped at its pointer. `buffer` is valid
        // for as many, as required of our caller.
        unsafe { string_io::memcpy_toio(view.ptr.cast(), buffer.cast(), view.ptr.len()) };
    }
}

/// A backend that can set bytes (C: `memset_io()`).
///
/// # Examples
///
/// ```
/// use io_mapping_rs::io::{IoExt, IoFill};
/// use kernel::prelude::*;
///
/// /// Clears a descriptor of a queue in memory of any cache mode.
/// fn clear<'a, IO: IoExt<'a>>(queue: IO, index: usize) -> Result
/// where
///     IO::Backend: IoFill,
/// {
///     queue.try_fill(index * 16, 16, 0)
/// }
/// ```
pub trait IoFill: IoBackend {
    /// Sets all of `view` to `byte`.
    fn fill(view: Self::View<'_, [u8]>, byte: u8);
}

impl<S: MemorySpace> IoFill for Backend<S> {
    #[inline]
    fn fill(view: View<'_, [u8], S>, byte: u8) {
        // SAFETY: By the view's invariant `len` bytes are mapped at its pointer.
        unsafe { string_io::memset_io(view.ptr.cast(), byte.into(), view.ptr.len()) };
    }
}
