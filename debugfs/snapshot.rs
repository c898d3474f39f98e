// SPDX-License-Identifier: GPL-2.0

//! What there is to see of each mapping: what it was made for, and what its entries are like now.

use crate::io_mapping::sparse::window::Window;
use crate::mm::cache_mode::CacheMode;
use crate::mm::page_table::Entry;
use crate::mm::phys_range::PAGE_SIZE;
use crate::tracking::{self, MappingKind, PinnedMapping};
use core::panic::Location;
use kernel::{
    alloc::{flags::__GFP_NOWARN, KVVec},
    prelude::*,
};

/// The sizes that a page can have, with their names.
pub(super) const PAGE_SIZES: [(&str, usize); 3] =
    [("4K", 4 << 10), ("2M", 2 << 20), ("1G", 1 << 30)];

/// Entries that are looked at before others may have their turn.
const PATIENCE: usize = 1 << 14;

/// Bytes of a file's name that are kept: the last ones.
const FILE: usize = 64;

/// Where a caller called.
pub(super) struct Caller {
    file: [u8; FILE],
    /// Of the whole name, in bytes.
    len: usize,
    pub(super) line: u32,
}

impl Caller {
    fn new(at: &Location<'_>) -> Self {
        let name = at.file().as_bytes();
        let mut file = [0; FILE];
        let kept = name.iter().skip(name.len().saturating_sub(FILE));
        for (to, from) in file.iter_mut().zip(kept) {
            *to = *from;
        }
        Self {
            file,
            len: name.len(),
            line: at.line(),
        }
    }

    /// The name, or the end of it after a slash, and whether that is all.
    pub(super) fn file(&self) -> (&str, bool) {
        let all = self.len <= FILE;
        let mut kept = self.file.get(..self.len.min(FILE)).unwrap_or_default();
        if !all {
            let slash = kept.iter().position(|&byte| byte == b'/');
            kept = slash.and_then(|at| kept.get(at..)).unwrap_or_default();
        }
        (core::str::from_utf8(kept).unwrap_or_default(), all)
    }
}

/// One mapping.
pub(super) struct MappingSnapshot {
    id: u64,
    parent: u64,
    kind: MappingKind,
    pub(super) phys: u64,
    /// Of the first byte, 0 where nothing is mapped as such.
    pub(super) addr: usize,
    /// Bytes.
    pub(super) size: u64,
    pub(super) requested: CacheMode,
    /// What the first entry selects, or the registry gave where there is none.
    pub(super) achieved: CacheMode,
    /// In seconds.
    pub(super) age: u32,
    /// Nobody where the caller's module has gone.
    pub(super) caller: Option<Caller>,
    /// Pages of each size.
    pub(super) pages: [u64; 3],
    /// Slots that have a page of it, where that can be known.
    slots: Option<u32>,
    /// Pieces that go with their guards.
    areas: u32,
    /// The next address to be looked at.
    next: usize,
}

impl MappingSnapshot {
    fn new(facts: &PinnedMapping) -> Self {
        let first = facts.addr & !(PAGE_SIZE as usize - 1);
        let mode = Entry::lookup(first).and_then(Entry::cache_mode);
        Self {
            id: facts.id,
            parent: facts.parent,
            kind: facts.kind,
            phys: facts.phys,
            addr: facts.addr,
            size: facts.size,
            requested: facts.requested,
            achieved: mode.unwrap_or(facts.achieved),
            age: facts.age(),
            caller: facts.caller().map(Caller::new),
            pages: [0; 3],
            slots: Some(0),
            areas: 0,
            next: first,
        }
    }

    /// Looks at the next entries. Whether that were all.
    fn look(&mut self) -> bool {
        let end = self.addr + self.size as usize;
        for _ in 0..PATIENCE {
            if self.addr == 0 || self.next >= end {
                return true;
            }
            let Some(entry) = Entry::lookup(self.next) else {
                return true;
            };
            let size = entry.page_size();
            for (count, &(_, known)) in self.pages.iter_mut().zip(&PAGE_SIZES) {
                *count += u64::from(size == known);
            }
            // No overflow: an area is followed by an unmapped page.
            self.next += size;
        }
        false
    }

    /// How it is mapped.
    pub(super) fn strategy(&self) -> &'static str {
        match self.kind {
            MappingKind::Ioremap => "ioremap",
            MappingKind::Whole => "whole",
            MappingKind::Sparse | MappingKind::Chunk | MappingKind::Area => "sparse",
        }
    }

    /// The maps of it that there are, in slots and in areas of their own, where there is something
    /// to see of a map.
    pub(super) fn maps(&self) -> Option<(Option<u32>, u32)> {
        (self.kind == MappingKind::Sparse).then_some((self.slots, self.areas))
    }

    /// Adds what is mapped of it.
    fn add(&mut self, piece: &MappingSnapshot) {
        for (sum, pages) in self.pages.iter_mut().zip(piece.pages) {
            *sum += pages;
        }
        self.areas += u32::from(piece.kind == MappingKind::Area);
    }

    fn has(&self, phys: u64) -> bool {
        phys.checked_sub(self.phys)
            .is_some_and(|offset| offset < self.size)
    }
}

/// All mappings that there are, in the order in which they were made.
///
/// # Errors
///
/// `ENOMEM`.
pub(super) fn all() -> Result<KVVec<MappingSnapshot>> {
    let gfp = GFP_KERNEL | __GFP_NOWARN;
    let mut all = KVVec::new();
    let mut pieces = KVVec::new();
    tracking::each(
        MappingSnapshot::new,
        |_, seen| seen.look(),
        |seen| {
            let list = if seen.parent == 0 {
                &mut all
            } else {
                &mut pieces
            };
            Ok(list.push(seen, gfp)?)
        },
    )?;
    all.sort_unstable_by_key(|seen: &MappingSnapshot| seen.id);
    for piece in &pieces {
        // Not there if it was made after we had been where it is.
        let aperture = all.binary_search_by_key(&piece.parent, |seen| seen.id);
        if let Some(aperture) = aperture.ok().and_then(|at| all.get_mut(at)) {
            aperture.add(piece);
        }
    }
    count_slots(&mut all)?;
    Ok(all)
}

/// Counts for each sparse aperture the slots that have a page of it. Where apertures overlap, a slot
/// counts for each.
fn count_slots(all: &mut [MappingSnapshot]) -> Result {
    let window = Window::get()?;
    if window.usage().is_none() {
        for seen in all {
            seen.slots = None;
        }
        return Ok(());
    }
    for phys in window.pages() {
        let sparse = all.iter_mut().filter(|seen| seen.has(phys));
        for seen in sparse {
            seen.slots = seen.slots.map(|slots| slots + 1);
        }
    }
    Ok(())
}
