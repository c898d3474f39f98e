// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! What happened on a CPU while a workload ran there.

use crate::harness::{c, timing::ticks};

#[derive(Clone, Copy, Default)]
pub(crate) struct Observed {
    pub(crate) cpu: u32,
    pub(crate) migrated: bool,
    pub(crate) interrupts: u64,
    /// How often the task had to give up its CPU.
    pub(crate) switches: u64,
    /// What the hypervisor took from the CPU.
    pub(crate) steal_ns: u64,
    /// Ticks from the first batch to the last one.
    pub(crate) elapsed: u64,
}

impl Observed {
    /// Merges what another thread observed on its CPU.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.cpu = self.cpu.max(other.cpu);
        self.migrated |= other.migrated;
        self.interrupts += other.interrupts;
        self.switches += other.switches;
        self.steal_ns += other.steal_ns;
        self.elapsed = self.elapsed.max(other.elapsed);
    }
}

/// Observes the calling thread and its CPU, from [`Observer::begin`] to [`Observer::end`].
pub(crate) struct Observer {
    cpu: u32,
    migrated: bool,
    interrupts: u64,
    switches: u64,
    steal_ns: u64,
    start: u64,
}

impl Observer {
    pub(crate) fn begin() -> Self {
        let cpu = c::iomrs_b_cpu();
        Self {
            cpu,
            migrated: false,
            interrupts: c::iomrs_b_interrupts(),
            switches: c::iomrs_b_switches(),
            steal_ns: c::iomrs_b_steal_ns(cpu),
            start: ticks(),
        }
    }

    /// Notes whether the thread is on another CPU now.
    pub(crate) fn check_cpu(&mut self) {
        self.migrated |= c::iomrs_b_cpu() != self.cpu;
    }

    pub(crate) fn end(self) -> Observed {
        let elapsed = ticks().wrapping_sub(self.start);
        Observed {
            cpu: self.cpu,
            migrated: self.migrated,
            interrupts: c::iomrs_b_interrupts().wrapping_sub(self.interrupts),
            switches: c::iomrs_b_switches().wrapping_sub(self.switches),
            steal_ns: c::iomrs_b_steal_ns(self.cpu).wrapping_sub(self.steal_ns),
            elapsed,
        }
    }
}
