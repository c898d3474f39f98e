// SPDX-License-Identifier: GPL-2.0

//! Temporary maps of a program in tasks, in interrupts and on two CPUs.

use super::{
    calls::{show, wrong, Aperture, Run},
    program::Words,
};
use crate::support::{
    contexts::{on_two_cpus, two_cpus, Context},
    outcome::*,
    ranges::*,
};
use core::sync::atomic::{AtomicU32, Ordering};
use kernel::prelude::*;

impl Run<'_> {
    /// Maps a page in any context, and one more meanwhile.
    pub(super) fn map_atomic(&mut self, aperture: &Aperture<'_>, words: &mut Words) -> Outcome {
        let offset = aperture.offset(words);
        let result = aperture.aperture.map_atomic(offset, |map| {
            self.access(map, aperture.start + offset, words)?;
            let inner = aperture.offset(words);
            let mapped = aperture
                .aperture
                .map_atomic(inner, |map| self.access(map, aperture.start + inner, words));
            self.mapped("map_atomic, within it", aperture, inner, mapped)?;
            self.access(map, aperture.start + offset, words)
        });
        self.mapped("map_atomic", aperture, offset, result)
    }

    /// Checks the result of an atomic map of one page, and returns that of what was done meanwhile.
    fn mapped(
        &mut self,
        call: &str,
        aperture: &Aperture<'_>,
        offset: u64,
        result: Result<Outcome>,
    ) -> Outcome {
        show!(self, "{call}({offset:#x})");
        match (result, aperture.has(offset, 1)) {
            (Ok(done), true) => done,
            (Err(EINVAL), false) => Ok(()),
            (Ok(_), false) => wrong!(self, "it maps what is not there"),
            (Err(err), _) => wrong!(self, "{err:?}"),
        }
    }

    /// Maps a page by an atomic and a local map in an interrupt.
    pub(super) fn in_interrupt(&mut self, aperture: &Aperture<'_>, words: &mut Words) -> Outcome {
        let context = words.choose(&[Context::SoftInterrupt, Context::HardInterrupt]);
        show!(self, "aperture {}, {context:?}:", aperture.which);
        // What is shown would be shown in the interrupt.
        let shown = core::mem::take(&mut self.shown);
        let result = context.run(|| {
            let offset = aperture.offset(words);
            match (aperture.aperture.map_local(offset), aperture.has(offset, 1)) {
                (Ok(map), true) => self.access(&map, aperture.start + offset, words)?,
                // A flush of all CPUs is needed, for which an interrupt cannot wait.
                (Err(EAGAIN), true) | (Err(EINVAL), false) => (),
                _ => return Err(Failed),
            }
            self.map_atomic(aperture, words)
        });
        self.shown = shown;
        match result {
            Some(Ok(())) => Ok(()),
            None => wrong!(self, "it ran elsewhere"),
            Some(Err(Failed)) => wrong!(self, "a map in it, or an access"),
        }
    }

    /// Reads the same page on two CPUs at once.
    pub(super) fn on_two_cpus(&mut self, aperture: &Aperture<'_>, words: &mut Words) -> Outcome {
        if two_cpus().is_err() {
            return Ok(());
        }
        let offset = words.below(aperture.size().div_ceil(PAGE)) * PAGE;
        let at = (words.below(PAGE.min(aperture.size() - offset)) / 8 * 8) as usize;
        if offset + at as u64 + 8 > aperture.size() {
            return Ok(());
        }
        show!(
            self,
            "aperture {}: map_local({offset:#x}) on two CPUs, try_read64({at:#x})",
            aperture.which
        );
        let expected = self.model.value(aperture.start + offset + at as u64, 8);
        let right = AtomicU32::new(0);
        on_two_cpus(&|_| {
            let value = aperture
                .aperture
                .map_local(offset)
                .and_then(|map| map.try_read64(at));
            right.fetch_add(u32::from(value == Ok(expected)), Ordering::Relaxed);
        })?;
        if right.into_inner() != 2 {
            wrong!(self, "not both read {expected:#x}");
        }
        Ok(())
    }
}
