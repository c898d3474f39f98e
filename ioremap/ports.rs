// SPDX-License-Identifier: GPL-2.0

//! L2: I/O ports, for the accessors of the kernel crate's [`kernel::io::Io`].
//!
//! C hands out a cookie for a port, which each access tests; here a range of ports has a type.
//! Offsets are in ports from the first of the range. As with memory, a port of 16 or 32 bits stands
//! at a multiple of its width. No access sleeps: any context will do.
//!
//! ```
//! use io_mapping_rs::{io::IoExt, pci::PortBar};
//! use kernel::{device::Bound, io::Io, pci, prelude::*};
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
use crate::io::{region_size, Backend, ByteRegion, IoRepeat, View};
use crate::tracking::counters;
use core::ptr;
use kernel::{
    ffi::c_ulong,
    io::{IoBackend, IoBase, IoCapable, Region},
    prelude::*,
};

/// A range of I/O ports that the owner may read and write.
///
/// # Invariants
///
/// `count` ports from `first` on, not 0, none past the last that the machine has. `region` of them
/// can be seen as a [`Region`].
///
/// # Examples
///
/// ```
/// use io_mapping_rs::Ports;
/// use kernel::{io::Io, prelude::*};
///
/// fn scratch(uart: &Ports) -> Result<u8> {
///     uart.try_write8(0x5a, 7)?;
///     uart.try_read8(7)
/// }
/// ```
pub struct Ports {
    first: usize,
    count: usize,
    region: usize,
}

impl Ports {
    /// `count` ports from `first` on (C: `ioport_map()`). Port 0 is one like any other.
    ///
    /// # Errors
    ///
    /// `EINVAL` where `count` is 0, or a port lies past the last of the machine (0xffff on x86): C
    /// ignores the count, and such a run wraps to port 0.
    ///
    /// # Safety
    ///
    /// The caller has the right to the ports for as long as the result lives: no access to them
    /// breaks anybody's memory.
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
        // CAST: as wide as a pointer, both.
        let limit = bindings::IO_SPACE_LIMIT as usize;
        if last.is_none_or(|last| last > limit) {
            counters::count_refusal(EINVAL);
            return Err(EINVAL);
        }
        // INVARIANT: As just checked.
        Ok(Self {
            first,
            count,
            region: region_size(first, count),
        })
    }

    /// The number of the first port.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::Ports;
    /// use kernel::{device::Device, prelude::*};
    ///
    /// fn report(dev: &Device, uart: &Ports) {
    ///     dev_info!(dev, "UART at {:#x}\n", uart.first());
    /// }
    /// ```
    #[inline]
    pub fn first(&self) -> usize {
        self.first
    }

    /// The number of ports.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::Ports;
    /// use kernel::prelude::*;
    ///
    /// /// A 16550 has 8 registers, its older relatives have fewer.
    /// fn expect_16550(uart: &Ports) -> Result {
    ///     if uart.count() < 8 {
    ///         return Err(ENODEV);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    #[inline]
    pub fn count(&self) -> usize {
        self.count
    }

    /// All ports with a least number that the compiler knows, for accesses checked at compile time.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there are fewer than `SIZE`, not counting those that a [`Region`] leaves out.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::Ports;
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// The divisor of a UART stands in for its first registers while bit 7 of 3 is set.
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

    /// All ports, for accesses of every width. A range that begins or ends elsewhere than at a
    /// multiple of 4 is seen here to its end, and not at all as a [`Region`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::Ports;
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// `speaker` is port 0x61.
    /// fn is_on(speaker: &Ports) -> Result<bool> {
    ///     Ok(speaker.byte_region().try_read8(0)? & 3 == 3)
    /// }
    /// ```
    #[inline(always)]
    pub fn byte_region(&self) -> PortView<'_, ByteRegion> {
        // SAFETY: By the invariant the ports are ours for as long as `self` lives.
        let ports: PortView<'_, [u8]> = unsafe { View::bytes(self.first, self.count) };
        ports.byte_region()
    }
}

impl<'a> IoBase<'a> for &'a Ports {
    type Backend = PortBackend;
    type Target = Region;

    #[inline(always)]
    fn as_view(self) -> PortView<'a, Region> {
        // SAFETY: By the invariant the ports are ours for as long as `self` lives, and `region` of
        // them can be seen so.
        unsafe { View::region_at(self.first, self.region) }
    }
}

/// The space of I/O ports, see [`PortView`].
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
/// /// The one byte of a command register, wherever it is.
/// fn reset(command: PortView<'_, u8>) {
///     command.write_val(0xfe);
/// }
///
/// /// `ports` has at least two, which the compiler knows.
/// fn select(ports: PortView<'_, ByteRegion<2>>, index: u8) -> u8 {
///     ports.write8(index, 0);
///     ports.read8(1)
/// }
/// ```
pub type PortView<'a, T> = View<'a, T, PortSpace>;

/// Returns the number of the first port of a view.
#[inline(always)]
fn port<T>(view: PortView<'_, T>) -> c_ulong {
    // CAST: both are as wide as a pointer.
    PortBackend::as_ptr(view).addr() as c_ulong
}

/// The [`IoBackend`](kernel::io::IoBackend) of a [`PortView`]: 8, 16 and 32 bits. For 64 there are
/// [`IoExt::try_read64_lo_hi`](crate::io::IoExt::try_read64_lo_hi) and its like.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io::{Doorbell, IoExt}, ports::PortBackend, Ports};
/// use kernel::prelude::*;
///
/// struct Queue<'a> {
///     notify: Doorbell<'a, PortBackend, u16>,
/// }
///
/// fn queue(ports: &Ports) -> Result<Queue<'_>> {
///     Ok(Queue { notify: ports.try_doorbell(0x10)? })
/// }
/// ```
pub type PortBackend = Backend<PortSpace>;

macro_rules! impl_ports {
    ($($ty:ty: $read:ident, $write:ident, $read_rep:ident, $write_rep:ident;)*) => {$(
        impl IoCapable<$ty> for PortBackend {
            #[inline(always)]
            fn io_read<'a>(view: PortView<'a, $ty>) -> $ty {
                // SAFETY: By the view's invariant the port is ours.
                unsafe { arch::ports::$read(port(view)) }
            }

            #[inline(always)]
            fn io_write<'a>(view: PortView<'a, $ty>, value: $ty) {
                // SAFETY: By the view's invariant the port is ours.
                unsafe { arch::ports::$write(value, port(view)) };
            }
        }

        impl IoRepeat<$ty> for PortBackend {
            #[inline]
            fn read_rep(view: PortView<'_, $ty>, data: &mut [$ty]) {
                // CAST: as wide as a pointer, both.
                let count = data.len() as c_ulong;
                // SAFETY: By the view's invariant the port is ours; `data` has room for as many
                // values as said.
                unsafe { bindings::$read_rep(data.as_mut_ptr(), ptr::null(), port(view), count) };
            }

            #[inline]
            fn write_rep(view: PortView<'_, $ty>, data: &[$ty]) {
                // CAST: as wide as a pointer, both.
                let count = data.len() as c_ulong;
                // SAFETY: By the view's invariant the port is ours; `data` has as many values as
                // said.
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
