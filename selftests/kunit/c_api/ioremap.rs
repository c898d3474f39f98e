// SPDX-License-Identifier: GPL-2.0

//! The ioremap family of the C API beside C's.

use super::driver::*;
use crate::{
    c,
    support::{
        compare::compare_entries, contexts::*, devices::ivshmem_bar, faults::*, mappings::*,
        outcome::*, proc_files::KernelState, ranges::*, translation::*,
    },
};
use io_mapping_rs::CacheMode;
use kernel::prelude::*;

/// Maps a range by both, and compares addresses, entries, bytes, and what the kernel's files say.
fn compare(mode: CacheMode, phys: u64, size: u64) -> Outcome {
    let before = KernelState::now()?;
    let in_c = CMapping::new(mode, phys, size)?;
    let with_c = KernelState::now()?.since(&before)?;
    let Some(ours) = ioremap(mode, phys, size) else {
        fail!("NULL: {size:#x} bytes at {phys:#x}, {mode:?}")
    };
    check_eq!(ours % PAGE as usize, in_c.addr() % PAGE as usize);
    compare_entries(ours, in_c.addr(), size)?;
    if size >= 4 {
        let last = size as usize - 4;
        // SAFETY: Within the mapping.
        unsafe { c::iomrs_c_writel(ours + last, 0x5ca1_ab1e) };
        check_eq!(in_c.read32(last), 0x5ca1_ab1e);
    }
    drop(in_c);
    let with_ours = KernelState::now()?.since(&before)?;
    if cfg!(iomrs_exported) || mode == WC {
        check_eq!(with_ours.memtypes, with_c.memtypes);
    }
    check_eq!(with_ours.areas, with_c.areas);
    iounmap(ours);
    check_eq!(KernelState::now()?, before);
    Ok(())
}

/// Fails the test unless both get NULL in every mode, and nothing is left behind.
fn check_refused_by_both(phys: u64, size: u64) -> Outcome {
    let before = KernelState::now()?;
    for mode in CacheMode::ALL {
        check_eq!(ioremap(mode, phys, size), None);
        let suppression = c::iomrs_c_suppress_warnings();
        let in_c = CMapping::try_new(mode, phys, size);
        // SAFETY: The suppression began above.
        unsafe { c::iomrs_c_end_suppress_warnings(suppression) };
        check!(in_c.is_none());
    }
    check_eq!(KernelState::now()?, before);
    Ok(())
}

/// The mode in the entry that a mapping gets, `None` where it is refused.
fn mode_of(addr: Option<usize>) -> Outcome<Option<u64>> {
    addr.map(mode_at).transpose()
}

#[kunit_tests(iomrs_c_ioremap)]
mod tests {
    use super::*;

    #[test]
    fn s16_c_api_maps_in_every_mode_as_c() -> Outcome {
        let range = require!(TestRange::reserved());
        let log = c::iomrs_c_log_position();
        for mode in CacheMode::ALL {
            for (offset, size) in [
                (0, PAGE),
                (8, 4),
                (PAGE - 4, 8),
                (0, PAGE_2M),
                (PAGE, PAGE_2M),
                (0, 3 * PAGE + 1),
            ] {
                compare(mode, range.phys + offset, size)?;
            }
        }
        check_eq!(c::iomrs_c_count_complaints(log), 0);
        Ok(())
    }

    #[test]
    fn s12_c_api_refuses_no_bytes_and_wraps_as_c() -> Outcome {
        let range = require!(TestRange::reserved());
        check_refused_by_both(range.phys, 0)?;
        check_refused_by_both(0, 0)?;
        check_refused_by_both(u64::MAX - 4095, 4097)?;
        check_refused_by_both(0x1000, u64::MAX - 0xffe)
    }

    #[test]
    fn s13_c_api_refuses_what_is_past_the_width_as_c() -> Outcome {
        let width = c::iomrs_c_phys_limit();
        check_refused_by_both(width, PAGE)?;
        check_refused_by_both(1 << 63, PAGE)?;
        // C looks at the first byte only.
        check_eq!(ioremap(WC, width - PAGE, PAGE + 1), None);
        Ok(())
    }

    #[test]
    fn s14_c_api_refuses_ram_as_c() -> Outcome {
        let ram = c::iomrs_c_ram_page();
        check_refused_by_both(ram, PAGE)?;
        check_refused_by_both(ram - PAGE, 3 * PAGE)
    }

