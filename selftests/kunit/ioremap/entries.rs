// SPDX-License-Identifier: GPL-2.0

//! The entries of a mapping in the page table: modes, offsets, protection, encryption.

use crate::{
    c,
    support::{
        compare::*, devices::ivshmem_bar, mappings::*, outcome::*, ranges::*, translation::*,
    },
};
use io_mapping_rs::{ioremap::Options, CacheMode};
use kernel::prelude::*;

#[kunit_tests(iomrs_entries)]
mod tests {
    use super::*;

    #[test]
    fn s16_every_mode() -> Outcome {
        let range = require!(TestRange::reserved());
        for mode in CacheMode::ALL {
            compare(mode, range.phys, PAGE)?;
            compare(mode, range.phys, 2 * PAGE_2M)?;
        }
        Ok(())
    }

    #[test]
    fn s16_offset_in_the_page_is_kept() -> Outcome {
        let range = require!(TestRange::reserved());
        for offset in [0, 1, 3, 4, 8, 2047, 4092, 4095] {
            for size in [1, 4, 5, 4096, 4097, 12289] {
                compare(CacheMode::UncachedMinus, range.phys + PAGE + offset, size)?;
            }
        }
        Ok(())
    }

    #[test]
    fn s16_bar_smaller_than_a_page() -> Outcome {
        let bar = require!(ivshmem_bar(0));
        compare_registers(CacheMode::UncachedMinus, bar.phys, bar.size)?;
        compare_registers(CacheMode::UncachedMinus, bar.phys + 4, bar.size - 4)
    }

    #[test]
    #[cfg(CONFIG_X86_64)]
    fn s17_encrypted_as_in_c() -> Outcome {
        let range = require!(TestRange::reserved());
        let options = Options::new(CacheMode::WriteBack).encrypted();
        let ours = check_ok!(map_with(options, range.phys, 2 * PAGE));
        let in_c = CMapping::new_encrypted(range.phys, 2 * PAGE)?;
        compare_entries(ours.addr(), in_c.addr(), 2 * PAGE)
    }

    #[test]
    fn s15_encrypted_in_an_encrypted_guest() -> Outcome {
        if !c::iomrs_c_guest_is_encrypted() {
            return skip(c"not a confidential guest, where memory has to be encrypted");
        }
        let range = require!(TestRange::reserved());
        compare(WC, range.phys, PAGE)
    }

    #[test]
    fn s25_read_only_entries_forbid_stores() -> Outcome {
        let range = require!(TestRange::reserved());
        for mode in CacheMode::ALL {
            for size in [1, PAGE, 3 * PAGE + 5, PAGE_2M + PAGE] {
                // SAFETY: Reading the range has no effects.
                let ours = check_ok!(unsafe { Options::new(mode).map_read_only(range.phys, size) });
                check!(!is_writable(common_bits(ours.addr(), size)?));
                // Without PAT some modes become others.
                check!(ours.achieved() == mode || !c::iomrs_c_pat_enabled());
                check_eq!(ours.size() as u64, size);
            }
        }
        Ok(())
    }

    #[test]
    fn s25_read_only_mapping_reads() -> Outcome {
        let range = require!(TestRange::reserved());
        let mode = CacheMode::UncachedMinus;
        let in_c = CMapping::new(mode, range.phys, PAGE)?;
        in_c.write32(0, 0x0403_0201);
        in_c.write32(4, 0x0807_0605);
        // SAFETY: Reading the range has no effects.
        let ours = check_ok!(unsafe { Options::new(mode).map_read_only(range.phys, 8) });
        check_eq!(ours.try_read::<u8>(7), Ok(8));
        check_eq!(ours.try_read::<u16>(2), Ok(0x0403));
        check_eq!(ours.try_read::<u32>(4), Ok(0x0807_0605));
        #[cfg(CONFIG_64BIT)]
        {
            check_eq!(ours.try_read::<u64>(0), Ok(0x0807_0605_0403_0201));
            check_err!(ours.try_read::<u64>(4), EINVAL);
        }
        check_err!(ours.try_read::<u16>(1), EINVAL);
        check_err!(ours.try_read::<u8>(8), EINVAL);
        check_err!(ours.try_read::<u8>(usize::MAX), EINVAL);
        let mut bytes = [0; 8];
        check_ok!(ours.copy_to_slice(&mut bytes));
        check_eq!(bytes, [1, 2, 3, 4, 5, 6, 7, 8]);
        check_err!(ours.copy_to_slice(&mut bytes[..7]), EINVAL);
        Ok(())
    }

    #[test]
    #[cfg(CONFIG_X86_64)]
    fn s25_c_ignores_read_only() -> Outcome {
        let range = require!(TestRange::reserved());
        let in_c = CMapping::new_read_only(range.phys, PAGE)?;
        check!(is_writable(common_bits(in_c.addr(), PAGE)?));
        Ok(())
    }

    #[test]
    fn s27_never_executable() -> Outcome {
        let range = require!(TestRange::reserved());
        for mode in CacheMode::ALL {
            for size in [PAGE, PAGE_2M, PAGE_2M + PAGE] {
                let ours = check_ok!(map(mode, range.phys, size));
                let bits = common_bits(ours.addr(), size)?;
                check!(is_writable(bits) && !is_for_users_or_code(bits));
                // SAFETY: Reading the range has no effects.
                let ours = check_ok!(unsafe { Options::new(mode).map_read_only(range.phys, size) });
                check!(!is_for_users_or_code(common_bits(ours.addr(), size)?));
            }
        }
        Ok(())
    }
}
