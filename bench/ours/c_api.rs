// SPDX-License-Identifier: GPL-2.0

//! Our side by the C API: what `c/c_api.c` calls, compiled with the library's header.

use crate::harness::{c, fixture::Fixture, timing::Ticks};
use kernel::prelude::*;

#[inline(never)]
pub(crate) fn ioremap_wc(fixture: &Fixture<'_>) -> Result<Ticks> {
    // SAFETY: It maps the range, which every fixture has.
    unsafe { fixture.run_c_calls(c::iomrs_b_c_api_ioremap_wc) }
}

#[inline(never)]
pub(crate) fn create_wc(fixture: &Fixture<'_>) -> Result<Ticks> {
    // SAFETY: As above.
    unsafe { fixture.run_c_calls(c::iomrs_b_c_api_create_wc) }
}

#[inline(never)]
pub(crate) fn map(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    // SAFETY: The loop maps pages of the aperture.
    unsafe { fixture.run_c_api_loop(c::iomrs_b_c_api_map) }
}

#[inline(never)]
pub(crate) fn map_local(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    // SAFETY: As above.
    unsafe { fixture.run_c_api_loop(c::iomrs_b_c_api_map_local) }
}

#[inline(never)]
pub(crate) fn map_atomic(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    // SAFETY: As above.
    unsafe { fixture.run_c_api_loop(c::iomrs_b_c_api_map_atomic) }
}
