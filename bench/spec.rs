// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Parses what is written to `run`: a spec. Pure logic: `selftests/host` tests it.
//!
//! ```text
//! list                                       lists the workloads in `status`
//! range=0000:00:02.0/2 all                   runs all workloads on BAR 2 of that device
//! range=0000:00:03.0/1 ports_read32          runs one workload on an I/O port BAR
//! range=0x30000000+128M reserved map_local,create size=2M,256M strategy=sparse cpus=2 batches=2000 keep
//! ```
//!
//! A range by address needs the word `reserved`: it says that the memory was set aside with `memmap=` on
//! the kernel's command line. The kernel lists what the firmware has reserved in the same way.
//!
//! The words stand in any order, each option once. What is not given:
//!
//! | option | if not given |
//! |---|---|
//! | `range=` | the last one that was given |
//! | `size=` | the workload's own sizes |
//! | `strategy=` | `both` |
//! | `cpus=` | one CPU; for some workloads one, then two and so on |
//! | `batches=` | as many of each side as there is time for |
//! | `keep` | the results of earlier runs are dropped |
//!
//! `size=` is that of the aperture or of the mapped range; of an access, of a string of values and of
//! a copy, it is the number of bytes that are transferred. `bar_aperture` always takes the whole BAR.

/// The most sizes in a spec.
pub(crate) const MAX_SIZES: usize = 8;
/// The most batches of each side.
pub(crate) const MAX_BATCHES: u32 = 100_000;
/// The most CPUs.
pub(crate) const MAX_CPUS: u32 = 1024;

/// The range that the benchmark overwrites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RangeSpec {
    /// A BAR of a PCI device.
    Bar {
        domain: u32,
        bus: u32,
        devfn: u32,
        bar: u32,
    },
    /// Physical addresses.
    Memory { phys: u64, size: u64 },
}

/// Which workloads run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selection<'a> {
    /// None; `status` lists them.
    List,
    /// All.
    All,
    /// These names, separated by commas.
    Names(&'a str),
}

/// On which strategies of apertures they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StrategyChoice {
    Both,
    Whole,
    Sparse,
}

/// On how many CPUs at once they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cpus {
    /// On one; workloads that scale also on two, three and so on.
    Default,
    /// On so many.
    Count(u32),
    /// On one, two, three and so on.
    UpToAll,
}

/// What is to be run, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spec<'a> {
    pub(crate) selection: Selection<'a>,
    pub(crate) range: Option<RangeSpec>,
    sizes: [u64; MAX_SIZES],
    size_count: usize,
    pub(crate) strategy: StrategyChoice,
    pub(crate) cpus: Cpus,
    pub(crate) batches: Option<u32>,
    /// Whether the results of earlier runs stay.
    pub(crate) keep: bool,
}

/// Which word of a spec is wrong, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpecError<'a> {
    pub(crate) word: &'a str,
    pub(crate) why: &'static str,
}

impl<'a> Spec<'a> {
    /// Parses `text`. `is_known` tells whether there is a workload of a name.
    pub(crate) fn parse(
        text: &'a str,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<Self, SpecError<'a>> {
        let (mut spec, mut what) = (Self::EMPTY, None);
        let (mut by_address, mut is_reserved) = (None, false);
        let mut seen = WordsSeen::default();
        for word in text.split_ascii_whitespace() {
            let fail = |why| SpecError { word, why };
            let (key, value) = match word.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (word, None),
            };
            seen.add(key, value.is_some()).map_err(fail)?;
            match (key, value) {
                ("range", Some(value)) => {
                    let range = range(value).map_err(fail)?;
                    by_address = matches!(range, RangeSpec::Memory { .. }).then_some(word);
                    spec.range = Some(range);
                }
                ("size", Some(value)) => spec.set_sizes(value).map_err(fail)?,
                ("strategy", Some(value)) => spec.strategy = choice(value).map_err(fail)?,
                ("cpus", Some(value)) => spec.cpus = cpus(value).map_err(fail)?,
                ("batches", Some(value)) => spec.batches = Some(batches(value).map_err(fail)?),
                (_, Some(_)) => {
                    return Err(fail(
                        "unknown option; there are range=, reserved, size=, strategy=, cpus=, \
                         batches=, keep",
                    ))
                }
                ("keep", None) => spec.keep = true,
                ("reserved", None) => is_reserved = true,
                (names, None) => {
                    what = Some(workloads(names, &is_known).map_err(fail)?);
                }
            }
        }
        if let (Some(word), false) = (by_address, is_reserved) {
            let why =
                "memory that is no BAR; add the word \"reserved\" if it was set aside with memmap=";
            return Err(SpecError { word, why });
        }
        spec.selection = what.ok_or(SpecError {
            word: text.trim(),
            why: "no workload is named; name one, or \"all\" or \"list\"",
        })?;
        Ok(spec)
    }

    const EMPTY: Self = Self {
        selection: Selection::List,
        range: None,
        sizes: [0; MAX_SIZES],
        size_count: 0,
        strategy: StrategyChoice::Both,
        cpus: Cpus::Default,
        batches: None,
        keep: false,
    };

