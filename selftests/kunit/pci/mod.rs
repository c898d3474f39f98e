// SPDX-License-Identifier: GPL-2.0

//! BARs of PCI devices.

mod bar_parts;
mod bar_region;
mod bar_types;
mod bars;
mod part;
mod sleepable;
