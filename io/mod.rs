// SPDX-License-Identifier: GPL-2.0

//! L2: views of mapped device memory, for the accessors of the kernel crate's [`kernel::io::Io`]
//! (`read32`, `try_write8`, `copy_from_slice`, `register!` ...).
//!
//! ```
//! use io_mapping_rs::{io::IoExt, ioremap::{Mapping, WcMapping}};
//! use kernel::{io::Io, prelude::*};
//!
//! fn send(registers: &Mapping, memory: &WcMapping, packet: &[u8]) -> Result {
//!     // Registers: a read, a write, and 64 bits in big endian.
//!     if registers.try_read32(0x4)? & 1 != 0 {
//!         return Err(EBUSY);
//!     }
//!     registers.try_write32(packet.len().try_into()?, 0x8)?;
//!     registers.try_write64_be(0, 0x10)?;
//!     // Memory that is write combining: data first, then the doorbell.
//!     let mut memory = memory.wc();
//!     memory.try_copy_from_slice(0, packet)?;
//!     registers.try_doorbell::<u32>(0x0)?.ring(1, memory.flush());
//!     Ok(())
//! }
//! ```
//!
//! A [`Mapping`](crate::Mapping) and a [`Map`](crate::io_mapping::Map) lend [`View`]s marked
//! [`Shared`]. Maps that belong to one task lend views marked [`Local`]: the same accessors, in a
//! view that cannot be sent to another task.
//!
//! Untyped memory is a [`Region`], which holds a multiple of 4 bytes and begins at a multiple of 4;
//! a [`ByteRegion`] is all of it, up to the last byte. [`IoExt`] adds to [`kernel::io::Io`] what it
//! leaves out: big endian, strings of values, copies of parts, relaxed accesses, doorbells. Memory
//! that is write combining is best seen as a [`Wc`].
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
//! | `wmb()`, and then a `writel()` | [`flush`](Wc::flush), [`Doorbell::ring`] |
//!
//! Offsets are in bytes from the beginning of the view. One that is known when the driver is
//! compiled, into a view of a known size, cannot fail; any other is checked, and `EINVAL` where the
//! access would leave the view or be misaligned. No access sleeps: any context will do.
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
mod ext;
mod nonatomic64;
mod project;
mod repeat;
mod view_impls;
mod wc;
pub use access::{AccessBackend, AccessMode, AccessView, BigEndian, Relaxed, SwapBytes};
pub use backend::{Backend, IoFill};
pub use byte_region::ByteRegion;
pub use ext::IoExt;
pub use nonatomic64::IoNonatomic64;
pub use repeat::IoRepeat;
pub(crate) use view_impls::{impl_bytes, impl_sized_views, impl_views};
pub use wc::{Doorbell, Flushed, Wc, WcView, WriteCombining};

/// Marks a [`View`] that any task may use.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::io::{Shared, View};
/// use kernel::io::{Io, Region};
///
/// /// What a driver and its interrupt handler both have.
/// #[derive(Clone, Copy)]
/// struct Registers<'a>(View<'a, Region<0x10>, Shared>);
///
/// fn is_send<T: Send + Sync>() {}
/// is_send::<Registers<'_>>();
/// ```
pub struct Shared(());

/// Marks a [`View`] that must stay with its task.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::io::{Local, View};
/// use kernel::io::{Io, Region};
///
/// /// Reads from a page that is mapped for this task, and for as long as it looks.
/// fn magic(page: View<'_, Region<0x1000>, Local>) -> u32 {
///     page.read32(0xffc)
/// }
/// ```
pub struct Local(PhantomData<*mut ()>);

/// A view of mapped device memory of type `T`, for as long as `'a`.
///
/// What `T __iomem *` is in C. `C` is [`Shared`] or [`Local`].
///
/// # Invariants
///
/// `ptr` is aligned and points to a `T` in mapped device memory that stays mapped for `'a`.
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

impl<T: ?Sized, C> View<'_, T, C> {
    /// # Safety
    ///
    /// `ptr` is as the type's invariants say.
    #[inline(always)]
    pub(crate) unsafe fn from_ptr(ptr: *mut T) -> Self {
        // INVARIANT: As required of our caller.
        Self {
            ptr,
            phantom: PhantomData,
        }
    }
}

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
        let (addr, size) = (self.ptr.addr(), self.ptr.len());
        // SAFETY: Within `self`.
        unsafe { View::of_region(addr, region_size(addr, size)) }
    }

    /// All bytes, for accesses of every width.
    #[inline(always)]
    pub(crate) fn byte_region(self) -> View<'a, ByteRegion, C> {
        // INVARIANT: The same bytes.
        View {
            ptr: ByteRegion::ptr(self.ptr.addr(), self.ptr.len()),
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
    pub(crate) fn sized_byte_region<const SIZE: usize>(
        self,
    ) -> Result<View<'a, ByteRegion<SIZE>, C>> {
        let (addr, size) = (self.ptr.addr(), self.ptr.len());
        if SIZE != 0 && (size < SIZE || addr % 8 != 0) {
            return Err(EINVAL);
        }
        // INVARIANT: The same bytes; enough of them and aligned, as just checked.
        Ok(View {
            ptr: ByteRegion::ptr(addr, size),
            phantom: PhantomData,
        })
    }
}

/// How many of `size` bytes from `addr` on a [`Region`] can hold.
#[inline(always)]
pub(crate) fn region_size(addr: usize, size: usize) -> usize {
    if addr % 4 == 0 {
        size & !3
    } else {
        0
    }
}

/// A pointer to as many bytes from `addr` on as [`region_size`] says, aligned even to none.
#[inline(always)]
pub(crate) fn region_ptr(addr: usize, size: usize) -> *mut Region {
    Region::ptr_from_raw_parts_mut(ptr::without_provenance_mut(addr & !3), size)
}

impl<'a, C> View<'a, Region, C> {
    /// The `size` bytes from `addr` on.
    ///
    /// # Safety
    ///
    /// As [`View::bytes`], and [`region_size`] says that many.
    #[inline(always)]
    pub(crate) unsafe fn of_region(addr: usize, size: usize) -> Self {
        // INVARIANT: Aligned to 4, of a size that is a multiple of 4; the rest is required of our
        // caller.
        View {
            ptr: region_ptr(addr, size),
            phantom: PhantomData,
        }
    }

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
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io::{Shared, View};
    ///
    /// /// Whether a copy to there begins at a cache line.
    /// fn is_fast(ring: View<'_, [u8], Shared>) -> bool {
    ///     ring.addr() % 64 == 0
    /// }
    /// ```
    #[inline(always)]
    pub fn addr(self) -> usize {
        self.ptr.addr()
    }
}
