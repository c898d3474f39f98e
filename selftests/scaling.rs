// SPDX-License-Identifier: GPL-2.0

//! Two CPUs that take temporary maps, against one: there is nothing that they share.

use crate::{
    c,
    contexts::{two_cpus, Thread},
    range::*,
    sparse::sparse,
    verdict::*,
};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use io_mapping_rs::IoMapping;
use kernel::{io::Io, prelude::*};

/// Nanoseconds that each of `cpus` threads takes for as many maps as every other.
fn time_maps(aperture: &IoMapping, cpus: u32) -> Verdict<u64> {
    const MAPS: u64 = 50_000;
    let (there, failed) = (AtomicU32::new(0), AtomicU64::new(0));
    let longest = AtomicU64::new(0);
    let body = |cpu: u32| {
        there.fetch_add(1, Ordering::AcqRel);
        while there.load(Ordering::Acquire) < cpus {
            core::hint::spin_loop();
        }
        let start = c::iomrs_c_now();
        for round in 0..MAPS {
            let page = (round * 7 + u64::from(cpu)) % 512;
            let map = aperture.map_local(page * PAGE);
            let result = map.and_then(|map| map.try_write32(cpu, 4 * cpu as usize));
            failed.fetch_add(result.is_err().into(), Ordering::Relaxed);
        }
        longest.fetch_max(c::iomrs_c_now() - start, Ordering::AcqRel);
    };
    let (zero, one) = (|| body(0), || body(1));
    let first = Thread::start(Some(0), &zero)?;
    if cpus == 2 {
        drop(Thread::start(Some(1), &one)?);
    }
    drop(first);
    same!(failed.into_inner(), 0);
    Ok(longest.into_inner())
}

#[kunit_tests(iomrs_scaling)]
mod tests {
    use super::*;

    #[test]
    fn two_cpus_against_one() -> Verdict {
        need!(two_cpus());
        let aperture = ok!(sparse(need!(Range::reserved()).phys, PAGE_2M));
        let (mut one, mut two) = (u64::MAX, u64::MAX);
        for _ in 0..3 {
            one = one.min(time_maps(&aperture, 1)?);
            two = two.min(time_maps(&aperture, 2)?);
        }
        // Thousandths of what one does.
        let ratio = 2000 * one / two.max(1);
        note(fmt!(
            "iomrs-timing: scaling map_local+write32+unmap cpus=2 one={one} two={two} ratio={}.{:03}",
            ratio / 1000,
            ratio % 1000
        ));
        check!(ratio >= crate::module_parameters::scaling.value().into());
        Ok(())
    }
}
