// SPDX-License-Identifier: GPL-2.0

//! Tests of the library's pure logic on the host: edge cases one by one, and random cases by
//! proptest.
//!
//! `phys_range.rs`, `page_plan.rs` and `slots.rs` are compiled from the library's own files. The
//! first two are compared with `model.rs`, which was written from their documentation and is slow
//! and simple. Slots are compared with a set, and threads take them at the same time.
//!
//! The flushes of `arch/x86/tlb.rs` run on a model of a CPU.
//!
//! Of the arena, `page_map.rs` and `free_pages.rs` are compared with an array of pages and a list of
//! parts, and `dirty.rs` with what is known of each page.
//!
//! `cache_mode/ranges.rs` is compared with a list of ranges, and its steps are counted.
//!
//! `resources/encryption.rs` is compared with a table of what C does, and so is `resources/walk.rs`, on a
//! model of the kernel's list of resources and of its walk.
//!
//! `debugfs/decimal.rs` is compared with Rust's own numbers in decimal.
//!
//! `bench/division.rs`, `bench/spec.rs` and `bench/stats.rs`, the pure logic of the benchmark, are tested here, too.
//!
//! With `--cfg loom` the atomics of `slots.rs` and `bench/runner/barrier.rs` are loom's, and so are the
//! locks around `dirty.rs`. loom runs every interleaving. Only those tests are built then.

#![cfg(test)]

#[cfg(not(loom))]
mod arch;
mod arena;
mod mm;

#[cfg(loom)]
#[path = "../../../bench/runner/barrier.rs"]
mod barrier;
#[cfg(loom)]
mod barrier_loom;
#[cfg(loom)]
mod dirty_loom;
#[cfg(loom)]
mod slots_loom;

#[cfg(not(loom))]
#[path = "../../../bench/division.rs"]
mod division;
#[cfg(not(loom))]
#[path = "../../../bench/spec.rs"]
mod spec;
#[cfg(not(loom))]
#[path = "../../../bench/stats.rs"]
mod stats;

#[cfg(not(loom))]
mod bench_spec;
#[cfg(not(loom))]
mod bench_stats;
#[cfg(not(loom))]
mod cases;
#[cfg(not(loom))]
#[path = "../../../debugfs/decimal.rs"]
mod decimal;
#[cfg(not(loom))]
mod decimal_properties;
#[cfg(not(loom))]
mod dirty_properties;
#[cfg(not(loom))]
mod division_properties;
#[cfg(not(loom))]
mod encryption_table;
#[cfg(not(loom))]
mod free_pages_properties;
#[cfg(not(loom))]
mod model;
#[cfg(not(loom))]
#[path = "../../../arch/x86/mtrr_range.rs"]
mod mtrr_range;
#[cfg(not(loom))]
mod mtrr_ranges;
#[cfg(not(loom))]
mod page_map_properties;
#[cfg(not(loom))]
mod page_plan_extremes;
#[cfg(not(loom))]
mod page_plan_grid;
#[cfg(not(loom))]
mod page_plan_properties;
#[cfg(not(loom))]
mod page_plan_split;
#[cfg(not(loom))]
mod phys_range_grid;
#[cfg(not(loom))]
mod phys_range_properties;
#[cfg(not(loom))]
mod ranges_properties;
#[cfg(not(loom))]
mod resource_walks;
#[cfg(not(loom))]
mod slots_and_translations;
#[cfg(not(loom))]
mod slots_properties;
#[cfg(not(loom))]
mod slots_threads;
#[cfg(not(loom))]
mod tlb_flushes;
