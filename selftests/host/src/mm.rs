// SPDX-License-Identifier: GPL-2.0

//! The library's files that do not import the kernel, under the names that they have in the library.

#[cfg(not(loom))]
#[path = "../../../mm/resources/encryption.rs"]
pub(crate) mod encryption;
#[cfg(not(loom))]
#[path = "../../../mm/page_plan.rs"]
pub(crate) mod page_plan;
#[cfg(not(loom))]
#[path = "../../../mm/phys_range.rs"]
pub(crate) mod phys_range;
#[cfg(not(loom))]
#[path = "../../../mm/cache_mode/ranges.rs"]
pub(crate) mod ranges;
#[path = "../../../mm/slots.rs"]
pub(crate) mod slots;
#[cfg(not(loom))]
#[path = "../../../mm/resources/walk.rs"]
pub(crate) mod walk;
