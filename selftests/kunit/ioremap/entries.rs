// SPDX-License-Identifier: GPL-2.0

//! What a mapping looks like in the page table, beside C's of the same range.

use crate::{
    c,
    support::{compare::*, outcome::*, proc_files, ranges::*},
};
use io_mapping_rs::{ioremap::Options, CacheMode};
use kernel::prelude::*;

const WC: CacheMode = CacheMode::WriteCombining;

/// The bits of every entry of `ours` but the address, which must be the same in all.
fn bits_of(ours: usize, size: u64) -> Outcome<u64> {
    let Some(first) = Page::at(ours) else {
        fail!("not mapped")
    };
    let mut addr = ours;
    while addr < ours + size as usize {
        let Some(page) = Page::at(addr) else {
            fail!("{:#x} bytes on: not mapped", addr - ours)
        };
        check_eq!(page.bits, first.bits);
        addr += page.size as usize;
    }
    Ok(first.bits)
}

/// Is this word on the kernel's command line?
fn on_command_line(word: &str) -> Outcome<bool> {
    let mut text = KVVec::new();
    proc_files::read(c"/proc/cmdline", &mut text)?;
    let text = check_ok!(core::str::from_utf8(&text));
    Ok(text.split_ascii_whitespace().any(|other| other == word))
}

#[kunit_tests(iomrs_entries)]
mod tests {
    use super::*;

    #[test]
    fn s16_every_mode() -> Outcome {
        let range = require!(Range::reserved());
        for mode in CacheMode::ALL {
            compare(mode, range.phys, PAGE)?;
            compare(mode, range.phys, 2 * PAGE_2M)?;
        }
        Ok(())
    }

    #[test]
    fn s16_offset_in_the_page_is_kept() -> Outcome {
        let range = require!(Range::reserved());
        for offset in [0, 1, 3, 4, 8, 2047, 4092, 4095] {
            for size in [1, 4, 5, 4096, 4097, 12289] {
                compare(CacheMode::UncachedMinus, range.phys + PAGE + offset, size)?;
            }
        }
        Ok(())
    }

    #[test]
    fn s16_bar_smaller_than_a_page() -> Outcome {
        let bar = require!(Range::bar0());
        compare_registers(CacheMode::UncachedMinus, bar.phys, bar.size)?;
        compare_registers(CacheMode::UncachedMinus, bar.phys + 4, bar.size - 4)
    }

    #[test]
    fn s17_encrypted_as_in_c() -> Outcome {
        let range = require!(Range::reserved());
        let options = Options::new(CacheMode::WriteBack).encrypted();
        let ours = check_ok!(map(options, range.phys, 2 * PAGE));
        // SAFETY: The range is ours.
        let theirs = unsafe { c::iomrs_c_ioremap_encrypted(range.phys, 2 * PAGE as usize) };
        let Some(theirs) = Theirs::from_addr(theirs) else {
            fail!("C maps nothing")
        };
        same_entries(ours.addr(), theirs.addr(), 2 * PAGE)
    }

    #[test]
    fn s15_encrypted_in_an_encrypted_guest() -> Outcome {
        if !c::iomrs_c_guest_is_encrypted() {
            return skip(c"not a confidential guest: nothing has to be encrypted");
        }
        let range = require!(Range::reserved());
        compare(WC, range.phys, PAGE)
    }

    #[test]
    fn s25_read_only_entries_forbid_stores() -> Outcome {
        let range = require!(Range::reserved());
        for mode in CacheMode::ALL {
            for size in [1, PAGE, 3 * PAGE + 5, PAGE_2M + PAGE] {
                // SAFETY: Reading it is harmless.
                let ours = check_ok!(unsafe { Options::new(mode).map_read_only(range.phys, size) });
                check_eq!(bits_of(ours.addr(), size)? & WRITABLE, 0);
                // Without PAT some modes are others.
                check!(ours.achieved() == mode || !c::iomrs_c_pat_enabled());
                check_eq!(ours.size() as u64, size);
            }
        }
        Ok(())
    }

