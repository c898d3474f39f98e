// SPDX-License-Identifier: GPL-2.0

//! What differs by architecture: the clock. `c/arch/` has the same in C, and what else it knows.

#[cfg(CONFIG_X86_64)]
#[path = "x86.rs"]
mod this;
#[cfg(CONFIG_ARM64)]
#[path = "arm64.rs"]
mod this;
#[cfg(CONFIG_ARM)]
#[path = "arm.rs"]
mod this;

pub(crate) use this::{sink32, ticks, CLOCK, UNNAMED};
