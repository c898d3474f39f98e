// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! A hash table from page addresses to what begins there.
//!
//! It never allocates by itself: memory is given to it, so that it can be used with a lock held. It is
//! made of chunks that stay where they are, of which each entry that is not in use is in a list.

use crate::mm::phys_range::PAGE_SHIFT;
use core::convert::Infallible;
use kernel::{
    alloc::{flags::__GFP_NOWARN, KVVec},
    prelude::*,
};

/// Entries of a chunk.
const CHUNK: usize = 32;
/// The end of a list.
const END: u32 = u32::MAX;

struct Entry<T> {
    key: usize,
    /// The next entry of the same bucket, or of those that are not in use.
    next: u32,
    value: Option<T>,
}

type Chunk<T> = KBox<[Entry<T>; CHUNK]>;

/// Values by the page address that each begins at.
pub(super) struct Table<T> {
    /// The first entry of each bucket. A power of two of them, or none.
    buckets: KVVec<u32>,
    chunks: KVVec<Chunk<T>>,
    /// The first entry that is not in use.
    free: u32,
}

/// Memory for a table that is full.
pub(super) struct Growth<T> {
    /// Gone once the table has it.
    chunk: Option<Chunk<T>>,
    chunks: KVVec<Chunk<T>>,
    buckets: KVVec<u32>,
}

impl<T> Table<T> {
    /// A table without entries.
    pub(super) const fn new() -> Self {
        Self {
            buckets: KVVec::new(),
            chunks: KVVec::new(),
            free: END,
        }
    }

    fn bucket(&self, key: usize) -> usize {
        let hash = (key >> PAGE_SHIFT).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        hash & self.buckets.len().wrapping_sub(1)
    }

    #[inline(always)]
    fn entry(&mut self, index: u32) -> Option<&mut Entry<T>> {
        let index = index as usize;
        self.chunks.get_mut(index / CHUNK)?.get_mut(index % CHUNK)
    }

    /// Whether no entry is free: then [`Self::grow`] adds some.
    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        self.free == END
    }

    /// The number of entries, in use or not. What [`Growth::new`] asks for.
    pub(super) fn capacity(&self) -> usize {
        self.chunks.len().wrapping_mul(CHUNK)
    }

    /// Adds a value. The table is not full; if it is, the value is dropped.
    #[inline(always)]
    pub(super) fn insert(&mut self, key: usize, value: T) {
        let (index, bucket) = (self.free, self.bucket(key));
        let Some(&first) = self.buckets.get(bucket) else {
            return;
        };
        let Some(entry) = self.entry(index) else {
            return;
        };
        let free = core::mem::replace(&mut entry.next, first);
        entry.key = key;
        entry.value = Some(value);
        self.free = free;
        if let Some(first) = self.buckets.get_mut(bucket) {
            *first = index;
        }
    }

    /// Makes the entry the first of its bucket.
    fn link(&mut self, index: u32, bucket: usize) {
        let Some(first) = self.buckets.get_mut(bucket) else {
            return;
        };
        let next = core::mem::replace(first, index);
        if let Some(entry) = self.entry(index) {
            entry.next = next;
        }
    }

    /// Takes the value at `key` out, if there is one that `is_wanted`.
    #[inline(always)]
    pub(super) fn remove(&mut self, key: usize, is_wanted: impl Fn(&T) -> bool) -> Option<T> {
        let bucket = self.bucket(key);
        let (mut before, mut index) = (END, *self.buckets.get(bucket)?);
        let free = self.free;
        let next = loop {
            let entry = self.entry(index)?;
            let next = entry.next;
            if entry.key == key && entry.value.as_ref().is_some_and(&is_wanted) {
                entry.next = free;
                break next;
            }
            (before, index) = (index, next);
        };
        self.free = index;
        if before == END {
            *self.buckets.get_mut(bucket)? = next;
        } else {
            self.entry(before)?.next = next;
        }
        // Last, so that it is moved once.
        self.entry(index)?.value.take()
    }

    /// Returns an iterator over all values.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        let entries = self.chunks.iter().flat_map(|chunk| chunk.iter());
        entries.filter_map(|entry| entry.value.as_ref())
    }

    /// Returns the key of a value that `is_wanted`.
    #[cfg(not(iomrs_window_kmap))]
    pub(super) fn find_key(&self, is_wanted: impl Fn(&T) -> bool) -> Option<usize> {
        let mut entries = self.chunks.iter().flat_map(|chunk| chunk.iter());
        let entry = entries.find(|entry| entry.value.as_ref().is_some_and(&is_wanted))?;
        Some(entry.key)
    }

    /// Adds entries, and buckets if they have become too few. Memory that is not needed is returned in
    /// `growth`, to be freed without a lock.
    ///
    /// # Errors
    ///
    /// `ENOMEM` where the table has grown since `growth` was made. Nothing has changed then.
    pub(super) fn grow(&mut self, growth: &mut Growth<T>) -> Result {
        let first = self.capacity();
        if growth.chunks.capacity() <= self.chunks.len() {
            return Err(ENOMEM);
        }
        let mut added = growth.chunk.take().ok_or(ENOMEM)?;
        for (number, entry) in added.iter_mut().enumerate() {
            // CAST: Fewer entries than there are pages of address space, divided by their size.
            let next = (first + number + 1) as u32;
            entry.next = if number + 1 == CHUNK { self.free } else { next };
        }
        core::mem::swap(&mut self.chunks, &mut growth.chunks);
        for chunk in growth.chunks.drain_all() {
            push(&mut self.chunks, chunk)?;
        }
        push(&mut self.chunks, added)?;
        self.free = first as u32;
        if growth.buckets.len() > self.buckets.len() {
            core::mem::swap(&mut self.buckets, &mut growth.buckets);
            self.link_all();
        }
        Ok(())
    }

    /// Puts each entry that is in use into its bucket. The buckets are empty.
    fn link_all(&mut self) {
        for index in 0..self.capacity() as u32 {
            let used = self.entry(index).filter(|entry| entry.value.is_some());
            if let Some(key) = used.map(|entry| entry.key) {
                let bucket = self.bucket(key);
                self.link(index, bucket);
            }
        }
    }
}

/// Adds an element to a vector that has room for it.
fn push<T>(vec: &mut KVVec<T>, element: T) -> Result {
    vec.push_within_capacity(element).map_err(|_| ENOMEM)
}

impl<T> Growth<T> {
    /// Allocates what a table of `capacity` entries needs to grow.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    ///
    /// # Context
    ///
    /// May sleep.
    pub(super) fn new(capacity: usize) -> Result<Self> {
        let gfp = GFP_KERNEL | __GFP_NOWARN;
        let chunk = pin_init::init_array_from_fn::<_, CHUNK, _, Infallible>(|_| Entry {
            key: 0,
            next: END,
            value: None,
        });
        let count = (capacity + CHUNK).next_power_of_two();
        let mut buckets = KVVec::with_capacity(count, gfp)?;
        buckets.resize(count, END, gfp)?;
        Ok(Self {
            chunk: Some(KBox::init(chunk, gfp)?),
            chunks: KVVec::with_capacity(capacity / CHUNK + 1, gfp)?,
            buckets,
        })
    }
}