    #[test]
    fn s25_read_only_mapping_reads() -> Outcome {
        let range = require!(Range::reserved());
        let mode = CacheMode::UncachedMinus;
        let Some(theirs) = Theirs::map(mode, range.phys, PAGE) else {
            fail!("C maps nothing")
        };
        theirs.write32(0, 0x0403_0201);
        theirs.write32(4, 0x0807_0605);
        // SAFETY: Reading it is harmless.
        let ours = check_ok!(unsafe { Options::new(mode).map_read_only(range.phys, 8) });
        check_eq!(ours.try_read::<u8>(7), Ok(8));
        check_eq!(ours.try_read::<u16>(2), Ok(0x0403));
        check_eq!(ours.try_read::<u32>(4), Ok(0x0807_0605));
        check_eq!(ours.try_read::<u64>(0), Ok(0x0807_0605_0403_0201));
        check_err!(ours.try_read::<u64>(4), EINVAL);
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
    fn s25_c_ignores_read_only() -> Outcome {
        let range = require!(Range::reserved());
        // SAFETY: The range is ours.
        let theirs = unsafe { c::iomrs_c_ioremap_read_only(range.phys, PAGE as usize) };
        let Some(theirs) = Theirs::from_addr(theirs) else {
            fail!("C maps nothing")
        };
        check_eq!(bits_of(theirs.addr(), PAGE)? & WRITABLE, WRITABLE);
        Ok(())
    }

    #[test]
    fn s26_small_sizes() -> Outcome {
        let range = require!(Range::reserved());
        for size in [
            PAGE,
            2 * PAGE,
            16 * PAGE,
            17 * PAGE,
            1 << 20,
            PAGE_2M - PAGE,
        ] {
            compare(WC, range.phys, size)?;
            compare(WC, range.phys + PAGE, size)?;
        }
        Ok(())
    }

    #[test]
    fn s26_two_mib_pages() -> Outcome {
        let range = require!(Range::reserved());
        for size in [PAGE_2M, PAGE_2M + PAGE, 2 * PAGE_2M - PAGE, 3 * PAGE_2M] {
            for offset in [0, PAGE, PAGE_2M - PAGE] {
                compare(WC, range.phys + offset, size)?;
            }
        }
        compare(WC, range.phys, range.size)
    }

    #[test]
    fn s26_one_gib_pages() -> Outcome {
        let bar = require!(Range::bar2());
        if bar.size < 2 * PAGE_1G + 2 * PAGE_2M || bar.phys % PAGE_1G != 0 {
            return skip(c"BAR 2 of ivshmem is smaller than 4 GiB");
        }
        // Where all pages are small a page less than 1 GiB says as much in a fraction of the time.
        compare(WC, bar.phys, PAGE_1G)?;
        compare(WC, bar.phys, PAGE_1G + PAGE_2M + PAGE)?;
        compare(
            WC,
            bar.phys + PAGE_1G - PAGE_2M - PAGE,
            PAGE_1G + 2 * PAGE_2M + 2 * PAGE,
        )?;
        compare(WC, bar.phys + PAGE_2M, PAGE_1G)?;
        compare(WC, bar.phys, bar.size)
    }

    #[test]
    fn s26_largest_page_of_the_cpu() -> Outcome {
        if cfg!(iomrs_stock) {
            return skip(c"vmap_pfn() makes 4K pages only");
        }
        let bar = require!(Range::bar2());
        let largest = 1 << c::iomrs_c_largest_page_shift();
        if bar.size < largest || bar.phys % largest != 0 {
            return skip(c"BAR 2 of ivshmem is smaller than the largest page");
        }
        let small = on_command_line("nohugeiomap")?;
        let expected = if small { PAGE } else { largest };
        let ours = check_ok!(ours(WC, bar.phys, largest));
        check_eq!(
            ours.entries()
                .all(|entry| entry.page_size() as u64 == expected),
            true
        );
        Ok(())
    }

    #[test]
    fn s26_nohugeiomap() -> Outcome {
        if !on_command_line("nohugeiomap")? {
            return skip(c"nohugeiomap is not on the kernel's command line");
        }
        let range = require!(Range::reserved());
        let ours = check_ok!(ours(WC, range.phys, PAGE_2M));
        check_eq!(ours.entries().count(), 512);
        compare(WC, range.phys, PAGE_2M)
    }

    #[test]
    fn s26_mtrr_gives_smaller_pages() -> Outcome {
        let range = require!(Range::reserved());
        let block = require!(range.cut_by_mtrr());
        compare(WC, block, PAGE_2M)?;
        compare(WC, block, 2 * PAGE_2M)?;
        if cfg!(iomrs_exported) {
            let ours = check_ok!(ours(WC, block, PAGE_2M));
            check_eq!(ours.entries().count(), 512);
        }
        Ok(())
    }

    #[test]
    fn s26_address_is_aligned_to_the_size() -> Outcome {
        let bar = require!(Range::bar2());
        for size in [PAGE, 3 * PAGE, 1 << 20, PAGE_2M, PAGE_2M + 1, 5 * PAGE_2M] {
            let align = size.next_power_of_two().min(PAGE_1G);
            let ours = check_ok!(ours(WC, bar.phys, size));
            check_eq!(ours.addr() as u64 % align, 0);
        }
        Ok(())
    }

    #[test]
    fn s26_large_pages_replace_empty_tables() -> Outcome {
        let range = require!(Range::reserved());
        // Eight times, as it is not said where an area goes: the odd ones need tables where the
        // even ones had a large page.
        for round in 0..8 {
            compare(WC, range.phys + round % 2 * PAGE, PAGE_2M)?;
            c::iomrs_c_vm_unmap_aliases();
        }
        Ok(())
    }

    #[test]
    fn s27_never_executable() -> Outcome {
        let range = require!(Range::reserved());
        for mode in CacheMode::ALL {
            for size in [PAGE, PAGE_2M, PAGE_2M + PAGE] {
                let ours = check_ok!(ours(mode, range.phys, size));
                let bits = bits_of(ours.addr(), size)?;
                check_eq!(bits & (NO_EXECUTE | USER | WRITABLE), NO_EXECUTE | WRITABLE);
                // SAFETY: Reading it is harmless.
                let ours = check_ok!(unsafe { Options::new(mode).map_read_only(range.phys, size) });
                check_eq!(
                    bits_of(ours.addr(), size)? & (NO_EXECUTE | USER),
                    NO_EXECUTE
                );
            }
        }
        Ok(())
    }
}
