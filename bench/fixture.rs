// SPDX-License-Identifier: GPL-2.0

//! What a workload works on: the apertures of both sides, the offsets that it maps, the memory or the
//! ports that it reads and writes, the bytes that it copies.

use crate::harness::{
    c,
    c_side::CSide,
    claim::{Claim, JobClaim, LentBar},
    division::divide,
    kernel_crate::registers::Registers,
    random::Random,
    timing::Ticks,
};
use core::{ffi::c_void, ptr};
use io_mapping_rs::{
    io_region::IoRegionView,
    ioremap::{self, Options},
    pci::{Bar, DevresBar},
    CacheMode, IoMapping, IoRegion, Mapping, Ports, Strategy,
};
use kernel::{
    alloc::KVVec,
    device::Bound,
    devres::Devres,
    io::{IoBase, Region},
    pci,
    prelude::*,
};

/// The name of a requested region in `/proc/iomem`.
pub(crate) const NAME: &CStr = c"io-mapping-bench";

/// Bytes of a small page.
pub(crate) const PAGE: u64 = 4096;

/// The byte that ports are written with: it starts no test of QEMU's pci-testdev.
const PORT_BYTE: u8 = 0x5a;

/// How both sides map apertures and ranges, unless a workload is about another cache mode.
pub(crate) const WRITE_COMBINING: Options = Options::new(CacheMode::WriteCombining);

/// What a workload works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The range, which the workload maps itself.
    Range,
    /// A BAR, which the workload requests and maps itself.
    Bar,
    /// An aperture of the range.
    Aperture,
    /// Memory, mapped as registers are.
    Memory,
    /// Registers of a BAR that the device takes back when it is unbound.
    Revocable,
    /// I/O ports.
    Ports,
}

/// Registers of a BAR that belong to its device, as each side has them.
pub(crate) struct Revocable {
    // Dropped in this order: the kernel crate's are a part of our mapping.
    pub(crate) kernel_crate: Devres<Registers>,
    pub(crate) ours: DevresBar,
}

/// What a fixture is made of.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) target: Target,
    /// Bytes, or ports, of the range that the workload works on.
    pub(crate) size: u64,
    /// Of our aperture.
    pub(crate) strategy: Strategy,
    /// Whether our aperture has its chunks before the first batch.
    pub(crate) premade_chunks: bool,
    /// Whether C needs an aperture, too.
    pub(crate) c_aperture: bool,
    /// Rounds of a batch.
    pub(crate) rounds: usize,
    /// Offsets in memory and ports are less than this.
    pub(crate) offset_bound: u64,
    /// The driver on the C API, where that is our side.
    pub(crate) c_api: Option<fn() -> &'static c::Driver>,
    /// How many pages beside the range each side has mapped.
    pub(crate) others: usize,
    /// Bytes that each round transfers.
    pub(crate) bytes: usize,
}

/// What a workload works on, made by a [`Plan`].
///
/// # Invariants
///
/// - The range of `size` bytes, or ports, from `phys` on is a part of `claim`. A job of the claim, which
///   outlives this, has begun.
/// - The page of each offset is within the range; of memory and ports, so are the bytes that a round
///   transfers.
/// - `pattern` has `bytes` bytes and at least a page.
/// - The aperture of `c`, and that of `c_api`, is of the range.
/// - `c_io` is null, or what C's accessors take for `region` or `revocable`.
pub(crate) struct Fixture<'a> {
    claim: &'a Claim,
    pub(crate) phys: u64,
    pub(crate) size: u64,
    pub(crate) bytes: usize,
    pub(crate) offsets: KVVec<u64>,
    pub(crate) pattern: KVVec<u8>,
    aperture: Option<IoMapping>,
    region: Option<IoRegion>,
    // Before the BAR, which it has requested.
    revocable: Option<Revocable>,
    bar: Option<LentBar<'a>>,
    c: CSide,
    c_api: Option<CSide>,
    c_io: *mut c_void,
    others: KVVec<Mapping>,
}

