// SPDX-License-Identifier: GPL-2.0

//! What the kernel shows of mappings: the registry of cache modes and the list of areas.

use crate::{c, support::outcome::*};
use core::ffi::CStr;
use io_mapping_rs::CacheMode;
use kernel::prelude::*;

const REGISTRY: &CStr = c"/sys/kernel/debug/x86/pat_memtype_list";
const AREAS: &CStr = c"/proc/vmallocinfo";

/// A line of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reserved {
    pub(crate) start: u64,
    pub(crate) end: u64,
    mode: u32,
}

impl Reserved {
    pub(crate) fn new(start: u64, end: u64, mode: CacheMode) -> Self {
        Self {
            start,
            end,
            mode: crate::support::ranges::raw(mode),
        }
    }

    /// From `PAT: [mem 0xSTART-0xEND] mode`.
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

/// A line of `/proc/vmallocinfo` that says `ioremap`, without the caller, which must differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Area {
    /// Bytes, the guard page included.
    pub(crate) size: u64,
    /// 0 where the line has none.
    pub(crate) phys: u64,
}

impl Area {
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

/// All that is mapped at one moment.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) registry: KVVec<Reserved>,
    pub(crate) areas: KVVec<Area>,
}

impl Seen {
    pub(crate) fn now() -> Outcome<Self> {
        // Without PAT there is no registry.
        let registry = if c::iomrs_c_pat_enabled() {
            lines(REGISTRY, Reserved::parse)?
        } else {
            KVVec::new()
        };
        Ok(Self {
            registry,
            areas: lines(AREAS, Area::parse)?,
        })
    }

    /// What has come since `before`.
    pub(crate) fn since(&self, before: &Self) -> Outcome<Self> {
        Ok(Self {
            registry: without(&self.registry, &before.registry)?,
            areas: without(&self.areas, &before.areas)?,
        })
    }
}

/// The text of a file that the kernel makes up.
pub(crate) fn read(path: &CStr, text: &mut KVVec<u8>) -> Outcome {
    let mut len = Err(EFBIG);
    for size in (16..=20).map(|shift| 1 << shift) {
        check_ok!(text.resize(size, 0, GFP_KERNEL));
        // SAFETY: `path` ends with a NUL, and `text` is as long as said.
        let read = unsafe { c::iomrs_c_read_file(path.as_char_ptr(), text.as_mut_ptr(), size) };
        // CAST: no longer than `text`, or an errno.
        len = usize::try_from(read).map_err(|_| Error::from_errno(read as i32));
        if len != Err(EFBIG) {
            break;
        }
    }
    text.truncate(check_ok!(len));
    Ok(())
}

/// The lines of `path` that mean something, sorted.
fn lines<T: Ord>(path: &CStr, parse: fn(&str) -> Option<T>) -> Outcome<KVVec<T>> {
    let mut text = KVVec::new();
    read(path, &mut text)?;
    let text = check_ok!(core::str::from_utf8(&text));
    let mut found = KVVec::new();
    for line in text.lines() {
        if let Some(line) = parse(line.trim()) {
            check_ok!(found.push(line, GFP_KERNEL));
            // In order, by moving it to the left; there are few.
            let mut at = found.len() - 1;
            while at > 0 && found[at] < found[at - 1] {
                found.swap(at, at - 1);
                at -= 1;
            }
        }
    }
    Ok(found)
}

/// `after` without what was there `before`, each as often as it was.
fn without<T: Copy + Ord>(after: &[T], before: &[T]) -> Outcome<KVVec<T>> {
    let mut new = KVVec::new();
    let mut old = before.iter().peekable();
    for &line in after {
        while old.next_if(|&&old| old < line).is_some() {}
        if old.next_if(|&&old| old == line).is_none() {
            check_ok!(new.push(line, GFP_KERNEL));
        }
    }
    Ok(new)
}
