// SPDX-License-Identifier: GPL-2.0

//! What differs by architecture, behind one list of modules.
//!
//! `mm/` calls what is about memory management, `io/` and `ioremap/ports.rs` what is about single
//! accesses, `tracking/` the increment of a counter. `docs/porting.md` explains each function.

mod generic;
pub(crate) mod machine;

#[cfg(CONFIG_X86_64)]
mod x86;
#[cfg(CONFIG_X86_64)]
use x86 as this;

#[cfg(CONFIG_ARM64)]
mod arm64;
#[cfg(CONFIG_ARM64)]
use arm64 as this;

#[cfg(CONFIG_ARM)]
mod arm;
#[cfg(CONFIG_ARM)]
use arm as this;

#[cfg(not(any(CONFIG_X86_64, CONFIG_ARM64, CONFIG_ARM)))]
compile_error!("io-mapping-rs does not know this architecture: see docs/porting.md");

pub(crate) use this::{
    cache_mode, encryption, mmio, mtrr, page_table, percpu, ports, preempt, string_io, tlb, xen_pv,
};
