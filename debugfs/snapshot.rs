// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Snapshots of mappings: what each was made for, and what its page-table entries are now.

use crate::bindings::task;
use crate::io_mapping::sparse::window::Window;
use crate::mm::cache_mode::CacheMode;
use crate::mm::page_table::Entry;
use crate::mm::phys_range::PAGE_SIZE;
use crate::tracking::{self, MappingCursor, MappingKind, PinnedMapping};
use kernel::{
    alloc::{flags::__GFP_NOWARN, KVVec},
    prelude::*,
};

/// The names of the page sizes, with the sizes in bytes.
pub(super) const PAGE_SIZES: [(&str, usize); 3] =
    [("4K", 4 << 10), ("2M", 2 << 20), ("1G", 1 << 30)];

/// Page-table entries that are looked up while a mapping is pinned.
const MAX_LOOKUPS_PER_PIN: usize = 1 << 12;

/// The last bytes of a file name that are kept.
const MAX_FILE_NAME: usize = 64;

/// Where a mapping was asked for.
pub(super) struct Caller {
    file: [u8; MAX_FILE_NAME],
    /// The length of the whole file name, in bytes.
    len: usize,
    pub(super) line: u32,
}

impl Caller {
    fn new(at: tracking::Caller<'_>) -> Self {
        let name = at.file().as_bytes();
        let mut file = [0; MAX_FILE_NAME];
        let kept = name.iter().skip(name.len().saturating_sub(MAX_FILE_NAME));
        for (to, from) in file.iter_mut().zip(kept) {
            *to = *from;
        }
        Self {
            file,
            len: name.len(),
            line: at.line(),
        }
    }

    /// Returns the file name, and whether that is all of it. Of a long name only the last parts are
    /// returned, from a slash on.
    pub(super) fn file(&self) -> (&str, bool) {
        let complete = self.len <= MAX_FILE_NAME;
        let mut kept = self
            .file
            .get(..self.len.min(MAX_FILE_NAME))
            .unwrap_or_default();
        if !complete {
            let slash = kept.iter().position(|&byte| byte == b'/');
            kept = slash.and_then(|at| kept.get(at..)).unwrap_or_default();
        }
        (core::str::from_utf8(kept).unwrap_or_default(), complete)
    }
}

/// What is shown of one mapping.
pub(super) struct MappingSnapshot {
    id: u64,
    parent: u64,
    kind: MappingKind,
    /// The physical address of the first byte.
    pub(super) phys: u64,
    /// The virtual address of the first byte, or 0 for a sparse aperture.
    pub(super) addr: usize,
    /// In bytes.
    pub(super) size: u64,
    pub(super) requested: CacheMode,
    /// The mode that the first entry selects, or that the registry granted where there is no entry.
    pub(super) achieved: CacheMode,
    /// In seconds.
    pub(super) age: u32,
    /// `None` if the caller's module has been unloaded.
    pub(super) caller: Option<Caller>,
    /// How many pages of each of the [`PAGE_SIZES`] are mapped.
    pub(super) pages: [u64; 3],
    /// How many slots map a page of it, where that is known.
    slots: Option<u32>,
    /// How many areas are mapped for guards.
    areas: u32,
    /// The next address to look up.
    next: usize,
}

impl MappingSnapshot {
    /// Takes a snapshot. Returns `None` if the mapping is unmapped meanwhile.
    ///
    /// # Errors
    ///
    /// `EINTR` if the task is being killed.
    fn take(mut mapping: PinnedMapping<'_>) -> Result<Option<Self>> {
        let mut snapshot = Self::new(&mapping);
        while !snapshot.count_pages(&mapping) {
            let Some(again) = mapping.repin() else {
                return Ok(None);
            };
            mapping = again;
            task::check_killed()?;
        }
        Ok(Some(snapshot))
    }

    /// Returns a snapshot without pages.
    fn new(mapping: &PinnedMapping<'_>) -> Self {
        let first = mapping.addr & !(PAGE_SIZE as usize - 1);
        let mode = Entry::lookup(first).and_then(Entry::cache_mode);
        Self {
            id: mapping.id,
            parent: mapping.parent,
            kind: mapping.kind,
            phys: mapping.phys,
            addr: mapping.addr,
            size: mapping.size,
            requested: mapping.requested,
            achieved: mode.unwrap_or(mapping.achieved),
            age: mapping.age(),
            caller: mapping.caller().map(Caller::new),
            pages: [0; 3],
            slots: Some(0),
            areas: 0,
            next: first,
        }
    }

