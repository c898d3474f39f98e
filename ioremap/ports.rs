// SPDX-License-Identifier: GPL-2.0

//! I/O ports, for the accessors of [`kernel::io::Io`].
//!
//! C returns a cookie for a port, which looks like an address and is told from one at each access.
//! Here a range of ports has a type of its own. Offsets are in ports from the first of the range.
//! As in memory, 16 and 32 bits are aligned to their width. No access sleeps: all may be made in
//! any context.
//!
//! ```
//! use io_mapping_rs::{io::IoExt, pci::PortBar};
//! use kernel::{device::Bound, pci, prelude::*};
//!
//! fn receive(pdev: &pci::Device<Bound>, frame: &mut [u16]) -> Result {
//!     let ports = PortBar::iomap(pdev, 0, 0, c"my-driver")?;
//!     ports.try_write8(0x1, 0x8)?;
//!     ports.try_read_rep(0x10, frame)
//! }
//! ```
//!
//! C: `ioport_map()` in [`lib/iomap.c`](srctree/lib/iomap.c), `inb()` in
//! [`include/asm-generic/io.h`](srctree/include/asm-generic/io.h)

use crate::arch;
use crate::bindings;
use crate::io::{checked_accessors, Backend, ByteRegion, IoRepeat, RegionPlace, View};
use crate::tracking::counters;
use core::ptr;
use kernel::{
    ffi::c_ulong,
    io::{IoBackend, IoBase, IoCapable, Region},
    prelude::*,
};

/// A range of I/O ports.
///
/// # Invariants
///
/// - There is at least one port, and none has a number above the last of the machine.
/// - The owner has the right to access the `count` ports from `first` on.
/// - `region` is made of them.
pub struct Ports {
    first: usize,
    count: usize,
    region: RegionPlace,
}

impl Ports {
    checked_accessors!(&Self, Region, PortBackend);

    /// Returns the `count` ports from `first` on (C: `ioport_map()`).
    ///
    /// C ignores the count, and refuses accesses to port 0.
    ///
    /// # Errors
    ///
    /// `EINVAL` where `count` is 0, or the range does not end at or before the last port of the
    /// machine (0xffff on x86).
    ///
    /// # Safety
    ///
    /// The caller has the right to access the ports for as long as the result lives. No access to
    /// them may cause undefined behaviour, such as a device that writes to memory that is not its
    /// driver's.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::Ports;
    /// use kernel::prelude::*;
    ///
    /// fn speaker() -> Result<Ports> {
    ///     // SAFETY: Port 0x61 of a PC drives its speaker. We have requested it.
    ///     unsafe { Ports::new(0x61, 1) }
    /// }
    /// ```
    pub unsafe fn new(first: usize, count: usize) -> Result<Self> {
        let last = count
            .checked_sub(1)
            .and_then(|more| first.checked_add(more));
        // CAST: Both are as wide as a pointer.
        let limit = arch::ports::IO_SPACE_LIMIT as usize;
        if last.is_none_or(|last| last > limit) {
            counters::count_refusal(EINVAL);
            return Err(EINVAL);
        }
        // INVARIANT: The range is not empty and ends within the machine's ports, as just checked.
        // The right to it is required of our caller.
        Ok(Self {
            first,
            count,
            region: RegionPlace::new(first, count),
        })
    }

    /// Returns the number of the first port.
    #[inline]
    pub fn first(&self) -> usize {
        self.first
    }

