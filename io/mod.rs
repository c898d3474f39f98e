// SPDX-License-Identifier: GPL-2.0

//! Typed views of device memory and I/O ports, for the accessors of [`kernel::io::Io`]
//! (`read32`, `try_write8`, `copy_from_slice`, `register!` ...) and those of [`IoExt`].
//!
//! ```
//! use io_mapping_rs::{io::IoExt, ioremap::{Mapping, WcMapping}};
//! use kernel::prelude::*;
//!
//! fn send(registers: &Mapping, memory: &WcMapping, packet: &[u8]) -> Result {
//!     // Registers: a read, a write, and 64 bits in big endian.
//!     if registers.try_read32(0x4)? & 1 != 0 {
//!         return Err(EBUSY);
//!     }
//!     registers.try_write32(packet.len().try_into()?, 0x8)?;
//!     registers.try_write64_be(0, 0x10)?;
//!     // Write-combining memory: data first, then the doorbell.
//!     let mut memory = memory.wc();
//!     memory.try_copy_from_slice(0, packet)?;
//!     registers.try_doorbell::<u32>(0x0)?.ring(1, memory.flush());
//!     Ok(())
//! }
//! ```
//!
//! A [`Mapping`](crate::Mapping) and a [`Map`](crate::io_mapping::Map) have views that any task may
//! use ([`Shared`]). The views of a map that belongs to one task cannot be sent to another
//! ([`Local`]). Their accessors are the same.
//!
//! Memory without a type is a [`Region`] of the kernel crate, which begins at a multiple of 4 and
//! has a multiple of 4 bytes, or a [`ByteRegion`], which may begin and end anywhere.
//! Write-combining memory has a view of its own, [`Wc`]. [`IoExt`] adds to the accessors of the
//! kernel crate: big endian, relaxed accesses, FIFOs, copies of a part, doorbells.
//!
//! | C | here |
//! |---|---|
//! | `readl()`, `ioread32()` | `read32`, `try_read32` of [`Io`](kernel::io::Io) |
//! | `readl_relaxed()` | the same on [`relaxed()`](IoExt::relaxed) |
//! | `ioread32be()` | [`read32_be`](IoExt::read32_be), or anything on [`be()`](IoExt::be) |
//! | `ioread32_rep()`, `readsl()` | [`read_rep`](IoExt::read_rep) |
//! | `ioread64_lo_hi()` | [`try_read64_lo_hi`](IoExt::try_read64_lo_hi) |
//! | `memcpy_fromio()` | [`try_copy_to_slice`](IoExt::try_copy_to_slice) |
//! | `memcpy_toio()` | [`try_copy_from_slice`](IoExt::try_copy_from_slice) |
//! | `memset_io()` | [`try_fill`](IoExt::try_fill) |
//! | `wmb()`, then `writel()` | [`flush`](Wc::flush), [`Doorbell::ring`] |
//!
//! Offsets are in bytes from the beginning of the view. A name without `try_` takes an offset that
//! is checked at compile time: it must be constant, and the size of the view known. A name with
//! `try_` checks the offset at run time. It returns `EINVAL` where the access does not lie within
//! the view, or is misaligned. No access sleeps: all may be made in any context.
//!
//! `try_read32` and its like are methods of the types here. They do what those of `Io` do, in fewer
//! instructions, and a call finds them first. A function that takes any [`Io`](kernel::io::Io) calls
//! those of `Io`, or [`try_at`](IoExt::try_at).
//!
//! C header: [`include/asm-generic/io.h`](srctree/include/asm-generic/io.h)

use core::{marker::PhantomData, ptr};
use kernel::{
    io::{IoBase, Region},
    prelude::*,
    ptr::KnownSize,
};

