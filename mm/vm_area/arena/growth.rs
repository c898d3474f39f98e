// SPDX-License-Identifier: GPL-2.0

//! More units where the ones that are there are full.

use super::budget::{self, Budget, BUDGET};
use super::dirty::{Limits, Part};
use super::free_pages::FreePages;
use super::space::{Request, Space, Taken, UsedUnit};
use super::unit::Unit;
use super::{finish_flush, shrink, take_free, SPACE, UNITS};
use crate::mm::phys_range::PAGE_SHIFT;
use crate::mm::vm_area::arena_usage::Settings;
use core::sync::atomic::{AtomicBool, Ordering};
use kernel::{
    alloc::{flags::__GFP_NOWARN, KVVec},
    cpu,
    prelude::*,
};

/// The first unit, unless more is asked for. Later ones are as large as all that are there, up to
/// [`LARGEST_UNIT`].
const FIRST_UNIT: usize = 64 << 20;
/// The largest unit, unless more is asked for.
const LARGEST_UNIT: usize = 1 << 30;
/// The smallest unit that there is memory for: what one table of small pages maps.
const SMALLEST_UNIT: usize = 2 << 20;

/// Whether `Registration::new` has been called.
static REGISTERED: AtomicBool = AtomicBool::new(false);

/// Whether mappings come from the arena with the exported backend, which has areas of its own.
#[inline(always)]
pub(super) fn is_registered() -> bool {
    REGISTERED.load(Ordering::Relaxed)
}

/// Keeps the units while the module is loaded.
pub(crate) struct Registration(());

impl Registration {
    /// Called when the module is loaded, before anything is mapped.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and `EBUSY` for any call but the first.
    pub(crate) fn new(settings: Settings) -> Result<Self> {
        if REGISTERED.swap(true, Ordering::Relaxed) {
            return Err(EBUSY);
        }
        // SAFETY: Only one call gets here, and nothing has used the lock before.
        unsafe { BUDGET.init() };
        let or_default = |bytes: u64, default: usize| match bytes {
            0 => default,
            bytes => usize::try_from(bytes).unwrap_or(usize::MAX),
        };
        let dirty = or_default(settings.dirty, default_dirty());
        let space = Space::new(Limits {
            pages: dirty >> PAGE_SHIFT,
            entries: usize::MAX,
        })?;
        BUDGET.lock().total = or_default(settings.budget, budget::default_total());
        *SPACE.lock() = Some(space);
        // SAFETY: Only one call gets here, and there are no units yet.
        unsafe { shrink::init(settings.idle) };
        Ok(Self(()))
    }
}

/// As much as the kernel's vmalloc has: 32 MiB for each doubling of CPUs (C: `lazy_max_pages()`).
fn default_dirty() -> usize {
    let doublings = u32::BITS - cpu::nr_cpu_ids().leading_zeros();
    // CAST: at most 32.
    (32 << 20) * doublings as usize
}

impl Drop for Registration {
    fn drop(&mut self) {
        // Nobody maps any more: the module is being unloaded.
        shrink::stop();
        let begun = SPACE.lock().as_mut().and_then(Space::begin_flush);
        if let Some(flush) = begun {
            finish_flush(flush);
        }
        // Dropped here, not under the lock.
        let Some(space) = SPACE.lock().take() else {
            return;
        };
        let mut leaked = 0;
        for (index, used) in space.units() {
            let unit = UNITS
                .get(index)
                .map(|unit| unit.swap(core::ptr::null_mut(), Ordering::AcqRel));
            let Some(unit) = unit.filter(|unit| !unit.is_null()) else {
                continue;
            };
            // SAFETY: `add_unit` got the pointer from `KBox::into_raw`, and nobody uses it any more.
            let unit = unsafe { KBox::from_raw(unit) };
            if !used.free.is_whole() {
                leaked += unit.size() >> 20;
                KBox::into_inner(unit).leak();
            }
        }
        if leaked != 0 {
            pr_warn!(
                "{} MiB of address space stay, as mappings in them were leaked\n",
                leaked
            );
        }
    }
}

/// Takes what `request` asks for from a new unit, unless another task has made one meanwhile.
///
/// # Errors
///
/// `ENOMEM` where the budget is spent, or memory or address space are short.
///
/// # Context
///
/// May sleep.
#[cold]
#[inline(never)]
pub(super) fn take_from_new_unit(request: Request) -> Result<Part> {
    let mut budget = BUDGET.lock();
    loop {
        match take_free(request)? {
            Taken::Part(part) => return Ok(part),
            Taken::NoSpace => break,
            Taken::AfterFlush(flush) => finish_flush(flush),
            Taken::AfterPlaces(places) => super::add_places(places)?,
        }
    }
    add_unit(&mut budget, request)?;
    match take_free(request)? {
        Taken::Part(part) => Ok(part),
        _ => Err(ENOMEM),
    }
}

/// Makes a unit that is large enough for `request`. Where the budget or the memory does not allow for it,
/// units that nobody uses are freed.
fn add_unit(budget: &mut Budget, request: Request) -> Result {
    let needed = size_for(request).ok_or(ENOMEM)?;
    let wanted = floor_power_of_two(budget.used).clamp(FIRST_UNIT, LARGEST_UNIT);
    let mut size = wanted.max(needed);
    let (unit, free) = loop {
        let is_within = size <= budget.total.saturating_sub(budget.used);
        let made = if is_within {
            make_unit(size)
        } else {
            Err(ENOMEM)
        };
        match made {
            Ok(made) => break made,
            Err(_) if size > needed => size /= 2,
            Err(err) => {
                if needed > budget.total || !shrink::free_unit(budget, UsedUnit::is_unused) {
                    return Err(err);
                }
            }
        }
    };
    let used = UsedUnit {
        addr: unit.addr(),
        free,
        is_for_large: request.align_shift != 0,
        is_idle: false,
    };
    {
        let mut space = SPACE.lock();
        let space = space.as_mut().ok_or(ENODEV)?;
        let index = space.free_index().ok_or(ENOMEM)?;
        let place = UNITS.get(index).ok_or(ENOMEM)?;
        place.store(KBox::into_raw(unit), Ordering::Release);
        space.add(index, used);
    }
    budget.used += size;
    shrink::start();
    Ok(())
}

fn make_unit(size: usize) -> Result<(KBox<Unit>, FreePages<KVVec<u64>>)> {
    let pages = size >> PAGE_SHIFT;
    let words = FreePages::<KVVec<u64>>::metadata_len(pages).ok_or(ENOMEM)?;
    let metadata = KVVec::from_elem(0, words, GFP_KERNEL | __GFP_NOWARN)?;
    let free = FreePages::new(metadata, pages).ok_or(ENOMEM)?;
    let unit = KBox::new(Unit::new(size)?, GFP_KERNEL)?;
    Ok((unit, free))
}

/// Returns how large a unit must be to have what `request` asks for: a power of two.
fn size_for(request: Request) -> Option<usize> {
    let align = 1usize.checked_shl(request.align_shift)?;
    let pages = (request.residue & (align - 1)).checked_add(request.pages)?;
    let size = pages.checked_next_power_of_two()?.checked_shl(PAGE_SHIFT)?;
    Some(size.max(SMALLEST_UNIT))
}

fn floor_power_of_two(bytes: usize) -> usize {
    bytes.checked_ilog2().map_or(0, |shift| 1 << shift)
}
