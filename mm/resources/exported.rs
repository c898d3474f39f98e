// SPDX-License-Identifier: GPL-2.0

//! On a kernel with `kconfig/export.patch`: what C's ioremap asks.

use super::{first_valid_pfn, is_encrypted, page_last, page_start, RangeUse};
use crate::bindings;
use crate::mm::phys_range::PAGE_SHIFT;
use kernel::{
    bindings as c,
    ffi::{c_int, c_void},
};

/// A walk over resources.
struct Walk {
    found: RangeUse,
    is_guest_encrypted: bool,
}

/// Looks at the bytes `start` to `last`, in whole pages: that is what is mapped.
pub(super) fn look_at(start: u64, last: u64, is_guest_encrypted: bool) -> RangeUse {
    let mut walk = Walk {
        found: RangeUse::default(),
        is_guest_encrypted,
    };
    let arg = (&raw mut walk).cast();
    // SAFETY: `look_at_resource` gets `walk`, which outlives the call.
    unsafe {
        c::walk_mem_res(
            page_start(start),
            page_last(last),
            arg,
            Some(look_at_resource),
        )
    };
    let size = last.wrapping_sub(start).wrapping_add(1) as usize;
    // SAFETY: Any range may be asked for.
    walk.found.crosses_resource = unsafe { c::iomem_map_sanity_check(start, size) } != 0;
    walk.found
}

/// Returns whether the walk can end, as all is known.
///
/// # Safety
///
/// `res` is a resource and `walk` a [`Walk`] that nobody else uses.
unsafe extern "C" fn look_at_resource(res: *mut c::resource, walk: *mut c_void) -> c_int {
    // SAFETY: As required of our caller.
    let (res, walk) = unsafe { (&*res, &mut *walk.cast::<Walk>()) };
    walk.found.is_ram |= is_used_ram(res);
    walk.found.is_encrypted |= walk.is_guest_encrypted && is_encrypted(res);
    (walk.found.is_ram && walk.found.is_encrypted).into()
}

/// Whether a resource is RAM that the kernel uses: system RAM, a page of which has a `struct page` and
/// is not reserved.
fn is_used_ram(res: &c::resource) -> bool {
    const SYSTEM_RAM: usize = c::IORESOURCE_SYSTEM_RAM as usize;
    if res.flags & SYSTEM_RAM != SYSTEM_RAM {
        return false;
    }
    let first = (res.start + (1 << PAGE_SHIFT) - 1) >> PAGE_SHIFT;
    let (mut pfn, end) = (first as usize, ((res.end + 1) >> PAGE_SHIFT) as usize);
    while let Some(valid) = first_valid_pfn(pfn, end) {
        // SAFETY: The page frame has a `struct page`.
        if !unsafe { bindings::iomrs_page_is_reserved(valid) } {
            return true;
        }
        pfn = valid + 1;
    }
    false
}