mod access;
mod accessor_macros;
mod backend;
mod byte_region;
mod checked;
mod doorbell;
mod ext;
mod nonatomic64;
mod project;
mod region_place;
mod repeat;
mod view_impls;
mod wc;
pub use access::{AccessBackend, AccessMode, AccessView, BigEndian, Relaxed, SwapBytes};
pub use backend::{Backend, IoFill};
pub use byte_region::ByteRegion;
pub(crate) use checked::checked_accessors;
pub use doorbell::{Doorbell, Flushed};
pub use ext::IoExt;
pub use nonatomic64::IoNonatomic64;
pub(crate) use project::value_view;
pub(crate) use region_place::RegionPlace;
pub use repeat::IoRepeat;
pub(crate) use view_impls::{impl_sized_views, impl_view_methods, impl_views};
pub use wc::{Wc, WcView, WriteCombining};

/// The space of a [`View`] that is device memory.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::io::{ByteRegion, MemorySpace, View};
/// use kernel::prelude::*;
///
/// /// Takes a view of a mapping and one of a temporary map alike.
/// fn read_counter<S: MemorySpace>(page: View<'_, ByteRegion, S>) -> Result<u64> {
///     page.try_read64(0x18)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not device memory",
    note = "I/O ports have neither relaxed accesses nor copies, and accesses of 32 bits at the most"
)]
pub trait MemorySpace: Copy + Default {}

/// Device memory that any task may access.
#[derive(Clone, Copy, Default)]
pub struct Shared(());

/// Device memory that only the task that mapped it may access.
#[derive(Clone, Copy, Default)]
pub struct Local(PhantomData<*mut ()>);

impl MemorySpace for Shared {}
impl MemorySpace for Local {}

/// A view of a `T` in the space `S`, for as long as `'a`.
///
/// For memory it is what `T __iomem *` is in C, and `S` is [`Shared`] or [`Local`]. A
/// [`PortView`](crate::ports::PortView) is one of I/O ports, an
/// [`IoRegionView`](crate::io_region::IoRegionView) one of either.
///
/// # Invariants
///
/// `ptr` is aligned and points to a `T` in `space`, which may be accessed for `'a`: in memory it is
/// mapped there; for I/O ports the address of `ptr` is the number of the first.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io::{Shared, View}, Mapping};
/// use kernel::{io::{io_read, Io}, prelude::*};
///
/// #[derive(FromBytes, IntoBytes)]
/// #[repr(C)]
/// struct Header {
///     magic: u32,
///     length: u32,
/// }
///
/// fn length(firmware: &Mapping) -> Result<u32> {
///     let header: View<'_, Header, Shared> = firmware.try_cast()?;
///     Ok(io_read!(header, .length))
/// }
/// ```
pub struct View<'a, T: ?Sized, S> {
    ptr: *mut T,
    space: S,
    phantom: PhantomData<&'a ()>,
}

impl<T: ?Sized, S: Copy> Copy for View<'_, T, S> {}
impl<T: ?Sized, S: Copy> Clone for View<'_, T, S> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

// SAFETY: A view is conceptually a `&T`. The space is not `Send` where only one task may access it.
unsafe impl<T: ?Sized + Sync, S: Send> Send for View<'_, T, S> {}
// SAFETY: A view is conceptually a `&T`. The space is not `Sync` where only one task may access it.
unsafe impl<T: ?Sized + Sync, S: Sync> Sync for View<'_, T, S> {}

impl<'a, T: ?Sized + KnownSize, S: Copy> IoBase<'a> for View<'a, T, S> {
    type Backend = Backend<S>;
    type Target = T;

    #[inline(always)]
    fn as_view(self) -> Self {
        self
    }
}

impl<T: ?Sized, S: MemorySpace> View<'_, T, S> {
    /// Returns the address of the first byte.
    #[inline(always)]
    pub fn addr(self) -> usize {
        self.ptr.addr()
    }
}

impl<T: ?Sized + KnownSize, S: Copy> View<'_, T, S> {
    checked_accessors!(Self, T, Backend<S>);
    checked_accessors!(64 bits: Self, T, Backend<S>);
}

