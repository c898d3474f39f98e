// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! One run at a time: from a spec to results.

use crate::harness::{
    claim::Claim,
    jobs::{self, Context},
    results::{Machine, Row},
    spec::{Selection, Spec},
    status::{State, Status},
    workloads,
};
use core::sync::atomic::{AtomicU32, Ordering};
use io_mapping_rs::debugfs::files::Text;
use kernel::{alloc::KVVec, new_mutex, prelude::*, str::CString, sync::Mutex};

/// The benchmark.
#[pin_data]
pub(crate) struct Bench {
    /// The range of the last run, kept for the next one. A run holds the lock.
    #[pin]
    claim: Mutex<Option<Claim>>,
    #[pin]
    status: Mutex<Status>,
    #[pin]
    rows: Mutex<KVVec<Row>>,
    /// How much of the running job is done, in thousandths.
    progress: AtomicU32,
    machine: Machine,
}

impl Bench {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            claim <- new_mutex!(None),
            status <- new_mutex!(Status::IDLE),
            rows <- new_mutex!(KVVec::new()),
            progress: AtomicU32::new(0),
            machine: Machine::new(),
        })
    }

    /// Runs a spec.
    ///
    /// # Errors
    ///
    /// | errno | state |
    /// |---|---|
    /// | `EBUSY` | another run is not over |
    /// | `EINVAL` | the spec is wrong; [`Bench::show_status`] tells which word and why |
    /// | `EINTR` | a signal stopped it |
    ///
    /// and those of [`Claim::new`], of which [`Bench::show_status`] tells the reason.
    pub(crate) fn run(&self, text: &str) -> Result {
        let mut claim = self.claim.try_lock().ok_or(EBUSY)?;
        let is_known = |name: &str| workloads::all().any(|workload| workload.name == name);
        let spec = Spec::parse(text, is_known).map_err(|err| {
            self.refuse(CString::try_from_fmt(fmt!("\"{}\": {}", err.word, err.why)));
            EINVAL
        })?;
        if spec.selection == Selection::List {
            self.status.lock().end(State::Listed, None);
            return Ok(());
        }
        let claim = self.claim(&mut claim, &spec)?;
        let result = self.run_jobs(claim, &spec);
        let state = match result {
            Ok(()) => State::Done,
            Err(EINTR) => State::Stopped,
            Err(_) => State::Failed,
        };
        self.status.lock().end(state, None);
        result
    }

    /// Returns the range of a spec: the last one, unless the spec names another.
    fn claim<'a>(&self, claim: &'a mut Option<Claim>, spec: &Spec<'_>) -> Result<&'a Claim> {
        if let Some(range) = spec.range {
            let is_other = |claim: &Claim| claim.range() != range || claim.is_leaving();
            if claim.as_ref().is_none_or(is_other) {
                *claim = None;
                let new = Claim::new(range).map_err(|refusal| {
                    self.refuse(CString::try_from_fmt(fmt!("the range {}", refusal.why)));
                    refusal.errno
                })?;
                *claim = Some(new);
            }
        }
        claim.as_ref().ok_or_else(|| {
            self.refuse(CString::try_from_fmt(fmt!(
                "no range: name one, for example range=0000:00:02.0/2 (a BAR)"
            )));
            EINVAL
        })
    }

    fn run_jobs(&self, claim: &Claim, spec: &Spec<'_>) -> Result {
        if !spec.keep {
            *self.rows.lock() = KVVec::new();
        }
        let cpus = jobs::cpus()?;
        let context = Context {
            claim,
            cpus: &cpus,
            machine: &self.machine,
            progress: &self.progress,
        };
        let jobs = jobs::of(spec, &context)?;
        for (done, job) in jobs.iter().enumerate() {
            self.progress.store(0, Ordering::Relaxed);
            *self.status.lock() = Status::running(job.subject, done, jobs.len());
            let mut rows = KVVec::new();
            job.run(&context, &mut rows)?;
            let mut all = self.rows.lock();
            all.reserve(rows.len(), GFP_KERNEL)?;
            for row in rows {
                all.push(row, GFP_KERNEL)?;
            }
        }
        Ok(())
    }

    /// Lets `status` tell why a spec is refused, if there is memory for the reason.
    fn refuse(&self, why: Result<CString, impl Sized>) {
        self.status.lock().end(State::Refused, why.ok());
    }

    /// Calls `f` with the results of the last run, as far as it has come.
    pub(crate) fn with_rows(&self, f: impl FnOnce(&[Row], &Machine) -> Result) -> Result {
        f(&self.rows.lock(), &self.machine)
    }

    pub(crate) fn show_status(&self, out: &mut Text) -> Result {
        let progress = self.progress.load(Ordering::Relaxed) as usize;
        self.status.lock().show(progress, out)
    }
}
