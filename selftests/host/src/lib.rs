// SPDX-License-Identifier: GPL-2.0

//! Tests of the library's pure logic on the host, by number and by chance.
//!
//! `range.rs` and `plan.rs` are compiled here as they stand in the module. What they answer is
//! compared with `model.rs`, which was written from their documentation and takes the long way.

#![cfg(test)]

#[path = "../../../plan.rs"]
mod plan;
#[path = "../../../range.rs"]
mod range;

mod cases;
mod model;
mod plan_extremes;
mod plan_grid;
mod plan_properties;
mod plan_split;
mod range_grid;
mod range_properties;
