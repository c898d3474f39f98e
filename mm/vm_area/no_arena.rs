// SPDX-License-Identifier: GPL-2.0

//! In place of the arena, where the address space is too small for its units: on 32 bits.

use super::arena_usage::{Settings, UnitUsage, Usage};
use super::{Handle, VmArea};
use crate::mm::cache_mode::Protection;
use kernel::prelude::*;

/// Whether mappings come from the arena.
#[inline(always)]
pub(super) const fn is_in_use() -> bool {
    false
}

/// What nobody has.
pub(crate) struct Registration(());

impl Registration {
    /// Refuses `arena=1`.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP`.
    pub(crate) fn new(_: Settings) -> Result<Self> {
        pr_err!("arena=1: there is no arena on 32 bits\n");
        Err(EOPNOTSUPP)
    }
}

/// As [`VmArea::map`].
///
/// # Errors
///
/// `EOPNOTSUPP`.
pub(super) fn map(_phys: u64, _size: usize, _: Protection) -> Result<(VmArea, usize)> {
    Err(EOPNOTSUPP)
}

/// As [`VmArea::reserve`].
///
/// # Errors
///
/// `EOPNOTSUPP`.
pub(super) fn reserve(_size: usize) -> Result<(VmArea, usize)> {
    Err(EOPNOTSUPP)
}

/// Nothing: there are no parts.
///
/// # Safety
///
/// None. As where there is an arena.
pub(super) unsafe fn free(_: Handle) {}

/// Returns `None`.
pub(crate) const fn usage() -> Option<Usage> {
    None
}

/// Returns nothing.
pub(crate) fn units() -> impl Iterator<Item = UnitUsage> {
    core::iter::empty()
}
