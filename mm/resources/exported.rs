// SPDX-License-Identifier: GPL-2.0

//! On a kernel with `kconfig/export.patch`: what C's ioremap asks.

use super::{is_used_ram, page_last, page_start, resource, RangeUse};
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
    let size = last.wrapping_sub(start).wrapping_add(1);
    // CAST: an address that a resource can have. What C cannot ask for is refused.
    walk.found.crosses_resource = usize::try_from(size).map_or(true, |size| {
        // SAFETY: Any range may be asked for.
        unsafe { c::iomem_map_sanity_check(start as c::resource_size_t, size) != 0 }
    });
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
    walk.found.is_encrypted |= walk.is_guest_encrypted && resource(res).is_encrypted();
    (walk.found.is_ram && walk.found.is_encrypted).into()
}
