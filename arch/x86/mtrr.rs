// SPDX-License-Identifier: GPL-2.0

//! Memory types by physical address (MTRRs), which a large page must not straddle.
//!
//! The kernel does not tell modules what it has in them (C: `mtrr_type_lookup()`), so that they are
//! read. They change when somebody writes `/proc/mtrr`.

use super::bindings as c;
use super::{
    mtrr_range::{may_split, VariableRange},
    xen_pv,
};
use core::arch::asm;
use core::sync::atomic::{AtomicU32, Ordering};
use kernel::bindings::{MSR_MTRRcap, MSR_MTRRdefType, X86_FEATURE_MTRR};

/// The register of the first base (C: `MTRRphysBase_MSR(0)`), before that of its mask.
const PHYS_BASE_0: u32 = 0x200;
/// In the register of the default type: MTRRs are enabled.
const ENABLED: u32 = 1 << 11;
/// In the register of a mask: the pair is in use.
const VALID: u32 = 1 << 11;
/// In the register of capabilities: how many variable ranges there are.
const COUNT: u64 = 0xff;
/// The fixed ranges end here. Their types differ from one to the next.
const FIXED_END: u64 = 1 << 20;

/// How many variable ranges there are, whose registers can be read, as can that of the default type; or one of
/// the numbers below.
static VARIABLE_RANGES: AtomicU32 = AtomicU32::new(UNREADABLE);
/// There are no MTRRs.
const NONE: u32 = u32::MAX;
/// Not all of them can be read.
const UNREADABLE: u32 = u32::MAX - 1;

/// Called once, when the module is loaded. Before that no range is known to be uniform.
pub(crate) fn init() {
    let count = if !c::iomrs_boot_cpu_has(X86_FEATURE_MTRR) {
        NONE
    } else if xen_pv::is_guest() {
        UNREADABLE
    } else {
        count_readable().unwrap_or(UNREADABLE)
    };
    VARIABLE_RANGES.store(count, Ordering::Relaxed);
}

/// Reads each register once, and returns how many variable ranges there are.
fn count_readable() -> Option<u32> {
    fn read(msr: u32) -> Option<u64> {
        let mut value = 0;
        // SAFETY: `value` is valid for a write. Any register may be asked for.
        let err = unsafe { c::iomrs_rdmsr_safe(msr, &mut value) };
        (err == 0).then_some(value)
    }
    // CAST: eight bits.
    let count = (read(MSR_MTRRcap)? & COUNT) as u32;
    read(MSR_MTRRdefType)?;
    for msr in PHYS_BASE_0..PHYS_BASE_0 + 2 * count {
        read(msr)?;
    }
    Some(count)
}

/// Reads a register, and returns its low half and its high half.
///
/// # Safety
///
/// It can be read: the CPU raises a fault for others.
#[inline(always)]
unsafe fn rdmsr(msr: u32) -> (u32, u32) {
    let (low, high): (u32, u32);
    // SAFETY: As required of our caller. Nothing else changes.
    unsafe {
        asm!(
            "rdmsr",
            in("ecx") msr,
            out("eax") low,
            out("edx") high,
            options(nomem, nostack, preserves_flags)
        )
    };
    (low, high)
}

const fn value((low, high): (u32, u32)) -> u64 {
    (high as u64) << 32 | low as u64
}

/// Returns whether no MTRR begins or ends within the `size` bytes from `start` on, which do not wrap.
///
/// # Context
///
/// Any.
pub(crate) fn is_uniform(start: u64, size: u64) -> bool {
    let count = VARIABLE_RANGES.load(Ordering::Relaxed);
    if count == NONE {
        return true;
    }
    if count == UNREADABLE {
        return false;
    }
    // SAFETY: `count_readable` has read the register.
    let (default, _) = unsafe { rdmsr(MSR_MTRRdefType) };
    if default & ENABLED == 0 {
        return true;
    }
    let last = start.wrapping_add(size.wrapping_sub(1));
    // The masks, from the last one on; the base of each is before it. No overflow: there are at most 255.
    let mut msr = (PHYS_BASE_0 - 1).wrapping_add(count.wrapping_mul(2));
    while msr > PHYS_BASE_0 {
        // SAFETY: `count_readable` has read both registers.
        let mask = unsafe { rdmsr(msr) };
        // Most are not in use, or larger than what is asked for.
        if mask.0 & VALID != 0 && may_split(value(mask), start, last) {
            // SAFETY: As above.
            let range = VariableRange::new(value(mask), || value(unsafe { rdmsr(msr - 1) }));
            if range.is_some_and(|range| !range.is_uniform(start, last)) {
                return false;
            }
        }
        msr = msr.wrapping_sub(2);
    }
    start >= FIXED_END
}
