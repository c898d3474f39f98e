// SPDX-License-Identifier: GPL-2.0

//! What has been mapped for C drivers, by the address that they have of it.

use crate::bindings::{iomrs_owners_lock, module::LibraryReference, spin_lock::SpinLock};
use crate::c_api::sparse::{Area, SparseAperture};
use crate::c_api::table::{Growth, Table};
use crate::ioremap::HeldRange;
use crate::mm::phys_range::PAGE_SIZE;
use crate::mm::preempt::in_interrupt;
use core::cell::Cell;
use kernel::prelude::*;

/// What an address stands for. It is unmapped on drop.
pub(super) enum Owned {
    /// Made by `ioremap()` or one like it.
    Range(HeldRange),
    /// Made by `devm_ioremap()` or one like it: a device's, which calls the library to unmap it, maybe
    /// after the driver has gone.
    Managed(HeldRange, LibraryReference),
    /// A BAR that the driver has requested and mapped by one call, for as long as it is bound.
    Bar(HeldRange, LibraryReference),
    /// An aperture that is mapped as a whole.
    Whole(HeldRange),
    /// An aperture that is not mapped itself: the address is none.
    Sparse(KBox<SparseAperture>),
    /// A part of such an aperture, by `io_mapping_map_wc()`.
    Area(Area),
}

impl Owned {
    /// Whether the byte at `addr` is mapped by it.
    fn contains(&self, addr: usize) -> bool {
        match self {
            Self::Range(held) | Self::Managed(held, _) | Self::Bar(held, _) | Self::Whole(held) => {
                held.contains(addr)
            }
            Self::Sparse(_) => false,
            Self::Area(area) => addr.wrapping_sub(area.addr()) < area.size(),
        }
    }

    /// Whether it is an aperture that was ended while parts were mapped, of which none is left.
    fn is_over(&self) -> bool {
        matches!(self, Self::Sparse(aperture) if aperture.is_over())
    }

    /// Whether it is an aperture.
    pub(super) fn is_aperture(&self) -> bool {
        matches!(self, Self::Whole(_) | Self::Sparse(_))
    }
}

/// What is found at an address that something else was looked for.
pub(super) enum Found {
    /// Something that contains it and cannot be unmapped by it.
    Inside,
    /// An aperture contains it.
    InAperture,
    /// A mapping of a device contains it.
    InManaged,
    /// Nothing of C drivers.
    Nothing,
}

/// What C drivers have.
struct Owners {
    mappings: Table<Owned>,
    /// By themselves, as there are few: they are gone through when a part of one is unmapped.
    apertures: Table<Owned>,
}

impl Owners {
    const fn new() -> Self {
        Self {
            mappings: Table::new(),
            apertures: Table::new(),
        }
    }

    fn values(&self) -> impl Iterator<Item = &Owned> {
        Iterator::chain(self.mappings.values(), self.apertures.values())
    }

    /// Returns the table that has apertures, or the other one.
    #[inline(always)]
    fn table(&mut self, is_aperture: bool) -> &mut Table<Owned> {
        if is_aperture {
            &mut self.apertures
        } else {
            &mut self.mappings
        }
    }
}

// SAFETY: The lock is for this alone.
static OWNERS: SpinLock<Owners> =
    unsafe { SpinLock::new(&raw mut iomrs_owners_lock, Owners::new()) };

/// Keeps the owners while the module is loaded.
pub(super) struct Registration;

impl Drop for Registration {
    fn drop(&mut self) {
        free_ended();
        let left = core::mem::replace(&mut *OWNERS.lock(), Owners::new());
        let count = left.values().count();
        if count != 0 {
            pr_warn!("C drivers have left {} mappings\n", count);
            // They stay mapped, as what a Rust driver has leaked.
            core::mem::forget(left);
        }
    }
}

fn key(addr: usize) -> usize {
    addr & !(PAGE_SIZE as usize - 1)
}

/// Notes what has been mapped at `addr`.
///
/// # Errors
///
/// `ENOMEM`. It is unmapped then.
///
/// # Context
///
/// May sleep.
#[inline(always)]
pub(super) fn insert(addr: usize, owned: Owned) -> Result {
    let is_aperture = owned.is_aperture();
    let mut owners = OWNERS.lock();
    while owners.table(is_aperture).is_full() {
        let capacity = owners.table(is_aperture).capacity();
        drop(owners);
        grow(is_aperture, capacity)?;
        owners = OWNERS.lock();
    }
    owners.table(is_aperture).insert(key(addr), owned);
    Ok(())
}

