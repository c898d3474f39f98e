// SPDX-License-Identifier: GPL-2.0

//! `/sys/kernel/debug/io_mapping_selftests/control`: makes mappings while `tools/guest/files.py`
//! reads the library's files. A command is a word and two numbers: a physical address, and a count
//! or a size.

use crate::support::{
    devices::{Device, NAME},
    ranges::{PAGE, PAGE_2M},
    reclaim::in_reclaim,
};
use io_mapping_rs::{
    debugfs::files::{Directory, Text, TextFile, TextFiles},
    io_mapping::LocalMap,
    ioremap::{self, ioremap, ioremap_wc},
    pci::Bar,
    CacheMode, IoMapping, Mapping, Ports, Strategy,
};
use kernel::{
    fmt::Write,
    new_mutex,
    prelude::*,
    sync::Mutex,
    time::{delay::fsleep, Delta},
};

/// What commands have made, until the command `drop`.
pub(crate) struct Kept {
    mappings: KVVec<Mapping>,
    apertures: KVVec<IoMapping>,
}

type Data = Pin<KBox<Mutex<Kept>>>;

pub(crate) type Files = TextFiles<Data>;

/// Makes the file.
pub(crate) fn files() -> Result<Files> {
    let kept = Kept {
        mappings: KVVec::new(),
        apertures: KVVec::new(),
    };
    let kept = KBox::pin_init(new_mutex!(kept), GFP_KERNEL)?;
    let files = TextFiles::new(Directory::new(c"io_mapping_selftests", None), kept)?;
    files.add::<Control>();
    Ok(files)
}

struct Control;

#[vtable]
impl TextFile<Data> for Control {
    const NAME: &'static CStr = c"control";

    fn show(_: &Data, out: &mut Text) -> Result {
        out.push(
            b"pages whole sparse modes drop count hold hoard churn refuse refuse-bars leak map-in-reclaim map-under-lock\n",
        )?;
        #[cfg(CONFIG_X86_64)]
        for (number, name) in crate::failures::names().enumerate() {
            writeln!(out, "call {number}: {name}")?;
        }
        Ok(())
    }

    fn store(kept: &Data, text: &str) -> Result {
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
            "pages" => pages(&mut kept.lock(), phys, count),
            "whole" => aperture(&mut kept.lock(), phys, count, Strategy::Whole),
            "sparse" => aperture(&mut kept.lock(), phys, count, Strategy::Sparse),
            "modes" => modes(&mut kept.lock(), phys),
            "drop" => {
                let mut kept = kept.lock();
                kept.mappings = KVVec::new();
                kept.apertures = KVVec::new();
                Ok(())
            }
            "count" => count_maps(phys, count),
            "hold" => hold(phys, count),
            "hoard" => hoard(phys, count),
            "churn" => churn(phys, count),
            "refuse" => refuse(phys),
            "refuse-bars" => refuse_bars(),
            "leak" => leak(phys, count),
            "map-in-reclaim" => map_in_reclaim(phys, count),
            "map-under-lock" => map_under_lock(phys, count),
            #[cfg(CONFIG_X86_64)]
            "call" => crate::failures::call(phys),
            _ => Err(EINVAL),
        }
    }
}

/// Makes `count` mappings of a page each.
fn pages(kept: &mut Kept, phys: u64, count: u64) -> Result {
    for page in 0..count {
        // SAFETY: Nobody but the tests uses the range.
        let mapping = unsafe { ioremap(phys + page * PAGE, PAGE)? };
        kept.mappings.push(mapping, GFP_KERNEL)?;
    }
    Ok(())
}

/// Makes an aperture of `size` bytes.
fn aperture(kept: &mut Kept, phys: u64, size: u64, strategy: Strategy) -> Result {
    let options = ioremap::Options::new(CacheMode::WriteCombining);
    // SAFETY: Nobody but the tests uses the range.
    let aperture = unsafe { IoMapping::with_strategy(phys, size, options, strategy)? };
    Ok(kept.apertures.push(aperture, GFP_KERNEL)?)
}

/// Makes two mappings of one page, of which the second cannot get its mode.
fn modes(kept: &mut Kept, phys: u64) -> Result {
    for mode in [CacheMode::UncachedMinus, CacheMode::WriteCombining] {
        // SAFETY: Nobody but the tests uses the range.
        let mapping = unsafe { ioremap::Options::new(mode).map(phys, PAGE)? };
        kept.mappings.push(mapping, GFP_KERNEL)?;
    }
    Ok(())
}

/// Makes a sparse aperture of four chunks.
fn four_chunks(phys: u64) -> Result<IoMapping> {
    let options = ioremap::Options::new(CacheMode::WriteCombining);
    // SAFETY: Nobody but the tests uses the range.
    unsafe { IoMapping::with_strategy(phys, 4 * PAGE_2M, options, Strategy::Sparse) }
}

/// Makes and ends known numbers of maps: `count` of each kind and as many more local ones, one for
/// each slot at once, and one by a chunk.
fn count_maps(phys: u64, count: u64) -> Result {
    let mut aperture = four_chunks(phys)?;
    for page in 0..count {
        drop(aperture.map_local(page * PAGE)?);
        drop(aperture.map_local(page * PAGE)?);
        aperture.map_atomic(page * PAGE, |_| ())?;
        // Across the edge of a chunk.
        drop(aperture.map(PAGE_2M - PAGE, 2 * PAGE)?);
    }
    drop(all_slots(&aperture)?);
    drop(aperture.map(0, PAGE)?);
    // By the chunk, which is there now.
    drop(aperture.map_local(0)?);
    aperture.trim();
    Ok(())
}

