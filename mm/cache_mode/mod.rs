// SPDX-License-Identifier: GPL-2.0

//! Cache modes, the protection bits that select them, and the kernel's registry of the cache mode of
//! each range.
//!
//! C header: [`arch/x86/include/asm/memtype.h`](srctree/arch/x86/include/asm/memtype.h)

use crate::arch::{cache_mode as arch, machine};
use crate::mm::phys_range::{PhysRange, PAGE_SHIFT, PAGE_SIZE};
use core::sync::atomic::{AtomicU32, Ordering};
use kernel::prelude::*;

#[cfg(iomrs_stock)]
mod live;
mod protection;
#[cfg(iomrs_stock)]
mod ranges;
pub(crate) use protection::Protection;

/// The mode that the CPU has for each mode: without PAT not every one has bits of its own.
static EFFECTIVE: [AtomicU32; CacheMode::ALL.len()] =
    [const { AtomicU32::new(0) }; CacheMode::ALL.len()];

/// Keeps what reservations need for as long as the module is loaded.
pub(crate) struct Registration {
    #[cfg(iomrs_stock)]
    _live: live::Registration,
}

impl Registration {
    /// Called when the module is loaded, before anything is mapped.
    pub(crate) fn new() -> Self {
        protection::init();
        for (mode, effective) in CacheMode::ALL.into_iter().zip(&EFFECTIVE) {
            effective.store(arch::effective(mode.as_raw()), Ordering::Relaxed);
        }
        Self {
            #[cfg(iomrs_stock)]
            _live: live::Registration,
        }
    }
}

/// How the CPU may cache and merge accesses to a mapping (C: `enum page_cache_mode`).
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{ioremap::Options, CacheMode};
///
/// /// A frame buffer wants its stores merged, a register wants each of them.
/// fn options(is_frame_buffer: bool) -> Options {
///     Options::new(if is_frame_buffer {
///         CacheMode::WriteCombining
///     } else {
///         CacheMode::UncachedMinus
///     })
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum CacheMode {
    /// Write back: ordinary cached memory (`ioremap_cache`).
    WriteBack = 0,
    /// Write combining: uncached, stores may be merged and reordered (`ioremap_wc`).
    WriteCombining = 1,
    /// Uncached, but an MTRR may turn it into write combining (`ioremap`).
    UncachedMinus = 2,
    /// Uncached whatever the MTRRs say (`ioremap_uc`).
    Uncached = 3,
    /// Write through: reads are cached, stores go to the device (`ioremap_wt`).
    WriteThrough = 4,
}

impl CacheMode {
    /// Every mode, for tables and tests.
    pub const ALL: [Self; 5] = [
        Self::WriteBack,
        Self::WriteCombining,
        Self::UncachedMinus,
        Self::Uncached,
        Self::WriteThrough,
    ];

    /// Returns the short name that `pat_memtype_list` uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WriteBack => "write-back",
            Self::WriteCombining => "write-combining",
            Self::UncachedMinus => "uncached-minus",
            Self::Uncached => "uncached",
            Self::WriteThrough => "write-through",
        }
    }

    /// Whether the CPU makes each access by itself and in order, as registers need it.
    pub const fn is_uncached(self) -> bool {
        matches!(self, Self::UncachedMinus | Self::Uncached)
    }

    const fn as_raw(self) -> u32 {
        // CAST: `repr(u8)`, with the numbers of `enum page_cache_mode`; arch/ checks them.
        self as u32
    }

    /// Returns the mode with this number of `enum page_cache_mode`.
    pub(crate) const fn from_raw(raw: u32) -> Option<Self> {
        match raw {
            0 => Some(Self::WriteBack),
            1 => Some(Self::WriteCombining),
            2 => Some(Self::UncachedMinus),
            3 => Some(Self::Uncached),
            4 => Some(Self::WriteThrough),
            _ => None,
        }
    }
}

