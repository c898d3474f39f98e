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

use crate::io::{Backend, ByteRegion, IoNonatomic64, IoRepeat, Shared, View};
use crate::ioremap::ports::{PortBackend, PortView, Ports};
use crate::ioremap::Mapping;
use core::marker::PhantomData;
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
        Ok(match self {
            Self::Memory(mapping) => IoRegionView::of_memory(mapping.sized()?),
            Self::Ports(ports) => IoRegionView::of_ports(ports.sized()?),
        })
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
            Self::Memory(mapping) => IoRegionView::of_memory(mapping.byte_region()),
            Self::Ports(ports) => IoRegionView::of_ports(ports.byte_region()),
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
            IoRegion::Memory(mapping) => IoRegionView::of_memory(mapping.as_view()),
            IoRegion::Ports(ports) => IoRegionView::of_ports(ports.as_view()),
        }
    }
}

/// A view of a `T` in an [`IoRegion`].
///
/// # Invariants
///
/// `ptr` is that of a [`View`] where `is_memory`, otherwise that of a [`PortView`], valid for `'a`.
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
pub struct IoRegionView<'a, T: ?Sized> {
    // One address for either, so that checks of an offset are the same code for both.
    ptr: *mut T,
    is_memory: bool,
    phantom: PhantomData<&'a ()>,
}

// SAFETY: A `View` that any task may use, or a `PortView`, which may be sent both.
unsafe impl<T: ?Sized + Sync> Send for IoRegionView<'_, T> {}
// SAFETY: As above, and may be shared.
unsafe impl<T: ?Sized + Sync> Sync for IoRegionView<'_, T> {}

/// What an [`IoRegionView`] is of.
enum Kind<'a, T: ?Sized> {
    Memory(View<'a, T, Shared>),
    Ports(PortView<'a, T>),
}

impl<'a, T: ?Sized + KnownSize> IoRegionView<'a, T> {
    #[inline(always)]
    fn of_memory(view: View<'a, T, Shared>) -> Self {
        // INVARIANT: That of a `View`.
        Self {
            ptr: Backend::as_ptr(view),
            is_memory: true,
            phantom: PhantomData,
        }
    }

    #[inline(always)]
    fn of_ports(view: PortView<'a, T>) -> Self {
        // INVARIANT: That of a `PortView`.
        Self {
            ptr: PortBackend::as_ptr(view),
            is_memory: false,
            phantom: PhantomData,
        }
    }

    #[inline(always)]
    fn kind(self) -> Kind<'a, T> {
        if self.is_memory {
            // SAFETY: By the invariant it is that of such a view.
            Kind::Memory(unsafe { View::from_ptr(self.ptr) })
        } else {
            // SAFETY: As above.
            Kind::Ports(unsafe { PortView::from_ptr(self.ptr) })
        }
    }
}

impl<T: ?Sized> Copy for IoRegionView<'_, T> {}
impl<T: ?Sized> Clone for IoRegionView<'_, T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<'a, T: ?Sized + KnownSize> IoBase<'a> for IoRegionView<'a, T> {
    type Backend = IoRegionBackend;
    type Target = T;

    #[inline(always)]
    fn as_view(self) -> Self {
        self
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
pub struct IoRegionBackend(());

impl IoBackend for IoRegionBackend {
    type View<'a, T: ?Sized + KnownSize> = IoRegionView<'a, T>;

    #[inline(always)]
    fn as_ptr<'a, T: ?Sized + KnownSize>(view: Self::View<'a, T>) -> *mut T {
        view.ptr
    }

    #[inline(always)]
    unsafe fn project_view<'a, T: ?Sized + KnownSize, U: ?Sized + KnownSize>(
        view: Self::View<'a, T>,
        ptr: *mut U,
    ) -> Self::View<'a, U> {
        // INVARIANT: A projection of what this very view is of, as required of our caller.
        IoRegionView {
            ptr,
            is_memory: view.is_memory,
            phantom: PhantomData,
        }
    }
}

impl<T> IoCapable<T> for IoRegionBackend
where
    Backend<Shared>: IoCapable<T>,
    PortBackend: IoCapable<T>,
{
    #[inline(always)]
    fn io_read<'a>(view: Self::View<'a, T>) -> T {
        match view.kind() {
            Kind::Memory(view) => Backend::io_read(view),
            Kind::Ports(view) => PortBackend::io_read(view),
        }
    }

    #[inline(always)]
    fn io_write<'a>(view: Self::View<'a, T>, value: T) {
        match view.kind() {
            Kind::Memory(view) => Backend::io_write(view, value),
            Kind::Ports(view) => PortBackend::io_write(view, value),
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
        match view.kind() {
            Kind::Memory(view) => Backend::read_rep(view, data),
            Kind::Ports(view) => PortBackend::read_rep(view, data),
        }
    }

    #[inline]
    fn write_rep(view: Self::View<'_, T>, data: &[T]) {
        match view.kind() {
            Kind::Memory(view) => Backend::write_rep(view, data),
            Kind::Ports(view) => PortBackend::write_rep(view, data),
        }
    }
}

impl IoNonatomic64 for IoRegionBackend {
    const LOW: usize = 0;
}
