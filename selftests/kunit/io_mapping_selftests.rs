// SPDX-License-Identifier: GPL-2.0

//! KUnit suites, most of which do the same by C and by the library, and compare. They run when the
//! module is loaded.

// On 32-bit ARM some suites are not there, whose means others do not use.
#![cfg_attr(not(CONFIG_X86_64), allow(dead_code, unused_imports, unused_macros))]

use kernel::prelude::*;

mod c;
#[cfg(CONFIG_X86_64)]
mod c_api;
mod control;
#[cfg(CONFIG_X86_64)]
mod failures;
#[cfg(CONFIG_X86_64)]
mod fuzz;
// The files of the benchmark show what is not used here. Nothing is timed here on 32-bit ARM: there random.rs is enough.
#[cfg(CONFIG_X86_64)]
#[allow(dead_code, unused_imports)]
#[path = "../../bench/harness.rs"]
mod harness;
mod io;
mod io_mapping;
mod ioremap;
#[cfg(CONFIG_X86_64)]
mod pci;
#[cfg(not(CONFIG_X86_64))]
#[path = "../../bench/random.rs"]
mod random;
mod support;
#[cfg(CONFIG_X86_64)]
mod timing;
#[cfg(CONFIG_X86_64)]
use harness::random;

module! {
    type: Selftests,
    name: "io_mapping_selftests",
    authors: ["The io-mapping-rs authors"],
    description: "Tests of io_mapping_rs beside C's ioremap and io_mapping",
    license: "GPL",
    params: {
        phys: u64 {
            default: 0,
            description: "Physical address of a range that memmap= sets aside, a multiple of 2 MiB",
        },
        size: u64 {
            default: 0,
            description: "Bytes of that range",
        },
        uart: u32 {
            default: 0,
            description: "First port of a 16550 that nobody uses",
        },
        window_slots: u32 {
            default: 512,
            description: "window_slots= of io_mapping_rs",
        },
        chunk_budget: u64 {
            default: 64 << 10,
            description: "chunk_budget= of io_mapping_rs",
        },
        arena: bool {
            default: false,
            description: "arena= of io_mapping_rs",
        },
        arena_max: u64 {
            default: 0,
            description: "arena_max= of io_mapping_rs",
        },
        arena_idle: u32 {
            default: 60_000,
            description: "arena_idle= of io_mapping_rs",
        },
        sparse: bool {
            default: false,
            description: "Apertures are sparse instead of mapped whole",
        },
        short_seconds: u32 {
            default: 2,
            description: "How long tasks map while chunks are given up",
        },
        strict: bool {
            default: false,
            description: "strict= of io_mapping_rs",
        },
        fuzz_seed: u64 {
            default: 1,
            description: "Seed of the first random program",
        },
        fuzz_steps: u64 {
            default: 6400,
            description: "Steps of all random programs",
        },
        fuzz_keep: u64 {
            default: u64::MAX,
            description: "Steps of each random program that are run, a bit for each",
        },
    },
}

struct Selftests {
    _files: control::Files,
}

impl kernel::Module for Selftests {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let _files = control::files()?;
        kernel::error::to_result(c::iomrs_c_pci_register())?;
        Ok(Self { _files })
    }
}

impl Drop for Selftests {
    fn drop(&mut self) {
        c::iomrs_c_pci_unregister();
    }
}
