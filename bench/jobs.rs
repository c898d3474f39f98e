// SPDX-License-Identifier: GPL-2.0

//! What a spec asks for, as a list of jobs.

use crate::harness::{
    c,
    claim::Claim,
    fixture::Fixture,
    not_run::{self, NotRun},
    results::{Machine, Row, Side, Subject},
    runner,
    spec::{self, Cpus, Selection, Spec, StrategyChoice},
    workloads::{self, Workload},
};
use core::{ops::RangeInclusive, result, sync::atomic::AtomicU32};
use io_mapping_rs::Strategy;
use kernel::{alloc::KVVec, prelude::*};

/// A workload of one size on some CPUs.
pub(crate) struct Job {
    pub(crate) subject: Subject,
    batches: Option<u32>,
    /// Whether the spec names both workload and size: then it runs however long it takes.
    named: bool,
}

/// What all jobs of a run have in common.
pub(crate) struct Context<'a> {
    pub(crate) claim: &'a Claim,
    pub(crate) cpus: &'a [u32],
    pub(crate) machine: &'a Machine,
    /// How much of the running job is done, in thousandths.
    pub(crate) progress: &'a AtomicU32,
}

/// Returns the CPUs that are online, the last one first.
pub(crate) fn cpus() -> Result<KVec<u32>> {
    let mut ids = KVec::from_elem(0, spec::MAX_CPUS as usize, GFP_KERNEL)?;
    // SAFETY: `ids` is valid for writes of `MAX_CPUS` numbers.
    let count = unsafe { c::iomrs_b_cpus(ids.as_mut_ptr(), spec::MAX_CPUS) };
    ids.truncate(count as usize);
    Ok(ids)
}

/// Returns the jobs of a spec.
///
/// # Errors
///
/// `ENOMEM` where there is no memory for them.
pub(crate) fn of(spec: &Spec<'_>, context: &Context<'_>) -> Result<KVec<Job>> {
    let online = u32::try_from(context.cpus.len())?;
    let range = [context.claim.size()];
    let mut jobs = KVec::new();
    for workload in workloads::all().filter(|workload| is_wanted(spec, workload)) {
        let named = !spec.sizes().is_empty() && !workload.sizes.is_empty();
        let sizes = match (named, workload.sizes) {
            (true, _) => spec.sizes(),
            (false, []) => &range,
            (false, sizes) => sizes,
        };
        for &size in sizes {
            for cpus in cpu_counts(spec, workload, online) {
                let subject = Subject {
                    workload,
                    size,
                    cpus,
                };
                let job = Job {
                    subject,
                    batches: spec.batches,
                    named: named && spec.selection != Selection::All,
                };
                jobs.push(job, GFP_KERNEL)?;
            }
        }
    }
    Ok(jobs)
}

fn is_wanted(spec: &Spec<'_>, workload: &Workload) -> bool {
    let strategy = match spec.strategy {
        StrategyChoice::Both => true,
        StrategyChoice::Whole => workload.strategy != Strategy::Sparse,
        StrategyChoice::Sparse => workload.strategy != Strategy::Whole,
    };
    strategy && spec.wants(workload.name)
}

/// Returns on how many CPUs at once a workload runs, one number after the other.
fn cpu_counts(spec: &Spec<'_>, workload: &Workload, online: u32) -> RangeInclusive<u32> {
    match spec.cpus {
        Cpus::Count(count) => count..=count,
        Cpus::UpToAll => 1..=online,
        Cpus::Default if workload.scales => 1..=online,
        Cpus::Default => 1..=1,
    }
}

impl Job {
    /// Runs the job and adds its rows. If it cannot run, its rows say why.
    ///
    /// # Errors
    ///
    /// `EINTR` where a signal arrives, `ENOMEM` where there is no memory for the rows.
    pub(crate) fn run(&self, context: &Context<'_>, rows: &mut KVVec<Row>) -> Result {
        match self.measure(context, rows) {
            Ok(()) => Ok(()),
            Err(NotRun::Stopped) => Err(EINTR),
            Err(NotRun::Because(reason)) => {
                for side in [Side::C, Side::Ours] {
                    rows.push(Row::not_run(self.subject, side, reason), GFP_KERNEL)?;
                }
                Ok(())
            }
        }
    }

    fn measure(&self, context: &Context<'_>, rows: &mut KVVec<Row>) -> result::Result<(), NotRun> {
        let Context {
            claim,
            machine,
            progress,
            ..
        } = *context;
        let Subject {
            workload,
            size,
            cpus,
        } = self.subject;
        let cpus = context.cpus.get(..cpus as usize);
        let cpus = cpus.ok_or(NotRun::Because("fewer CPUs are online"))?;
        // Dropped last: until then the device is not removed.
        let in_job = claim.begin_job()?;
        not_run::check(claim, &self.subject)?;
        if !self.named {
            not_run::check_duration(claim, &self.subject)?;
        }
        let plan = workload.plan(claim, size)?;
        let fixture = Fixture::new(&in_job, &plan).map_err(NotRun::from_fixture)?;
        let measurement = runner::run(&fixture, workload, cpus, self.batches, progress)?;
        Ok(Row::add_all(&measurement, self.subject, machine, rows)?)
    }
}
