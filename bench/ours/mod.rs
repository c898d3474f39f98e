// SPDX-License-Identifier: GPL-2.0

//! Our side of each comparison. `c/` has C's side in files of the same names,
//! and `kernel_crate/` what the kernel crate has of it.
//!
//! A function here is compiled into one of its own, so that `tools/profile.py` finds it by its name.

pub(crate) mod accesses;
#[cfg(CONFIG_X86_64)]
pub(crate) mod c_api;
pub(crate) mod maps;
pub(crate) mod ranges;
