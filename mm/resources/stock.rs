// SPDX-License-Identifier: GPL-2.0

//! On an unmodified kernel: what it exports to every module.

use super::{has_ram, is_encrypted, is_used_ram, may_have_ram, page_last, page_start, RangeUse};
use crate::mm::phys_range::PAGE_SHIFT;
use core::ptr;
use kernel::{
    bindings as c,
    ffi::{c_int, c_void},
};

/// Looks at the bytes `start` to `last`.
pub(super) fn look_at(start: u64, last: u64, is_guest_encrypted: bool) -> RangeUse {
    // Whole pages: that is what is mapped.
    let (first, last_of_pages) = (page_start(start), page_last(last));
    // The first questions cost less, and most ranges are none.
    let has_ram = may_have_ram(start, last)
        && has_ram(
            first,
            last_of_pages.wrapping_sub(first).wrapping_add(1) as usize,
        );
    let is_ram = has_ram && has_used_ram(first, last_of_pages);
    RangeUse {
        is_ram,
        is_reserved_ram: has_ram && !is_ram,
        is_encrypted: is_guest_encrypted && has_encrypted(start, last),
        crosses_resource: crosses_resource(start, last),
    }
}

/// A range of whole pages, and what is found of the resources that it overlaps.
struct Walk {
    first: u64,
    last: u64,
    is_inside: bool,
    leaves: bool,
}

impl Walk {
    fn new(start: u64, last: u64, flags: u32) -> Self {
        let mut walk = Self {
            first: page_start(start),
            last: page_last(last),
            is_inside: false,
            leaves: false,
        };
        walk_resources(
            walk.first,
            walk.last,
            flags,
            (&raw mut walk).cast(),
            look_at_resource,
        );
        walk
    }
}

/// Calls `found` for each resource of memory that overlaps the range and has `flags`, until it returns
/// something else than 0, which is returned.
fn walk_resources(
    start: u64,
    last: u64,
    flags: u32,
    arg: *mut c_void,
    found: unsafe extern "C" fn(*mut c::resource, *mut c_void) -> c_int,
) -> c_int {
    let flags = c::IORESOURCE_MEM | flags;
    // SAFETY: All callers give the `arg` that `found` expects, which outlives the call.
    unsafe {
        c::walk_iomem_res_desc(
            c::IORES_DESC_NONE as usize,
            flags as usize,
            start,
            last,
            arg,
            Some(found),
        )
    }
}

/// Does the range leave a resource that it overlaps? A walk tells of the outermost resource that
/// matches: of a BAR (whose size is its alignment), and for a range outside of any of a bus window. What
/// is nested in a BAR is not seen.
fn crosses_resource(start: u64, last: u64) -> bool {
    let bar = Walk::new(start, last, c::IORESOURCE_SIZEALIGN);
    bar.leaves || (!bar.is_inside && Walk::new(start, last, 0).leaves)
}

/// `res` is cut to the range: where that took nothing away but parts of a page, the range lies inside.
/// A busy resource is a driver's claim, which may cover as little as it likes.
///
/// # Safety
///
/// `res` is a resource and `walk` a [`Walk`] that nobody else uses.
unsafe extern "C" fn look_at_resource(res: *mut c::resource, walk: *mut c_void) -> c_int {
    // SAFETY: As required of our caller.
    let (res, walk) = unsafe { (&*res, &mut *walk.cast::<Walk>()) };
    walk.is_inside = res.start >> PAGE_SHIFT <= walk.first >> PAGE_SHIFT
        && res.end >> PAGE_SHIFT >= walk.last >> PAGE_SHIFT;
    walk.leaves = !walk.is_inside && res.flags & c::IORESOURCE_BUSY as usize == 0;
    (walk.is_inside || walk.leaves).into()
}

fn has_used_ram(start: u64, last: u64) -> bool {
    let ram = c::IORESOURCE_SYSTEM_RAM;
    walk_resources(start, last, ram, ptr::null_mut(), look_for_used_ram) == 1
}

/// # Safety
///
/// `res` is a resource.
unsafe extern "C" fn look_for_used_ram(res: *mut c::resource, _none: *mut c_void) -> c_int {
    // SAFETY: As required of our caller.
    is_used_ram(unsafe { &*res }).into()
}

/// Is a resource that the range overlaps encrypted? C asks those in use only. Without that flag the
/// walk would tell of the outermost one, such as a bus window, and pass over those in it.
fn has_encrypted(start: u64, last: u64) -> bool {
    let (first, last) = (page_start(start), page_last(last));
    let flags = c::IORESOURCE_BUSY;
    walk_resources(first, last, flags, ptr::null_mut(), look_for_encrypted) == 1
}

/// # Safety
///
/// `res` is a resource.
unsafe extern "C" fn look_for_encrypted(res: *mut c::resource, _none: *mut c_void) -> c_int {
    // SAFETY: As required of our caller.
    is_encrypted(unsafe { &*res }).into()
}
