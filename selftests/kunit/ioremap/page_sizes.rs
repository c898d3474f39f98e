// SPDX-License-Identifier: GPL-2.0

//! Which page sizes a mapping gets, and how its address is aligned.

use crate::{
    c,
    support::{
        compare::compare,
        devices::ivshmem_bar,
        mappings::{from_arena, map, WC},
        outcome::*,
        proc_files::Text,
        ranges::*,
    },
};
use io_mapping_rs::Entry;
use kernel::prelude::*;

/// Is this word on the kernel's command line?
fn on_command_line(word: &str) -> Outcome<bool> {
    let text = Text::read(c"/proc/cmdline")?;
    let mut words = text.as_str()?.split_ascii_whitespace();
    Ok(words.any(|other| other == word))
}

#[kunit_tests(iomrs_page_sizes)]
mod tests {
    use super::*;

    #[test]
    fn s26_small_sizes() -> Outcome {
        let range = require!(TestRange::reserved());
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
        let range = require!(TestRange::reserved());
        for size in [PAGE_2M, PAGE_2M + PAGE, 2 * PAGE_2M - PAGE, 3 * PAGE_2M] {
            for offset in [0, PAGE, PAGE_2M - PAGE] {
                compare(WC, range.phys + offset, size)?;
            }
        }
        compare(WC, range.phys, range.size)
    }

    #[test]
    fn s26_one_gib_pages() -> Outcome {
        let bar = require!(ivshmem_bar(2));
        if bar.size < 2 * PAGE_1G + 2 * PAGE_2M || bar.phys % PAGE_1G != 0 {
            return skip(c"BAR 2 of ivshmem is smaller than 4 GiB");
        }
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
        let bar = require!(ivshmem_bar(2));
        let largest = 1 << c::iomrs_c_largest_page_shift();
        if bar.size < largest || bar.phys % largest != 0 {
            return skip(c"BAR 2 of ivshmem is smaller than the largest page");
        }
        let small = on_command_line("nohugeiomap")?;
        let expected = if small { PAGE } else { largest };
        let ours = check_ok!(map(WC, bar.phys, largest));
        let as_expected = |entry: Entry| entry.page_size() as u64 == expected;
        check!(ours.entries().all(as_expected));
        Ok(())
    }

    #[test]
    fn s26_nohugeiomap() -> Outcome {
        if !on_command_line("nohugeiomap")? {
            return skip(c"nohugeiomap is not on the kernel's command line");
        }
        let range = require!(TestRange::reserved());
        let ours = check_ok!(map(WC, range.phys, PAGE_2M));
        check_eq!(ours.entries().count(), 512);
        compare(WC, range.phys, PAGE_2M)
    }

    #[test]
    fn s26_mtrr_gives_smaller_pages() -> Outcome {
        let range = require!(TestRange::reserved());
        let block = require!(range.block_split_by_mtrr());
        compare(WC, block, PAGE_2M)?;
        compare(WC, block, 2 * PAGE_2M)?;
        let ours = check_ok!(map(WC, block, PAGE_2M));
        check_eq!(ours.entries().count(), 512);
        Ok(())
    }

    #[test]
    fn s26_address_is_aligned_to_the_size() -> Outcome {
        let bar = require!(ivshmem_bar(2));
        for size in [PAGE, 3 * PAGE, 1 << 20, PAGE_2M, PAGE_2M + 1, 5 * PAGE_2M] {
            // The arena aligns for the pages that there are, and no further.
            let align = if !from_arena() {
                size.next_power_of_two().min(PAGE_1G)
            } else if size >= PAGE_2M {
                PAGE_2M
            } else {
                PAGE
            };
            let ours = check_ok!(map(WC, bar.phys, size));
            check_eq!(ours.addr() as u64 % align, 0);
        }
        Ok(())
    }

    #[test]
    fn s26_large_pages_replace_empty_tables() -> Outcome {
        let range = require!(TestRange::reserved());
        // In odd rounds small pages are mapped, in even ones a large page. Eight rounds, as an area
        // need not be where the last one was.
        for round in 0..8 {
            compare(WC, range.phys + round % 2 * PAGE, PAGE_2M)?;
            c::iomrs_c_vm_unmap_aliases();
        }
        Ok(())
    }
}
