// SPDX-License-Identifier: GPL-2.0

//! Which ranges a confidential guest maps encrypted: a machine with resources, a hypervisor and a
//! firmware's memory map, and ranges on it with what C's `__ioremap_check_mem()` says of each.

use crate::mm::encryption::*;

/// A resource: first and last byte, what it describes, whether it is in use.
type ResourceAt = (u64, u64, u32, bool);
/// A part of EFI's memory map: first and last byte, type, attributes.
type EfiAt = (u64, u64, u32, u64);

const ACPI_TABLES: u32 = 2;
const ACPI_NV_STORAGE: u32 = 3;
const PERSISTENT_MEMORY: u32 = 4;
const RUNTIME: u64 = 1 << 63;
/// Write-back and run-time executable: attributes that do not matter.
const OTHERS: u64 = 0xf | 1 << 14;

/// As C's walk has them: in any order, and one within another.
const RESOURCES: &[ResourceAt] = &[
    // A bus window that nobody has requested, with a device's BAR in it, and in that a busy part.
    (0x8000_0000, 0x8fff_ffff, DESC_NONE, false),
    (0x8100_0000, 0x81ff_ffff, DESC_NONE, false),
    (0x8100_0000, 0x8100_ffff, DESC_NONE, true),
    (0x8180_0000, 0x8180_ffff, PERSISTENT_MEMORY, true),
    // What the firmware has left.
    (0x7000_0000, 0x7000_ffff, ACPI_TABLES, true),
    (0x7001_0000, 0x7001_ffff, ACPI_NV_STORAGE, true),
    (0x7002_0000, 0x7002_ffff, DESC_RESERVED, true),
    (0x7003_0000, 0x7003_ffff, ACPI_TABLES, false),
];

const EFI: &[EfiAt] = &[
    (0x7010_0000, 0x7010_ffff, 4, OTHERS), // boot services data
    (0x7011_0000, 0x7011_ffff, 4, OTHERS | RUNTIME), // the same, needed at run time
    (0x7012_0000, 0x7012_ffff, 6, OTHERS), // runtime services data
    (0x7013_0000, 0x7013_ffff, 5, OTHERS | RUNTIME), // runtime services code
    (0x7014_0000, 0x7014_ffff, 11, RUNTIME), // memory-mapped I/O
    (0x7015_0000, 0x7015_ffff, 6, RUNTIME),
];

/// What the hypervisor says is the guest's own device memory.
const PRIVATE_MMIO: (u64, u64) = (0xfed4_0000, 0xfed4_4fff);

fn is_private_mmio(addr: u64) -> bool {
    (PRIVATE_MMIO.0..=PRIVATE_MMIO.1).contains(&addr)
}

fn efi(addr: u64) -> Option<EfiMemory> {
    let found = EFI.iter().find(|part| (part.0..=part.1).contains(&addr))?;
    Some(EfiMemory {
        kind: found.2,
        attributes: found.3,
    })
}

/// As the kernel's side decides: the resources that overlap the range, then the rest.
fn is_encrypted(first: u64, last: u64) -> bool {
    let overlapping = RESOURCES.iter().filter(|at| at.0 <= last && first <= at.1);
    overlapping
        .map(|&(_, _, desc, is_busy)| Resource { desc, is_busy })
        .any(Resource::is_encrypted)
        || is_encrypted_without_resource(first, last, is_private_mmio, efi)
}

fn check(cases: &[(&str, u64, u64, bool)]) {
    for &(what, first, size, expected) in cases {
        assert_eq!(is_encrypted(first, first + size - 1), expected, "{what}");
    }
}

#[test]
fn s17_encrypted_by_resource() {
    check(&[
        ("a BAR", 0x8100_0000, 0x1000, false),
        ("a bus window", 0x8000_0000, 0x1000, false),
        ("nothing", 0x9000_0000, 0x1000, false),
        ("ACPI tables", 0x7000_0000, 0x1000, true),
        ("the last byte of them", 0x7000_ffff, 1, true),
        ("ACPI storage", 0x7001_0000, 0x1000, true),
        ("reserved", 0x7002_0000, 0x1000, false),
        ("to the first byte of the next", 0x7001_ffff, 2, true),
        ("described, not in use", 0x7003_0000, 0x1000, false),
        ("in use, within what is not", 0x8180_0000, 0x1000, true),
        ("around what is in use", 0x8170_0000, 0x20_0000, true),
        ("before it", 0x8170_0000, 0x10_0000, false),
    ]);
}

#[test]
fn s17_encrypted_by_efi() {
    check(&[
        ("boot services data", 0x7010_0000, 0x1000, false),
        ("that is needed at run time", 0x7011_0000, 0x1000, true),
        ("runtime services data", 0x7012_0000, 0x1000, true),
        ("at its end", 0x7012_ffff, 1, true),
        ("runtime services code", 0x7013_0000, 0x1000, false),
        ("memory-mapped I/O", 0x7014_0000, 0x1000, false),
        ("data, with the attribute", 0x7015_0000, 0x1000, true),
        ("past the end of the map", 0x7016_0000, 0x1000, false),
    ]);
}

#[test]
fn s15_last_address_is_looked_at() {
    check(&[
        ("private device memory", 0xfed4_0000, 0x1000, true),
        ("its end", 0xfed4_4000, 0x1000, true),
        ("past its end", 0xfed4_5000, 0x1000, false),
        // C maps these decrypted.
        ("to private device memory", 0xfed3_f000, 0x2000, true),
        ("to runtime services data", 0x7010_8000, 0x2_0000, true),
    ]);
}
