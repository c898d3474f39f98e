// SPDX-License-Identifier: GPL-2.0

//! L2: one region over memory or I/O ports, for a driver whose device has one or the other.
//!
//! ```
//! use io_mapping_rs::{pci::IoBar, IoRegion};
//! use kernel::{device::Bound, io::Io, pci, prelude::*};
//!
//! /// Some boards have the registers in ports, others in memory.
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

use crate::io::{Backend, ByteRegion, IoRepeat, Shared, View};
use crate::ioremap::ports::{PortBackend, PortSpace, PortView, Ports};
use crate::ioremap::Mapping;
use kernel::{
    io::{IoBackend, IoBase, IoCapable, Region},
    prelude::*,
    ptr::KnownSize,
};

/// Device memory or I/O ports, which is decided once, when it is mapped.
///
/// What C's `pci_iomap()` returns: the same accessors for either. There is no address to test at
/// each access, and none that is neither.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::IoRegion;
/// use kernel::{io::Io, prelude::*};
///
/// fn identity(region: &IoRegion) -> Result<u32> {
///     region.try_read32(0)
/// }
/// ```
pub enum IoRegion {
    /// Device memory.
    Memory(Mapping),
    /// I/O ports.
    Ports(Ports),
}

impl IoRegion {
    /// Bytes, or ports.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoRegion;
    /// use kernel::prelude::*;
    ///
    /// /// The registers of the second channel stand behind those of the first.
    /// fn has_second_channel(region: &IoRegion) -> bool {
    ///     region.size() >= 0x40
    /// }
    /// ```
    pub fn size(&self) -> usize {
        match self {
            Self::Memory(mapping) => mapping.size(),
            Self::Ports(ports) => ports.count(),
        }
    }

    /// All of it with a least size that the compiler knows, for accesses checked at compile time.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there are fewer than `SIZE` bytes or ports, not counting those that a
    /// [`Region`] leaves out.
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

    /// All of it, for accesses of every width up to the last byte or port, wherever it begins.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoRegion;
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// The device has 6 registers of a byte: an `IoRegion` ends after 4 of them.
    /// fn parity(device: &IoRegion) -> Result<u8> {
    ///     device.byte_region().try_read8(5)
    /// }
    /// ```
    #[inline(always)]
    pub fn byte_region(&self) -> IoRegionView<'_, ByteRegion> {
        match self {
            Self::Memory(mapping) => mapping.byte_region().into(),
            Self::Ports(ports) => ports.byte_region().into(),
        }
    }

    /// The memory, for what ports cannot do: copies, and accesses of 64 bits. None where it is of
    /// ports.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::IoExt, IoRegion};
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// In one access where that can be, else in two.
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

    /// The ports. None where it is of memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoRegion;
    /// use kernel::{device::Device, prelude::*};
    ///
    /// fn report(dev: &Device, region: &IoRegion) {
    ///     if let Some(ports) = region.ports() {
    ///         dev_info!(dev, "I/O ports from {:#x} on\n", ports.first());
    ///     }
    /// }
    /// ```
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

/// The space of an [`IoRegion`]: what an [`IoRegionView`] is of.
#[derive(Clone, Copy)]
pub enum IoRegionSpace {
    /// I/O ports.
    Ports,
    // Last, so that an access to memory falls through the branch.
    /// Device memory that any task may access.
    Memory,
}

/// A view of a `T` in an [`IoRegion`].
///
/// # Examples
///
/// ```
/// use io_mapping_rs::io_region::IoRegionView;
/// use kernel::io::{Io, Region};
///
/// /// `registers` is memory or ports, and holds 8 bytes in either case.
/// fn acknowledge(registers: IoRegionView<'_, Region<8>>) {
///     let pending = registers.read32(0x4);
///     registers.write32(pending, 0x4);
/// }
/// ```
pub type IoRegionView<'a, T> = View<'a, T, IoRegionSpace>;

impl<'a, T: ?Sized + KnownSize> From<View<'a, T, Shared>> for IoRegionView<'a, T> {
    #[inline(always)]
    fn from(view: View<'a, T, Shared>) -> Self {
        // SAFETY: By the invariant of `view` the pointer is one to memory.
        unsafe { View::from_raw(Backend::as_ptr(view), IoRegionSpace::Memory) }
    }
}

impl<'a, T: ?Sized + KnownSize> From<PortView<'a, T>> for IoRegionView<'a, T> {
    #[inline(always)]
    fn from(view: PortView<'a, T>) -> Self {
        // SAFETY: By the invariant of `view` the pointer is one to ports.
        unsafe { View::from_raw(PortBackend::as_ptr(view), IoRegionSpace::Ports) }
    }
}

/// What an [`IoRegionView`] is of.
enum Either<'a, T> {
    Memory(View<'a, T, Shared>),
    Ports(PortView<'a, T>),
}

#[inline(always)]
fn either<T>(view: IoRegionView<'_, T>) -> Either<'_, T> {
    let ptr = IoRegionBackend::as_ptr(view);
    match view.space() {
        // SAFETY: By the invariant of `view` the pointer is one to memory, for any task.
        IoRegionSpace::Memory => Either::Memory(unsafe { View::from_raw(ptr, Shared::default()) }),
        // SAFETY: By the invariant of `view` the pointer is one to ports.
        IoRegionSpace::Ports => Either::Ports(unsafe { View::from_raw(ptr, PortSpace::default()) }),
    }
}

/// The [`IoBackend`] of an [`IoRegionView`]: what memory and ports have in common.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{
///     io::{BigEndian, IoExt, AccessView},
///     io_region::{IoRegion, IoRegionBackend},
/// };
/// use kernel::io::Region;
///
/// /// The registers of a device that has them in big endian, in memory or in ports.
/// type Registers<'a> = AccessView<'a, IoRegionBackend, Region, BigEndian>;
///
/// fn registers(region: &IoRegion) -> Registers<'_> {
///     region.be()
/// }
/// ```
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
