// SPDX-License-Identifier: GPL-2.0

//! io_mapping and the ioremap path in Rust, on the kernel's vmalloc and page-table primitives.
//!
//! A library module: other modules use the crate, see `samples/`. Calls go down only:
//!
//! ```text
//! L4   debugfs.rs       what there is and what was done     selftest.rs  a check without KUnit
//! L3   pci.rs           a BAR: region request + mapping, bound to the device
//!      io_mapping.rs    the aperture object, its two strategies and three kinds of map
//! L2   ioremap.rs       checks -> reservation -> area -> entries: one owned mapping
//!      window.rs        temporary maps of a page, by per-CPU slots
//!      chunks.rs        pieces of an aperture that stay mapped
//!      io.rs            views of mapped memory, for the kernel crate's `Io`
//!      ports.rs         the same for I/O ports                    io_region.rs  for either
//! L1   cache_mode.rs    cache modes and their registry      vm_area.rs   address space
//!      page_table.rs    entries: fill and look up           resource.rs  the right to a BAR
//!      live.rs          which mappings there are              stats.rs     how often what was done
//!      text_files.rs    files in debugfs
//! L0   bindings/        every extern "C" and the C behind it
//!      range.rs         ranges and offsets, pure logic      plan.rs      page sizes, likewise
//!      slots.rs         which slots are taken, likewise
//! ```
//!
//! A driver begins with a BAR:
//!
//! ```
//! use io_mapping_rs::pci::{Aperture, Bar};
//! use kernel::{device::Bound, io::Io, pci, prelude::*};
//!
//! fn start(pdev: &pci::Device<Bound>) -> Result {
//!     let registers = Bar::iomap(pdev, 0, 0, c"my-driver")?;
//!     let memory = Aperture::new_wc(pdev, 2, c"my-driver")?;
//!     memory.map_local(0)?.try_write32(42, 0)?;
//!     registers.try_write32(1, 0x4)
//! }
//! ```
//!
//! C headers: [`include/linux/io-mapping.h`](srctree/include/linux/io-mapping.h),
//! [`include/linux/io.h`](srctree/include/linux/io.h)

// `PhysAddr` and `ResourceSize` are `u32` on some machines: what converts them is not useless.
#![allow(clippy::useless_conversion)]

use kernel::prelude::*;

mod bindings;
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
            default: 32,
            description: "slots for temporary maps per CPU, a power of two up to 64",
        },
        chunk_budget: u64 {
            default: if cfg!(CONFIG_64BIT) { 64 << 10 } else { 32 },
            description: "address space for chunks of sparse apertures, in MiB, 0 for no chunks",
        },
    },
}

/// Dropped in this order: nothing is mapped any more when the records go.
struct IoMappingRs {
    _files: debugfs::Registration,
    _window: window::Registration,
    _tracking: tracking::Registration,
}

impl kernel::Module for IoMappingRs {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let (slots, budget) = (
            module_parameters::window_slots.value(),
            module_parameters::chunk_budget.value(),
        );
        bindings::machine::init();
        mm::cache_mode::init();
        let tracking = tracking::Registration::new()?;
        io_mapping::sparse::chunks::init(budget.saturating_mul(1 << 20));
        let window = window::Window::register(slots).inspect_err(|&err| {
            if err == EINVAL {
                pr_err!("window_slots={} is not a power of two up to 64\n", slots);
            } else {
                pr_err!("no window for temporary maps: {:?}\n", err);
            }
        })?;
        pr_info!("backend {}, window {}\n", BACKEND, window::WINDOW);
        Ok(Self {
            _files: debugfs::Registration::new()?,
            _window: window,
            _tracking: tracking,
        })
    }
}

/// The driver in the README compiles, as the examples here do.
#[cfg(doctest)]
#[doc = include_str!("README.md")]
mod readme {}
