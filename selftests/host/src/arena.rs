// SPDX-License-Identifier: GPL-2.0

//! The files of the arena that do not import the kernel.

// Under loom only what moves parts is tested.
#[cfg_attr(loom, allow(dead_code))]
#[path = "../../../mm/vm_area/arena/dirty.rs"]
pub(crate) mod dirty;
#[cfg(not(loom))]
#[path = "../../../mm/vm_area/arena/free_pages.rs"]
pub(crate) mod free_pages;
#[cfg(not(loom))]
#[path = "../../../mm/vm_area/arena/page_map.rs"]
pub(crate) mod page_map;
#[cfg(not(loom))]
#[path = "../../../mm/vm_area/arena/rows.rs"]
pub(crate) mod rows;
