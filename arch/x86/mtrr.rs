// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Memory types by physical address (MTRRs), which a large page must not straddle.
//!
//! The kernel does not tell modules what it has in them (C: `mtrr_type_lookup()`), so that they are
//! read. They change when somebody writes `/proc/mtrr`.

use super::bindings as c;
use super::mtrr_range::VariableRange;
use kernel::bindings::{MSR_MTRRcap, MSR_MTRRdefType, X86_FEATURE_MTRR};

/// The register of the first base (C: `MTRRphysBase_MSR(0)`), before that of its mask.
const PHYS_BASE_0: u32 = 0x200;
/// In the register of the default type: MTRRs are enabled.
const ENABLED: u64 = 1 << 11;
/// In the register of capabilities: how many variable ranges there are.
const COUNT: u64 = 0xff;
/// The fixed ranges end here. Their types differ from one to the next.
const FIXED_END: u64 = 1 << 20;

/// Returns whether no MTRR begins or ends within the `size` bytes from `start` on, which do not wrap.
///
/// # Context
///
/// Any. Not in a Xen PV guest.
pub(crate) fn is_uniform(start: u64, size: u64) -> bool {
    if !c::iomrs_boot_cpu_has(X86_FEATURE_MTRR) || c::iomrs_rdmsr(MSR_MTRRdefType) & ENABLED == 0 {
        return true;
    }
    // CAST: eight bits.
    let count = (c::iomrs_rdmsr(MSR_MTRRcap) & COUNT) as u32;
    let last = start.wrapping_add(size.wrapping_sub(1));
    start >= FIXED_END && (0..count).all(|index| is_uniform_for(index, start, last))
}

/// As [`is_uniform`], for the variable range of number `index`.
fn is_uniform_for(index: u32, start: u64, last: u64) -> bool {
    // A pair of registers for each.
    let register = PHYS_BASE_0 + 2 * index;
    let mask = c::iomrs_rdmsr(register + 1);
    VariableRange::new(mask, || c::iomrs_rdmsr(register))
        .is_none_or(|range| range.is_uniform(start, last))
}
