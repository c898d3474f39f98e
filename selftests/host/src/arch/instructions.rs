// SPDX-License-Identifier: GPL-2.0

//! A model of x86 CPUs that keep translations, under the names of `arch/x86/instructions.rs`.
//!
//! From Intel's manual, volume 3, "Invalidation of TLBs and Paging-Structure Caches": a translation
//! has the identifier of the address space that it was made in, or is global. A CPU may keep a
//! translation of any page that has an entry, whether it uses the page or not. Each thread has a
//! machine of its own.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

pub(super) const CR4_PGE: usize = 1 << 7;
/// A bit of CR4 that nobody may change.
const CR4_OTHER: usize = 1 << 5;

/// What a CPU has, and what the kernel has turned on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Features {
    pub(crate) pti: bool,
    pub(crate) pcid: bool,
    pub(crate) invpcid: bool,
}

impl Features {
    /// Returns every kind of CPU.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..8).map(|bits| Self {
            pti: bits & 1 != 0,
            pcid: bits & 2 != 0,
            invpcid: bits & 4 != 0,
        })
    }
}

/// A CPU.
#[derive(Clone, Debug)]
struct Cpu {
    features: Features,
    cr4: usize,
    interrupts: bool,
    address_space: u16,
    /// By address space and page. Global ones are in the address space `None`.
    translations: BTreeMap<(Option<u16>, usize), u64>,
    /// How often everything was dropped.
    flushes: usize,
}

/// CPUs with one page table: the kernel's, which is the same in all address spaces. A page that has no
/// entry cannot be accessed, unless there is a translation.
#[derive(Default)]
struct Machine {
    cpus: Vec<Cpu>,
    /// The CPU that runs.
    running: usize,
    page_table: BTreeMap<usize, u64>,
}

thread_local! {
    static MACHINE: RefCell<Machine> = RefCell::default();
}

fn with<R>(f: impl FnOnce(&mut Cpu) -> R) -> R {
    MACHINE.with_borrow_mut(|machine| f(&mut machine.cpus[machine.running]))
}

impl Cpu {
    fn drop_all(&mut self) {
        self.translations.clear();
        self.flushes += 1;
    }

    fn key(&self, page: usize) -> (Option<u16>, usize) {
        let global = !self.features.pti && self.cr4 & CR4_PGE != 0;
        ((!global).then_some(self.address_space), page)
    }
}

/// Makes the thread's machine anew, with `cpus` CPUs.
pub(crate) fn reset(features: Features, cpus: usize) {
    let cpu = Cpu {
        features,
        cr4: CR4_PGE | CR4_OTHER,
        interrupts: true,
        address_space: 0,
        translations: BTreeMap::new(),
        flushes: 0,
    };
    MACHINE.set(Machine {
        cpus: vec![cpu; cpus],
        ..Machine::default()
    });
}

/// Lets a CPU run.
pub(crate) fn run_on(cpu: usize) {
    MACHINE.with_borrow_mut(|machine| machine.running = cpu);
}

/// Writes the entry of a page: 0 clears it. Translations stay.
pub(crate) fn set_entry(page: usize, phys: u64) {
    MACHINE.with_borrow_mut(|machine| match phys {
        0 => machine.page_table.remove(&page),
        _ => machine.page_table.insert(page, phys),
    });
}

/// Switches to another address space. Without identifiers of address spaces the translations of the
/// old one go; with them they stay, as the kernel asks the CPU to keep them.
pub(crate) fn switch(address_space: u16) {
    with(|cpu| {
        if cpu.features.pcid {
            cpu.address_space = address_space;
        } else {
            cpu.translations.retain(|&(space, _), _| space.is_none());
        }
    });
}

/// Returns the physical page that an access of `page` reaches, by the translation if there is one. The
/// CPU keeps the translation. It may do so at any time, to look ahead.
pub(crate) fn access(page: usize) -> Option<u64> {
    let entry = MACHINE.with_borrow(|machine| machine.page_table.get(&page).copied());
    with(|cpu| {
        let key = cpu.key(page);
        if let Some(&phys) = cpu.translations.get(&key) {
            return Some(phys);
        }
        cpu.translations.insert(key, entry?);
        entry
    })
}

/// Returns the pages that the CPU has translations of, in any address space.
pub(crate) fn translated() -> BTreeSet<usize> {
    with(|cpu| cpu.translations.keys().map(|&(_, page)| page).collect())
}

/// Returns how often everything was dropped.
pub(crate) fn flushes() -> usize {
    with(|cpu| cpu.flushes)
}

/// Whether the CPU is as it was after [`reset`], but for its translations.
pub(crate) fn is_undisturbed() -> bool {
    with(|cpu| cpu.cr4 == CR4_PGE | CR4_OTHER && cpu.interrupts)
}

pub(super) fn has_pti() -> bool {
    with(|cpu| cpu.features.pti)
}

pub(super) fn has_pcid() -> bool {
    with(|cpu| cpu.features.pcid)
}

pub(super) fn has_invpcid() -> bool {
    with(|cpu| cpu.features.invpcid)
}

pub(super) fn invlpg(page: usize) {
    with(|cpu| {
        let current = Some(cpu.address_space);
        let stays = |space: Option<u16>| space.is_some() && space != current;
        cpu.translations
            .retain(|&(space, of), _| of != page || stays(space));
    });
}

pub(super) fn invpcid_all() {
    with(|cpu| {
        assert!(cpu.features.invpcid, "invalid opcode");
        cpu.drop_all();
    });
}

pub(super) fn read_cr4() -> usize {
    with(|cpu| cpu.cr4)
}

pub(super) fn write_cr4(cr4: usize) {
    with(|cpu| {
        assert!(!cpu.interrupts, "an interrupt may come between two writes");
        assert_eq!(cr4 & !CR4_PGE, CR4_OTHER);
        if cr4 ^ cpu.cr4 == CR4_PGE {
            cpu.drop_all();
        }
        cpu.cr4 = cr4;
    });
}

pub(crate) fn iomrs_local_irq_save() -> usize {
    with(|cpu| usize::from(std::mem::replace(&mut cpu.interrupts, false)))
}

/// # Safety
///
/// None: it has one in the kernel.
pub(crate) unsafe fn iomrs_local_irq_restore(flags: usize) {
    with(|cpu| cpu.interrupts = flags != 0);
}
