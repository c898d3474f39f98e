// SPDX-License-Identifier: GPL-2.0

//! Makes the same mapping by the library and by C, and compares all that can be seen of the two.

use crate::{
    c,
    support::{mappings::*, outcome::*, proc_files::*, ranges::*, translation::*},
};
use io_mapping_rs::{CacheMode, Mapping};
use kernel::io::Io;

/// Fails the test unless the `size` bytes at each address are mapped alike, entry for entry.
///
/// With the arena pages of the library may be larger than C's, which maps parts of them then.
pub(crate) fn compare_entries(ours: usize, in_c: usize, size: u64) -> Outcome {
    let end = ours + size as usize;
    let (mut a, mut b) = (ours & !(PAGE as usize - 1), in_c & !(PAGE as usize - 1));
    while a < end {
        let (Some(mut our), Some(mut their)) = (Translation::of(a), Translation::of(b)) else {
            fail!(
                "at {:#x} bytes: ours is {:x?}, C's is {:x?}",
                a - ours,
                Translation::of(a),
                Translation::of(b)
            )
        };
        let page_size = our.page_size.min(their.page_size);
        if from_arena() {
            // An address of the arena is aligned as the physical one, so that pages may be larger.
            check!(our.page_size >= their.page_size);
            (our.page_size, their.page_size) = (page_size, page_size);
        }
        check_eq!(our, their);
        let step = page_size - (a as u64 & (page_size - 1));
        (a, b) = (a + step as usize, b + step as usize);
    }
    Ok(())
}

/// Fails the test unless [`Mapping::entries`] reports what the page table holds.
pub(crate) fn check_reported_entries(ours: &Mapping) -> Outcome {
    let end = ours.addr() + ours.size();
    let mut addr = ours.addr() & !(PAGE as usize - 1);
    for reported in ours.entries() {
        let Some(found) = Translation::of(addr) else {
            fail!("{:#x} is not mapped", addr)
        };
        check_eq!(reported.page_size() as u64, found.page_size);
        check_eq!(
            reported.raw() & PHYS & !(found.page_size - 1),
            found.phys & !(found.page_size - 1)
        );
        check_eq!(reported.cache_mode(), Some(ours.achieved()));
        addr += reported.page_size();
    }
    check!(addr >= end);
    Ok(())
}

/// Maps a range of memory by C and by the library, and compares all that can be seen. Fails the test
/// unless both map it.
pub(crate) fn compare(mode: CacheMode, phys: u64, size: u64) -> Outcome {
    compare_with(mode, phys, size, compare_bytes)
}

/// As [`compare`], for registers, which do not read as they were written.
pub(crate) fn compare_registers(mode: CacheMode, phys: u64, size: u64) -> Outcome {
    compare_with(mode, phys, size, |_, _| Ok(()))
}

fn compare_with(
    mode: CacheMode,
    phys: u64,
    size: u64,
    compare_bytes: fn(&Mapping, &CMapping) -> Outcome,
) -> Outcome {
    let before = KernelState::now()?;
    let in_c = CMapping::new(mode, phys, size)?;
    let with_c = KernelState::now()?.since(&before)?;
    let log = c::iomrs_c_log_position();
    let ours = check_ok!(map(mode, phys, size));
    check_eq!(ours.size() as u64, size);
    check_eq!(ours.addr() % PAGE as usize, in_c.addr() % PAGE as usize);
    compare_entries(ours.addr(), in_c.addr(), size)?;
    check_reported_entries(&ours)?;
    compare_bytes(&ours, &in_c)?;
    drop(in_c);
    compare_state(&KernelState::now()?.since(&before)?, &with_c, mode)?;
    drop(ours);
    check_eq!(KernelState::now()?, before);
    check_eq!(c::iomrs_c_count_complaints(log), 0);
    Ok(())
}

/// Compares what one mapping of each adds to the kernel's files.
fn compare_state(ours: &KernelState, in_c: &KernelState, mode: CacheMode) -> Outcome {
    if cfg!(iomrs_exported) || mode == WC {
        check_eq!(ours.memtypes, in_c.memtypes);
    } else {
        // A stock kernel lets modules reserve write combining only.
        check!(ours.memtypes.is_empty());
    }
    check_eq!(ours.areas.len(), 1);
    check_eq!(in_c.areas.len(), 1);
    check_eq!(ours.areas[0], in_c.areas[0]);
    Ok(())
}

/// Checks that each reads what the other has written, at every power of two and in the last bytes.
fn compare_bytes(ours: &Mapping, in_c: &CMapping) -> Outcome {
    if Io::size(ours) < 8 {
        return Ok(());
    }
    let last = Io::size(ours) - 4;
    for offset in (2..usize::BITS).map(|bit| (1 << bit).min(last)) {
        let value = 0x5ca1_ab1e ^ offset as u32;
        in_c.write32(offset, value);
        check_eq!(ours.try_read32(offset), Ok(value));
        check_eq!(ours.try_write32(!value, offset), Ok(()));
        check_eq!(in_c.read32(offset), !value);
    }
    Ok(())
}