#[cold]
#[inline(never)]
fn grow(is_aperture: bool, capacity: usize) -> Result {
    let mut growth = Growth::new(capacity)?;
    OWNERS.lock().table(is_aperture).grow(&mut growth);
    Ok(())
}

/// Takes out the mapping that begins in the page of `addr`, if it `is_wanted`.
///
/// # Context
///
/// Any but interrupts.
#[inline(always)]
pub(super) fn remove(addr: usize, is_wanted: impl Fn(&Owned) -> bool) -> Option<Owned> {
    OWNERS.lock().mappings.remove(key(addr), is_wanted)
}

/// Ends an aperture that is mapped as a whole, and begins in the page of `addr`. Returns whether there was one.
///
/// # Context
///
/// May sleep.
#[inline(always)]
pub(super) fn end_whole(addr: usize) -> bool {
    let is_whole = |owned: &Owned| matches!(owned, Owned::Whole(_));
    // Not unmapped under the lock.
    let over = OWNERS.lock().apertures.remove(key(addr), is_whole);
    over.is_some()
}

/// Ends the sparse aperture whose address is `addr`. Returns how many of its maps there are, as far as that is known;
/// `None` where there is no such aperture. It is unmapped if there are none, and else by [`free_ended`].
///
/// # Context
///
/// May sleep.
#[cold]
#[inline(never)]
pub(super) fn end_sparse(addr: usize) -> Option<u32> {
    let live = Cell::new(None);
    let is_over = |owned: &Owned| match owned {
        Owned::Sparse(aperture) => {
            live.set(aperture.end());
            live.get() == Some(0)
        }
        _ => false,
    };
    // Not unmapped under the lock.
    let over = OWNERS.lock().apertures.remove(key(addr), is_over);
    drop(over);
    live.get()
}

/// Unmaps the apertures that were ended while parts of them were mapped, and that have none any more.
///
/// # Context
///
/// May sleep.
#[inline(always)]
pub(super) fn free_ended() {
    if SparseAperture::some_ended() {
        free_ended_slowpath();
    }
}

#[cold]
#[inline(never)]
fn free_ended_slowpath() {
    while SparseAperture::some_ended() {
        let mut owners = OWNERS.lock();
        let Some(key) = owners.apertures.find_key(Owned::is_over) else {
            return;
        };
        let over = owners.apertures.remove(key, Owned::is_over);
        drop(owners);
        drop(over);
    }
}

/// Returns the address of a BAR that begins at `phys`, and was requested and mapped by one call. There is one at
/// most, as it was requested.
pub(super) fn addr_of_bar(phys: u64) -> Option<usize> {
    let owners = OWNERS.lock();
    let addr = owners.mappings.values().find_map(|owned| match owned {
        Owned::Bar(held, _) if held.phys() == phys => Some(held.addr()),
        _ => None,
    });
    addr
}

/// Whether the byte at `addr` is mapped by an aperture.
pub(super) fn is_in_aperture(addr: usize) -> bool {
    let owners = OWNERS.lock();
    let found = owners.apertures.values().any(|owned| owned.contains(addr));
    found
}

/// Whether the byte at `addr` is known not to be mapped by an aperture. In an interrupt the lock cannot be waited
/// for, and with `PREEMPT_RT` not be tried either.
///
/// # Context
///
/// Any but NMI.
#[cold]
pub(super) fn is_in_no_aperture(addr: usize) -> bool {
    if cfg!(CONFIG_PREEMPT_RT) && in_interrupt() {
        return false;
    }
    let Some(owners) = OWNERS.try_lock() else {
        return false;
    };
    let found = owners.apertures.values().any(|owned| owned.contains(addr));
    !found
}

/// Returns what is at `addr`, for the line about a call that should not have been made.
#[cold]
#[inline(never)]
pub(super) fn find(addr: usize) -> Found {
    let owners = OWNERS.lock();
    let found = owners.values().find(|owned| owned.contains(addr));
    match found {
        Some(owned) if owned.is_aperture() => Found::InAperture,
        Some(Owned::Managed(..) | Owned::Bar(..)) => Found::InManaged,
        Some(_) => Found::Inside,
        None => Found::Nothing,
    }
}