    /// Counts the next pages of the mapping, which is pinned. Returns whether there are no more.
    fn count_pages(&mut self, _pinned: &PinnedMapping<'_>) -> bool {
        let end = self.addr + self.size as usize;
        for _ in 0..MAX_LOOKUPS_PER_PIN {
            if self.addr == 0 || self.next >= end {
                return true;
            }
            let Some(entry) = Entry::lookup(self.next) else {
                return true;
            };
            // All of them are mapped, as the whole mapping is.
            let bytes = entry.bytes_of_this_size(self.next).min(end - self.next);
            for (count, &(_, size)) in self.pages.iter_mut().zip(&PAGE_SIZES) {
                if size == entry.page_size() {
                    *count += bytes.div_ceil(size) as u64;
                }
            }
            // No overflow: this is `end` at the most.
            self.next += bytes;
        }
        false
    }

    /// Returns the name of the way in which it is mapped.
    pub(super) fn strategy(&self) -> &'static str {
        match self.kind {
            MappingKind::Ioremap => "ioremap",
            MappingKind::Whole => "whole",
            MappingKind::Sparse | MappingKind::Chunk | MappingKind::Area => "sparse",
        }
    }

    /// Returns how many slots and how many areas are mapped for guards. `None` if it is no sparse
    /// aperture: to map a part of another one is an addition, which is not counted.
    pub(super) fn maps(&self) -> Option<(Option<u32>, u32)> {
        (self.kind == MappingKind::Sparse).then_some((self.slots, self.areas))
    }

    /// Adds the pages of a chunk or an area of this aperture.
    fn add_child(&mut self, child: &MappingSnapshot) {
        for (sum, pages) in self.pages.iter_mut().zip(child.pages) {
            *sum += pages;
        }
        self.areas += u32::from(child.kind == MappingKind::Area);
    }

    fn contains(&self, phys: u64) -> bool {
        phys.checked_sub(self.phys)
            .is_some_and(|offset| offset < self.size)
    }
}

/// Returns a snapshot of each mapping, in the order in which they were made. Chunks and areas are
/// added to their aperture's.
///
/// # Errors
///
/// `ENOMEM`, and `EINTR` if the task is being killed.
pub(super) fn all() -> Result<KVVec<MappingSnapshot>> {
    let gfp = GFP_KERNEL | __GFP_NOWARN;
    let mut all = KVVec::new();
    let mut children = KVVec::new();
    let mut cursor = MappingCursor::new();
    while let Some(mapping) = cursor.pin_next() {
        let snapshot = MappingSnapshot::take(mapping)?;
        task::check_killed()?;
        let Some(snapshot) = snapshot else {
            continue;
        };
        let list = if snapshot.parent == 0 {
            &mut all
        } else {
            &mut children
        };
        list.push(snapshot, gfp)?;
    }
    all.sort_unstable_by_key(|snapshot: &MappingSnapshot| snapshot.id);
    for child in &children {
        // An aperture that was made after the cursor had passed its record is missing.
        let aperture = all.binary_search_by_key(&child.parent, |snapshot| snapshot.id);
        if let Some(aperture) = aperture.ok().and_then(|at| all.get_mut(at)) {
            aperture.add_child(child);
        }
    }
    count_slots(&mut all)?;
    Ok(all)
}

/// Counts the slots that map a page of each sparse aperture. A slot counts for each of several
/// apertures that overlap.
fn count_slots(all: &mut [MappingSnapshot]) -> Result {
    let Ok(window) = Window::get() else {
        return Ok(());
    };
    if window.in_use().is_none() {
        for snapshot in all {
            snapshot.slots = None;
        }
        return Ok(());
    }
    for phys in window.pages() {
        for snapshot in all.iter_mut().filter(|snapshot| snapshot.contains(phys)) {
            snapshot.slots = snapshot.slots.map(|slots| slots + 1);
        }
    }
    Ok(())
}
