// SPDX-License-Identifier: GPL-2.0

//! What is written to `run`, taken apart. Pure logic: `selftests/host` tests it.
//!
//! ```text
//! list                                       which workloads there are
//! range=0000:00:02.0/2 all                   everything, on BAR 2 of that device
//! range=0000:00:03.0/1 ports_read32          accesses of a BAR of ports
//! range=0x30000000+128M map_local,create size=2M,256M strategy=sparse cpus=2 batches=2000 keep
//! ```
//!
//! Words may come in any order; each option once. A range stays until another one is given.
//!
//! `size=` is that of the aperture or the range that is mapped, and of what a copy, a string or an
//! access moves. `bar_aperture` is of the whole BAR, whatever it says.

/// Sizes that a spec names at most.
pub(crate) const MAX_SIZES: usize = 8;
/// Batches of each side, at most.
pub(crate) const MAX_BATCHES: u32 = 100_000;
/// CPUs, at most.
pub(crate) const MAX_CPUS: u32 = 1024;

/// Where the memory is that a benchmark writes all over.
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

/// Which workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selection<'a> {
    /// None: only say which there are.
    List,
    /// All, each as it is set up by itself.
    All,
    /// These, with commas between them.
    Names(&'a str),
}

/// Which strategies of apertures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StrategyChoice {
    Both,
    Whole,
    Sparse,
}

/// How many CPUs at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cpus {
    /// One, and where the workload is for it, two, three and so on.
    Default,
    /// This many.
    Count(u32),
    /// One, two, three and so on.
    UpToAll,
}

/// A spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spec<'a> {
    pub(crate) selection: Selection<'a>,
    pub(crate) range: Option<RangeSpec>,
    sizes: [u64; MAX_SIZES],
    size_count: usize,
    pub(crate) strategy: StrategyChoice,
    pub(crate) cpus: Cpus,
    pub(crate) batches: Option<u32>,
    /// Earlier results are kept.
    pub(crate) keep: bool,
}

/// What is wrong with a spec, and with which word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpecError<'a> {
    pub(crate) word: &'a str,
    pub(crate) why: &'static str,
}

impl<'a> Spec<'a> {
    /// Takes `text` apart. `known` says whether there is a workload of a name.
    pub(crate) fn parse(
        text: &'a str,
        known: impl Fn(&str) -> bool,
    ) -> Result<Self, SpecError<'a>> {
        let (mut spec, mut what) = (Self::EMPTY, None);
        let mut seen = Seen::default();
        for word in text.split_ascii_whitespace() {
            let fail = |why| SpecError { word, why };
            let (key, value) = match word.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (word, None),
            };
            seen.add(key, value.is_some()).map_err(fail)?;
            match (key, value) {
                ("range", Some(value)) => spec.range = Some(range(value).map_err(fail)?),
                ("size", Some(value)) => spec.set_sizes(value).map_err(fail)?,
                ("strategy", Some(value)) => spec.strategy = choice(value).map_err(fail)?,
                ("cpus", Some(value)) => spec.cpus = cpus(value).map_err(fail)?,
                ("batches", Some(value)) => {
                    spec.batches = Some(count(value, MAX_BATCHES).map_err(fail)?);
                }
                (_, Some(_)) => return Err(fail("no such option")),
                ("keep", None) => spec.keep = true,
                (names, None) => {
                    what = Some(workloads(names, &known).map_err(fail)?);
                }
            }
        }
        spec.selection = what.ok_or(SpecError {
            word: text.trim(),
            why: "names no workload, nor \"all\" or \"list\"",
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
                return Err("a size is 0");
            }
            *self
                .sizes
                .get_mut(self.size_count)
                .ok_or("too many sizes")? = size;
            self.size_count += 1;
        }
        Ok(())
    }

    /// The sizes that it names.
    pub(crate) fn sizes(&self) -> &[u64] {
        self.sizes.get(..self.size_count).unwrap_or(&[])
    }

    /// Whether a workload is to be run.
    pub(crate) fn wants(&self, name: &str) -> bool {
        match self.selection {
            Selection::List => false,
            Selection::All => true,
            Selection::Names(names) => names.split(',').any(|wanted| wanted == name),
        }
    }
}