    #[test]
    fn s18_c_api_beside_every_mode() -> Outcome {
        let range = require!(TestRange::reserved());
        for live in CacheMode::ALL {
            for wanted in CacheMode::ALL {
                // What a stock kernel does not tell of is compared by s18_... of the Rust API.
                if cfg!(iomrs_stock) && wanted != WC {
                    continue;
                }
                let _live = CMapping::new(live, range.phys, PAGE)?;
                let ours = ioremap(wanted, range.phys, PAGE);
                let got = mode_of(ours)?;
                if let Some(addr) = ours {
                    iounmap(addr);
                }
                let in_c = CMapping::try_new(wanted, range.phys, PAGE);
                let registers_would_not_be =
                    wanted.is_uncached() && !live.is_uncached() && c::iomrs_c_pat_enabled();
                if registers_would_not_be {
                    check_eq!(got, None);
                } else if cfg!(iomrs_stock) {
                    check_eq!(got.is_some(), in_c.is_some());
                } else {
                    check_eq!(got, mode_of(in_c.as_ref().map(CMapping::addr))?);
                }
            }
        }
        Ok(())
    }

    #[test]
    fn s25_c_api_takes_the_mode_of_a_protection_only() -> Outcome {
        let range = require!(TestRange::reserved());
        let before = KernelState::now()?;
        for mode in CacheMode::ALL {
            let in_c = CMapping::new(mode, range.phys, PAGE)?;
            let bits = check_ok!(Translation::of(in_c.addr()).ok_or(ENOENT)).bits;
            // Ours alone, as the mode of what is mapped there would be ours, too.
            drop(in_c);
            let prot = (bits & !WRITABLE) as usize;
            // SAFETY: A range that nobody else uses.
            let ours = unsafe { (c::iomrs_c_driver.ioremap_prot)(range.phys, PAGE as usize, prot) };
            check_eq!(Translation::of(ours).map(|found| found.bits), Some(bits));
            iounmap(ours);
        }
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn s28_c_api_maps_across_resources_as_c() -> Outcome {
        let bar = require!(ivshmem_bar(2));
        let phys = bar.phys + bar.size - PAGE;
        // A stock kernel cannot reserve write combining for it.
        let mode = CacheMode::UncachedMinus;
        let ours = check_ok!(ioremap(mode, phys, 2 * PAGE).ok_or(ENOMEM));
        let in_c = CMapping::new(mode, phys, 2 * PAGE)?;
        compare_entries(ours, in_c.addr(), 2 * PAGE)?;
        iounmap(ours);
        Ok(())
    }

    #[test]
    fn s29_c_api_each_allocation_of_an_ioremap() -> Outcome {
        let range = require!(TestRange::reserved());
        let faults = require!(FaultInjection::begin());
        let before = KernelState::now()?;
        // What is allocated once for many mappings: here it is there.
        if let Some(addr) = ioremap(WC, range.phys, PAGE) {
            iounmap(addr);
        }
        for n in 1..MAX_ALLOCATIONS {
            let (ours, left) = faults.run(Fail::Nth(n), || ioremap(WC, range.phys, PAGE));
            if let Some(addr) = ours {
                iounmap(addr);
            }
            check_eq!(KernelState::now()?, before);
            if left != 0 {
                check!(ours.is_some());
                return Ok(());
            }
        }
        fail!("more than {MAX_ALLOCATIONS} allocations")
    }

    #[test]
    fn s31_c_api_unmaps_any_of_many() -> Outcome {
        /// More than the list of mappings has room for at first, many times over.
        const COUNT: usize = 10_000;
        let range = require!(TestRange::reserved());
        let before = KernelState::now()?;
        let mut addrs = KVVec::new();
        for index in 0..COUNT {
            let phys = range.phys + index as u64 % 512 * PAGE;
            let ours = check_ok!(ioremap(WC, phys, PAGE).ok_or(ENOMEM));
            check_ok!(addrs.push(ours, GFP_KERNEL));
        }
        check_misuses(0, || {
            // Each seventh, so that the order is not that in which they were made.
            for index in 0..COUNT {
                iounmap(addrs[index * 7 % COUNT]);
            }
            Ok(())
        })?;
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn s27_c_api_refuses_interrupts() -> Outcome {
        let range = require!(TestRange::reserved());
        let ours = check_ok!(ioremap(WC, range.phys, PAGE).ok_or(ENOMEM));
        let before = KernelState::now()?;
        for context in [Context::SoftInterrupt, Context::HardInterrupt] {
            if cfg!(CONFIG_PREEMPT_RT) && context == Context::SoftInterrupt {
                continue;
            }
            check_misuses(2, || {
                let refused = context.run(|| {
                    iounmap(ours);
                    ioremap(WC, range.phys, PAGE).is_none()
                });
                check_eq!(refused, Some(true));
                Ok(())
            })?;
        }
        check_eq!(KernelState::now()?, before);
        without_soft_interrupts(|| iounmap(ours));
        Ok(())
    }
}
