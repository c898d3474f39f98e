// SPDX-License-Identifier: GPL-2.0

//! The calls of the Rust API that allocate. Each drops what it makes.
//!
//! What only calls another with some of its arguments set is left out, such as `ioremap_wc()` or `Aperture::new_wc()`.
//! `enable_device()` can be called in a probe alone: the sample's is made to fail by `tools/guest/failures.py`, and so are
//! the files in debugfs.

use super::{Call, Place};
use crate::support::{devices::*, mappings::*, ranges::*};
use io_mapping_rs::{
    ioremap::Options,
    pci::{claim, Aperture, Bar, BarRegion, IoBar, PortBar, WcBar},
    CacheMode, IoMapping, Mapping, Strategy,
};
use kernel::prelude::*;

const fn call(name: &'static str, make: fn(&Place) -> Result<usize>) -> Call {
    Call {
        name,
        make,
        undo: |_, _| (),
        errors: &[ENOMEM],
    }
}

/// As [`call`], for one that requests a region: the kernel says EBUSY where it has no memory for that.
const fn request(name: &'static str, make: fn(&Place) -> Result<usize>) -> Call {
    Call {
        errors: &[ENOMEM, EBUSY],
        ..call(name, make)
    }
}

/// Makes an aperture, and maps parts of it in each way.
fn aperture(place: &Place, strategy: Strategy) -> Result<usize> {
    let options = Options::new(WC);
    let mut aperture = aperture_with(options, place.range.phys, 2 * PAGE_2M, strategy)?;
    map_parts(&aperture)?;
    aperture.trim();
    Ok(0)
}

fn map_parts(aperture: &IoMapping) -> Result {
    const SIZE: usize = 2 * PAGE_2M as usize;
    let held = (
        aperture.map(PAGE, PAGE)?,
        aperture.map(0, PAGE_2M)?,
        // In no chunk.
        aperture.map(PAGE_2M - PAGE, 2 * PAGE)?,
        aperture.map_local(PAGE)?,
    );
    drop(held);
    aperture.map_atomic(0, |_| ())?;
    if aperture.whole().is_some() {
        aperture.sized::<SIZE>()?.map_local::<0>();
    }
    Ok(())
}

/// Maps a piece that has a chunk, and one that has none, while the aperture has another chunk to give up. They are tried
/// twice, so that one allocation that fails must not be noticed.
fn or_trim(aperture: &mut IoMapping) -> Result {
    for (offset, size) in [(0, PAGE), (PAGE_2M - PAGE, 2 * PAGE)] {
        drop(aperture.map(PAGE_2M, PAGE)?);
        aperture.map_or_trim(offset, size).map_err(|_| EIO)?;
    }
    Ok(())
}

fn bar_aperture(place: &Place, strategy: Strategy) -> Result<usize> {
    let (pdev, options) = (place.ivshmem.bound(), Options::new(WC));
    let aperture = Aperture::new(pdev, 2, NAME, options, strategy)?;
    aperture.map(0, PAGE)?;
    aperture.map_local(0)?;
    aperture.into_devres()?;
    Ok(0)
}

fn bar_region(place: &Place) -> Result<usize> {
    let region = BarRegion::request(place.ivshmem.bound(), 2, NAME)?;
    let bar = region.bar(..PAGE)?;
    let _wc = region.wc(PAGE..2 * PAGE)?;
    let _mapping = region.map::<Mapping>(4 * PAGE..5 * PAGE)?;
    let _with = region.map_with::<Mapping>(5 * PAGE..6 * PAGE, Options::new(WC))?;
    let sparse = PAGE_2M..2 * PAGE_2M;
    let _aperture = region.aperture(sparse, Options::new(WC), Strategy::Sparse)?;
    bar.into_devres()?;
    Ok(0)
}

pub(super) const CALLS: &[Call] = &[
    call("Options::map", |place| {
        map(WC, place.range.phys + 8, PAGE).map(|_| 0)
    }),
    call("Options::map, another cache mode", |place| {
        map(CacheMode::UncachedMinus, place.range.phys, PAGE_2M + PAGE).map(|_| 0)
    }),
    call("Options::map_read_only", |place| {
        // SAFETY: The tests map ranges that nobody else uses. It is memory, which reading does not change.
        unsafe { Options::new(WC).map_read_only(place.range.phys, PAGE) }.map(|_| 0)
    }),
    call("IoMapping, whole", |place| aperture(place, Strategy::Whole)),
    call("IoMapping, sparse", |place| {
        aperture(place, Strategy::Sparse)
    }),
    call("IoMapping, auto", |place| aperture(place, Strategy::Auto)),
    call("IoMapping::map_or_trim", |place| {
        or_trim(&mut sparse_aperture(place.range.phys, 2 * PAGE_2M)?).map(|()| 0)
    }),
    request("claim::reserved", |place| {
        Ok(claim::reserved(place.range.phys, PAGE).map(|_| 0)?)
    }),
    request("Bar", |place| {
        Bar::iomap(place.ivshmem.bound(), 0, 0, NAME)?.into_devres()?;
        Ok(0)
    }),
    request("WcBar", |place| {
        WcBar::iomap_range(place.ivshmem.bound(), 2, PAGE, PAGE, NAME).map(|_| 0)
    }),
    request("WcBar, with options", |place| {
        let (pdev, options) = (place.ivshmem.bound(), Options::new(WC));
        WcBar::iomap_with(pdev, 2, PAGE, PAGE, NAME, options).map(|_| 0)
    }),
    request("IoBar", |place| {
        IoBar::iomap(place.testdev.bound(), 0, 0, NAME)?.into_devres()?;
        Ok(0)
    }),
    request("PortBar", |place| {
        let bar = Device::PORT_BAR;
        PortBar::iomap(place.testdev.bound(), bar, 0, NAME)?.into_devres()?;
        Ok(0)
    }),
    request("Bar, with access that may sleep", |place| {
        Bar::iomap(place.ivshmem.bound(), 0, 0, NAME)?.into_sleepable_devres()?;
        Ok(0)
    }),
    request("BarRegion", bar_region),
    request("Aperture, whole", |place| match much_address_space() {
        Ok(()) => bar_aperture(place, Strategy::Whole),
        Err(_) => Ok(0),
    }),
    request("Aperture, sparse", |place| {
        bar_aperture(place, Strategy::Sparse)
    }),
];
