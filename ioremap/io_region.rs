// SPDX-License-Identifier: GPL-2.0

//! A region that is device memory or I/O ports, for a driver whose devices have one or the other.
//!
//! ```
//! use io_mapping_rs::{pci::IoBar, IoRegion};
//! use kernel::{device::Bound, pci, prelude::*};
//!
//! /// Some boards have the registers in memory, others in I/O ports.
//! fn reset(registers: &IoRegion) -> Result {
//!     registers.try_write16(0x8000, 0x12)
//! }
//!
//! fn reset_device(pdev: &pci::Device<Bound>, bar: u32) -> Result {
//!     let bar = IoBar::iomap(pdev, bar, 0, c"my-driver")?;
//!     reset(&bar)
//! }
//! ```
//!
//! C: `pci_iomap()` and `ioread32()` in [`lib/iomap.c`](srctree/lib/iomap.c)

use crate::io::{checked_accessors, Backend, ByteRegion, IoRepeat, Shared, View};
use crate::ioremap::ports::{PortBackend, PortSpace, PortView, Ports};
use crate::ioremap::Mapping;
use kernel::{
    io::{IoBackend, IoBase, IoCapable, Region},
    prelude::*,
    ptr::KnownSize,
};

/// Device memory or I/O ports, with the same accessors.
///
/// It stands for what C's `pci_iomap()` returns. C tells from the address at each access whether it
/// is memory or a port, and reads all ones from an address that is neither. Here it is known since
/// the region was mapped.
pub enum IoRegion {
    /// Device memory.
    Memory(Mapping),
    /// I/O ports.
    Ports(Ports),
}

impl IoRegion {
    checked_accessors!(&Self, Region, IoRegionBackend);

    /// Returns the number of bytes or ports.
    pub fn size(&self) -> usize {
        match self {
            Self::Memory(mapping) => mapping.size(),
            Self::Ports(ports) => ports.count(),
        }
    }

    /// Returns a view of at least `SIZE` bytes or ports, for accesses that are checked at compile
    /// time.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there are fewer, of those that a [`Region`] can hold.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoRegion;
    /// use kernel::{io::{register, Io}, prelude::*};
    ///
    /// register! {
    ///     CONTROL(u8) @ 0x4 {
    ///         0:0 enable;
    ///     }
    /// }
    ///
    /// fn enable(device: &IoRegion) -> Result {
    ///     device.sized::<8>()?.update(CONTROL, |control| control.with_enable(true));
    ///     Ok(())
    /// }
    /// ```
    #[inline(always)]
    pub fn sized<const SIZE: usize>(&self) -> Result<IoRegionView<'_, Region<SIZE>>> {
        self.as_view().sized()
    }

    /// Returns a view of all bytes or ports, for accesses of every width.
    #[inline(always)]
    pub fn byte_region(&self) -> IoRegionView<'_, ByteRegion> {
        match self {
            Self::Memory(mapping) => mapping.byte_region().into(),
            Self::Ports(ports) => ports.byte_region().into(),
        }
    }

    /// Returns the mapping if it is memory, for what I/O ports cannot do: copies, and accesses of
    /// 64 bits.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::IoExt, IoRegion};
    /// use kernel::prelude::*;
    ///
    /// /// By one access to memory, by two to I/O ports.
    /// fn counter(region: &IoRegion) -> Result<u64> {
    ///     match region.memory() {
    ///         Some(memory) => memory.byte_region().try_read64(0x8),
    ///         None => region.try_read64_lo_hi(0x8),
    ///     }
    /// }
    /// ```
    pub fn memory(&self) -> Option<&Mapping> {
        match self {
            Self::Memory(mapping) => Some(mapping),
            Self::Ports(_) => None,
        }
    }

    /// Returns the I/O ports if it is those.
    pub fn ports(&self) -> Option<&Ports> {
        match self {
            Self::Memory(_) => None,
            Self::Ports(ports) => Some(ports),
        }
    }
}

