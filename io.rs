// SPDX-License-Identifier: GPL-2.0

//! L2: views of mapped device memory, for the accessors of the kernel crate's [`kernel::io::Io`]
//! (`read32`, `try_write8`, `copy_from_slice`, `register!` ...).
//!
//! A [`Mapping`](crate::Mapping) and a [`Map`](crate::io_mapping::Map) lend [`View`]s marked
//! [`Shared`]. Maps that belong to one task lend views marked [`Local`]: the same accessors, in a
//! view that cannot be sent to another task.
//!
//! Untyped memory is a [`Region`], which holds a multiple of 4 bytes and begins at a multiple of 4;
//! an [`Extent`] is all of it, up to the last byte. [`IoExt`] adds to [`kernel::io::Io`] what it
//! leaves out: big endian, strings of values, copies of parts, relaxed accesses, doorbells. Memory
//! that is write combining is best seen as a [`Wc`].

use core::{marker::PhantomData, ptr};
use kernel::{
    io::{IoBase, Region},
    prelude::*,
    ptr::KnownSize,
};

mod at;
mod backend;
mod ext;
mod extent;
mod families;
mod halves;
mod owners;
mod repeat;
mod via;
mod wc;
use backend::value;
pub use backend::{Backend, IoFill};
pub use ext::IoExt;
pub use extent::Extent;
pub use halves::IoHalves;
pub(crate) use owners::{impl_bytes, impl_sized_views, impl_views};
pub use repeat::IoRepeat;
pub use via::{BigEndian, Manner, Relaxed, SwapBytes, Via, ViaBackend};
pub use wc::{Doorbell, Flushed, Wc, WcView, WriteCombining};

/// Marks a [`View`] that any task may use.
pub struct Shared(());

/// Marks a [`View`] that must stay with its task.
pub struct Local(PhantomData<*mut ()>);

/// A view of mapped device memory of type `T`, for as long as `'a`.
///
/// What `T __iomem *` is in C. `C` is [`Shared`] or [`Local`].
///
/// # Invariants
///
/// `ptr` is aligned and points to a `T` in mapped device memory that stays mapped for `'a`.
pub struct View<'a, T: ?Sized, C> {
    ptr: *mut T,
    phantom: PhantomData<(&'a (), C)>,
}

impl<T: ?Sized, C> Copy for View<'_, T, C> {}
impl<T: ?Sized, C> Clone for View<'_, T, C> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

// SAFETY: A shared view is conceptually a `&T` to device memory.
unsafe impl<T: ?Sized + Sync> Send for View<'_, T, Shared> {}
// SAFETY: As above.
unsafe impl<T: ?Sized + Sync> Sync for View<'_, T, Shared> {}

impl<'a, C> View<'a, [u8], C> {
    /// All of `size` bytes from `addr` on.
    ///
    /// # Safety
    ///
    /// They are device memory that stays mapped for `'a`; on this CPU and for this task only where
    /// `C` is [`Local`].
    #[inline(always)]
    pub(crate) unsafe fn bytes(addr: usize, size: usize) -> Self {
        let base = ptr::without_provenance_mut(addr);
        // INVARIANT: Bytes are always aligned; the rest is required of our caller.
        Self {
            ptr: ptr::slice_from_raw_parts_mut(base, size),
            phantom: PhantomData,
        }
    }

    /// The bytes that a [`Region`] can hold: from a multiple of 4 on, a multiple of 4 of them. None
    /// where the memory begins elsewhere.
    #[inline(always)]
    pub(crate) fn region(self) -> View<'a, Region, C> {
        let addr = self.ptr.addr();
        let size = if addr & 3 == 0 {
            self.ptr.len() & !3
        } else {
            0
        };
        let base = ptr::without_provenance_mut(addr & !3);
        // INVARIANT: Aligned to 4, of a size that is a multiple of 4, and within `self`.
        View {
            ptr: Region::ptr_from_raw_parts_mut(base, size),
            phantom: PhantomData,
        }
    }

    /// All bytes, for accesses of every width.
    #[inline(always)]
    pub(crate) fn whole(self) -> View<'a, Extent, C> {
        // INVARIANT: The same bytes.
        View {
            ptr: Extent::ptr(self.ptr.addr(), self.ptr.len()),
            phantom: PhantomData,
        }
    }

    /// All bytes, for accesses of every width checked at compile time.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there are fewer than `SIZE` bytes, or where, unless `SIZE` is 0, they do not
    /// begin at a multiple of 8.
    #[inline(always)]
    pub(crate) fn extent<const SIZE: usize>(self) -> Result<View<'a, Extent<SIZE>, C>> {
        let (addr, size) = (self.ptr.addr(), self.ptr.len());
        if SIZE != 0 && (size < SIZE || addr % 8 != 0) {
            return Err(EINVAL);
        }
        // INVARIANT: The same bytes; enough of them and aligned, as just checked.
        Ok(View {
            ptr: Extent::ptr(addr, size),
            phantom: PhantomData,
        })
    }
}

impl<'a, C> View<'a, Region, C> {
    /// The same memory with a least size that the compiler knows, for accesses checked at compile
    /// time.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there are fewer than `SIZE` bytes.
    #[inline(always)]
    pub(crate) fn sized<const SIZE: usize>(self) -> Result<View<'a, Region<SIZE>, C>> {
        let size = KnownSize::size(self.ptr);
        let ptr = Region::ptr_try_from_raw_parts_mut(self.ptr.cast(), size)?;
        // INVARIANT: The same memory, of at least `SIZE` bytes as just checked.
        Ok(View {
            ptr,
            phantom: PhantomData,
        })
    }
}

impl<'a, const SIZE: usize, C> View<'a, Region<SIZE>, C> {
    /// Just `SIZE` bytes, a multiple of 4, from `addr` on.
    ///
    /// # Safety
    ///
    /// As [`View::bytes`], and `addr` is a multiple of 4.
    #[inline(always)]
    pub(crate) unsafe fn all(addr: usize) -> Self {
        const {
            assert!(SIZE % 4 == 0, "a region is a multiple of 4 bytes");
        };
        let base = ptr::without_provenance_mut(addr);
        // INVARIANT: Aligned, as required of our caller, and as long as a region may be.
        Self {
            ptr: Region::ptr_from_raw_parts_mut(base, SIZE),
            phantom: PhantomData,
        }
    }
}

impl<'a, T: ?Sized + KnownSize, C> IoBase<'a> for View<'a, T, C> {
    type Backend = Backend<C>;
    type Target = T;

    #[inline(always)]
    fn as_view(self) -> Self {
        self
    }
}

impl<T: ?Sized + KnownSize, C> View<'_, T, C> {
    /// The address of the first byte.
    #[inline(always)]
    pub fn addr(self) -> usize {
        self.ptr.addr()
    }
}
