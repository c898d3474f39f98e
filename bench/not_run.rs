// SPDX-License-Identifier: GPL-2.0

//! Why a job is not run, in the words of the results: without commas or quotes, as they are CSV.

use crate::harness::{
    c,
    claim::Claim,
    division::divide,
    fixture::{Target, PAGE},
    results::Subject,
};
use io_mapping_rs::ioremap;
use kernel::prelude::*;

/// Why a job has no measurement.
pub(crate) enum NotRun {
    Because(&'static str),
    /// A signal arrived.
    Stopped,
}

type Check = core::result::Result<(), NotRun>;

/// More page-table entries than this take too long, unless the spec names the size.
const MANY_ENTRIES: u64 = 1 << 18;
/// A range that is large enough to find out whether large pages are used.
const LARGE_PAGE: u64 = 2 << 20;

fn because(reason: &'static str) -> Check {
    Err(NotRun::Because(reason))
}

/// Checks that the range can be the target of a workload in this size.
pub(crate) fn check(claim: &Claim, subject: &Subject) -> Check {
    let Subject {
        workload,
        size,
        cpus,
    } = *subject;
    match workload.target {
        Target::Ports if !claim.is_ports() => return because("the range is not an I/O port BAR"),
        Target::Ports => (),
        _ if claim.is_ports() => return because("the range is an I/O port BAR"),
        Target::Bar | Target::Revocable if !claim.is_bar() => {
            return because("the range is not a BAR")
        }
        Target::Bar | Target::Revocable if cpus > 1 => {
            return because("only one CPU at a time can request a BAR")
        }
        _ => (),
    }
    if workload.is_too_long(size) {
        return because("too many bytes to transfer with interrupts off");
    }
    if workload.target == Target::Ports {
        return Ok(());
    }
    if size > claim.size() {
        return because("the range is smaller than the size");
    }
    if !workload.transfers && divide(size, workload.pages * PAGE).1 != 0 {
        return because("the size is not a multiple of the pages that the workload maps");
    }
    Ok(())
}

/// Checks that neither side takes too long to map so much, one small page after the other.
pub(crate) fn check_duration(claim: &Claim, subject: &Subject) -> Check {
    let Subject { workload, size, .. } = *subject;
    if workload.target == Target::Ports || size / PAGE <= MANY_ENTRIES {
        return Ok(());
    }
    if workload.maps_whole() && ours_maps_small(claim)? {
        return because("too many page-table entries: io_mapping_rs maps only 4K pages here");
    }
    if workload.c_maps_whole && c_maps_small(claim) {
        return because("too many page-table entries: C maps only 4K pages here");
    }
    Ok(())
}

/// Returns whether io_mapping_rs maps with small pages only. The claim must be large.
fn ours_maps_small(claim: &Claim) -> Result<bool> {
    // SAFETY: The range is ours as long as the claim, which is larger.
    let mapping = unsafe { ioremap::ioremap_wc(claim.phys(), LARGE_PAGE)? };
    let first = mapping.entries().next().ok_or(EINVAL)?;
    Ok(first.page_size() as u64 == PAGE)
}

/// Returns whether C maps with small pages only. The claim must be large.
fn c_maps_small(claim: &Claim) -> bool {
    // SAFETY: The range is ours as long as the claim, which is larger.
    unsafe { c::iomrs_b_only_small(claim.phys(), LARGE_PAGE as usize) }
}

impl NotRun {
    /// An error of [`crate::harness::fixture::Fixture::new`].
    pub(crate) fn from_fixture(err: Error) -> Self {
        match err {
            ENOSPC => Self::Because("the range is smaller than the size"),
            ENOMEM => Self::Because("out of memory or address space"),
            EPERM => Self::Because("this backend refuses the range: EPERM"),
            _ => Self::Because("the preparation failed"),
        }
    }
}

impl From<Error> for NotRun {
    fn from(err: Error) -> Self {
        match err {
            EINTR => Self::Stopped,
            ENODEV => Self::Because("the device was removed"),
            EIO => Self::Because("one side could not map or read back other bytes than it wrote"),
            ENOMEM => Self::Because("out of memory or address space"),
            EFAULT => Self::Because("C refused to map it or was out of memory or address space"),
            EAGAIN => Self::Because("io_mapping_rs ran out of slots"),
            EINVAL => Self::Because("io_mapping_rs refused the size or the strategy: EINVAL"),
            EPERM => Self::Because("this backend refuses the range: EPERM"),
            _ => Self::Because("one side failed"),
        }
    }
}