impl<'a> IoBase<'a> for &'a IoRegion {
    type Backend = IoRegionBackend;
    type Target = Region;

    #[inline(always)]
    fn as_view(self) -> IoRegionView<'a, Region> {
        match self {
            IoRegion::Memory(mapping) => mapping.as_view().into(),
            IoRegion::Ports(ports) => ports.as_view().into(),
        }
    }
}

/// The space of an [`IoRegionView`].
#[derive(Clone, Copy)]
pub enum IoRegionSpace {
    /// I/O ports.
    Ports,
    // Last, so that an access to memory falls through the branch.
    /// Device memory that any task may access.
    Memory,
}

/// A view of a `T` in an [`IoRegion`], for as long as `'a`.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::io_region::IoRegionView;
/// use kernel::io::{Io, Region};
///
/// /// `registers` has at least 8 bytes or ports.
/// fn acknowledge(registers: IoRegionView<'_, Region<8>>) {
///     let pending = registers.read32(0x4);
///     registers.write32(pending, 0x4);
/// }
/// ```
pub type IoRegionView<'a, T> = View<'a, T, IoRegionSpace>;

impl<'a, T: ?Sized + KnownSize> From<View<'a, T, Shared>> for IoRegionView<'a, T> {
    #[inline(always)]
    fn from(view: View<'a, T, Shared>) -> Self {
        // SAFETY: By the invariant of `view` its pointer is one to memory that any task may access.
        unsafe { View::from_raw(Backend::as_ptr(view), IoRegionSpace::Memory) }
    }
}

impl<'a, T: ?Sized + KnownSize> From<PortView<'a, T>> for IoRegionView<'a, T> {
    #[inline(always)]
    fn from(view: PortView<'a, T>) -> Self {
        // SAFETY: By the invariant of `view` its pointer is one to I/O ports.
        unsafe { View::from_raw(PortBackend::as_ptr(view), IoRegionSpace::Ports) }
    }
}

/// An [`IoRegionView`] as a view of what it is of.
enum Either<'a, T> {
    Memory(View<'a, T, Shared>),
    Ports(PortView<'a, T>),
}

#[inline(always)]
fn either<T>(view: IoRegionView<'_, T>) -> Either<'_, T> {
    let ptr = IoRegionBackend::as_ptr(view);
    match view.space() {
        // SAFETY: By the invariant of `view` its pointer is one to memory that any task may access.
        IoRegionSpace::Memory => Either::Memory(unsafe { View::from_raw(ptr, Shared::default()) }),
        // SAFETY: By the invariant of `view` its pointer is one to I/O ports.
        IoRegionSpace::Ports => Either::Ports(unsafe { View::from_raw(ptr, PortSpace::default()) }),
    }
}

/// The [`IoBackend`] of an [`IoRegionView`], for the accesses that memory and I/O ports have in
/// common.
pub type IoRegionBackend = Backend<IoRegionSpace>;

impl<T> IoCapable<T> for IoRegionBackend
where
    Backend<Shared>: IoCapable<T>,
    PortBackend: IoCapable<T>,
{
    #[inline(always)]
    fn io_read<'a>(view: Self::View<'a, T>) -> T {
        match either(view) {
            Either::Memory(view) => Backend::io_read(view),
            Either::Ports(view) => PortBackend::io_read(view),
        }
    }

    #[inline(always)]
    fn io_write<'a>(view: Self::View<'a, T>, value: T) {
        match either(view) {
            Either::Memory(view) => Backend::io_write(view, value),
            Either::Ports(view) => PortBackend::io_write(view, value),
        }
    }
}

impl<T> IoRepeat<T> for IoRegionBackend
where
    Backend<Shared>: IoRepeat<T>,
    PortBackend: IoRepeat<T>,
{
    #[inline]
    fn read_rep(view: Self::View<'_, T>, data: &mut [T]) {
        match either(view) {
            Either::Memory(view) => Backend::read_rep(view, data),
            Either::Ports(view) => PortBackend::read_rep(view, data),
        }
    }

    #[inline]
    fn write_rep(view: Self::View<'_, T>, data: &[T]) {
        match either(view) {
            Either::Memory(view) => Backend::write_rep(view, data),
            Either::Ports(view) => PortBackend::write_rep(view, data),
        }
    }
}
