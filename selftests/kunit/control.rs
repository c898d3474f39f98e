// SPDX-License-Identifier: GPL-2.0

//! `/sys/kernel/debug/io_mapping_selftests/do`: makes mappings as it is told, for whoever reads the
//! library's files meanwhile (`tools/guest/files.py`). A command is a word and numbers.

use crate::support::{
    devices::{Device, NAME},
    ranges::{PAGE, PAGE_2M},
};
use io_mapping_rs::{
    debugfs::files::{Directory, Text, TextFile, TextFiles},
    ioremap::{self, ioremap, ioremap_wc},
    pci::Bar,
    CacheMode, IoMapping, Mapping, Ports, Strategy,
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::Mutex,
    time::{delay::fsleep, Delta},
};

/// What has been made and not dropped.
pub(crate) struct Held {
    mappings: KVVec<Mapping>,
    apertures: KVVec<IoMapping>,
}

pub(crate) type Files = TextFiles<Pin<KBox<Mutex<Held>>>>;

/// Makes the file.
pub(crate) fn files() -> Result<Files> {
    let held = Held {
        mappings: KVVec::new(),
        apertures: KVVec::new(),
    };
    let held = KBox::pin_init(new_mutex!(held), GFP_KERNEL)?;
    let files = TextFiles::new(Directory::new(c"io_mapping_selftests", None), held)?;
    files.add::<Do>();
    Ok(files)
}

pub(crate) struct Do;

#[vtable]
impl TextFile<Pin<KBox<Mutex<Held>>>> for Do {
    const NAME: &'static CStr = c"do";

    fn show(_: &Pin<KBox<Mutex<Held>>>, out: &mut Text) -> Result {
        out.push(b"hold sparse modes drop maps wait churn refuse refuse-bars leak\n")
    }

    fn store(held: &Pin<KBox<Mutex<Held>>>, text: &str) -> Result {
        let mut words = text.split_ascii_whitespace();
        let command = words.next().ok_or(EINVAL)?;
        let mut number = || {
            words
                .next()
                .ok_or(EINVAL)?
                .parse::<u64>()
                .map_err(|_| EINVAL)
        };
        let (phys, count) = (number()?, number()?);
        match command {
            "hold" => hold(&mut held.lock(), phys, count),
            "whole" => aperture(&mut held.lock(), phys, count, Strategy::Whole),
            "sparse" => aperture(&mut held.lock(), phys, count, Strategy::Sparse),
            "modes" => modes(&mut held.lock(), phys),
            "drop" => {
                let mut held = held.lock();
                held.mappings = KVVec::new();
                held.apertures = KVVec::new();
                Ok(())
            }
            "maps" => maps(phys, count),
            "wait" => wait(phys, count),
            "churn" => churn(phys, count),
            "refuse" => refuse(phys),
            "refuse-bars" => refuse_bars(),
            "leak" => leak(phys),
            _ => Err(EINVAL),
        }
    }
}

/// `count` mappings of a page each.
fn hold(held: &mut Held, phys: u64, count: u64) -> Result {
    for page in 0..count {
        // SAFETY: The range is that of the tests.
        let mapping = unsafe { ioremap(phys + page * PAGE, PAGE)? };
        held.mappings.push(mapping, GFP_KERNEL)?;
    }
    Ok(())
}

fn aperture(held: &mut Held, phys: u64, size: u64, strategy: Strategy) -> Result {
    let options = ioremap::Options::new(CacheMode::WriteCombining);
    // SAFETY: As above.
    let aperture = unsafe { IoMapping::with_strategy(phys, size, options, strategy)? };
    Ok(held.apertures.push(aperture, GFP_KERNEL)?)
}

/// Two mappings of one page, of which the second cannot have its mode.
fn modes(held: &mut Held, phys: u64) -> Result {
    for mode in [CacheMode::WriteCombining, CacheMode::UncachedMinus] {
        // SAFETY: As above.
        let mapping = unsafe { ioremap::Options::new(mode).map(phys, PAGE)? };
        held.mappings.push(mapping, GFP_KERNEL)?;
    }
    Ok(())
}

