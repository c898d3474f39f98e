// SPDX-License-Identifier: GPL-2.0

//! On an unmodified kernel: what it exports to every module.

use super::walk::{self, Part, Resources, Wanted};
use super::{has_ram, is_used_ram, may_have_ram, page_last, page_start, resource, RangeUse};
use kernel::{
    bindings as c,
    ffi::{c_int, c_void},
};

/// Looks at the bytes `start` to `last`, in whole pages: that is what is mapped.
pub(super) fn look_at(start: u64, last: u64, is_guest_encrypted: bool) -> RangeUse {
    let pages = Pages {
        first: page_start(start),
        last: page_last(last),
    };
    // The first questions cost less, and most ranges are none.
    let size = pages.last.wrapping_sub(pages.first).wrapping_add(1);
    let has_ram = may_have_ram(start, last) && has_ram(pages.first, size as usize);
    let is_ram = has_ram && pages.walk_with(c::IORESOURCE_SYSTEM_RAM, is_used_ram);
    RangeUse {
        is_ram,
        is_reserved_ram: has_ram && !is_ram,
        is_encrypted: is_guest_encrypted && walk::has_encrypted(&pages),
        crosses_resource: walk::crosses_resource(&pages),
    }
}

/// A range of whole pages: its first and its last byte.
struct Pages {
    first: u64,
    last: u64,
}

impl Pages {
    /// Calls `found` for each resource of memory that overlaps the range and has `flags`, cut to the
    /// range, until it returns `true`. Returns whether it did.
    #[inline(always)]
    fn walk_with<F: FnMut(&c::resource) -> bool>(&self, flags: u32, mut found: F) -> bool {
        let flags = c::IORESOURCE_MEM | flags;
        // SAFETY: `call::<F>` gets `found`, which outlives the call.
        let status = unsafe {
            c::walk_iomem_res_desc(
                c::IORES_DESC_NONE as usize,
                flags as usize,
                self.first,
                self.last,
                (&raw mut found).cast(),
                Some(call::<F>),
            )
        };
        status == 1
    }
}

impl Resources for Pages {
    fn first(&self) -> u64 {
        self.first
    }

    fn last(&self) -> u64 {
        self.last
    }

    #[inline(always)]
    fn walk(&self, wanted: Wanted, mut found: impl FnMut(Part) -> bool) -> bool {
        let flags = match wanted {
            Wanted::Any => 0,
            Wanted::Busy => c::IORESOURCE_BUSY,
            Wanted::Bars => c::IORESOURCE_SIZEALIGN,
        };
        self.walk_with(flags, move |res| {
            found(Part {
                first: res.start,
                last: res.end,
                resource: resource(res),
            })
        })
    }
}

/// # Safety
///
/// `res` is a resource and `found` an `F` that nobody else uses.
unsafe extern "C" fn call<F: FnMut(&c::resource) -> bool>(
    res: *mut c::resource,
    found: *mut c_void,
) -> c_int {
    // SAFETY: As required of our caller.
    let (res, found) = unsafe { (&*res, &mut *found.cast::<F>()) };
    found(res).into()
}