// SAFETY: Several tasks may use C's aperture at once, and so may they use an address or ports. Of the
// device of a BAR they only read which one it is.
unsafe impl Sync for Fixture<'_> {}

impl<'a> Fixture<'a> {
    /// # Errors
    ///
    /// | errno | state |
    /// |---|---|
    /// | `ENOSPC` | the claim is smaller than the plan |
    /// | `ENOMEM` | no memory or no address space, on either side |
    ///
    /// and those of [`IoMapping::with_strategy`] and [`ioremap::ioremap`].
    pub(crate) fn new(job: &'a JobClaim<'_>, plan: &Plan) -> Result<Self> {
        let claim = job.claim();
        if plan.size > claim.size() {
            return Err(ENOSPC);
        }
        // INVARIANT: The range is the beginning of the claim. There is no offset yet, nor anything of
        // C's. `pattern` is as long as required.
        let mut this = Self {
            claim,
            phys: claim.phys(),
            size: plan.size,
            bytes: plan.bytes,
            offsets: offsets(plan)?,
            pattern: pattern(plan)?,
            aperture: None,
            region: None,
            revocable: None,
            bar: None,
            c: CSide::new(&c::iomrs_b_c_driver),
            c_api: plan.c_api.map(|driver| CSide::new(driver())),
            c_io: ptr::null_mut(),
            others: KVVec::new(),
        };
        this.add_others(plan)?;
        match plan.target {
            Target::Range => (),
            Target::Bar => this.bar = Some(job.lend()?),
            Target::Aperture => this.add_apertures(plan)?,
            Target::Memory => this.add_memory()?,
            Target::Revocable => this.add_revocable(job)?,
            Target::Ports => this.add_ports()?,
        }
        Ok(this)
    }

    /// Maps pages behind the range, each by both sides.
    fn add_others(&mut self, plan: &Plan) -> Result {
        let bytes = (plan.others as u64).checked_mul(PAGE).ok_or(EOVERFLOW)?;
        if bytes > self.claim.size() - plan.size {
            return Err(ENOSPC);
        }
        let phys = self.phys + plan.size;
        // SAFETY: The pages are part of a claim that stays ours.
        unsafe { self.c.add_pages(phys, plan.others)? };
        if let Some(c_api) = &mut self.c_api {
            // SAFETY: As above.
            return unsafe { c_api.add_pages(phys, plan.others) };
        }
        for page in 0..plan.others as u64 {
            // SAFETY: As above.
            let other = unsafe { ioremap::ioremap(phys + page * PAGE, PAGE)? };
            self.others.push(other, GFP_KERNEL)?;
        }
        Ok(())
    }

    fn add_apertures(&mut self, plan: &Plan) -> Result {
        let (phys, size) = (self.phys, self.size);
        // SAFETY: By the invariant of `self` the range is part of a claim that stays ours.
        let ours = unsafe { IoMapping::with_strategy(phys, size, WRITE_COMBINING, plan.strategy)? };
        if plan.premade_chunks {
            for &offset in self.offsets.iter() {
                drop(ours.map(offset, PAGE)?);
            }
        }
        self.aperture = Some(ours);
        if plan.c_aperture {
            // INVARIANT: It is of the range.
            // SAFETY: By the invariant of `self` the range is part of a claim that stays ours.
            unsafe { self.c.add_aperture(phys, size)? };
        }
        if let Some(c_api) = &mut self.c_api {
            // INVARIANT: It is of the range.
            // SAFETY: As above.
            unsafe { c_api.add_aperture(phys, size)? };
        }
        Ok(())
    }

    /// Maps the memory. Both sides use the same mapping.
    fn add_memory(&mut self) -> Result {
        // SAFETY: By the invariant of `self` the range is part of a claim that stays ours.
        let memory = unsafe { ioremap::ioremap(self.phys, self.size)? };
        // INVARIANT: C's accessors take the address of the mapping, which becomes `region`.
        self.c_io = ptr::with_exposed_provenance_mut(memory.addr());
        self.region = Some(IoRegion::Memory(memory));
        Ok(())
    }

