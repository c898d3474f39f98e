// SPDX-License-Identifier: GPL-2.0

//! What may be asked of a mapping.

use super::{Mapping, ReadOnlyMapping};
use crate::mm::cache_mode::{CacheMode, Policy};
use crate::mm::machine;
use crate::tracking::MappingKind;
use kernel::{
    io::{PhysAddr, ResourceSize},
    prelude::*,
};

/// How to map: cache mode, and what to do where it cannot be had.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{ioremap::Options, CacheMode};
///
/// let options = Options::new(CacheMode::WriteCombining).exact();
/// assert_eq!(options.mode(), CacheMode::WriteCombining);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    pub(super) mode: CacheMode,
    pub(super) policy: Policy,
    pub(super) encrypted: bool,
    pub(super) across_resources: bool,
    pub(super) in_requested_region: bool,
}

impl Options {
    /// Maps with `mode`, or with the weaker mode that a live mapping of the same range has
    /// ([`Policy::AllowWeaker`]).
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::Options, CacheMode};
    ///
    /// const FRAME_BUFFER: Options = Options::new(CacheMode::WriteCombining);
    /// ```
    pub const fn new(mode: CacheMode) -> Self {
        Self {
            mode,
            policy: Policy::AllowWeaker,
            encrypted: false,
            across_resources: false,
            in_requested_region: false,
        }
    }

    /// The mode asked for or `EBUSY` ([`Policy::Exact`]).
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::{Mapping, Options}, CacheMode};
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// Write combining if nobody else has the queue mapped, else registers will do.
    /// fn map(queue: PhysAddr) -> Result<Mapping> {
    ///     // SAFETY: The queue of our device, whose region we have requested.
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

    /// Encrypted memory of a confidential guest, whatever the resource says (`ioremap_encrypted`).
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::{Options, ReadOnlyMapping}, CacheMode};
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// Secrets that the firmware has left for the guest, where `addr` says.
    /// fn secrets(addr: PhysAddr) -> Result<ReadOnlyMapping> {
    ///     let options = Options::new(CacheMode::WriteBack).encrypted();
    ///     // SAFETY: The firmware has told us of this page, which is nobody else's.
    ///     unsafe { options.map_read_only(addr, 0x1000) }
    /// }
    /// ```
    pub const fn encrypted(self) -> Self {
        Self {
            encrypted: true,
            ..self
        }
    }

    /// Allows a range that begins in one resource and ends in another. C only warns of it. A stock
    /// kernel cannot reserve write combining for such a range, which is `EINVAL` even then.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::{Mapping, Options}, CacheMode};
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// Two BARs side by side that a driver sees as one.
    /// fn map(first_bar: PhysAddr) -> Result<Mapping> {
    ///     let options = Options::new(CacheMode::UncachedMinus).across_resources();
    ///     // SAFETY: Both are BARs of our device, 1 MiB each, and requested.
    ///     unsafe { options.map(first_bar, 2 << 20) }
    /// }
    /// ```
    pub const fn across_resources(self) -> Self {
        Self {
            across_resources: true,
            ..self
        }
    }

    /// For a range within a region of I/O memory that we have requested: RAM and what is another
    /// resource's has been kept out by the request, and need not be looked for.
    pub(crate) const fn in_requested_region(self) -> Self {
        Self {
            in_requested_region: true,
            ..self
        }
    }

    /// The cache mode asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::Options, CacheMode};
    ///
    /// /// Whether stores may have to be flushed.
    /// fn needs_flush(options: &Options) -> bool {
    ///     options.mode() == CacheMode::WriteCombining
    /// }
    /// ```
    pub const fn mode(&self) -> CacheMode {
        self.mode
    }

    /// What is done where that mode cannot be had.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::Options, Policy};
    ///
    /// /// Whether `achieved()` may differ from what was asked for.
    /// fn may_differ(options: &Options) -> bool {
    ///     options.policy() == Policy::AllowWeaker
    /// }
    /// ```
    pub const fn policy(&self) -> Policy {
        self.policy
    }

    /// Maps `size` bytes of device memory from physical address `phys`, for reading and writing.
    ///
    /// An offset of `phys` in its page is kept, and any `size` will do. The pages are as large as
    /// both addresses, the CPU and the MTRRs allow (4 KiB on a stock kernel), never executable.
    /// Unlike C there is no warning in the log: the error says it all.
    ///
    /// # Errors
    ///
    /// | errno | state |
    /// |---|---|
    /// | `EINVAL` | `size` is 0; the range wraps; it leaves its resource |
    /// | `ERANGE` | a byte lies past the CPU's physical address width |
    /// | `EPERM` | system RAM |
    /// | `EBUSY` | a live mapping has a cache mode that excludes this one |
    /// | `ENOMEM` | no memory, or not enough address space |
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Safety
    ///
    /// The range is device memory for as long as the mapping lives, and the caller has the right
    /// to it: no store through it breaks anybody's memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::Options, CacheMode};
    /// use kernel::{io::{Io, PhysAddr}, prelude::*};
    ///
    /// /// The event timers of a PC, where the firmware says.
    /// fn period(hpet: PhysAddr) -> Result<u32> {
    ///     // SAFETY: A kilobyte of registers, of which we only read.
    ///     let hpet = unsafe { Options::new(CacheMode::Uncached).map(hpet, 0x400)? };
    ///     hpet.try_read32(0x4)
    /// }
    /// ```
    #[track_caller]
    pub unsafe fn map(self, phys: PhysAddr, size: ResourceSize) -> Result<Mapping> {
        Mapping::new(self, MappingKind::Ioremap, false, phys, size)
    }

    /// As [`map`](Self::map), for reading only: the entries forbid stores, and the type offers
    /// none. C ignores a request for a read-only mapping (`ioremap_prot`).
    ///
    /// # Errors
    ///
    /// As [`map`](Self::map).
    ///
    /// # Safety
    ///
    /// The range is device memory for as long as the mapping lives, and reading it is harmless.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::Options, CacheMode};
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// Whether a read-only memory begins as an option ROM does.
    /// fn is_rom(rom: PhysAddr) -> Result<bool> {
    ///     // SAFETY: Reading a ROM changes nothing.
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
        Ok(ReadOnlyMapping::new(mapping))
    }
}

/// Bits of a physical address of this CPU: no byte past them can be mapped.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::ioremap::phys_bits;
/// use kernel::{io::PhysAddr, prelude::*};
///
/// /// Refuses an address from a table of the firmware that this CPU does not have.
/// fn check(addr: PhysAddr) -> Result {
///     if u64::from(addr) >> phys_bits() != 0 {
///         return Err(ERANGE);
///     }
///     Ok(())
/// }
/// ```
pub fn phys_bits() -> u32 {
    machine::phys_bits()
}
