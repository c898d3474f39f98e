// SPDX-License-Identifier: GPL-2.0

//! Maps device memory for drivers: Linux's `io_mapping` and ioremap path, written in Rust.
//!
//! # Which type for which BAR
//!
//! | the BAR has | type | access |
//! |---|---|---|
//! | registers | [`pci::Bar`] | the accessors of [`kernel::io::Io`], such as `try_read32`, and `register!` |
//! | memory that is written in bursts | [`pci::WcBar`] | [`wc()`](ioremap::WcMapping::wc): stores and copies, then a flush |
//! | much memory, of which pieces are used | [`pci::Aperture`] | a map of a piece, see below |
//! | I/O ports | [`pci::PortBar`] | as for registers, but 8 to 32 bits wide |
//! | registers, in memory or in ports | [`pci::IoBar`] | as for ports |
//!
//! [`io::IoExt`] adds big endian, FIFOs, relaxed accesses and doorbells.
//!
//! Device memory that is no BAR is mapped by its physical address. [`ioremap::ioremap`] and its like
//! return a [`Mapping`], and [`IoMapping::new_wc`] an aperture. Both are `unsafe`: the caller knows
//! that the memory is the driver's.
//!
//! # How to map
//!
//! ```
//! use io_mapping_rs::pci::{enable_device_mem, Aperture, Bar};
//! use kernel::{device::Core, pci, prelude::*};
//!
//! fn probe(pdev: &pci::Device<Core<'_>>) -> Result {
//!     // Until the end of the function. A driver keeps it for as long as it is bound.
//!     let _enabled = enable_device_mem(pdev)?;
//!     // BAR 0, from its beginning to its end.
//!     let registers = Bar::iomap(pdev, 0, 0, c"my-driver")?;
//!     // BAR 2, write-combining.
//!     let memory = Aperture::new_wc(pdev, 2, c"my-driver")?;
//!     // The page at offset 0, until the end of the statement.
//!     memory.map_local(0)?.try_write32(42, 0)?;
//!     registers.try_write32(1, 0x4)
//! }
//! ```
//!
//! A BAR is requested and mapped. It is unmapped and released when it is dropped, or when the driver
//! is unbound: [`into_devres`](pci::Owned::into_devres) hands it to the device.
//!
//! An aperture is mapped in one of three ways. A guard borrows the aperture until it is dropped.
//!
//! | | maps | may sleep while held | others may use it |
//! |---|---|---|---|
//! | [`map_local`](IoMapping::map_local) | a page | yes | no |
//! | [`map_atomic`](IoMapping::map_atomic) | a page, while a closure runs | no | no |
//! | [`map`](IoMapping::map) | any piece | yes | yes |
//!
//! # What errors mean
//!
//! | errno | state |
//! |---|---|
//! | `EINVAL` | no bytes; the range wraps or leaves its BAR, resource or aperture; an offset is misaligned |
//! | | a range that leaves its resource in `/proc/iomem`: [`across_resources`](ioremap::Options::across_resources) allows it |
//! | `ENODEV` | the device has no such BAR, or a BAR of another kind |
//! | `ERANGE` | an address past the CPU's physical address width |
//! | `EPERM` | system RAM |
//! | `EBUSY` | another driver has the BAR, or a live mapping has a cache mode that excludes this one |
//! | `ENOMEM` | no memory, or not enough address space |
//! | `EAGAIN` | all slots are in use, see [`window`] |
//!
//! A failed call leaves nothing behind. An access outside of what is mapped is `EINVAL`, or does not
//! build where offset and size are known at compile time.
//!
//! # Cache modes
//!
//! Registers are mapped uncached, apertures and [`pci::WcBar`] write-combining.
//! [`ioremap::Options`] asks for any [`CacheMode`]. Where a live mapping of the same memory has
//! another mode, the new one gets that mode, as in C: `achieved()` tells. [`Policy::Exact`] makes it
//! `EBUSY`. Unlike in C, what is asked for uncached is never write-combining or cached: it is `EBUSY`.
//!
//! # What is mapped now
//!
//! Files in debugfs list all mappings, with the line of the driver that asked for each: see
//! [`debugfs`].
//!
//! C headers: [`include/linux/io-mapping.h`](srctree/include/linux/io-mapping.h),
//! [`include/linux/io.h`](srctree/include/linux/io.h)

// `PhysAddr` and `ResourceSize` are `u32` on some machines: what converts them is not useless.
#![allow(clippy::useless_conversion)]
// Machines with 32 bits have neither the arena nor C drivers on the library, and with the window kmap no slots, which alone
// use some of it.
#![cfg_attr(not(CONFIG_64BIT), allow(dead_code, unused_imports))]

use kernel::prelude::*;
use mm::vm_area::{arena, arena_usage};