    /// Requests the BAR and maps it. All sides use the same mapping.
    fn add_revocable(&mut self, job: &'a JobClaim<'_>) -> Result {
        let lent = self.bar.insert(job.lend()?);
        let bar = Bar::iomap(lent.device(), lent.number(), self.size, NAME)?;
        // INVARIANT: C's accessors take the address of the mapping, which becomes `revocable`.
        self.c_io = ptr::with_exposed_provenance_mut(bar.addr());
        // SAFETY: The mapping has these bytes, and is dropped after the result.
        let registers = unsafe { Registers::new(bar.addr(), bar.size()) };
        self.revocable = Some(Revocable {
            kernel_crate: Devres::new(lent.device().as_ref(), registers)?,
            ours: bar.into_devres()?,
        });
        Ok(())
    }

    fn add_ports(&mut self) -> Result {
        let (first, count) = (usize::try_from(self.phys)?, usize::try_from(self.size)?);
        // INVARIANT: It is of the ports that become `region`, or null.
        self.c_io = c::iomrs_b_cookie(first, u32::try_from(count)?);
        if self.c_io.is_null() {
            return Err(ENOMEM);
        }
        // SAFETY: By the invariant of `self` the ports are part of a claim that stays ours.
        let ports = unsafe { Ports::new(first, count)? };
        self.region = Some(IoRegion::Ports(ports));
        Ok(())
    }

    /// # Errors
    ///
    /// `ENODEV` where the device is being removed, which waits for the job.
    pub(crate) fn check_claim(&self) -> Result {
        if self.claim.is_leaving() {
            return Err(ENODEV);
        }
        Ok(())
    }

    /// Returns our aperture.
    ///
    /// # Errors
    ///
    /// `EINVAL` where the target is another one.
    #[inline(always)]
    pub(crate) fn aperture(&self) -> Result<&IoMapping> {
        self.aperture.as_ref().ok_or(EINVAL)
    }

