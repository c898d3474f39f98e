// SPDX-License-Identifier: GPL-2.0

//! `<linux/efi.h>`: the firmware's map of memory, on a kernel without `CONFIG_EFI` too.

/// A descriptor of the map (C: `efi_memory_desc_t`), as the UEFI specification has it.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct MemoryDescriptor {
    pub(crate) kind: u32,
    _pad: u32,
    _phys: u64,
    _virt: u64,
    _pages: u64,
    pub(crate) attributes: u64,
}

// As helpers/efi.c has it.
const _: () = assert!(size_of::<MemoryDescriptor>() == 40);
const _: () = assert!(core::mem::offset_of!(MemoryDescriptor, attributes) == 32);

/// Returns the descriptor of the memory at `phys` (C: `efi_mem_desc_lookup()`), `None` if there is
/// no such descriptor or no map.
#[cfg(CONFIG_EFI)]
pub(crate) fn memory_at(phys: u64) -> Option<MemoryDescriptor> {
    // Without a map the look-up would log an error.
    if !super::iomrs_efi_has_memory_map() {
        return None;
    }
    let mut found = MemoryDescriptor::default();
    // SAFETY: Any address may be asked for, and `found` is valid for a write.
    let err = unsafe { super::iomrs_efi_mem_desc_lookup(phys, (&raw mut found).cast()) };
    (err == 0).then_some(found)
}

/// Returns `None`.
#[cfg(not(CONFIG_EFI))]
pub(crate) fn memory_at(_phys: u64) -> Option<MemoryDescriptor> {
    None
}
