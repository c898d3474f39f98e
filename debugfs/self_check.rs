// SPDX-License-Identifier: GPL-2.0

//! A short check of the library on a range of device memory that the user names. It needs no KUnit.
//! The report is KTAP.
//!
//! It writes one 32-bit word to each of up to [`MAX_PAGES`] pages, and restores them at the end. So it
//! claims the range first: nobody else may be using it.

use crate::bindings::task;
use crate::debugfs::files::Text;
use crate::io_mapping::{sparse, IoMapping, Strategy};
use crate::ioremap::{Mapping, Options};
use crate::mm::cache_mode::CacheMode;
use crate::mm::phys_range::PAGE_SIZE;
use crate::pci::claim;
use crate::tracking::MappingCursor;
use kernel::{
    fmt::{self, Write},
    prelude::*,
    str::{parse_int::ParseInt, BStr},
};

/// The most pages that are written to.
const MAX_PAGES: usize = 256;
/// How to name a range.
const USAGE: &str = "write \"PHYS SIZE\": the physical address and the size in bytes, multiples of \
                     the page size, of a part of a BAR whose device has no driver, such as \
                     \"0xfe000000 0x10000\"; or \"PHYS SIZE reserved\" for memory that was set aside \
                     with memmap=";

/// Writes the text of the file before the first run.
pub(crate) fn usage(out: &mut Text) -> Result {
    Ok(writeln!(out, "KTAP version 1\n1..0 # SKIP {USAGE}")?)
}

/// The names of the test cases.
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

/// A check failed. The report says why.
struct Failed;

type CheckResult<T = ()> = core::result::Result<T, Failed>;

/// The report, which is written case by case.
struct Report<'a> {
    out: &'a mut Text,
    /// The index of the case that is running.
    case: usize,
    failed: bool,
}

impl Report<'_> {
    /// Writes a diagnostic line.
    fn note(&mut self, what: fmt::Arguments<'_>) {
        // If memory runs out, the line is missing.
        let _ = writeln!(self.out, "    # {what}");
    }

    fn fail<T>(&mut self, why: fmt::Arguments<'_>) -> CheckResult<T> {
        self.note(why);
        Err(Failed)
    }

    /// Returns the value of `result`, which must not be an error.
    fn check_ok<T>(&mut self, what: &str, result: Result<T>) -> CheckResult<T> {
        result.or_else(|err| self.fail(fmt!("{what}: {err:?}")))
    }

    fn check_eq(&mut self, what: &str, offset: u64, got: u32, expected: u32) -> CheckResult {
        if got == expected {
            return Ok(());
        }
        self.fail(fmt!(
            "{what} at offset {offset:#x} is {got:#x}, not {expected:#x}"
        ))
    }

    /// Runs the next case and writes its result.
    fn run_case<T>(&mut self, check: impl FnOnce(&mut Self) -> CheckResult<T>) -> Option<T> {
        let result = check(self).ok();
        self.failed |= result.is_none();
        let not = if result.is_none() { "not " } else { "" };
        self.end_case(not, "");
        result
    }

    /// Skips the cases that have not been run.
    fn skip_rest(&mut self, why: &str) {
        while self.case < CASES.len() {
            self.end_case("", why);
        }
    }

    fn end_case(&mut self, not: &str, directive: &str) {
        let name = CASES.get(self.case).unwrap_or(&"");
        self.case += 1;
        let _ = writeln!(self.out, "    {not}ok {} {name}{directive}", self.case);
    }
}

