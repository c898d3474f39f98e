// SPDX-License-Identifier: GPL-2.0

//! Apertures.

mod aperture;
mod page_tables;
mod preemption;
mod scaling;
mod sparse;
mod sparse_faults;
mod sparse_limits;
mod stress;
mod window;
