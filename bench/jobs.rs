// SPDX-License-Identifier: GPL-2.0

//! What a spec asks for, as a list of jobs, and each job's results.

use crate::{
    c,
    claim::Claim,
    fixture::{Fixture, PAGE},
    results::{Machine, Row, Side, Subject},
    runner,
    spec::{Cpus, Selection, Spec, StrategyChoice},
    workloads::{Sides, Target, Workload},
};
use core::sync::atomic::AtomicU32;
use io_mapping_rs::{ioremap, Strategy};
use kernel::{alloc::KVVec, prelude::*};

/// A workload of one size on some CPUs.
pub(crate) struct Job {
    pub(crate) subject: Subject,
    batches: Option<u32>,
    /// The spec has named the size: no matter how long it takes.
    by_name: bool,
}

/// The CPUs that are on line, the last one first.
pub(crate) fn cpus() -> Result<KVec<u32>> {
    let mut ids = KVec::from_elem(0, crate::spec::MAX_CPUS as usize, GFP_KERNEL)?;
    // SAFETY: There is room for as many.
    let count = unsafe { c::iomrs_b_cpus(ids.as_mut_ptr(), crate::spec::MAX_CPUS) };
    ids.truncate(count as usize);
    Ok(ids)
}

/// The jobs of a spec on a range of `range` bytes. `online` CPUs are there.
pub(crate) fn of(spec: &Spec<'_>, range: u64, online: u32) -> Result<KVec<Job>> {
    let mut jobs = KVec::new();
    for workload in Workload::all() {
        let strategy = match spec.strategy {
            StrategyChoice::Both => workload.strategy,
            StrategyChoice::Whole => Strategy::Whole,
            StrategyChoice::Sparse => Strategy::Sparse,
        };
        // One without an aperture is of either.
        if !spec.wants(workload.name)
            || workload.strategy != strategy && workload.strategy != Strategy::Auto
        {
            continue;
        }
        let whole = [range];
        let named = !spec.sizes().is_empty() && !workload.sizes.is_empty();
        let sizes = match (named, workload.sizes) {
            (true, _) => spec.sizes(),
            (false, []) => &whole,
            (false, sizes) => sizes,
        };
        let cpus = match spec.cpus {
            Cpus::Count(count) => count..=count,
            Cpus::UpToAll => 1..=online,
            Cpus::Default if workload.scales => 1..=online,
            Cpus::Default => 1..=1,
        };
        for &size in sizes {
            for cpus in cpus.clone() {
                let subject = Subject {
                    workload,
                    size,
                    cpus,
                };
                let job = Job {
                    subject,
                    batches: spec.batches,
                    by_name: named && spec.selection != Selection::All,
                };
                jobs.push(job, GFP_KERNEL)?;
            }
        }
    }
    Ok(jobs)
}

/// Entries of an aperture mapped as a whole that are too many, unless the spec names the size.
const MANY_ENTRIES: u64 = 1 << 18;

impl Job {
    /// Adds its rows. What cannot be run has rows too, which say why.
    ///
    /// # Errors
    ///
    /// `EINTR` where a signal comes, `ENOMEM` where the results find no room.
    pub(crate) fn run(
        &self,
        claim: &Claim,
        cpus: &[u32],
        machine: &Machine,
        progress: &AtomicU32,
        rows: &mut KVVec<Row>,
    ) -> Result {
        match self.measure(claim, cpus, machine, progress, rows) {
            Err(NotRun::Because(reason)) => {
                for side in [Side::C, Side::Ours] {
                    rows.push(Row::not_run(self.subject, side, reason), GFP_KERNEL)?;
                }
                Ok(())
            }
            Err(NotRun::Stopped) => Err(EINTR),
            Ok(()) => Ok(()),
        }
    }

