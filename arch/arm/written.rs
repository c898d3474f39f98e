// SPDX-License-Identifier: GPL-2.0

//! What C's function of the processor writes for an entry (`cpu_v7_set_pte_ext()`), and the same by stores.
//!
//! Of short entries, those without `CONFIG_ARM_LPAE`, the CPU has one for each of C's, a fixed distance behind it.
//! With `CONFIG_ARM_LPAE` a bit is added where a page may not be written.

use super::bindings as c;
use core::sync::atomic::{AtomicU32, Ordering};
#[cfg(iomrs_kunit)]
use kernel::prelude::*;

/// An entry of a table of the page table (C: `pteval_t`).
#[cfg(not(CONFIG_ARM_LPAE))]
pub(crate) type RawEntry = u32;
/// An entry of a table of the page table (C: `pteval_t`).
#[cfg(CONFIG_ARM_LPAE)]
pub(crate) type RawEntry = u64;

/// Whether the function does no more than store. Where it may run on one CPU it cleans a line of the data cache there, too.
pub(super) const BY_STORES: bool = cfg!(all(CONFIG_SMP, not(CONFIG_SMP_ON_UP)));

/// How far the CPU's entry is from C's (C: `PTE_HWTABLE_OFF`).
const CPU_ENTRY: usize = 2048;
/// Words of an entry of C's, what is between, and the CPU's.
const WORDS: usize = CPU_ENTRY / size_of::<u32>() + 1;

/// No page table: what the function writes for a protection is read from here.
#[repr(align(8))]
struct Scratch([AtomicU32; WORDS]);
static SCRATCH: Scratch = Scratch([const { AtomicU32::new(0) }; WORDS]);

/// Returns what the function makes of an entry: C's entry, and where there is one the CPU's.
fn ask(pte: u64) -> (u64, u32) {
    let Scratch(words) = &SCRATCH;
    // SAFETY: It writes to the entry, which is aligned, and with short entries to the word `CPU_ENTRY` bytes behind it.
    // Both are in `words`, whose atomics may be written. The module is being loaded, and nobody else is here.
    unsafe { c::iomrs_set_pte(words.as_ptr().cast_mut().cast(), pte) };
    let word = |index: usize| {
        let word = words.get(index);
        word.map_or(0, |word| word.load(Ordering::Relaxed))
    };
    let upper = if size_of::<RawEntry>() == size_of::<u64>() {
        word(1)
    } else {
        0
    };
    (u64::from(upper) << 32 | u64::from(word(0)), word(WORDS - 1))
}

#[cfg(CONFIG_ARM_LPAE)]
mod entry {
    use super::*;

    /// Returns the entry that C makes of a protection, at physical address 0.
    pub(in super::super) fn template(prot: u64) -> u64 {
        ask(prot).0
    }

    /// Writes an entry.
    ///
    /// # Safety
    ///
    /// As `page_table::set_entry()`.
    #[inline(always)]
    pub(in super::super) unsafe fn set(entry: *mut RawEntry, raw: RawEntry) {
        // SAFETY: As required of our caller. One store of 64 bits, as the entry is aligned.
        unsafe { entry.write_volatile(raw) };
    }
}

#[cfg(not(CONFIG_ARM_LPAE))]
mod entry {
    use super::*;

    /// Bits of an entry that are not of the address.
    const BITS: u32 = (1 << 12) - 1;

    /// The CPU's entries at physical address 0, in the order of the bits of C's that tell them apart: the memory type, and
    /// whether the page may be written (C: `L_PTE_MT_MASK`, `L_PTE_DIRTY`, `L_PTE_RDONLY`). No two modes have the same.
    static CPU_ENTRIES: [AtomicU32; 64] = [const { AtomicU32::new(0) }; 64];

    /// The CPU's entry at physical address 0 for one of C's.
    #[inline(always)]
    fn cpu_entry(raw: u32) -> &'static AtomicU32 {
        // CAST: Less than 64.
        #[expect(clippy::indexing_slicing, reason = "in bounds by the mask")]
        &CPU_ENTRIES[(raw >> 2 & 63) as usize]
    }

    /// Returns the entry that C makes of a protection, at physical address 0, and keeps the CPU's.
    pub(in super::super) fn template(prot: u64) -> u64 {
        let (entry, cpu) = ask(prot);
        // CAST: An entry of C's, which has 32 bits.
        cpu_entry(entry as u32).store(cpu, Ordering::Relaxed);
        entry
    }

    /// Writes an entry and the CPU's, in C's order.
    ///
    /// # Safety
    ///
    /// As `page_table::set_entry()`.
    #[inline(always)]
    pub(in super::super) unsafe fn set(entry: *mut RawEntry, raw: RawEntry) {
        let cpu = if raw == 0 {
            0
        } else {
            cpu_entry(raw).load(Ordering::Relaxed) | raw & !BITS
        };
        // SAFETY: As required of our caller. The CPU's table follows C's in the same page.
        unsafe {
            entry.write_volatile(raw);
            entry.wrapping_byte_add(CPU_ENTRY).write_volatile(cpu);
        }
    }
}

pub(super) use entry::{set, template};

#[cfg(iomrs_kunit)]
#[kunit_tests(iomrs_arm_entries)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use kernel::prelude::*;

    /// Each entry that we write is what C's function writes, the CPU's included.
    #[test]
    fn stores_are_those_of_c() {
        let mut ours = KVec::from_elem(0u64, WORDS, GFP_KERNEL).unwrap();
        let mut theirs = KVec::from_elem(0u64, WORDS, GFP_KERNEL).unwrap();
        for prot in [
            c::iomrs_prot_device(),
            c::iomrs_prot_device_cached(),
            c::iomrs_prot_device_wc(),
            c::iomrs_prot_uncached(),
        ] {
            for prot in [prot, prot | c::iomrs_pte_rdonly()] {
                let phys = 0x1234_5000;
                for (entry, pte) in [(template(prot) | phys, prot | phys), (0, 0)] {
                    // SAFETY: Both have room for an entry of C's and the CPU's.
                    unsafe {
                        set(ours.as_mut_ptr().cast(), entry as RawEntry);
                        c::iomrs_set_pte(theirs.as_mut_ptr().cast(), pte);
                    }
                    assert_eq!(ours.as_slice(), theirs.as_slice());
                }
            }
        }
    }
}
