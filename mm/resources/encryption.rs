// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Whether a confidential guest must map a range encrypted: what the kernel's list of resources,
//! the hypervisor and EFI's memory map say of it.
//!
//! Pure logic without kernel imports: `selftests/host` goes through a table of cases.
//!
//! C: `__ioremap_check_encrypted()` and `__ioremap_check_other()` in
//! [`arch/x86/mm/ioremap.c`](srctree/arch/x86/mm/ioremap.c)

/// What a resource describes that is nothing special (C: `IORES_DESC_NONE`).
pub(crate) const DESC_NONE: u32 = 0;
/// What the firmware has reserved (C: `IORES_DESC_RESERVED`).
pub(crate) const DESC_RESERVED: u32 = 7;

/// A resource of memory that overlaps the range.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resource {
    /// What it describes, as C's `IORES_DESC_*` count it.
    pub(crate) desc: u32,
    /// Whether it is in use (C: `IORESOURCE_BUSY`).
    pub(crate) is_busy: bool,
}

impl Resource {
    /// Whether what it describes is encrypted, such as ACPI tables. The rest is a device's, which
    /// sees no encrypted memory, or nothing that is known.
    pub(crate) const fn is_encrypted(self) -> bool {
        self.is_busy && self.desc != DESC_NONE && self.desc != DESC_RESERVED
    }
}

// Numbers of the UEFI specification, "Memory Type" and "Memory Attribute Definitions".
const EFI_BOOT_SERVICES_DATA: u32 = 4;
const EFI_RUNTIME_SERVICES_DATA: u32 = 6;
const EFI_MEMORY_RUNTIME: u64 = 1 << 63;

/// What EFI's memory map says of an address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EfiMemory {
    pub(crate) kind: u32,
    pub(crate) attributes: u64,
}

impl EfiMemory {
    /// Whether the firmware keeps data there that it needs at run time. It wrote them encrypted.
    const fn is_encrypted(self) -> bool {
        match self.kind {
            EFI_RUNTIME_SERVICES_DATA => true,
            EFI_BOOT_SERVICES_DATA => self.attributes & EFI_MEMORY_RUNTIME != 0,
            _ => false,
        }
    }
}

/// Whether a confidential guest must map the bytes `first` to `last` encrypted. No resource has said
/// so (see [`Resource::is_encrypted`]). `is_private_mmio` says what the hypervisor does of an
/// address, and `efi` what EFI's memory map does.
///
/// C asks about the first byte only.
pub(crate) fn is_encrypted_without_resource(
    first: u64,
    last: u64,
    is_private_mmio: impl Fn(u64) -> bool,
    efi: impl Fn(u64) -> Option<EfiMemory>,
) -> bool {
    [first, last]
        .into_iter()
        .any(|addr| is_private_mmio(addr) || efi(addr).is_some_and(EfiMemory::is_encrypted))
}
