// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! A hash table from page addresses to what begins there.
//!
//! It never allocates by itself: memory is given to it, so that it can be used with a lock held. Each entry is in the
//! list of its bucket, or in that of those that are not in use.

use crate::mm::phys_range::PAGE_SHIFT;
use core::{iter::successors, mem};
use kernel::{
    alloc::{flags::__GFP_NOWARN, KVVec},
    prelude::*,
};

/// How many entries are added at once.
const ENTRIES: usize = 32;

struct Entry<T> {
    key: usize,
    value: Option<T>,
    next: List<T>,
}

/// The first of some entries, each of which has the next.
type List<T> = Option<KBox<Entry<T>>>;

/// Takes the first entry out.
#[inline(always)]
fn pop<T>(list: &mut List<T>) -> Option<KBox<Entry<T>>> {
    let mut entry = list.take()?;
    mem::swap(list, &mut entry.next);
    Some(entry)
}

/// Makes the entry, which has no next one, the first.
#[inline(always)]
fn push<T>(list: &mut List<T>, mut entry: KBox<Entry<T>>) {
    mem::swap(list, &mut entry.next);
    // The list is empty now: nothing to drop.
    mem::forget(list.replace(entry));
}

/// Drops each entry by itself: an entry that drops the next, and so on, would need a stack without end.
fn drop_all<T>(list: &mut List<T>) {
    while pop(list).is_some() {}
}

/// Values by the page address that each begins at.
pub(super) struct Table<T> {
    /// A power of two of them, or none.
    buckets: KVVec<List<T>>,
    unused: List<T>,
    /// The number of entries, in use or not.
    capacity: usize,
}

/// Memory for a table that is full.
pub(super) struct Growth<T> {
    entries: List<T>,
    buckets: KVVec<List<T>>,
}

impl<T> Table<T> {
    /// A table without entries.
    pub(super) const fn new() -> Self {
        Self {
            buckets: KVVec::new(),
            unused: None,
            capacity: 0,
        }
    }

    #[inline(always)]
    fn bucket(&mut self, key: usize) -> Option<&mut List<T>> {
        let hash = (key >> PAGE_SHIFT).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let count = self.buckets.len();
        self.buckets.get_mut(hash & count.wrapping_sub(1))
    }

    /// Whether no entry is left: then [`Self::grow`] adds some.
    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        self.unused.is_none()
    }

    /// The number of entries, in use or not. What [`Growth::new`] asks for.
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Adds a value. The table is not full; if it is, the value is dropped.
    #[inline(always)]
    pub(super) fn insert(&mut self, key: usize, value: T) {
        let Some(mut entry) = pop(&mut self.unused) else {
            return;
        };
        entry.key = key;
        // It had none: nothing to drop.
        mem::forget(entry.value.replace(value));
        if let Some(bucket) = self.bucket(key) {
            push(bucket, entry);
        }
    }

    /// Takes the value at `key` out, if there is one that `is_wanted`.
    #[inline(always)]
    pub(super) fn remove(&mut self, key: usize, is_wanted: impl Fn(&T) -> bool) -> Option<T> {
        let is_it =
            |entry: &Entry<T>| entry.key == key && entry.value.as_ref().is_some_and(&is_wanted);
        let mut list = self.bucket(key)?;
        while !is_it(list.as_ref()?) {
            list = &mut list.as_mut()?.next;
        }
        let mut entry = pop(list)?;
        let value = entry.value.take();
        push(&mut self.unused, entry);
        value
    }

    fn entries(&self) -> impl Iterator<Item = &Entry<T>> {
        self.buckets
            .iter()
            .flat_map(|list| successors(list.as_deref(), |entry| entry.next.as_deref()))
    }

    /// Returns an iterator over all values.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.entries().filter_map(|entry| entry.value.as_ref())
    }

    /// Returns the key of a value that `is_wanted`.
    pub(super) fn find_key(&self, is_wanted: impl Fn(&T) -> bool) -> Option<usize> {
        let mut entries = self.entries();
        let entry = entries.find(|entry| entry.value.as_ref().is_some_and(&is_wanted))?;
        Some(entry.key)
    }

    /// Adds entries, and buckets if they have become too few. Memory that is not needed is returned in
    /// `growth`, to be freed without a lock.
    pub(super) fn grow(&mut self, growth: &mut Growth<T>) {
        // Another task may have been faster.
        if !self.is_full() {
            return;
        }
        while let Some(entry) = pop(&mut growth.entries) {
            push(&mut self.unused, entry);
            self.capacity += 1;
        }
        if growth.buckets.len() <= self.buckets.len() {
            return;
        }
        mem::swap(&mut self.buckets, &mut growth.buckets);
        for list in growth.buckets.iter_mut() {
            while let Some(entry) = pop(list) {
                if let Some(bucket) = self.bucket(entry.key) {
                    push(bucket, entry);
                }
            }
        }
    }
}

impl<T> Drop for Table<T> {
    fn drop(&mut self) {
        self.buckets.iter_mut().for_each(drop_all);
        drop_all(&mut self.unused);
    }
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
        let count = (capacity + ENTRIES).next_power_of_two();
        let mut this = Self {
            entries: None,
            buckets: KVVec::with_capacity(count, gfp)?,
        };
        for _ in 0..count {
            this.buckets
                .push_within_capacity(None)
                .map_err(|_| ENOMEM)?;
        }
        for _ in 0..ENTRIES {
            let entry = Entry {
                key: 0,
                value: None,
                next: None,
            };
            push(&mut this.entries, KBox::new(entry, gfp)?);
        }
        Ok(this)
    }
}

impl<T> Drop for Growth<T> {
    fn drop(&mut self) {
        drop_all(&mut self.entries);
    }
}