impl<'a, T: ?Sized, S> View<'a, T, S> {
    /// # Safety
    ///
    /// `ptr` is aligned and points to a `T` in `space`, which may be accessed for `'a`.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(ptr: *mut T, space: S) -> Self {
        // INVARIANT: As required of our caller.
        Self {
            ptr,
            space,
            phantom: PhantomData,
        }
    }

    /// Returns the space that the view is in.
    #[inline(always)]
    pub(crate) fn space(&self) -> &S {
        &self.space
    }
}

impl<'a, S: Copy + Default> View<'a, [u8], S> {
    /// Returns a view of `size` bytes from `addr` on.
    ///
    /// # Safety
    ///
    /// They may be accessed for `'a`: they are mapped device memory, or I/O ports that the caller
    /// has the right to. Where `S` is [`Local`], by this task only.
    #[inline(always)]
    pub(crate) unsafe fn bytes(addr: usize, size: usize) -> Self {
        let base = ptr::without_provenance_mut(addr);
        // SAFETY: Bytes are always aligned; the rest is required of our caller.
        unsafe { Self::from_raw(ptr::slice_from_raw_parts_mut(base, size), S::default()) }
    }

    /// Returns a view of the bytes that a [`Region`] can hold, see [`RegionPlace`].
    #[inline(always)]
    pub(crate) fn region(self) -> View<'a, Region, S> {
        // SAFETY: By the invariant these bytes may be accessed.
        unsafe { RegionPlace::new(self.ptr.addr(), self.ptr.len()).view() }
    }

    /// Returns a view of all bytes, for accesses of every width.
    #[inline(always)]
    pub(crate) fn byte_region(self) -> View<'a, ByteRegion, S> {
        let ptr = ByteRegion::ptr(self.ptr.addr(), self.ptr.len());
        // SAFETY: By the invariant the bytes may be accessed. A `ByteRegion` of no known size has
        // no alignment.
        unsafe { View::from_raw(ptr, self.space) }
    }

    /// Returns a view of all bytes, for accesses of every width that are checked at compile time.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there are fewer than `SIZE` bytes, or where, unless `SIZE` is 0, they do not
    /// begin at a multiple of 8.
    #[inline(always)]
    pub(crate) fn sized_byte_region<const SIZE: usize>(
        self,
    ) -> Result<View<'a, ByteRegion<SIZE>, S>> {
        let (addr, size) = (self.ptr.addr(), self.ptr.len());
        if SIZE != 0 && (size < SIZE || addr % 8 != 0) {
            return Err(EINVAL);
        }
        // SAFETY: By the invariant the bytes may be accessed. There are enough of them and they are
        // aligned, as just checked.
        Ok(unsafe { View::from_raw(ByteRegion::ptr(addr, size), self.space) })
    }
}

impl<'a, S: Copy> View<'a, Region, S> {
    /// Returns a view of the same bytes with a minimum size that the compiler knows, for accesses
    /// that are checked at compile time.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there are fewer than `SIZE` bytes.
    #[inline(always)]
    pub(crate) fn sized<const SIZE: usize>(self) -> Result<View<'a, Region<SIZE>, S>> {
        let size = KnownSize::size(self.ptr);
        let ptr = Region::ptr_try_from_raw_parts_mut(self.ptr.cast(), size)?;
        // SAFETY: By the invariant the bytes may be accessed. There are at least `SIZE`, as just
        // checked.
        Ok(unsafe { View::from_raw(ptr, self.space) })
    }
}

impl<'a, const SIZE: usize, S: Copy + Default> View<'a, Region<SIZE>, S> {
    /// Returns a view of exactly `SIZE` bytes, a multiple of 4, from `addr` on.
    ///
    /// # Safety
    ///
    /// They may be accessed as [`View::bytes`] requires, and `addr` is a multiple of 4.
    #[inline(always)]
    pub(crate) unsafe fn sized_region_at(addr: usize) -> Self {
        const {
            assert!(SIZE % 4 == 0, "a region is a multiple of 4 bytes");
        };
        let base = ptr::without_provenance_mut(addr);
        // SAFETY: The size is a multiple of 4, as just checked; the rest is required of our caller.
        unsafe { View::from_raw(Region::ptr_from_raw_parts_mut(base, SIZE), S::default()) }
    }
}
