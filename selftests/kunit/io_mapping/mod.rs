// SPDX-License-Identifier: GPL-2.0

//! Apertures: both strategies, maps and their guards, chunks, slots.

mod aperture;
mod c_atomic_map;
mod chunk_budget;
mod chunk_faults;
mod chunks;
mod guards;
mod page_tables;
mod preemption;
mod reclaim;
mod slots;
mod sparse;
mod strategies;
mod stress;
