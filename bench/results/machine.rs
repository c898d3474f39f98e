// SPDX-License-Identifier: GPL-2.0

//! The machine that all results of a run are from.

use crate::harness::{arch::UNNAMED, c};
use io_mapping_rs::{window::WINDOW, BACKEND};
use kernel::prelude::*;

/// How QEMU's emulation names itself.
const EMULATION: &[u8; 12] = b"TCGTCGTCGTCG";

pub(crate) struct Machine {
    name: [u8; 12],
    virtual_machine: bool,
    /// Ticks of the clock in a millisecond, as the kernel measured them first. It measures them once
    /// more in its first seconds, and may correct them a little.
    pub(crate) khz: u32,
    /// Whether the clock is independent of the CPU's frequency.
    pub(super) constant_rate: bool,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let mut name = [0; 12];
        // SAFETY: The name is valid for writes of 12 bytes.
        let virtual_machine = unsafe { c::iomrs_b_hypervisor(name.as_mut_ptr()) };
        for byte in &mut name {
            if !byte.is_ascii_alphanumeric() {
                *byte = b'.';
            }
        }
        let mut this = Self {
            name,
            virtual_machine,
            khz: c::iomrs_b_khz(),
            constant_rate: c::iomrs_b_clock_is_constant(),
        };
        // It does not say that the clock is, but has no frequency to follow.
        this.constant_rate |= this.is_emulated();
        this
    }

    /// Returns whether QEMU emulates the CPU and says so, as it does on x86.
    pub(crate) fn is_emulated(&self) -> bool {
        &self.name == EMULATION
    }

    /// Returns the name that the hypervisor gives itself.
    pub(super) fn hypervisor(&self) -> &str {
        if !self.virtual_machine {
            return UNNAMED;
        }
        core::str::from_utf8(&self.name).unwrap_or("?")
    }

    /// Returns the kernel's release.
    pub(super) fn kernel(&self) -> &str {
        // SAFETY: It is a string with a NUL at its end that is there as long as the kernel.
        let release = unsafe { CStr::from_char_ptr(c::iomrs_b_kernel()) };
        release.to_str().unwrap_or("?")
    }

    /// Returns how the library gets address space.
    pub(super) fn backend(&self) -> &'static str {
        BACKEND
    }

    /// Returns how the library maps pages for a short time.
    pub(super) fn window(&self) -> &'static str {
        WINDOW
    }
}
