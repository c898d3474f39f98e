// SPDX-License-Identifier: GPL-2.0

//! What the kernel's own files in proc and debugfs show of mappings.

use crate::{c, support::outcome::*};
use io_mapping_rs::CacheMode;
use kernel::prelude::*;

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
/// out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IoremapArea {
    /// In bytes, the guard page included.
    pub(crate) size: u64,
    /// 0 where the line has none.
    pub(crate) phys: u64,
}

impl IoremapArea {
    fn parse(line: &str) -> Option<Self> {
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
}

/// All reservations and areas that there are at one moment.
#[derive(Debug, PartialEq)]
pub(crate) struct KernelState {
    pub(crate) memtypes: KVVec<Memtype>,
    pub(crate) areas: KVVec<IoremapArea>,
}

impl KernelState {
    pub(crate) fn now() -> Outcome<Self> {
        // Without PAT modes are not reserved.
        let memtypes = if c::iomrs_c_pat_enabled() {
            parse_lines(MEMTYPES, Memtype::parse)?
        } else {
            KVVec::new()
        };
        Ok(Self {
            memtypes,
            areas: parse_lines(VMALLOC_AREAS, IoremapArea::parse)?,
        })
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

/// The text of a file in proc or debugfs.
pub(crate) struct Text(KVVec<u8>);

impl Text {
    pub(crate) fn read(path: &CStr) -> Outcome<Self> {
        let mut text = KVVec::new();
        let mut len = Err(EFBIG);
        for size in (16..=20).map(|shift| 1 << shift) {
            check_ok!(text.resize(size, 0, GFP_KERNEL));
            // SAFETY: `path` ends with a NUL, and `text` has `size` bytes.
            let read = unsafe { c::iomrs_c_read_file(path.as_char_ptr(), text.as_mut_ptr(), size) };
            // CAST: no more than `size`, or an errno.
            len = usize::try_from(read).map_err(|_| Error::from_errno(read as i32));
            if len != Err(EFBIG) {
                break;
            }
        }
        text.truncate(check_ok!(len));
        Ok(Self(text))
    }

    pub(crate) fn as_str(&self) -> Outcome<&str> {
        Ok(check_ok!(core::str::from_utf8(&self.0)))
    }
}

/// Returns the lines of `path` that `parse` knows, sorted.
fn parse_lines<T: Ord>(path: &CStr, parse: fn(&str) -> Option<T>) -> Outcome<KVVec<T>> {
    let text = Text::read(path)?;
    let mut found = KVVec::new();
    for line in text.as_str()?.lines() {
        if let Some(line) = parse(line.trim()) {
            // `sort_unstable()` has functions in core that objtool takes for broken.
            let at = found.partition_point(|other| *other < line);
            check_ok!(found.reserve(1, GFP_KERNEL));
            check_ok!(found.insert_within_capacity(at, line));
        }
    }
    Ok(found)
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