    fn measure(
        &self,
        claim: &Claim,
        cpus: &[u32],
        machine: &Machine,
        progress: &AtomicU32,
        rows: &mut KVVec<Row>,
    ) -> core::result::Result<(), NotRun> {
        let Subject { workload, size, .. } = self.subject;
        let cpus = cpus.get(..self.subject.cpus as usize);
        let cpus = cpus.ok_or(NotRun::Because("fewer CPUs are on line"))?;
        self.check(claim, workload, size)?;
        let fixture = Fixture::new(claim, workload, size).map_err(NotRun::fixture)?;
        let measured = runner::run(&fixture, workload, cpus, self.batches, progress)?;
        let parts = matches!(workload.sides, Sides::Pair { .. });
        Ok(measured.rows(machine, self.subject, parts, rows)?)
    }

    fn check(
        &self,
        claim: &Claim,
        workload: &Workload,
        size: u64,
    ) -> core::result::Result<(), NotRun> {
        if !claim.is_held() {
            return Err(NotRun::Because("the device is gone"));
        }
        match workload.target {
            Target::Ports if !claim.is_ports() => {
                return Err(NotRun::Because("the range is not a BAR of ports"));
            }
            _ if workload.transfers && workload.irqs_off && size > workload.rounds(1) as u64 => {
                return Err(NotRun::Because("too much to move with interrupts off"));
            }
            Target::Ports => return Ok(()),
            _ if claim.is_ports() => return Err(NotRun::Because("the range is a BAR of ports")),
            Target::Bar if !claim.is_bar() => {
                return Err(NotRun::Because("the range is not a BAR"))
            }
            Target::Bar if self.subject.cpus > 1 => {
                return Err(NotRun::Because("a BAR is requested by one at a time"));
            }
            _ => (),
        }
        if size > claim.size() {
            return Err(NotRun::Because("the range is smaller"));
        }
        if !workload.transfers && size % (workload.pages * PAGE) != 0 {
            let reason = "the size is not a multiple of the pages that it takes";
            return Err(NotRun::Because(reason));
        }
        if self.by_name || size / PAGE <= MANY_ENTRIES {
            return Ok(());
        }
        if workload.maps_all() && only_small(claim)? {
            let reason = "too many entries: ours has pages of 4K only here";
            return Err(NotRun::Because(reason));
        }
        // SAFETY: The range is ours as long as the claim, and larger than that.
        if workload.c_maps_all && unsafe { c::iomrs_b_only_small(claim.phys(), 2 << 20) } {
            let reason = "too many entries: C has pages of 4K only here";
            return Err(NotRun::Because(reason));
        }
        Ok(())
    }
}

/// Whether our mappings have small pages only on this kernel.
fn only_small(claim: &Claim) -> Result<bool> {
    // SAFETY: The range is ours as long as the claim, and larger than that.
    let mapping = unsafe { ioremap::ioremap_wc(claim.phys(), 2 << 20)? };
    let first = mapping.entries().next().ok_or(EINVAL)?;
    Ok(first.page_size() as u64 == PAGE)
}

/// Why a job has no results.
enum NotRun {
    Because(&'static str),
    Stopped,
}

impl NotRun {
    fn fixture(err: Error) -> Self {
        match err {
            ENOSPC => Self::Because("the range is smaller"),
            ENODEV => Self::Because("the device is gone"),
            ENOMEM => Self::Because("no memory or no address space for it"),
            EPERM => Self::Because("this backend does not map it: EPERM"),
            _ => Self::Because("it cannot be set up"),
        }
    }
}

impl From<Error> for NotRun {
    fn from(err: Error) -> Self {
        match err {
            EINTR => Self::Stopped,
            EIO => Self::Because("a side read back other bytes than it wrote or could not map"),
            ENOMEM => Self::Because("no memory or no address space for it"),
            EAGAIN => Self::Because("ours ran out of slots"),
            EINVAL => Self::Because("ours refused the size or the strategy: EINVAL"),
            EPERM => Self::Because("this backend does not map it: EPERM"),
            _ => Self::Because("a side failed"),
        }
    }
}
