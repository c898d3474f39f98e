// SPDX-License-Identifier: GPL-2.0

//! L4: a short check of the library on a range of memory that a person names, on kernels that have
//! no KUnit too. Reports as KTAP.
//!
//! One word in each of some pages is written, and put back at the end.

use crate::bindings;
use crate::debugfs::files::Text;
use crate::io_mapping::{IoMapping, Strategy};
use crate::ioremap::{Mapping, Options};
use crate::mm::cache_mode::CacheMode;
use crate::mm::page_table::Entry;
use crate::mm::phys_range::PAGE_SIZE;
use kernel::{
    fmt::{self, Write},
    io::Io,
    prelude::*,
    str::{parse_int::ParseInt, BStr},
};

/// Pages that are written to at most.
const PAGES: u64 = 256;
/// How a range is named.
const USAGE: &str = "write \"PHYS SIZE\": physical address and bytes of device memory that nobody \
                     uses, whole pages, such as \"0xfe000000 0x10000\"";

/// What the file says before anything has been run.
pub(crate) fn usage(out: &mut Text) -> Result {
    Ok(writeln!(out, "KTAP version 1\n1..0 # SKIP {USAGE}")?)
}

/// What is checked.
const CASES: [&str; 8] = [
    "map",
    "entries",
    "write_and_read_back",
    "whole_aperture",
    "sparse_aperture",
    "outside_is_refused",
    "put_back",
    "unmap",
];

/// A check did not hold; why has been written.
struct Failed;

type Verdict<T = ()> = core::result::Result<T, Failed>;

/// The report, case by case.
struct Report<'a> {
    out: &'a mut Text,
    next: usize,
    failed: bool,
}

impl Report<'_> {
    /// A line about the case that is running.
    fn note(&mut self, what: fmt::Arguments<'_>) {
        // Who wants to read it will be told that there is no memory for it.
        let _ = writeln!(self.out, "    # {what}");
    }

    fn fail<T>(&mut self, why: fmt::Arguments<'_>) -> Verdict<T> {
        self.note(why);
        Err(Failed)
    }

    /// The value of what must not be an error.
    fn ok<T>(&mut self, what: &str, result: Result<T>) -> Verdict<T> {
        result.or_else(|err| self.fail(fmt!("{what}: {err:?}")))
    }

    fn same(&mut self, what: &str, offset: u64, got: u32, expected: u32) -> Verdict {
        if got == expected {
            return Ok(());
        }
        self.fail(fmt!(
            "{what} at offset {offset:#x} is {got:#x}, not {expected:#x}"
        ))
    }

    /// Runs the next case and says what came of it.
    fn case<T>(&mut self, check: impl FnOnce(&mut Self) -> Verdict<T>) -> Option<T> {
        let verdict = check(self).ok();
        self.failed |= verdict.is_none();
        let not = if verdict.is_none() { "not " } else { "" };
        self.end(not, "");
        verdict
    }

    fn skip(&mut self, why: &str) {
        while self.next < CASES.len() {
            self.end("", why);
        }
    }

    fn end(&mut self, not: &str, directive: &str) {
        let name = CASES.get(self.next).unwrap_or(&"");
        self.next += 1;
        let _ = writeln!(self.out, "    {not}ok {} {name}{directive}", self.next);
    }
}