const NOT_A_NUMBER: &str = "not a number, such as 4096, 0x1000, 64K, 2M, 1G or 1T";

/// Which words have been there.
#[derive(Default)]
struct Seen([bool; 7]);

impl Seen {
    fn add(&mut self, key: &str, is_option: bool) -> Result<(), &'static str> {
        let place = match (key, is_option) {
            ("range", true) => 0,
            ("size", true) => 1,
            ("strategy", true) => 2,
            ("cpus", true) => 3,
            ("batches", true) => 4,
            ("keep", false) => 5,
            (_, false) => 6,
            (_, true) => return Ok(()),
        };
        match self.0.get_mut(place) {
            Some(seen) if !*seen => *seen = true,
            _ if place == 6 => return Err("a second list of workloads: put commas between them"),
            _ => return Err("given twice"),
        }
        Ok(())
    }
}

fn workloads<'a>(
    names: &'a str,
    known: &impl Fn(&str) -> bool,
) -> Result<Selection<'a>, &'static str> {
    match names {
        "list" => Ok(Selection::List),
        "all" => Ok(Selection::All),
        _ if names.split(',').all(known) => Ok(Selection::Names(names)),
        _ => Err("no such workload: write \"list\", and read status"),
    }
}

fn choice(text: &str) -> Result<StrategyChoice, &'static str> {
    match text {
        "whole" => Ok(StrategyChoice::Whole),
        "sparse" => Ok(StrategyChoice::Sparse),
        "both" => Ok(StrategyChoice::Both),
        _ => Err("a strategy is whole, sparse or both"),
    }
}

fn cpus(text: &str) -> Result<Cpus, &'static str> {
    if text == "all" {
        return Ok(Cpus::UpToAll);
    }
    count(text, MAX_CPUS).map(Cpus::Count)
}

fn count(text: &str, max: u32) -> Result<u32, &'static str> {
    let number = text.parse().map_err(|_| "not a count")?;
    if number == 0 || number > max {
        return Err("0, or too large");
    }
    Ok(number)
}

/// A number of bytes: decimal, or hexadecimal after `0x`, perhaps with a unit.
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

/// Without the sign that `from_str_radix()` allows.
fn digits_only(text: &str, radix: u32) -> Option<u64> {
    if !text.starts_with(|first: char| first.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(text, radix).ok()
}

/// `0000:00:02.0/2`, `00:02.0/2` or `0x30000000+128M`.
fn range(text: &str) -> Result<RangeSpec, &'static str> {
    match text.split_once('+') {
        Some((phys, size)) => {
            let phys = number(phys).ok_or(NOT_A_NUMBER)?;
            let size = number(size).ok_or(NOT_A_NUMBER)?;
            if size == 0 || phys.checked_add(size).is_none() {
                return Err("the range is empty, or past the last address");
            }
            Ok(RangeSpec::Memory { phys, size })
        }
        None => bar(text).ok_or("not a range: 0000:00:02.0/2 (a BAR) or 0x30000000+128M"),
    }
}

fn bar(text: &str) -> Option<RangeSpec> {
    let hex = |text: &str, max: u64| digits_only(text, 16).filter(|&number| number <= max);
    let (device, bar) = text.split_once('/')?;
    let (rest, function) = device.split_once('.')?;
    let (bus, slot) = rest.rsplit_once(':')?;
    let (domain, bus) = bus.split_once(':').unwrap_or(("0", bus));
    let (slot, function) = (hex(slot, 0x1f)?, hex(function, 7)?);
    // CAST: none is larger than its limit.
    Some(RangeSpec::Bar {
        domain: hex(domain, 0xffff)? as u32,
        bus: hex(bus, 0xff)? as u32,
        devfn: (slot << 3 | function) as u32,
        bar: hex(bar, 5)? as u32,
    })
}