/// Takes every slot for local maps.
fn all_slots(aperture: &IoMapping) -> Result<KVec<LocalMap<'_>>> {
    let mut held = KVec::new();
    while let Ok(map) = aperture.map_local(0) {
        held.push(map, GFP_KERNEL)?;
    }
    Ok(held)
}

/// Holds every slot for local maps for `ms` milliseconds, asleep.
fn hoard(phys: u64, ms: u64) -> Result {
    let aperture = four_chunks(phys)?;
    let _slots = all_slots(&aperture)?;
    fsleep(Delta::from_millis(ms as i64));
    Ok(())
}

/// Holds three slots, a chunk and two areas for `ms` milliseconds.
fn hold(phys: u64, ms: u64) -> Result {
    let aperture = four_chunks(phys)?;
    let _chunk = aperture.map(PAGE_2M, PAGE)?;
    let _slots = (
        aperture.map_local(0)?,
        aperture.map_local(PAGE)?,
        aperture.map_local(3 * PAGE_2M)?,
    );
    // The areas come last: a reader that sees them sees all the rest.
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
        // SAFETY: Nobody but the tests uses the range.
        let mapping = unsafe { ioremap_wc(phys + round % 512 * PAGE, 4 * PAGE)? };
        let aperture = four_chunks(phys)?;
        drop(aperture.map(PAGE_2M - PAGE, 2 * PAGE)?);
        drop(aperture.map(round % 4 * PAGE_2M, PAGE)?);
        drop(aperture.map_local(0)?);
        drop(mapping);
    }
    Ok(())
}

/// Returns `EIO` unless the errors are as expected.
fn check_refused<const N: usize>(errors: [Option<Error>; N], expected: [Error; N]) -> Result {
    if errors == expected.map(Some) {
        Ok(())
    } else {
        Err(EIO)
    }
}

/// Makes requests that are refused, one for each errno.
fn refuse(phys: u64) -> Result {
    // SAFETY: All of them are refused.
    let errors = unsafe {
        [
            ioremap(phys, 0).err(),
            ioremap(1 << 60, PAGE).err(),
            ioremap(crate::c::iomrs_c_ram_page(), PAGE).err(),
            IoMapping::new_wc(phys + 8, PAGE).err(),
        ]
    };
    check_refused(errors, [EINVAL, ERANGE, EPERM, EINVAL])
}

/// As [`refuse`], for BARs and ports. One BAR is mapped meanwhile.
fn refuse_bars() -> Result {
    let ivshmem = Device::ivshmem().map_err(|_| ENODEV)?;
    let testdev = Device::testdev().map_err(|_| ENODEV)?;
    let ivshmem = ivshmem.bound();
    let _mapped = Bar::iomap(ivshmem, 2, PAGE, NAME)?;
    let errors = [
        Bar::iomap(ivshmem, 6, 0, NAME).err(),
        Bar::iomap(testdev.bound(), Device::PORT_BAR, 0, NAME).err(),
        Bar::iomap(ivshmem, 2, 0, NAME).err(),
        Bar::iomap_range(ivshmem, 0, PAGE_2M, 0, NAME).err(),
        // SAFETY: It is refused.
        unsafe { Ports::new(0, 0) }.err(),
    ];
    check_refused(errors, [EINVAL, ENODEV, EBUSY, EINVAL, EINVAL])
}

/// Makes a mapping of `size` bytes that stays when this module is gone.
fn leak(phys: u64, size: u64) -> Result {
    // SAFETY: Nobody but the tests uses the range.
    core::mem::forget(unsafe { ioremap_wc(phys, size)? });
    Ok(())
}

/// Makes the call `number` of those that may allocate. On Whole `map` never does, and lockdep is told all the same.
fn allocate(whole: &IoMapping, phys: u64, number: u64) -> Result {
    match number {
        0 => whole.map(0, PAGE).map(drop),
        // SAFETY: Nobody but the tests uses the range.
        1 => unsafe { ioremap_wc(phys, PAGE) }.map(drop),
        2 => four_chunks(phys).map(drop),
        _ => Err(EINVAL),
    }
}

/// A bug: a shrinker must not make such a call.
fn map_in_reclaim(phys: u64, number: u64) -> Result {
    // SAFETY: Nobody but the tests uses the range.
    let whole = unsafe { IoMapping::new_wc(phys, PAGE_2M)? };
    in_reclaim(|| allocate(&whole, phys, number)).map_err(|_| EIO)?
}

/// A bug: who has a lock that a shrinker waits for must not make such a call.
fn map_under_lock(phys: u64, number: u64) -> Result {
    // SAFETY: Nobody but the tests uses the range.
    let whole = unsafe { IoMapping::new_wc(phys, PAGE_2M)? };
    let lock = KBox::pin_init(new_mutex!(()), GFP_KERNEL)?;
    in_reclaim(|| drop(lock.lock())).map_err(|_| EIO)?;
    let _guard = lock.lock();
    allocate(&whole, phys, number)
}