/// Runs the check on the range that `text` names.
///
/// # Errors
///
/// `EINVAL` where `text` does not name a range of whole pages, `EPERM` for system RAM. `out` says
/// that, too, and what came of the check otherwise.
pub(crate) fn run(text: &str, out: &mut Text) -> Result {
    let Some((phys, size)) = parse(text) else {
        refuse(out, fmt!("{:?} is no range: {USAGE}", text.trim()))?;
        return Err(EINVAL);
    };
    // Reserved pages too, such as the kernel's own, which C's ioremap maps, and so do we.
    if bindings::iomrs_has_ram(phys, size) {
        let ram = "is system RAM: name a BAR, or a range set aside with memmap=";
        refuse(out, fmt!("{phys:#x}, {size:#x} bytes, {ram}"))?;
        return Err(EPERM);
    }
    let options = Options::new(CacheMode::UncachedMinus);
    // SAFETY: Whoever writes a range to the file, which is root's, says so; it is no RAM.
    let mapping = unsafe { options.map(phys, size) };
    writeln!(out, "KTAP version 1\n1..1\n    KTAP version 1")?;
    writeln!(out, "    # Subtest: io_mapping_rs\n    1..{}", CASES.len())?;
    let mut report = Report {
        out,
        next: 0,
        failed: false,
    };
    let range = Range { phys, size };
    report.note(fmt!("{size:#x} bytes from {phys:#x} on"));
    range.check(&mut report, mapping);
    let not = if report.failed { "not " } else { "" };
    Ok(writeln!(out, "{not}ok 1 io_mapping_rs")?)
}

fn parse(text: &str) -> Option<(u64, u64)> {
    let mut words = text.split_ascii_whitespace();
    let mut number = || u64::from_str(BStr::from_bytes(words.next()?.as_bytes())).ok();
    let range = (number()?, number()?);
    let whole = (range.0 | range.1) & (PAGE_SIZE - 1) == 0 && range.1 != 0;
    let fits = range.0.checked_add(range.1).is_some();
    (whole && fits && words.next().is_none()).then_some(range)
}

/// The only line of a report on what cannot be checked.
fn refuse(out: &mut Text, why: fmt::Arguments<'_>) -> Result {
    Ok(writeln!(
        out,
        "KTAP version 1\n1..1\n# {why}\nnot ok 1 io_mapping_rs"
    )?)
}

/// The range, and what is written to it.
struct Range {
    phys: u64,
    size: u64,
}

impl Range {
    /// Offsets of the pages that are written to: some, spread over the range, the last included.
    fn pages(&self) -> impl Iterator<Item = u64> {
        let pages = self.size / PAGE_SIZE;
        let count = pages.min(PAGES);
        // The last of them is the last page: no overflow, as there are fewer than 2^52 pages.
        (1..=count).map(move |nth| ((nth * pages).div_ceil(count) - 1) * PAGE_SIZE)
    }

    /// What is written to the page at `offset`: no two are the same.
    fn mark(&self, offset: u64) -> u32 {
        // CAST: the bits that differ.
        0x1057_0000 ^ ((self.phys + offset) / PAGE_SIZE) as u32
    }

    /// Runs the cases, in the order of [`CASES`].
    fn check(&self, report: &mut Report<'_>, mapping: Result<Mapping>) {
        let mapping = report.case(|r| r.ok("ioremap", mapping));
        let Some(mapping) = mapping else {
            return report.skip(" # SKIP nothing is mapped");
        };
        report.case(|r| self.entries(r, &mapping));
        let mut saved = KVec::new();
        report.case(|r| self.write(r, &mapping, &mut saved));
        report.case(|r| self.aperture(r, Strategy::Whole));
        report.case(|r| self.aperture(r, Strategy::Sparse));
        report.case(|r| self.outside(r));
        report.case(|r| self.put_back(r, &mapping, &saved));
        report.case(|r| self.unmap(r, mapping));
    }

    /// Each entry maps what follows on the one before, with the mode that the mapping says it has.
    fn entries(&self, report: &mut Report<'_>, mapping: &Mapping) -> Verdict {
        let mut phys = self.phys;
        for entry in mapping.entries() {
            if entry.phys() != phys || entry.cache_mode() != Some(mapping.achieved()) {
                let raw = entry.raw();
                return report.fail(fmt!("the entry for {phys:#x} is {raw:#x}"));
            }
            phys += entry.page_size() as u64;
        }
        if phys < self.phys + self.size {
            return report.fail(fmt!("nothing is mapped at {phys:#x}"));
        }
        report.note(fmt!("{}", mapping.achieved().name()));
        Ok(())
    }

