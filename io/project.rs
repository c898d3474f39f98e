// SPDX-License-Identifier: GPL-2.0

//! Projections: views of a part of a space, by offset.

use super::IoNonatomic64;
use core::ptr;
use kernel::{
    io::{Io, IoBackend, IoBase},
    prelude::*,
    ptr::KnownSize,
};

/// The view of a `T` that the backend of `IO` has.
pub(crate) type ViewOf<'a, IO, T> = <<IO as IoBase<'a>>::Backend as IoBackend>::View<'a, T>;

/// Returns a view of the `T` at `offset`.
///
/// One comparison checks both bounds and alignment. The aligned `T`s of the space have indices, and
/// a rotation turns `offset` into such an index. The low bits of a misaligned offset become the
/// high bits of the index, which is then too large for any space.
///
/// # Errors
///
/// `EINVAL` where the `T` does not lie within the space, or is misaligned.
#[inline(always)]
pub(crate) fn value_view<'a, IO: Io<'a>, T>(io: IO, offset: usize) -> Result<ViewOf<'a, IO, T>> {
    const {
        assert!(size_of::<T>() == align_of::<T>());
    };
    let view = io.as_view();
    let base = IO::Backend::as_ptr(view);
    let first_aligned = if align_of::<T>() <= IO::Target::MIN_ALIGN.as_usize() {
        0
    } else {
        base.addr().wrapping_neg() % align_of::<T>()
    };
    let count = KnownSize::size(base).saturating_sub(first_aligned) / size_of::<T>();
    let index = offset
        .wrapping_sub(first_aligned)
        .rotate_right(align_of::<T>().trailing_zeros());
    if index >= count {
        return Err(EINVAL);
    }
    let ptr = base
        .cast::<T>()
        .wrapping_byte_add(first_aligned)
        .wrapping_add(index);
    // SAFETY: `ptr` is aligned: whole `T`s after an aligned address. As `index` is below `count`,
    // the `T` lies within what `base` points to.
    Ok(unsafe { IO::Backend::project_view(view, ptr) })
}

/// As [`value_view`], checked at compile time.
#[inline(always)]
pub(super) fn value_view_assert<'a, IO: Io<'a>, T>(io: IO, offset: usize) -> ViewOf<'a, IO, T> {
    const {
        assert!(align_of::<T>() <= IO::Target::MIN_ALIGN.as_usize());
    };
    build_assert!(
        offset <= isize::MAX as usize
            && offset + size_of::<T>() <= IO::Target::MIN_SIZE
            && offset % align_of::<T>() == 0
    );
    let view = io.as_view();
    let ptr = IO::Backend::as_ptr(view)
        .cast::<T>()
        .wrapping_byte_add(offset);
    // SAFETY: `ptr` is aligned and the `T` lies within the view, both as just checked.
    unsafe { IO::Backend::project_view(view, ptr) }
}

/// Returns a view of `len` bytes from `offset` on.
///
/// # Errors
///
/// `EINVAL` where the bytes do not lie within the space.
#[inline(always)]
pub(super) fn bytes_view<'a, IO: Io<'a>>(
    io: IO,
    offset: usize,
    len: usize,
) -> Result<ViewOf<'a, IO, [u8]>> {
    let view = io.as_view();
    let base = IO::Backend::as_ptr(view);
    let last_offset = KnownSize::size(base).checked_sub(len);
    if last_offset.is_none_or(|last| offset > last) {
        return Err(EINVAL);
    }
    let first = base.cast::<u8>().wrapping_byte_add(offset);
    // SAFETY: The bytes lie within what `base` points to, as just checked, and are always aligned.
    Ok(unsafe { IO::Backend::project_view(view, ptr::slice_from_raw_parts_mut(first, len)) })
}

/// Returns views of the low and the high half of the 64 bits at `offset`.
///
/// # Errors
///
/// `EINVAL` where they do not lie within the space, or are not aligned to 32 bits.
#[inline(always)]
pub(super) fn half_views<'a, IO: Io<'a>>(io: IO, offset: usize) -> Result<[ViewOf<'a, IO, u32>; 2]>
where
    IO::Backend: IoNonatomic64,
{
    let second = offset.checked_add(size_of::<u32>()).ok_or(EINVAL)?;
    let (first, second) = (value_view(io, offset)?, value_view(io, second)?);
    Ok(if <IO::Backend as IoNonatomic64>::LOW == 0 {
        [first, second]
    } else {
        [second, first]
    })
}
