// SPDX-License-Identifier: GPL-2.0

//! Views of a part of a space, by its offset.

use super::IoNonatomic64;
use core::ptr;
use kernel::{
    io::{Io, IoBackend, IoBase},
    prelude::*,
    ptr::KnownSize,
};

pub(super) type ViewOf<'a, IO, T> = <<IO as IoBase<'a>>::Backend as IoBackend>::View<'a, T>;

/// A view of the `T` at `offset`.
///
/// One test of the offset does for bounds and alignment. Places for a `T` are counted from the first
/// aligned one: `offset` is turned into such a number by a rotation, which makes a number too large
/// for any space of what is misaligned, or lies before the first.
///
/// # Errors
///
/// `EINVAL` where it would leave the space, or be misaligned.
#[inline(always)]
pub(super) fn value_at<'a, IO: Io<'a>, T>(io: IO, offset: usize) -> Result<ViewOf<'a, IO, T>> {
    const {
        assert!(size_of::<T>() == align_of::<T>());
    };
    let view = io.as_view();
    let base = IO::Backend::as_ptr(view);
    // Bytes before the first aligned one.
    let lead = if align_of::<T>() <= IO::Target::MIN_ALIGN.as_usize() {
        0
    } else {
        base.addr().wrapping_neg() % align_of::<T>()
    };
    let places = KnownSize::size(base).saturating_sub(lead) / size_of::<T>();
    let place = offset
        .wrapping_sub(lead)
        .rotate_right(align_of::<T>().trailing_zeros());
    if place >= places {
        return Err(EINVAL);
    }
    let ptr = base.cast::<T>().wrapping_byte_add(lead).wrapping_add(place);
    // SAFETY: Within what `base` points to, as just checked. Aligned, as that many places are after
    // an aligned one.
    Ok(unsafe { IO::Backend::project_view(view, ptr) })
}

/// As [`value_at`], checked at compile time.
#[inline(always)]
pub(super) fn known_value_at<'a, IO: Io<'a>, T>(io: IO, offset: usize) -> ViewOf<'a, IO, T> {
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
    // SAFETY: Within what the view is of, and aligned, as just checked.
    unsafe { IO::Backend::project_view(view, ptr) }
}

/// A view of `len` bytes from `offset` on.
///
/// # Errors
///
/// `EINVAL` where they would leave the space.
#[inline(always)]
pub(super) fn bytes_at<'a, IO: Io<'a>>(
    io: IO,
    offset: usize,
    len: usize,
) -> Result<ViewOf<'a, IO, [u8]>> {
    let view = io.as_view();
    let base = IO::Backend::as_ptr(view);
    let room = KnownSize::size(base).checked_sub(len);
    if room.is_none_or(|room| offset > room) {
        return Err(EINVAL);
    }
    let first = base.cast::<u8>().wrapping_byte_add(offset);
    // SAFETY: Within what `base` points to, as just checked; bytes are always aligned.
    Ok(unsafe { IO::Backend::project_view(view, ptr::slice_from_raw_parts_mut(first, len)) })
}

/// Views of the low and the high half of the 64 bits at `offset`.
///
/// # Errors
///
/// `EINVAL` where they would leave the space, or not be aligned to 32 bits.
#[inline(always)]
pub(super) fn halves_at<'a, IO: Io<'a>>(io: IO, offset: usize) -> Result<[ViewOf<'a, IO, u32>; 2]>
where
    IO::Backend: IoNonatomic64,
{
    let second = offset.checked_add(size_of::<u32>()).ok_or(EINVAL)?;
    let (first, second) = (value_at(io, offset)?, value_at(io, second)?);
    Ok(if <IO::Backend as IoNonatomic64>::LOW == 0 {
        [first, second]
    } else {
        [second, first]
    })
}
