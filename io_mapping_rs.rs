// SPDX-License-Identifier: GPL-2.0

//! io_mapping and the ioremap path in Rust, on the kernel's vmalloc and page-table primitives.
//!
//! A library module: other modules use the crate, see `samples/`. Calls go down only:
//!
//! ```text
//! L3   pci.rs           a BAR: region request + mapping, bound to the device
//!      io_mapping.rs    the aperture object and its three kinds of map
//! L2   ioremap.rs       checks -> reservation -> area -> entries: one owned mapping
//!      io.rs            views of mapped memory, for the kernel crate's `Io`
//! L1   cache_mode.rs    cache modes and their registry      vm_area.rs  address space
//!      page_table.rs    entries: fill and look up         resource.rs  the right to a BAR
//! L0   bindings/        every extern "C" and the C behind   range.rs, plan.rs  pure logic
//! ```
//!
//! C headers: [`include/linux/io-mapping.h`](srctree/include/linux/io-mapping.h),
//! [`include/linux/io.h`](srctree/include/linux/io.h)

// `PhysAddr` and `ResourceSize` are `u32` on some machines: what converts them is not useless.
#![allow(clippy::useless_conversion)]

use kernel::prelude::*;

mod bindings;
mod cache_mode;
pub mod io;
pub mod io_mapping;
pub mod ioremap;
mod page_table;
pub mod pci;
#[cfg(iomrs_exported)]
mod plan;
mod range;
mod resource;
mod vm_area;

pub use cache_mode::{CacheMode, Policy};
pub use io_mapping::IoMapping;
pub use ioremap::Mapping;
pub use page_table::Entry;
pub use vm_area::BACKEND;

module! {
    type: IoMappingRs,
    name: "io_mapping_rs",
    authors: ["The io-mapping-rs authors"],
    description: "io_mapping and ioremap in Rust",
    license: "GPL",
}

struct IoMappingRs;

impl kernel::Module for IoMappingRs {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        pr_info!("backend {}\n", BACKEND);
        Ok(Self)
    }
}
