// SPDX-License-Identifier: GPL-2.0

//! The flushes of `arch/x86/tlb.rs` as they stand, with a model of a CPU for its instructions.

pub(crate) mod instructions;
#[path = "../../../../arch/x86/tlb.rs"]
pub(crate) mod tlb;
