// SPDX-License-Identifier: GPL-2.0

//! How a mapping is to be made.

use super::{Mapping, PhysAddr, ReadOnlyMapping, ResourceSize};
use crate::mm::cache_mode::{CacheMode, Policy};
use crate::mm::machine;
use crate::tracking::MappingKind;
use kernel::prelude::*;

/// How to map a range: its cache mode, and the exceptions to the usual rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    pub(super) mode: CacheMode,
    pub(super) policy: Policy,
    pub(super) encrypted: bool,
    pub(super) across_resources: bool,
    pub(super) in_requested_region: bool,
}

impl Options {
    /// Asks for `mode`. If the range is already mapped with a weaker mode, the new mapping gets that
    /// one ([`Policy::AllowWeaker`]).
    pub const fn new(mode: CacheMode) -> Self {
        Self {
            mode,
            policy: Policy::AllowWeaker,
            encrypted: false,
            across_resources: false,
            in_requested_region: false,
        }
    }

    /// Asks for exactly this cache mode: any other is `EBUSY` ([`Policy::Exact`]).
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::{Mapping, Options}, CacheMode};
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// Maps the queue write combining, or like registers if somebody else has mapped it.
    /// fn map(queue: PhysAddr) -> Result<Mapping> {
    ///     // SAFETY: The queue is part of a region that this driver has requested.
    ///     unsafe {
    ///         Options::new(CacheMode::WriteCombining)
    ///             .exact()
    ///             .map(queue, 0x1000)
    ///             .or_else(|_| Options::new(CacheMode::UncachedMinus).map(queue, 0x1000))
    ///     }
    /// }
    /// ```
    pub const fn exact(self) -> Self {
        Self {
            policy: Policy::Exact,
            ..self
        }
    }

    /// Maps the range as encrypted memory of a confidential guest, whatever its resource says
    /// (C: `ioremap_encrypted()`).
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::{Options, ReadOnlyMapping}, CacheMode};
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// Maps the page of secrets that the firmware has left for the guest.
    /// fn secrets(addr: PhysAddr) -> Result<ReadOnlyMapping> {
    ///     let options = Options::new(CacheMode::WriteBack).encrypted();
    ///     // SAFETY: The firmware has reserved this page for the guest to read.
    ///     unsafe { options.map_read_only(addr, 0x1000) }
    /// }
    /// ```
    pub const fn encrypted(self) -> Self {
        Self {
            encrypted: true,
            ..self
        }
    }

    /// Allows a range that begins in one resource and ends in another, for which C only logs a
    /// warning (`mapping multiple BARs`). Without this it is `EINVAL`, and a line in the kernel log names
    /// this function. The resources are the lines of `/proc/iomem`: a range over a part of what the
    /// firmware has reserved leaves that, too.
    ///
    /// A stock kernel cannot reserve write combining for such a range: it is `EINVAL` nevertheless.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::{Mapping, Options}, CacheMode};
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// Maps two neighbouring BARs of 1 MiB each as one.
    /// fn map(first_bar: PhysAddr) -> Result<Mapping> {
    ///     let options = Options::new(CacheMode::UncachedMinus).across_resources();
    ///     // SAFETY: This driver has requested both BARs.
    ///     unsafe { options.map(first_bar, 2 << 20) }
    /// }
    /// ```
    pub const fn across_resources(self) -> Self {
        Self {
            across_resources: true,
            ..self
        }
    }

    /// Says that the range lies within a region of I/O memory that the caller has requested. The
    /// request has shown that it is neither RAM nor another driver's, so that both checks are
    /// skipped.
    pub(crate) const fn in_requested_region(self) -> Self {
        Self {
            in_requested_region: true,
            ..self
        }
    }

    /// The cache mode asked for.
    pub const fn mode(&self) -> CacheMode {
        self.mode
    }

    /// What happens if another mapping of the range has a different cache mode.
    pub const fn policy(&self) -> Policy {
        self.policy
    }

    /// Maps `size` bytes of device memory from physical address `phys` on, for reading and writing.
    ///
    /// Neither `phys` nor `size` need be a multiple of the page size. The pages are as large as both
    /// addresses, the CPU and the MTRRs allow. They are never executable.
    ///
    /// Unlike C the library logs nothing, as the error tells the reason. One line is the exception: for a
    /// range that leaves its resource it says what allows that. In two cases the kernel logs a line by
    /// itself, which a module cannot prevent: where cache modes conflict (`x86/PAT: ...`), and where
    /// address space runs out (`vmalloc_node_range for size ... failed`). To request a BAR that another
    /// driver has is a third (`can't reserve`).
    ///
    /// # Errors
    ///
    /// | errno | state |
    /// |---|---|
    /// | `EINVAL` | `size` is 0 or the range wraps |
    /// | `EINVAL` | the range leaves its resource, such as a BAR or what the firmware has reserved; [`across_resources`](Self::across_resources) allows it |
    /// | `ERANGE` | part of the range is past the CPU's physical address width |
    /// | `EPERM` | part of the range is system RAM; on a stock kernel also reserved pages of RAM, in any mode but write combining; on ARM and arm64 in every mode |
    /// | `EBUSY` | another mapping of the range has a cache mode that excludes this one |
    /// | `ENOMEM` | too little memory or address space |
    ///
    /// # Context
    ///
    /// May sleep, and allocate memory: not in reclaim, nor with a lock held that a shrinker waits for. A kernel with
    /// `CONFIG_PROVE_LOCKING` reports it, whether it allocates this time or not.
    ///
    /// # Safety
    ///
    /// - The range is device memory for as long as the mapping exists.
    /// - The caller may write to it: no store through the mapping harms memory that others use.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::Options, CacheMode};
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// Reads the period of the HPET, whose address comes from a firmware table.
    /// fn period(hpet: PhysAddr) -> Result<u32> {
    ///     // SAFETY: The HPET has a kilobyte of registers, which are only read here.
    ///     let hpet = unsafe { Options::new(CacheMode::Uncached).map(hpet, 0x400)? };
    ///     hpet.try_read32(0x4)
    /// }
    /// ```
    #[track_caller]
    pub unsafe fn map(self, phys: PhysAddr, size: ResourceSize) -> Result<Mapping> {
        Mapping::new(self, MappingKind::Ioremap, false, phys, size)
    }

    /// As [`map`](Self::map), but for reading only. The page-table entries forbid stores, and the
    /// type has none. C ignores such a request (`ioremap_prot()`).
    ///
    /// # Errors
    ///
    /// As [`map`](Self::map).
    ///
    /// # Context
    ///
    /// As [`map`](Self::map).
    ///
    /// # Safety
    ///
    /// - The range is device memory for as long as the mapping exists.
    /// - Reading it has no effect that harms others.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::Options, CacheMode};
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// Whether memory begins with the signature of an option ROM.
    /// fn is_rom(rom: PhysAddr) -> Result<bool> {
    ///     // SAFETY: Reading a ROM has no effect.
    ///     let rom = unsafe { Options::new(CacheMode::WriteBack).map_read_only(rom, 0x800)? };
    ///     Ok(rom.try_read::<u16>(0)? == 0xaa55)
    /// }
    /// ```
    #[track_caller]
    pub unsafe fn map_read_only(
        self,
        phys: PhysAddr,
        size: ResourceSize,
    ) -> Result<ReadOnlyMapping> {
        let mapping = Mapping::new(self, MappingKind::Ioremap, true, phys, size)?;
        // INVARIANT: It was mapped read-only just now.
        Ok(ReadOnlyMapping(mapping))
    }
}

/// The width of a physical address of this CPU, in bits. Nothing above it can be mapped.
pub fn phys_bits() -> u32 {
    machine::phys_bits()
}