    /// Returns the memory or the ports.
    ///
    /// # Errors
    ///
    /// `EINVAL` where the target is another one.
    #[inline(always)]
    pub(crate) fn region(&self) -> Result<IoRegionView<'_, Region>> {
        Ok(self.region.as_ref().ok_or(EINVAL)?.as_view())
    }

    /// Returns the memory.
    ///
    /// # Errors
    ///
    /// `EINVAL` where the target is another one.
    #[inline(always)]
    pub(crate) fn memory(&self) -> Result<&Mapping> {
        match &self.region {
            Some(IoRegion::Memory(memory)) => Ok(memory),
            _ => Err(EINVAL),
        }
    }

    /// Returns the registers that the device takes back.
    ///
    /// # Errors
    ///
    /// `EINVAL` where the target is another one.
    #[inline(always)]
    pub(crate) fn revocable(&self) -> Result<&Revocable> {
        self.revocable.as_ref().ok_or(EINVAL)
    }

    /// Returns the device, and the number of its BAR that the workload requests.
    ///
    /// # Errors
    ///
    /// `EINVAL` where the target is another one.
    #[inline(always)]
    pub(crate) fn bar(&self) -> Result<(&pci::Device<Bound>, u32)> {
        let bar = self.bar.as_ref().ok_or(EINVAL)?;
        Ok((bar.device(), bar.number()))
    }

    /// Calls `run` with what `side` works on, which is C's or ours. `data` has as many bytes as the
    /// pattern, or none where it copies nothing to it.
    fn with_c_work<T>(&self, side: &CSide, data: &mut [u8], run: impl FnOnce(&c::Work) -> T) -> T {
        let (pdev, bar) = match &self.bar {
            Some(bar) => (bar.as_raw(), bar.number()),
            None => (ptr::null_mut(), 0),
        };
        run(&c::Work {
            phys: self.phys,
            // CAST: `usize` has 64 bits on every machine that the benchmark is for.
            size: self.size as usize,
            pdev,
            // CAST: It is less than 6.
            bar: bar as i32,
            mapping: side.aperture(),
            io: self.c_io,
            offsets: self.offsets.as_ptr(),
            count: self.offsets.len(),
            data: data.as_mut_ptr(),
            pattern: self.pattern.as_ptr(),
            bytes: self.bytes,
        })
    }

    /// Runs a loop of C's and returns its ticks.
    ///
    /// # Errors
    ///
    /// `EIO` where a mapping or a comparison failed.
    ///
    /// # Safety
    ///
    /// The loop is for the target of this fixture. `data` has as many bytes as the pattern, or the
    /// loop does not use it.
    pub(crate) unsafe fn run_c_loop(&self, run: c::TimedLoop, data: &mut [u8]) -> Result<u64> {
        // SAFETY: Our caller says that the loop works on what we have, which by the invariant is what
        // it takes it for.
        match self.with_c_work(&self.c, data, |work| unsafe { run(work) }) {
            0 => Err(EIO),
            ticks => Ok(ticks),
        }
    }

    /// Runs a loop of a driver on the C API and returns its ticks.
    ///
    /// # Errors
    ///
    /// `EINVAL` where our side is another one, `EIO` where a mapping failed.
    ///
    /// # Safety
    ///
    /// The loop is for an aperture, which is the target of this fixture, and copies nothing.
    #[cfg(CONFIG_X86_64)]
    pub(crate) unsafe fn run_c_api_loop(&self, run: c::TimedLoop) -> Result<u64> {
        let c_api = self.c_api.as_ref().ok_or(EINVAL)?;
        // SAFETY: As in `run_c_loop`.
        match self.with_c_work(c_api, &mut [], |work| unsafe { run(work) }) {
            0 => Err(EIO),
            ticks => Ok(ticks),
        }
    }

    /// Runs a pair of C's calls, one that maps and one that unmaps, and returns the ticks of each.
    ///
    /// # Errors
    ///
    /// `EFAULT` where the first one failed.
    ///
    /// # Safety
    ///
    /// The calls are for the target of this fixture.
    pub(crate) unsafe fn run_c_calls(&self, run: c::TimedCalls) -> Result<Ticks> {
        let mut unmap = 0;
        // SAFETY: Our caller says that the calls work on what we have, which by the invariant is what
        // they take it for. `unmap` is valid for a write.
        match self.with_c_work(&self.c, &mut [], |work| unsafe { run(work, &mut unmap) }) {
            0 => Err(EFAULT),
            map => Ok(Ticks { map, unmap }),
        }
    }
}

/// Returns an offset for each round.
fn offsets(plan: &Plan) -> Result<KVVec<u64>> {
    let pages = (plan.size / PAGE).max(1);
    let (mut offsets, mut random) = (KVVec::new(), Random::new(2));
    for round in 0..plan.rounds as u64 {
        let offset = match plan.target {
            Target::Range | Target::Bar => divide(round, pages).1 * PAGE,
            // In an order that no cache can foresee.
            Target::Aperture => divide(random.next(), pages).1 * PAGE,
            // Neighbours are not in the same order as their addresses, and all are multiples of 4.
            Target::Memory | Target::Revocable | Target::Ports => {
                divide(round * 28, plan.offset_bound.max(1)).1
            }
        };
        offsets.push(offset, GFP_KERNEL)?;
    }
    Ok(offsets)
}

/// Returns the bytes that are written.
fn pattern(plan: &Plan) -> Result<KVVec<u8>> {
    let (mut pattern, mut random) = (KVVec::new(), Random::new(1));
    for _ in 0..plan.bytes.max(PAGE as usize) {
        let byte = match plan.target {
            Target::Ports => PORT_BYTE,
            _ => random.next() as u8,
        };
        pattern.push(byte, GFP_KERNEL)?;
    }
    Ok(pattern)
}
