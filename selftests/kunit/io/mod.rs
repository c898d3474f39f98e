// SPDX-License-Identifier: GPL-2.0

//! Views and accessors of memory and ports.

mod bounds;
mod copies;
mod memory;
#[cfg(CONFIG_X86_64)]
mod port_ranges;
#[cfg(CONFIG_X86_64)]
mod ports;
#[cfg(CONFIG_X86_64)]
mod regions;
mod repeated;
// Of 64 bits, which 32-bit machines do not access in one piece.
#[cfg(CONFIG_64BIT)]
mod views;
#[cfg(CONFIG_64BIT)]
mod write_combining;