/// What to do when another mapping of the same range has another cache mode.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{ioremap::Options, CacheMode, Policy};
///
/// // The default: `Policy::AllowWeaker`.
/// let any = Options::new(CacheMode::WriteCombining);
/// assert_eq!(Policy::default(), Policy::AllowWeaker);
/// // `Policy::Exact`: for a driver that would rather fail than be slow.
/// let exact = any.exact();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Take the mode that is there, as C's ioremap does, unless it is more strongly cached than the
    /// one asked for. `achieved()` tells which it is.
    ///
    /// Unlike C, who asks for [`Uncached`](CacheMode::Uncached) or
    /// [`UncachedMinus`](CacheMode::UncachedMinus) gets one of these two, or `EBUSY`: they are for
    /// registers, whose stores must not be merged or reordered. (In the first MiB, which C always
    /// maps write-back, an MTRR makes registers uncached.)
    #[default]
    AllowWeaker,
    /// The mode asked for, or `EBUSY`.
    ///
    /// A stock kernel does not tell a module which mode another driver has mapped the range with.
    /// There `EBUSY` is for what is known: mappings of this library, and those that make the kernel
    /// refuse write combining.
    Exact,
}

/// Returns the cache mode that the entry `entry` of a page of `1 << shift` bytes selects; `None` where no
/// mode has these bits.
pub(crate) fn mode_of_entry(entry: u64, shift: u32) -> Option<CacheMode> {
    CacheMode::from_raw(arch::of_entry(entry, shift > PAGE_SHIFT)?)
}

/// A mapping that somebody else has made, and that the kernel does not tell of on a stock kernel. It is
/// treated as one of ours while this exists.
pub(crate) struct ForeignMapping {
    #[cfg(iomrs_stock)]
    _live: live::LiveRange,
}

impl ForeignMapping {
    /// Says that the pages of the bytes `first` to `last` are mapped as `mode`.
    ///
    /// # Errors
    ///
    /// `EBUSY` and `ENOMEM`, as [`Reservation::new`].
    ///
    /// # Context
    ///
    /// May sleep, and so may dropping it.
    #[cfg_attr(
        iomrs_exported,
        expect(unused_variables, reason = "the registry has it")
    )]
    pub(crate) fn new(first: u64, last: u64, mode: CacheMode) -> Result<Self> {
        Ok(Self {
            #[cfg(iomrs_stock)]
            _live: live::LiveRange::new(
                first & !(PAGE_SIZE - 1),
                (last | (PAGE_SIZE - 1)).saturating_add(1),
                mode,
            )?,
        })
    }
}

/// A line in the registry of cache modes (`/sys/kernel/debug/x86/pat_memtype_list`), removed on
/// drop.
///
/// On a stock kernel only write combining makes a line, and the registry does not tell its answer.
/// What is known is what this module has reserved itself: see `live`.
///
/// # Invariants
///
/// - The registry was given the pages of the range, less an untracked last page, for the mode that was asked
///   of it: `requested`, or on a stock kernel `asked`. Where no page is left it was given nothing. `range` has the range.
/// - On a stock kernel place `place` of `asked` in the list of live ranges has the range, that of this.
pub(crate) struct Reservation {
    #[cfg(iomrs_exported)]
    range: arch::ReservedRange,
    // The place in the list of live ranges, which has the range, too: what is moved to its owner fits into a
    // register.
    #[cfg(iomrs_stock)]
    place: u32,
    #[cfg(iomrs_stock)]
    asked: CacheMode,
    requested: CacheMode,
    achieved: CacheMode,
}

