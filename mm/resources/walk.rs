// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! What walks over the kernel's list of resources say of a range, where the walk is the one that the
//! kernel exports to every module.
//!
//! Pure logic without kernel imports: `selftests/host` walks over lists of its own.

use super::encryption::Resource;
use crate::mm::phys_range::PAGE_SHIFT;

/// Which resources of memory a walk tells of: the outermost that match. It passes over what is in
/// them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wanted {
    /// All.
    Any,
    /// Those in use.
    Busy,
    /// Those whose size is their alignment: BARs.
    Bars,
}

/// A resource that overlaps the range, cut to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) resource: Resource,
}

/// The resources that overlap a range of whole pages, from byte `first` to byte `last`.
pub(crate) trait Resources {
    fn first(&self) -> u64;
    fn last(&self) -> u64;

    /// Calls `found` for each part, until it returns `true`. Returns whether it did.
    fn walk(&self, wanted: Wanted, found: impl FnMut(Part) -> bool) -> bool;
}

/// Whether the range leaves a resource that it overlaps. What is nested in a BAR is not seen.
///
/// For a range outside of any BAR the walk tells of a bus window.
pub(crate) fn crosses_resource(resources: &impl Resources) -> bool {
    let bars = Place::of(resources, Wanted::Bars);
    bars.leaves || (!bars.is_inside && Place::of(resources, Wanted::Any).leaves)
}

/// Where a range of whole pages lies beside the parts of a walk.
struct Place {
    first: u64,
    last: u64,
    is_inside: bool,
    leaves: bool,
}

impl Place {
    /// Beside the first part that says something of it.
    #[inline(always)]
    fn of(resources: &impl Resources, wanted: Wanted) -> Self {
        let mut place = Self {
            first: resources.first(),
            last: resources.last(),
            is_inside: false,
            leaves: false,
        };
        resources.walk(wanted, |part| place.is_told_by(part));
        place
    }

    /// A part is cut to the range: where that took nothing away but parts of a page, the range lies
    /// inside. A resource in use is a driver's claim, which may cover as little as it likes.
    #[inline(always)]
    fn is_told_by(&mut self, part: Part) -> bool {
        let page = |addr: u64| addr >> PAGE_SHIFT;
        self.is_inside = page(part.first) <= page(self.first) && page(part.last) >= page(self.last);
        self.leaves = !self.is_inside && !part.resource.is_busy;
        self.is_inside || self.leaves
    }
}

/// Whether a resource that the range overlaps is encrypted. C asks those in use only. A walk over all
/// would tell of the outermost one, such as a bus window, and pass over those in it.
pub(crate) fn has_encrypted(resources: &impl Resources) -> bool {
    resources.walk(Wanted::Busy, |part| part.resource.is_encrypted())
}