    /// Returns how many ports there are.
    #[inline]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns a view of at least `SIZE` ports, for accesses that are checked at compile time.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there are fewer, of those that a [`Region`] can hold.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::Ports;
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// While bit 7 of register 3 is set, registers 0 and 1 of a UART are its divisor.
    /// fn set_speed(uart: &Ports, divisor: u16) -> Result {
    ///     let uart = uart.sized::<8>()?;
    ///     let control: u8 = uart.read(3);
    ///     uart.write8(control | 0x80, 3);
    ///     let [low, high] = divisor.to_le_bytes();
    ///     uart.write8(low, 0);
    ///     uart.write8(high, 1);
    ///     uart.write8(control, 3);
    ///     Ok(())
    /// }
    /// ```
    #[inline(always)]
    pub fn sized<const SIZE: usize>(&self) -> Result<PortView<'_, Region<SIZE>>> {
        self.as_view().sized()
    }

    /// Returns a view of all ports, for accesses of every width.
    ///
    /// A [`Region`] holds a multiple of 4 ports, and none if the first is not at a multiple of 4.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::Ports;
    /// use kernel::prelude::*;
    ///
    /// /// `speaker` is port 0x61.
    /// fn is_on(speaker: &Ports) -> Result<bool> {
    ///     Ok(speaker.byte_region().try_read8(0)? & 3 == 3)
    /// }
    /// ```
    #[inline(always)]
    pub fn byte_region(&self) -> PortView<'_, ByteRegion> {
        // SAFETY: By the invariants of `Ports` its owner has the right to access them.
        let ports: PortView<'_, [u8]> = unsafe { View::bytes(self.first, self.count) };
        ports.byte_region()
    }
}

impl<'a> IoBase<'a> for &'a Ports {
    type Backend = PortBackend;
    type Target = Region;

    #[inline(always)]
    fn as_view(self) -> PortView<'a, Region> {
        // SAFETY: By the invariants of `Ports` its owner has the right to access them, and
        // `region` is made of them.
        unsafe { self.region.view() }
    }
}

/// The space of a [`PortView`].
#[derive(Clone, Copy, Default)]
pub struct PortSpace(());

/// A view of I/O ports of type `T`, for as long as `'a`.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io::ByteRegion, ports::PortView};
/// use kernel::io::Io;
///
/// /// An index and a data register. That there are two ports is known at compile time.
/// fn select(ports: PortView<'_, ByteRegion<2>>, index: u8) -> u8 {
///     ports.write8(index, 0);
///     ports.read8(1)
/// }
/// ```
pub type PortView<'a, T> = View<'a, T, PortSpace>;

/// Returns the number of the first port of a view.
#[inline(always)]
fn port<T>(view: PortView<'_, T>) -> c_ulong {
    // CAST: Both are as wide as a pointer.
    PortBackend::as_ptr(view).addr() as c_ulong
}

/// The [`IoBackend`] of a [`PortView`], for accesses of 8, 16 and 32 bits.
///
/// 64 bits take two accesses, see [`IoExt::try_read64_lo_hi`](crate::io::IoExt::try_read64_lo_hi).
pub type PortBackend = Backend<PortSpace>;

macro_rules! impl_ports {
    ($($ty:ty: $read:ident, $write:ident, $read_rep:ident, $write_rep:ident;)*) => {$(
        impl IoCapable<$ty> for PortBackend {
            #[inline(always)]
            fn io_read<'a>(view: PortView<'a, $ty>) -> $ty {
                // SAFETY: By the view's invariant the port may be accessed.
                unsafe { arch::ports::$read(port(view)) }
            }

            #[inline(always)]
            fn io_write<'a>(view: PortView<'a, $ty>, value: $ty) {
                // SAFETY: By the view's invariant the port may be accessed.
                unsafe { arch::ports::$write(value, port(view)) };
            }
        }

        impl IoRepeat<$ty> for PortBackend {
            #[inline]
            fn read_rep(view: PortView<'_, $ty>, data: &mut [$ty]) {
                // CAST: Both are as wide as a pointer.
                let count = data.len() as c_ulong;
                // SAFETY: By the view's invariant the port may be accessed. `data` is valid for
                // writes of `count` values.
                unsafe { bindings::$read_rep(data.as_mut_ptr(), ptr::null(), port(view), count) };
            }

            #[inline]
            fn write_rep(view: PortView<'_, $ty>, data: &[$ty]) {
                // CAST: Both are as wide as a pointer.
                let count = data.len() as c_ulong;
                // SAFETY: By the view's invariant the port may be accessed. `data` is valid for
                // reads of `count` values.
                unsafe { bindings::$write_rep(ptr::null_mut(), data.as_ptr(), port(view), count) };
            }
        }
    )*};
}

impl_ports! {
    u8: inb, outb, iomrs_insb, iomrs_outsb;
    u16: inw, outw, iomrs_insw, iomrs_outsw;
    u32: inl, outl, iomrs_insl, iomrs_outsl;
}