/// Runs the check on the range that `text` names.
///
/// # Errors
///
/// | errno | state |
/// |---|---|
/// | `EINVAL` | `text` does not name a range of whole pages |
/// | `ERANGE` | a byte lies past the CPU's physical address width |
/// | `EPERM` | a part is system RAM; it is not in a BAR, and `text` does not say that it is reserved |
/// | `EBUSY` | the device of the BAR has a driver, or a part of the range has been requested, or the kernel has no memory to note the request |
/// | `ENOMEM` | memory is short otherwise |
///
/// A check that fails is no error. In each case `out` has a report.
pub(crate) fn run(text: &str, out: &mut Text) -> Result {
    let Some((phys, size, is_reserved)) = parse(text) else {
        report_refusal(out, fmt!("{:?} is not a range: {USAGE}", text.trim()))?;
        return Err(EINVAL);
    };
    // The device, if any, is dropped after the claim.
    let claimed = if is_reserved {
        claim::reserved(phys, size).map(|claim| (claim, None))
    } else {
        claim::in_bar(phys, size).map(|(claim, device)| (claim, Some(device)))
    };
    let _claimed = match claimed {
        Ok(claimed) => claimed,
        Err(err) => {
            report_refusal(out, fmt!("{phys:#x}, {size:#x} bytes, {}", err.why()))?;
            return Err(err.into());
        }
    };
    let options = Options::new(CacheMode::UncachedMinus);
    // SAFETY: The range has been claimed above, and stays so until the mapping has been dropped.
    let mapping = unsafe { options.map(phys, size) };
    writeln!(out, "KTAP version 1\n1..1\n    KTAP version 1")?;
    writeln!(out, "    # Subtest: io_mapping_rs\n    1..{}", CASES.len())?;
    let mut report = Report {
        out,
        case: 0,
        failed: false,
    };
    let range = Range { phys, size };
    report.note(fmt!("{size:#x} bytes at {phys:#x}"));
    range.check(&mut report, mapping);
    let not = if report.failed { "not " } else { "" };
    Ok(writeln!(out, "{not}ok 1 io_mapping_rs")?)
}

/// Returns the address and the size that `text` names, if they are those of whole pages, and whether
/// it says that the range is reserved.
fn parse(text: &str) -> Option<(u64, u64, bool)> {
    let mut words = text.split_ascii_whitespace();
    let mut number = || u64::from_str(BStr::from_bytes(words.next()?.as_bytes())).ok();
    let (phys, size) = (number()?, number()?);
    let is_reserved = match words.next() {
        None => false,
        Some("reserved") => true,
        Some(_) => return None,
    };
    let is_whole_pages = (phys | size) & (PAGE_SIZE - 1) == 0 && size != 0;
    let fits = phys.checked_add(size).is_some();
    (is_whole_pages && fits && words.next().is_none()).then_some((phys, size, is_reserved))
}

/// Writes the report on a range that is refused.
fn report_refusal(out: &mut Text, why: fmt::Arguments<'_>) -> Result {
    Ok(writeln!(
        out,
        "KTAP version 1\n1..1\n# {why}\nnot ok 1 io_mapping_rs"
    )?)
}

/// The range that is checked.
struct Range {
    phys: u64,
    size: u64,
}

impl Range {
    /// Returns the offsets of the pages that are written to. They are spread over the range and
    /// include the last page.
    fn pages(&self) -> impl Iterator<Item = u64> {
        // CAST: The range is mapped. Not in 64 bits, which 32-bit machines cannot divide.
        let pages = (self.size / PAGE_SIZE) as usize;
        let count = pages.min(MAX_PAGES);
        // No overflow: there are as many pages as there are addresses for, and few numbers.
        (1..=count).map(move |nth| ((nth * pages).div_ceil(count) - 1) as u64 * PAGE_SIZE)
    }

    /// Returns the word that is written to the page at `offset`. No two pages get the same.
    fn mark(&self, offset: u64) -> u32 {
        // CAST: Keeps the low bits, in which the pages differ.
        0x1057_0000 ^ ((self.phys + offset) / PAGE_SIZE) as u32
    }

    /// Runs the cases, in the order of [`CASES`].
    fn check(&self, report: &mut Report<'_>, mapping: Result<Mapping>) {
        let mapping = report.run_case(|r| r.check_ok("ioremap", mapping));
        let Some(mapping) = mapping else {
            return report.skip_rest(" # SKIP nothing is mapped");
        };
        report.run_case(|r| self.check_entries(r, &mapping));
        let mut saved = KVec::new();
        report.run_case(|r| self.write_and_read_back(r, &mapping, &mut saved));
        report.run_case(|r| self.check_aperture(r, Strategy::Whole));
        if sparse::is_possible() {
            report.run_case(|r| self.check_aperture(r, Strategy::Sparse));
        } else {
            report.end_case("", " # SKIP there are no slots");
        }
        report.run_case(|r| self.check_outside(r));
        report.run_case(|r| self.put_back(r, &mapping, &saved));
        report.run_case(|r| self.unmap(r, mapping));
    }

