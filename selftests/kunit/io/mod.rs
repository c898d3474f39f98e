// SPDX-License-Identifier: GPL-2.0

//! Views and accessors of memory and ports.

mod blocks;
mod bounds;
mod memory;
mod ports;
mod regions;
mod views;