    /// Keeps in `saved` what is there, and writes the marks, all of them before one is read.
    fn write(&self, report: &mut Report<'_>, mapping: &Mapping, saved: &mut KVec<u32>) -> Verdict {
        let memory = saved.reserve(PAGES as usize, GFP_KERNEL);
        report.ok("memory", memory.map_err(Error::from))?;
        for offset in self.pages() {
            let word = report.ok("read", mapping.try_read32(offset as usize))?;
            let saved = saved.push(word, GFP_KERNEL).map_err(Error::from);
            report.ok("memory", saved)?;
        }
        for offset in self.pages() {
            let mark = self.mark(offset);
            report.ok("write", mapping.try_write32(mark, offset as usize))?;
        }
        for offset in self.pages() {
            let word = report.ok("read", mapping.try_read32(offset as usize))?;
            report.same("the word", offset, word, self.mark(offset))?;
        }
        Ok(())
    }

    /// Every kind of map of an aperture shows the marks.
    fn aperture(&self, report: &mut Report<'_>, strategy: Strategy) -> Verdict {
        let options = Options::new(CacheMode::UncachedMinus);
        // SAFETY: As for `run`.
        let aperture = unsafe { IoMapping::with_strategy(self.phys, self.size, options, strategy) };
        let aperture = report.ok("aperture", aperture)?;
        for offset in self.pages() {
            let map = report.ok("map_local", aperture.map_local(offset))?;
            let local = map.try_read32(0);
            drop(map);
            let map = report.ok("map_atomic", aperture.map_atomic(offset))?;
            let atomic = map.try_read32(0);
            drop(map);
            let map = report.ok("map", aperture.map(offset, PAGE_SIZE))?;
            let lasting = map.try_read32(0);
            for (what, word) in [
                ("map_local", local),
                ("map_atomic", atomic),
                ("map", lasting),
            ] {
                let word = report.ok(what, word)?;
                report.same(what, offset, word, self.mark(offset))?;
            }
        }
        Ok(())
    }

    /// A map that leaves the range is refused.
    fn outside(&self, report: &mut Report<'_>) -> Verdict {
        let options = Options::new(CacheMode::UncachedMinus);
        // SAFETY: As for `run`.
        let aperture = unsafe { IoMapping::new(self.phys, self.size, options) };
        let aperture = report.ok("aperture", aperture)?;
        let errors = [
            aperture.map_local(self.size).err(),
            aperture.map(self.size - PAGE_SIZE, 2 * PAGE_SIZE).err(),
        ];
        for err in errors {
            if err != Some(EINVAL) {
                return report.fail(fmt!("a map past the end gives {err:?}"));
            }
        }
        Ok(())
    }

    /// Writes what was there.
    fn put_back(&self, report: &mut Report<'_>, mapping: &Mapping, saved: &[u32]) -> Verdict {
        for (offset, &word) in self.pages().zip(saved) {
            report.ok("write", mapping.try_write32(word, offset as usize))?;
            let now = report.ok("read", mapping.try_read32(offset as usize))?;
            report.same("the word", offset, now, word)?;
        }
        Ok(())
    }

    /// No address maps the range any more. (Another mapping may have the addresses by now.)
    fn unmap(&self, report: &mut Report<'_>, mapping: Mapping) -> Verdict {
        let (addr, size) = (mapping.addr(), mapping.size());
        drop(mapping);
        for offset in (0..size).step_by(PAGE_SIZE as usize) {
            let entry = Entry::lookup(addr + offset);
            let phys = self.phys + offset as u64;
            if entry.is_some_and(|entry| {
                entry.phys() <= phys && phys - entry.phys() < entry.page_size() as u64
            }) {
                return report.fail(fmt!("{phys:#x} is still mapped"));
            }
        }
        Ok(())
    }
}
