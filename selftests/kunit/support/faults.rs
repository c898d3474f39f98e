// SPDX-License-Identifier: GPL-2.0

//! Makes allocations of memory fail, by the kernel's fault injection: see `c/fault_injection.c`.

use crate::{c, support::outcome::*};

/// More allocations than any mapping of the tests makes.
pub(crate) const MAX_ALLOCATIONS: u32 = 64;

/// Which allocations fail.
pub(crate) enum Fail {
    /// The nth. 1 is the first.
    Nth(u32),
    /// The nth and all that follow.
    From(u32),
}

/// While this lives, allocations of this task can be made to fail.
pub(crate) struct FaultInjection;

impl FaultInjection {
    pub(crate) fn begin() -> Available<Self> {
        match c::iomrs_c_fault_injection_begin() {
            0 => Ok(Self),
            _ => {
                Err(c"no /sys/kernel/debug/fail{slab,_page_alloc}: CONFIG_FAULT_INJECTION_DEBUG_FS")
            }
        }
    }

    /// Calls `call` while allocations fail. Returns how many more allocations it would have taken
    /// for the first to fail, too: 0 says that one has failed.
    pub(crate) fn run<T>(&self, which: Fail, call: impl FnOnce() -> T) -> (T, u32) {
        match which {
            Fail::Nth(n) => c::iomrs_c_fail_nth(n),
            Fail::From(n) => c::iomrs_c_fail_from(n),
        }
        let result = call();
        let left = c::iomrs_c_fail_countdown();
        c::iomrs_c_fail_from(0);
        (result, left)
    }
}

impl Drop for FaultInjection {
    fn drop(&mut self) {
        c::iomrs_c_fail_from(0);
        c::iomrs_c_fault_injection_end();
    }
}