mod arch;
mod bindings;
#[cfg(CONFIG_64BIT)]
mod c_api;
pub mod debugfs;
pub mod io;
pub mod io_mapping;
pub mod ioremap;
mod mm;
pub mod pci;
mod tracking;

pub use io_mapping::{sparse::window, IoMapping, Strategy};
pub use ioremap::io_region::IoRegion;
pub use ioremap::ports::Ports;
pub use ioremap::Mapping;
pub use ioremap::{io_region, ports};
pub use mm::cache_mode::{CacheMode, Policy};
pub use mm::page_table::Entry;
pub use mm::vm_area::BACKEND;

module! {
    type: IoMappingRs,
    name: "io_mapping_rs",
    authors: ["The io-mapping-rs authors"],
    description: "io_mapping and ioremap in Rust",
    license: "GPL",
    params: {
        window_slots: u32 {
            default: 512,
            description: "slots for local maps per CPU, a multiple of 64 up to 4096, 0 for no sparse apertures",
        },
        chunk_budget: u64 {
            default: if cfg!(CONFIG_64BIT) { 64 << 10 } else { 32 },
            description: "address space for chunks of sparse apertures, in MiB, 0 for no chunks",
        },
        arena: bool {
            default: false,
            description: "take address space from the arena on a kernel with the patch, too, as on a stock kernel",
        },
        arena_max: u64 {
            default: 0,
            description: "address space of the arena for all mappings, in MiB, 0 for twice the memory",
        },
        arena_dirty: u64 {
            default: 0,
            description: "address space that may await a flush of all CPUs, in MiB, 0 for as much as vmalloc has",
        },
        arena_idle: u32 {
            default: 60_000,
            description: "how long the arena keeps address space that nobody uses, in milliseconds, 0 for ever",
        },
        strict: bool {
            default: false,
            description: "whether misuse by a C driver is a warning of the kernel, with its stack",
        },
    },
}

/// Dropped in this order: nothing is mapped any more when the records go.
struct IoMappingRs {
    _files: debugfs::Registration,
    #[cfg(CONFIG_64BIT)]
    _c_api: c_api::Registration,
    _window: Option<window::Registration>,
    _arena: Option<arena::Registration>,
    _tracking: tracking::Registration,
    _cache_modes: mm::cache_mode::Registration,
}

impl kernel::Module for IoMappingRs {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let (slots, budget) = (
            module_parameters::window_slots.value(),
            module_parameters::chunk_budget.value(),
        );
        // lockdep hears of it before anybody can make such a call in reclaim.
        mm::reclaim::may_allocate();
        mm::machine::init();
        let cache_modes = mm::cache_mode::Registration::new();
        let arena = register_arena()?;
        let tracking = tracking::Registration::new()?;
        io_mapping::sparse::chunks::init(budget.saturating_mul(1 << 20));
        let window = register_window(slots)?;
        let name = if window.is_some() {
            window::WINDOW
        } else {
            "none"
        };
        pr_info!("backend {}, window {}\n", BACKEND, name);
        // SAFETY: The module is loaded once.
        #[cfg(CONFIG_64BIT)]
        let c_api = unsafe { c_api::Registration::new(module_parameters::strict.value()) };
        Ok(Self {
            _files: debugfs::Registration::new()?,
            #[cfg(CONFIG_64BIT)]
            _c_api: c_api,
            _window: window,
            _arena: arena,
            _tracking: tracking,
            _cache_modes: cache_modes,
        })
    }
}

/// Has mappings come from the arena: on a stock kernel, and where it is asked for.
fn register_arena() -> Result<Option<arena::Registration>> {
    if cfg!(iomrs_exported) && !module_parameters::arena.value() {
        return Ok(None);
    }
    let bytes = |mib: u64| mib.saturating_mul(1 << 20);
    Ok(Some(arena::Registration::new(arena_usage::Settings {
        budget: bytes(module_parameters::arena_max.value()),
        dirty: bytes(module_parameters::arena_dirty.value()),
        idle: module_parameters::arena_idle.value(),
    })?))
}

/// Makes the slots for temporary maps; none where none are asked for, and in a guest that must not change
/// entries and drop translations by itself.
fn register_window(slots: u32) -> Result<Option<window::Registration>> {
    if slots == 0 || !mm::machine::has_own_page_table() {
        return Ok(None);
    }
    let window = window::Window::register(slots).inspect_err(|&err| {
        if err == EINVAL {
            pr_err!(
                "window_slots={} is not a multiple of 64 up to 4096\n",
                slots
            );
        } else {
            pr_err!("no window for temporary maps: {:?}\n", err);
        }
    })?;
    Ok(Some(window))
}

/// The driver in the README compiles, as the examples here do.
#[cfg(doctest)]
#[doc = include_str!("README.md")]
mod readme {}