    fn set_sizes(&mut self, text: &str) -> Result<(), &'static str> {
        for word in text.split(',') {
            let size = number(word).ok_or(NOT_A_NUMBER)?;
            if size == 0 {
                return Err("a size must not be 0");
            }
            *self
                .sizes
                .get_mut(self.size_count)
                .ok_or("more than 8 sizes")? = size;
            self.size_count += 1;
        }
        Ok(())
    }

    /// Returns the sizes that it names.
    pub(crate) fn sizes(&self) -> &[u64] {
        self.sizes.get(..self.size_count).unwrap_or(&[])
    }

    /// Whether it selects a workload.
    pub(crate) fn wants(&self, name: &str) -> bool {
        match self.selection {
            Selection::List => false,
            Selection::All => true,
            Selection::Names(names) => names.split(',').any(|wanted| wanted == name),
        }
    }
}

const NOT_A_NUMBER: &str = "not a number of bytes; write 4096, 0x1000, 64K, 2M, 1G or 1T";

/// The kind of word that names workloads; the options are numbered below it.
const NAMES: usize = 7;

/// Which kinds of words the spec had so far.
#[derive(Default)]
struct WordsSeen([bool; NAMES + 1]);

impl WordsSeen {
    fn add(&mut self, key: &str, is_option: bool) -> Result<(), &'static str> {
        let kind = match (key, is_option) {
            ("range", true) => 0,
            ("size", true) => 1,
            ("strategy", true) => 2,
            ("cpus", true) => 3,
            ("batches", true) => 4,
            ("keep", false) => 5,
            ("reserved", false) => 6,
            (_, false) => NAMES,
            (_, true) => return Ok(()),
        };
        match self.0.get_mut(kind) {
            Some(seen) if !*seen => *seen = true,
            _ if kind == NAMES => {
                return Err("workloads are named twice; separate names by commas")
            }
            _ => return Err("this option is given twice"),
        }
        Ok(())
    }
}

fn workloads<'a>(
    names: &'a str,
    is_known: &impl Fn(&str) -> bool,
) -> Result<Selection<'a>, &'static str> {
    match names {
        "list" => Ok(Selection::List),
        "all" => Ok(Selection::All),
        _ if names.split(',').all(is_known) => Ok(Selection::Names(names)),
        _ => Err("no such workload; write \"list\" to run, then status names them"),
    }
}

fn choice(text: &str) -> Result<StrategyChoice, &'static str> {
    match text {
        "whole" => Ok(StrategyChoice::Whole),
        "sparse" => Ok(StrategyChoice::Sparse),
        "both" => Ok(StrategyChoice::Both),
        _ => Err("the strategy must be whole, sparse or both"),
    }
}

fn cpus(text: &str) -> Result<Cpus, &'static str> {
    if text == "all" {
        return Ok(Cpus::UpToAll);
    }
    let count = count(text, MAX_CPUS).ok_or("must be a number from 1 to 1024, or all")?;
    Ok(Cpus::Count(count))
}

fn batches(text: &str) -> Result<u32, &'static str> {
    count(text, MAX_BATCHES).ok_or("must be a number from 1 to 100000")
}

fn count(text: &str, max: u32) -> Option<u32> {
    text.parse().ok().filter(|count| (1..=max).contains(count))
}

/// Parses a number of bytes: hexadecimal after `0x`, otherwise decimal with or without a unit.
fn number(text: &str) -> Option<u64> {
    if let Some(digits) = text.strip_prefix("0x") {
        return digits_only(digits, 16);
    }
    let unit = text.chars().next_back()?;
    let shift = match unit {
        'K' => 10,
        'M' => 20,
        'G' => 30,
        'T' => 40,
        _ => return digits_only(text, 10),
    };
    digits_only(text.strip_suffix(unit)?, 10)?.checked_mul(1 << shift)
}

/// Parses digits, without the sign that `from_str_radix()` allows.
fn digits_only(text: &str, radix: u32) -> Option<u64> {
    if !text.starts_with(|first: char| first.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(text, radix).ok()
}

/// Parses `0000:00:02.0/2`, `00:02.0/2` or `0x30000000+128M`.
fn range(text: &str) -> Result<RangeSpec, &'static str> {
    match text.split_once('+') {
        Some((phys, size)) => {
            let phys = number(phys).ok_or(NOT_A_NUMBER)?;
            let size = number(size).ok_or(NOT_A_NUMBER)?;
            if size == 0 || phys.checked_add(size).is_none() {
                return Err("the range is empty or ends after the last address");
            }
            Ok(RangeSpec::Memory { phys, size })
        }
        None => bar(text).ok_or(
            "not a range; write 0000:00:02.0/2 (a BAR) or 0x30000000+128M (address and size)",
        ),
    }
}

fn bar(text: &str) -> Option<RangeSpec> {
    let hex = |text: &str, max: u64| digits_only(text, 16).filter(|&number| number <= max);
    let (device, bar) = text.split_once('/')?;
    let (rest, function) = device.split_once('.')?;
    let (bus, slot) = rest.rsplit_once(':')?;
    let (domain, bus) = bus.split_once(':').unwrap_or(("0", bus));
    let (slot, function) = (hex(slot, 0x1f)?, hex(function, 7)?);
    // CAST: None is larger than its limit, which fits.
    Some(RangeSpec::Bar {
        domain: hex(domain, 0xffff)? as u32,
        bus: hex(bus, 0xff)? as u32,
        devfn: (slot << 3 | function) as u32,
        bar: hex(bar, 5)? as u32,
    })
}
