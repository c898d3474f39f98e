// SPDX-License-Identifier: GPL-2.0

//! What the kernel's own files in proc and debugfs show of mappings.

use crate::{
    c,
    support::{mappings::from_arena, outcome::*, ranges::PAGE, translation::Translation},
};
use io_mapping_rs::CacheMode;
use kernel::prelude::*;

pub(crate) use crate::support::text::Text;

/// The reservations of cache modes, which x86 calls memory types.
const MEMTYPES: &CStr = c"/sys/kernel/debug/x86/pat_memtype_list";
const VMALLOC_AREAS: &CStr = c"/proc/vmallocinfo";

/// A line of `pat_memtype_list`: a reservation of a cache mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Memtype {
    start: u64,
    end: u64,
    mode: u32,
}

impl Memtype {
    pub(crate) fn new(start: u64, end: u64, mode: CacheMode) -> Self {
        Self {
            start,
            end,
            mode: c::page_cache_mode(mode),
        }
    }

    /// Parses `PAT: [mem 0xSTART-0xEND] mode`.
    fn parse(line: &str) -> Option<Self> {
        let (range, mode) = line.strip_prefix("PAT: [mem 0x")?.split_once("] ")?;
        let (start, end) = range.split_once("-0x")?;
        Some(Self::new(
            u64::from_str_radix(start, 16).ok()?,
            u64::from_str_radix(end, 16).ok()?,
            CacheMode::ALL
                .into_iter()
                .find(|known| known.name() == mode)?,
        ))
    }
}

/// A line of `/proc/vmallocinfo` that says `ioremap`. The caller, which always differs, is left
/// out. With the arena a line is a unit of the library's: then it is a part of one, found by the page
/// table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IoremapArea {
    /// In bytes, the guard page included.
    pub(crate) size: u64,
    /// 0 where the line has none.
    pub(crate) phys: u64,
}

impl IoremapArea {
    fn parse(line: &str) -> Option<Self> {
        if from_arena() && line.contains(OURS) {
            return None;
        }
        let mut words = line.split_ascii_whitespace();
        let size = words.nth(1)?.parse().ok()?;
        let mut area = Self { size, phys: 0 };
        let mut ioremap = false;
        for word in words {
            ioremap |= word == "ioremap";
            if let Some(phys) = word.strip_prefix("phys=0x") {
                area.phys = u64::from_str_radix(phys, 16).ok()?;
            }
        }
        ioremap.then_some(area)
    }

    /// Adds to `areas` what a unit of the library's maps, if `line` is one. Addresses must not be hashed
    /// (`no_hash_pointers`).
    fn add_parts_of_unit(line: &str, areas: &mut KVVec<Self>) -> Outcome {
        let unit = line.split_once(' ').filter(|_| line.contains(OURS));
        let Some((start, end)) = unit.and_then(|(range, _)| range.split_once('-')) else {
            return Ok(());
        };
        let parse = |addr: &str| usize::from_str_radix(addr.trim_start_matches("0x"), 16);
        let (Ok(mut addr), Ok(end)) = (parse(start), parse(end)) else {
            fail!("not a line of areas: {}", line)
        };
        let mut area: Option<Self> = None;
        while addr < end {
            let found = Translation::of(addr);
            let step = found.map_or_else(|| c::iomrs_c_gap(addr), |found| found.page_size);
            match (&mut area, found) {
                (Some(area), Some(_)) => area.size += step,
                (None, Some(Translation { phys, .. })) => {
                    let size = step + PAGE;
                    area = Some(Self { size, phys });
                }
                (_, None) => insert(areas, area.take())?,
            }
            addr += step as usize;
        }
        insert(areas, area)
    }
}

/// Returns how many areas the library has.
pub(crate) fn count_units() -> Outcome<usize> {
    let text = read_areas()?;
    let ours = text.as_str()?.lines().filter(|line| line.contains(OURS));
    Ok(ours.count())
}

/// In the lines of `/proc/vmallocinfo` that are of the library's areas.
const OURS: &str = "[io_mapping_rs]";

/// All reservations and areas that there are at one moment.
#[derive(Debug, PartialEq)]
pub(crate) struct KernelState {
    pub(crate) memtypes: KVVec<Memtype>,
    pub(crate) areas: KVVec<IoremapArea>,
}

impl KernelState {
    /// Frees the areas that wait to be invalidated, so that their addresses can be used again, and returns what there is
    /// then.
    pub(crate) fn now() -> Outcome<Self> {
        // Without PAT modes are not reserved.
        let memtypes = if c::iomrs_c_pat_enabled() {
            parse_lines(&Text::read(MEMTYPES)?, Memtype::parse)?
        } else {
            KVVec::new()
        };
        let text = read_areas()?;
        let mut areas = parse_lines(&text, IoremapArea::parse)?;
        if from_arena() {
            for line in text.as_str()?.lines() {
                IoremapArea::add_parts_of_unit(line, &mut areas)?;
            }
        }
        Ok(Self { memtypes, areas })
    }

    /// Returns what has been added since `before`.
    pub(crate) fn since(&self, before: &Self) -> Outcome<Self> {
        Ok(Self {
            memtypes: difference(&self.memtypes, &before.memtypes)?,
            areas: difference(&self.areas, &before.areas)?,
        })
    }
}

/// Says whether the kernel reserves cache modes.
pub(crate) fn reserved_modes() -> Available {
    if c::iomrs_c_pat_enabled() {
        Ok(())
    } else {
        Err(c"no PAT, so no reservations of cache modes")
    }
}

/// Returns how many areas there are that were not there `before`.
pub(crate) fn new_areas(before: &KernelState) -> Outcome<usize> {
    Ok(KernelState::now()?.since(before)?.areas.len())
}

/// Reads `/proc/vmallocinfo`. Areas that wait to be invalidated are listed, too: they are freed before, as thousands
/// of them would make each reading take a second.
fn read_areas() -> Outcome<Text> {
    c::iomrs_c_vm_unmap_aliases();
    Text::read(VMALLOC_AREAS)
}

/// Returns the lines of `text` that `parse` knows, sorted.
fn parse_lines<T: Ord>(text: &Text, parse: fn(&str) -> Option<T>) -> Outcome<KVVec<T>> {
    let mut found = KVVec::new();
    for line in text.as_str()?.lines() {
        insert(&mut found, parse(line.trim()))?;
    }
    Ok(found)
}

/// Inserts `new`, if there is something, into a list that is sorted.
fn insert<T: Ord>(sorted: &mut KVVec<T>, new: Option<T>) -> Outcome {
    if let Some(new) = new {
        // `sort_unstable()` has functions in core that objtool takes for broken.
        let at = sorted.partition_point(|other| *other < new);
        check_ok!(sorted.reserve(1, GFP_KERNEL));
        check_ok!(sorted.insert_within_capacity(at, new));
    }
    Ok(())
}

/// Returns `after` without what is in `before`, each as often as it stands there. Both are sorted.
fn difference<T: Copy + Ord>(after: &[T], before: &[T]) -> Outcome<KVVec<T>> {
    let mut added = KVVec::new();
    let mut before = before.iter().peekable();
    for &line in after {
        while before.next_if(|&&other| other < line).is_some() {}
        if before.next_if(|&&other| other == line).is_none() {
            check_ok!(added.push(line, GFP_KERNEL));
        }
    }
    Ok(added)
}