    /// Checks that the entries map the range without a gap, with the cache mode of the mapping.
    fn check_entries(&self, report: &mut Report<'_>, mapping: &Mapping) -> CheckResult {
        let mut phys = self.phys;
        for entry in mapping.entries() {
            report.check_ok("check", task::check_killed())?;
            if entry.phys() != phys || entry.cache_mode() != Some(mapping.achieved()) {
                let raw = entry.raw();
                return report.fail(fmt!("the entry for {phys:#x} is {raw:#x}"));
            }
            phys += entry.page_size() as u64;
        }
        if phys < self.phys + self.size {
            return report.fail(fmt!("{phys:#x} is not mapped"));
        }
        report.note(fmt!("{}", mapping.achieved().name()));
        Ok(())
    }

    /// Saves the words, writes all marks, and only then reads them back.
    fn write_and_read_back(
        &self,
        report: &mut Report<'_>,
        mapping: &Mapping,
        saved: &mut KVec<u32>,
    ) -> CheckResult {
        let memory = saved.reserve(MAX_PAGES, GFP_KERNEL);
        report.check_ok("memory", memory.map_err(Error::from))?;
        for offset in self.pages() {
            let word = report.check_ok("read", mapping.try_read32(offset as usize))?;
            let saved = saved.push(word, GFP_KERNEL).map_err(Error::from);
            report.check_ok("memory", saved)?;
        }
        for offset in self.pages() {
            let mark = self.mark(offset);
            report.check_ok("write", mapping.try_write32(mark, offset as usize))?;
        }
        for offset in self.pages() {
            let word = report.check_ok("read", mapping.try_read32(offset as usize))?;
            report.check_eq("word", offset, word, self.mark(offset))?;
        }
        Ok(())
    }

    /// Reads the marks by each of the three ways to map a part of an aperture.
    fn check_aperture(&self, report: &mut Report<'_>, strategy: Strategy) -> CheckResult {
        let options = Options::new(CacheMode::UncachedMinus);
        // SAFETY: `run` has claimed the range, and keeps the claim until all checks have ended.
        let aperture = unsafe { IoMapping::with_strategy(self.phys, self.size, options, strategy) };
        let aperture = report.check_ok("aperture", aperture)?;
        for offset in self.pages() {
            let map = report.check_ok("map_local", aperture.map_local(offset))?;
            let local = map.try_read32(0);
            drop(map);
            let atomic = aperture.map_atomic(offset, |map| map.try_read32(0));
            let atomic = report.check_ok("map_atomic", atomic)?;
            let map = report.check_ok("map", aperture.map(offset, PAGE_SIZE))?;
            let lasting = map.try_read32(0);
            for (what, word) in [
                ("map_local", local),
                ("map_atomic", atomic),
                ("map", lasting),
            ] {
                let word = report.check_ok(what, word)?;
                report.check_eq(what, offset, word, self.mark(offset))?;
            }
        }
        Ok(())
    }

    /// Checks that a map that is not within the range is refused.
    fn check_outside(&self, report: &mut Report<'_>) -> CheckResult {
        let options = Options::new(CacheMode::UncachedMinus);
        // SAFETY: `run` has claimed the range, and keeps the claim until all checks have ended.
        let aperture = unsafe { IoMapping::new(self.phys, self.size, options) };
        let aperture = report.check_ok("aperture", aperture)?;
        let errors = [
            aperture.map_local(self.size).err(),
            aperture.map(self.size - PAGE_SIZE, 2 * PAGE_SIZE).err(),
        ];
        for err in errors {
            if err != Some(EINVAL) {
                return report.fail(fmt!("a map past the end returns {err:?}"));
            }
        }
        Ok(())
    }

    /// Restores the words that were saved.
    fn put_back(&self, report: &mut Report<'_>, mapping: &Mapping, saved: &[u32]) -> CheckResult {
        for (offset, &word) in self.pages().zip(saved) {
            report.check_ok("write", mapping.try_write32(word, offset as usize))?;
            let now = report.check_ok("read", mapping.try_read32(offset as usize))?;
            report.check_eq("word", offset, now, word)?;
        }
        Ok(())
    }

    /// Unmaps the range, and checks that the library does not list it any more. Its addresses may be
    /// somebody else's already, with page tables that come and go.
    fn unmap(&self, report: &mut Report<'_>, mapping: Mapping) -> CheckResult {
        let addr = mapping.addr();
        drop(mapping);
        let mut is_listed = false;
        let mut cursor = MappingCursor::new();
        while let Some(listed) = cursor.pin_next() {
            is_listed |= listed.addr == addr && listed.phys == self.phys;
        }
        // The report needs memory, which is not for while one is pinned.
        if is_listed {
            return report.fail(fmt!("{:#x} is still listed", self.phys));
        }
        Ok(())
    }
}
