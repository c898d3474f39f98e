// SPDX-License-Identifier: GPL-2.0

//! Temporary maps by slots. The apertures here are sparse in every run, and have no chunks.

mod limits;
mod order;

use crate::support::{contexts::side_effects, mappings::*, outcome::*, ranges::*};
use io_mapping_rs::{io_mapping::LocalMap, window::WINDOW, IoMapping};
use kernel::prelude::*;

/// More slots than a CPU can have.
const MANY: usize = 65;
/// Pages of the aperture.
const PAGES: u64 = 128;

/// Returns what is written to a page.
fn mark(page: u64) -> u32 {
    0x1077_0000 | page as u32
}

/// Makes a sparse aperture of which each page holds its number.
fn marked_aperture() -> Outcome<Available<IoMapping>> {
    let range = match TestRange::reserved() {
        Ok(range) => range,
        Err(missing) => return Ok(Err(missing)),
    };
    let size = PAGES * PAGE;
    let in_c = CMapping::new(WC, range.phys, size)?;
    for page in 0..PAGES {
        in_c.write32((page * PAGE) as usize, mark(page));
    }
    Ok(Ok(check_ok!(sparse_aperture(range.phys, size))))
}

/// Does a map show what is written to the page?
fn shows_page(map: &LocalMap<'_>, page: u64) -> bool {
    map.try_read32(0) == Ok(mark(page))
}

/// Is this how many slots there are? How many the kernel has depends on its configuration.
fn is_all_slots(slots: u32) -> bool {
    if WINDOW == "percpu" {
        slots == crate::module_parameters::window_slots.value()
    } else {
        // Four of 15 or 16 are left to others.
        slots == 11 || slots == 12
    }
}

/// What was found when every slot was taken.
#[derive(Debug, Default, PartialEq)]
struct Exhaustion {
    slots: u32,
    /// Maps that did not show their page.
    wrong_maps: u32,
    /// Maps that were refused with another error than EAGAIN.
    other_errors: u32,
    /// Whether a refused atomic map left side effects.
    side_effects: bool,
}

/// Maps pages from `first` on until there are no more slots, checks all maps, and ends them.
fn exhaust(aperture: &IoMapping, first: u64) -> Exhaustion {
    let mut found = Exhaustion::default();
    let mut maps = [const { None }; MANY];
    for (page, place) in (first..).zip(&mut maps) {
        match aperture.map_local(page * PAGE) {
            Ok(map) => {
                *place = Some(map);
                found.slots += 1;
            }
            Err(err) => {
                found.other_errors += u32::from(err != EAGAIN);
                break;
            }
        }
    }
    let before = side_effects();
    let refused = aperture.map_atomic(0).err();
    found.other_errors += u32::from(refused != Some(EAGAIN));
    found.side_effects = side_effects() != before;
    for (page, map) in (first..).zip(maps.iter().flatten()) {
        found.wrong_maps += u32::from(!shows_page(map, page));
    }
    found
}

/// Fails the test unless all slots were taken but those `used` before, and nothing was wrong.
fn check_slots(found: &Exhaustion, used: u32) -> Outcome {
    check!(is_all_slots(found.slots + used));
    let expected = Exhaustion {
        slots: found.slots,
        ..Exhaustion::default()
    };
    check_eq!(*found, expected);
    Ok(())
}
