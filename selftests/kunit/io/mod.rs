// SPDX-License-Identifier: GPL-2.0

//! Views and accessors of memory and ports.

mod bounds;
mod copies;
mod memory;
mod port_ranges;
mod ports;
mod regions;
mod repeated;
mod views;
mod write_combining;