impl Reservation {
    /// Reserves the pages of `range` for `requested`.
    ///
    /// # Errors
    ///
    /// `EBUSY` where another mapping has another mode and `policy` or the CPU forbids the mixture,
    /// `EINVAL` where part of the range is RAM and part is not, `ENOMEM`.
    ///
    /// # Context
    ///
    /// May sleep.
    #[inline(always)]
    pub(crate) fn new(range: PhysRange, requested: CacheMode, policy: Policy) -> Result<Self> {
        let start = Self::first_page(range);
        let end = start.saturating_add(range.pages() << PAGE_SHIFT);
        #[cfg(iomrs_stock)]
        let live = live::LiveRange::new(start, end, requested)?;
        #[cfg(iomrs_stock)]
        let asked = live.mode();
        #[cfg(iomrs_exported)]
        let asked = requested;
        let mut raw = asked.as_raw();
        let tracked = tracked_end(start, end);
        if tracked > start {
            raw = arch::reserve(start, tracked, raw)?;
        }
        // INVARIANT: The registry has just taken what is tracked of the range for `asked`, and the list the
        // range.
        let mut this = Self {
            #[cfg(iomrs_exported)]
            range: arch::ReservedRange::new(start, end),
            #[cfg(iomrs_stock)]
            place: live.into_place(),
            #[cfg(iomrs_stock)]
            asked,
            requested,
            achieved: asked,
        };
        // The registry does not know what the CPU cannot do.
        let effective = EFFECTIVE.get(raw as usize).ok_or(EINVAL)?;
        let effective = effective.load(Ordering::Relaxed);
        if effective != asked.as_raw() {
            this.achieved = CacheMode::from_raw(effective).ok_or(EINVAL)?;
        }
        if this.achieved != requested {
            check_weaker((start, end), requested, this.achieved, policy)?;
        }
        // SAFETY: The registry holds the range, less an untracked last page, with mode `achieved`.
        unsafe { arch::sync(start, end - start, this.achieved.as_raw())? };
        Ok(this)
    }

    /// Returns the physical address of the first page of `range`, as entries can hold it.
    #[inline(always)]
    pub(crate) fn first_page(range: PhysRange) -> u64 {
        range.page_start() & machine::phys_mask()
    }

    /// Returns the mode that was asked for.
    pub(crate) const fn requested(&self) -> CacheMode {
        self.requested
    }

    /// Returns the mode that the entries must have.
    pub(crate) const fn achieved(&self) -> CacheMode {
        self.achieved
    }
}

/// Returns the end of the part of a range that the registry is given. The registry masks addresses on free:
/// for the end of the widest physical address it would look for 0, and the line would stay for
/// ever, as it does in C. So the last page before that end is left out.
#[inline(always)]
fn tracked_end(start: u64, end: u64) -> u64 {
    if end & machine::phys_mask() == 0 {
        end.saturating_sub(PAGE_SIZE).max(start)
    } else {
        end
    }
}

/// Whether a mapping that asked for one mode may have another one.
///
/// # Errors
///
/// `EBUSY`.
#[cold]
#[inline(never)]
fn check_weaker(
    (start, end): (u64, u64),
    requested: CacheMode,
    achieved: CacheMode,
    policy: Policy,
) -> Result {
    let size = end - start;
    let reorders =
        requested.is_uncached() && !achieved.is_uncached() && !arch::is_untracked(start, end);
    if policy == Policy::Exact
        || reorders
        || !arch::is_allowed(start, size, requested.as_raw(), achieved.as_raw())
    {
        return Err(EBUSY);
    }
    Ok(())
}

impl Drop for Reservation {
    // Out of line: not for the modules that drop a mapping.
    #[inline(never)]
    fn drop(&mut self) {
        #[cfg(iomrs_stock)]
        let ((start, end), asked) = (live::remove(self.place, self.asked), self.asked);
        #[cfg(iomrs_exported)]
        let ((start, end), asked) = (self.range.get(), self.requested);
        let end = tracked_end(start, end);
        if end > start {
            // SAFETY: By the type's invariant the registry holds just this range, taken for `asked`.
            unsafe { arch::free(start, end, asked.as_raw()) };
        }
    }
}