/// A sparse aperture of four chunks.
fn sparse(phys: u64) -> Result<IoMapping> {
    let options = ioremap::Options::new(CacheMode::WriteCombining);
    // SAFETY: As above.
    unsafe { IoMapping::with_strategy(phys, 4 * PAGE_2M, options, Strategy::Sparse) }
}

/// `count` maps of each kind, and as many less one in slots at once.
fn maps(phys: u64, count: u64) -> Result {
    let mut aperture = sparse(phys)?;
    for page in 0..count {
        drop(aperture.map_local(page * PAGE)?);
        drop(aperture.map_local(page * PAGE)?);
        drop(aperture.map_atomic(page * PAGE)?);
        // Across a chunk's edge.
        drop(aperture.map(PAGE_2M - PAGE, 2 * PAGE)?);
    }
    let mut held = KVec::with_capacity(64, GFP_KERNEL)?;
    while let Ok(map) = aperture.map_local(0) {
        held.push(map, GFP_KERNEL)?;
    }
    drop(held);
    drop(aperture.map(0, PAGE)?);
    // The chunk is there.
    drop(aperture.map_local(0)?);
    aperture.trim();
    Ok(())
}

/// Holds three slots, a chunk and two areas for `ms` milliseconds.
fn wait(phys: u64, ms: u64) -> Result {
    let aperture = sparse(phys)?;
    let _chunk = aperture.map(PAGE_2M, PAGE)?;
    let _slots = (
        aperture.map_local(0)?,
        aperture.map_local(PAGE)?,
        aperture.map_local(3 * PAGE_2M)?,
    );
    // Last: who waits for them finds all the rest.
    let _areas = (
        aperture.map(2 * PAGE_2M - PAGE, 2 * PAGE)?,
        aperture.map(3 * PAGE_2M - PAGE, 2 * PAGE)?,
    );
    fsleep(Delta::from_millis(ms as i64));
    Ok(())
}

/// Makes and drops all kinds of mappings, `rounds` times.
fn churn(phys: u64, rounds: u64) -> Result {
    for round in 0..rounds {
        // SAFETY: As above.
        let mapping = unsafe { ioremap_wc(phys + round % 512 * PAGE, 4 * PAGE)? };
        let aperture = sparse(phys)?;
        drop(aperture.map(PAGE_2M - PAGE, 2 * PAGE)?);
        drop(aperture.map(round % 4 * PAGE_2M, PAGE)?);
        drop(aperture.map_local(0)?);
        drop(mapping);
    }
    Ok(())
}

/// One refusal for each errno that can be had.
fn refuse(phys: u64) -> Result {
    // SAFETY: All of them are refused.
    let refused = unsafe {
        [
            ioremap(phys, 0).err(),
            ioremap(1 << 60, PAGE).err(),
            ioremap(crate::c::iomrs_c_ram_page(), PAGE).err(),
            IoMapping::new_wc(phys + 8, PAGE).err(),
        ]
    };
    if refused == [Some(EINVAL), Some(ERANGE), Some(EPERM), Some(EINVAL)] {
        Ok(())
    } else {
        Err(EIO)
    }
}

/// As above, for BARs and ports. One BAR is mapped meanwhile.
fn refuse_bars() -> Result {
    let get = |device: core::result::Result<Device, _>| device.map_err(|_| ENODEV);
    let (ivshmem, testdev) = (get(Device::ivshmem())?, get(Device::testdev())?);
    let ivshmem = ivshmem.bound();
    let _held = Bar::iomap(ivshmem, 2, PAGE, NAME)?;
    let refused = [
        Bar::iomap(ivshmem, 6, 0, NAME).err(),
        Bar::iomap(testdev.bound(), Device::PORT_BAR, 0, NAME).err(),
        Bar::iomap(ivshmem, 2, 0, NAME).err(),
        Bar::iomap_range(ivshmem, 0, PAGE_2M, 0, NAME).err(),
        // SAFETY: Refused.
        unsafe { Ports::new(0, 0) }.err(),
    ];
    if refused == [EINVAL, ENODEV, EBUSY, EINVAL, EINVAL].map(Some) {
        Ok(())
    } else {
        Err(EIO)
    }
}

/// A mapping that outlives this module.
fn leak(phys: u64) -> Result {
    // SAFETY: As above.
    core::mem::forget(unsafe { ioremap_wc(phys, PAGE)? });
    Ok(())
}
