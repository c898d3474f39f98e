// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! What the file `status` shows.

use crate::harness::{results::Subject, workloads};
use io_mapping_rs::debugfs::files::{Decimal, Text};
use kernel::{fmt::Write, prelude::*, str::CString};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Idle,
    Running,
    Done,
    Listed,
    Stopped,
    Refused,
    Failed,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Running => "running",
            Self::Done => "done",
            Self::Listed => "listed",
            Self::Stopped => "stopped by a signal",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

pub(crate) struct Status {
    state: State,
    /// How many jobs are done, and how many there are.
    jobs: (usize, usize),
    /// What runs, or ran when it was stopped.
    job: Option<Subject>,
    /// What is wrong with the spec.
    error: Option<CString>,
}

impl Status {
    pub(crate) const IDLE: Self = Self {
        state: State::Idle,
        jobs: (0, 0),
        job: None,
        error: None,
    };

    /// The job after the first `done` of `count` runs.
    pub(crate) fn running(job: Subject, done: usize, count: usize) -> Self {
        Self {
            state: State::Running,
            jobs: (done, count),
            job: Some(job),
            error: None,
        }
    }

    pub(crate) fn end(&mut self, state: State, error: Option<CString>) {
        self.state = state;
        self.error = error;
        if state != State::Stopped {
            self.job = None;
        }
    }

    /// Writes lines of `key: value`. Of the running job `progress` thousandths are done.
    pub(crate) fn show(&self, progress: usize, out: &mut Text) -> Result {
        writeln!(out, "state: {}", self.state.name())?;
        match self.state {
            State::Running => {
                let (done, count) = self.jobs;
                let percent = (done * 1000 + progress) / (count * 10).max(1);
                writeln!(out, "percent: {percent}")?;
            }
            State::Done => writeln!(out, "percent: 100")?,
            _ => (),
        }
        if let Some(job) = &self.job {
            writeln!(
                out,
                "job: {} strategy={} size={} cpus={}",
                job.workload.name,
                job.workload.strategy_name(),
                Decimal(job.size),
                job.cpus
            )?;
        }
        if let Some(error) = &self.error {
            writeln!(out, "error: {}", error.to_str().map_err(|_| EINVAL)?)?;
        }
        if self.state == State::Listed {
            workloads::list(out)?;
        }
        Ok(())
    }
}
