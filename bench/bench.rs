// SPDX-License-Identifier: GPL-2.0

//! One run at a time: from a spec to results.

use crate::{
    claim::{self, Claim},
    jobs::{self, Job},
    results::{Machine, Row},
    spec::{Selection, Spec},
    workloads::{self, Workload},
};
use core::sync::atomic::{AtomicU32, Ordering};
use io_mapping_rs::debugfs::files::Text;
use kernel::{alloc::KVVec, fmt::Write, new_mutex, prelude::*, str::CString, sync::Mutex};

/// What a run is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Running,
    Done,
    Listed,
    Stopped,
    Refused,
    Failed,
}

/// What `status` says.
struct Status {
    state: State,
    /// Jobs done, and how many there are.
    jobs: (usize, usize),
    /// The job that runs.
    job: Option<(&'static str, &'static str, u64, u32)>,
    /// What was wrong.
    error: Option<CString>,
}

/// The benchmark.
#[pin_data]
pub(crate) struct Bench {
    /// The range of the last run, kept for the next one. Whoever holds the lock runs.
    #[pin]
    claim: Mutex<Option<Claim>>,
    #[pin]
    status: Mutex<Status>,
    #[pin]
    rows: Mutex<KVVec<Row>>,
    /// Of the job that runs, in thousandths.
    progress: AtomicU32,
    machine: Machine,
}

impl Bench {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            claim <- new_mutex!(None),
            status <- new_mutex!(Status {
                state: State::Idle,
                jobs: (0, 0),
                job: None,
                error: None,
            }),
            rows <- new_mutex!(KVVec::new()),
            progress: AtomicU32::new(0),
            machine: Machine::new(),
        })
    }

    /// Runs a spec.
    ///
    /// # Errors
    ///
    /// `EBUSY` while another one runs, `EINVAL` for a bad spec and, where the range cannot be had,
    /// those of [`Claim::new`]: then `status` says why. `EINTR` where a signal comes.
    pub(crate) fn run(&self, text: &str) -> Result {
        let mut claim = self.claim.try_lock().ok_or(EBUSY)?;
        let known = |name: &str| Workload::all().any(|workload| workload.name == name);
        let spec = match Spec::parse(text, known) {
            Ok(spec) => spec,
            Err(err) => {
                let why = CString::try_from_fmt(fmt!("\"{}\": {}", err.word, err.why));
                self.end(State::Refused, why.ok());
                return Err(EINVAL);
            }
        };
        if spec.selection == Selection::List {
            self.end(State::Listed, None);
            return Ok(());
        }
        let claim = self.claim(&mut claim, &spec)?;
        let result = self.run_jobs(claim, &spec);
        match result {
            Ok(()) => self.end(State::Done, None),
            Err(EINTR) => self.end(State::Stopped, None),
            Err(_) => self.end(State::Failed, None),
        }
        result
    }

    /// The range of a spec: the one that there is, unless it names another one.
    fn claim<'a>(&self, claim: &'a mut Option<Claim>, spec: &Spec<'_>) -> Result<&'a Claim> {
        if let Some(range) = spec.range {
            if claim.as_ref().is_none_or(|claim| claim.range() != range) {
                *claim = None;
                let new = Claim::new(range).inspect_err(|&err| {
                    let why = CString::try_from_fmt(fmt!("range: {}", claim::why(err)));
                    self.end(State::Refused, why.ok());
                })?;
                *claim = Some(new);
            }
        }
        claim.as_ref().ok_or_else(|| {
            let why = CString::try_from_fmt(fmt!("no range: range=0000:00:02.0/2 names a BAR"));
            self.end(State::Refused, why.ok());
            EINVAL
        })
    }

    fn run_jobs(&self, claim: &Claim, spec: &Spec<'_>) -> Result {
        if !spec.keep {
            *self.rows.lock() = KVVec::new();
        }
        let cpus = jobs::cpus()?;
        let jobs = jobs::of(spec, claim.size(), u32::try_from(cpus.len())?)?;
        for (done, job) in jobs.iter().enumerate() {
            self.begin(job, done, jobs.len());
            let mut rows = KVVec::new();
            job.run(claim, &cpus, &self.machine, &self.progress, &mut rows)?;
            let mut all = self.rows.lock();
            all.reserve(rows.len(), GFP_KERNEL)?;
            for row in rows {
                all.push(row, GFP_KERNEL)?;
            }
        }
        Ok(())
    }

    fn begin(&self, job: &Job, done: usize, count: usize) {
        self.progress.store(0, Ordering::Relaxed);
        let subject = &job.subject;
        let workload = subject.workload;
        *self.status.lock() = Status {
            state: State::Running,
            jobs: (done, count),
            job: Some((
                workload.name,
                workload.strategy(),
                subject.size,
                subject.cpus,
            )),
            error: None,
        };
    }

    fn end(&self, state: State, error: Option<CString>) {
        let mut status = self.status.lock();
        status.state = state;
        status.error = error;
        if state != State::Stopped {
            status.job = None;
        }
    }

    /// What has been measured so far.
    pub(crate) fn with_rows(&self, f: impl FnOnce(&[Row], &Machine) -> Result) -> Result {
        f(&self.rows.lock(), &self.machine)
    }

    /// `key: value` lines.
    pub(crate) fn show_status(&self, out: &mut Text) -> Result {
        let status = self.status.lock();
        let state = match status.state {
            State::Idle => "idle",
            State::Running => "running",
            State::Done => "done",
            State::Listed => "listed",
            State::Stopped => "stopped by a signal",
            State::Refused => "refused",
            State::Failed => "failed",
        };
        writeln!(out, "state: {state}")?;
        if status.state == State::Running {
            let (done, count) = status.jobs;
            let progress = self.progress.load(Ordering::Relaxed) as usize;
            let percent = (done * 1000 + progress) / (count * 10).max(1);
            writeln!(out, "percent: {percent}")?;
        }
        if status.state == State::Done {
            writeln!(out, "percent: 100")?;
        }
        if let Some((name, strategy, size, cpus)) = status.job {
            writeln!(
                out,
                "job: {name} strategy={strategy} size={size} cpus={cpus}"
            )?;
        }
        if let Some(error) = &status.error {
            writeln!(out, "error: {}", error.to_str().map_err(|_| EINVAL)?)?;
        }
        if status.state == State::Listed {
            workloads::list(out)?;
        }
        Ok(())
    }
}
