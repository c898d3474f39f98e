// SPDX-License-Identifier: GPL-2.0

//! How long C's accessors of memory and ports take and how long ours take, in turns on the same
//! device. See `timing.rs`.

use crate::{c, loops_io, range::*, timing::*, verdict::*};
use core::slice;
use io_mapping_rs::{io::IoExt, io_region::IoRegionView, ioremap, IoRegion, Mapping, Ports};
use kernel::{
    fmt,
    io::{IoBase, Region},
    prelude::*,
};

/// Rounds of a loop of single accesses.
const ROUNDS: usize = 1000;
/// Rounds of a loop in which each round is a string or a copy.
const FEW: usize = 64;
/// The longest copy.
const LONGEST: usize = 1 << 20;
/// A number of which pci-testdev has no test.
const NO_TEST: usize = 0x5a5a_5a5a;
/// In thousandths of an instruction: what starts and ends a loop is less than this a round.
const SLACK: u64 = 500;

/// One of C's loops.
type CLoop = unsafe extern "C" fn(*const c::Work) -> u64;

/// What both sides work on.
struct Work {
    /// For C.
    io: usize,
    offsets: KVec<u64>,
    data: KVVec<u8>,
}

impl Work {
    /// `rounds` rounds at offsets that are multiples of 4 below `size`.
    fn new(io: usize, size: u64, rounds: usize) -> Verdict<Self> {
        let mut offsets = KVec::new();
        for round in 0..rounds as u64 {
            ok!(offsets.push(round * 28 % size, GFP_KERNEL));
        }
        let mut data = KVVec::new();
        ok!(data.resize(LONGEST, 0x5a, GFP_KERNEL));
        Ok(Self { io, offsets, data })
    }

    /// Ticks of a loop, with interrupts off.
    fn time(
        &mut self,
        len: usize,
        c: CLoop,
        rust: impl Fn(&[u64], &mut [u8]) -> Option<u64>,
    ) -> Verdict<(u64, u64)> {
        let work = c::Work {
            io: self.io,
            offsets: self.offsets.as_ptr(),
            rounds: self.offsets.len(),
            data: self.data.as_mut_ptr().cast(),
            len,
        };
        let offsets = &self.offsets[..];
        let quiet = |run: &dyn Fn() -> Option<u64>| {
            let flags = c::iomrs_c_irq_save();
            let ticks = run();
            // SAFETY: Saved just before.
            unsafe { c::iomrs_c_irq_restore(flags) };
            ticks.map(|ticks| (ticks, 0))
        };
        // SAFETY: The offsets are within what `io` is of, and `data` is as long as any string.
        let c = || Some(unsafe { c(&work) });
        let rust = || {
            // SAFETY: As long as that, and nobody else uses it.
            let data = unsafe { slice::from_raw_parts_mut(work.data.cast(), LONGEST) };
            rust(offsets, data)
        };
        let batches = if len == LONGEST { 4 } else { 16 };
        let least = in_turns(batches, || quiet(&c), || quiet(&rust))?;
        Ok((least.c.0, least.rust.0))
    }

    /// Ticks of a round in thousandths, and prints them. `len` values of `width` bytes each.
    fn round(
        &mut self,
        what: impl fmt::Display,
        (len, width): (usize, usize),
        c: CLoop,
        rust: impl Fn(&[u64], &mut [u8]) -> Option<u64>,
    ) -> Verdict<Round> {
        let empty = self.time(0, c::iomrs_c_time_io_empty, |offsets, _| {
            loops_io::empty(offsets)
        })?;
        let ticks = self.time(len, c, rust)?;
        let rounds = self.offsets.len() as u64;
        let net = |ticks: u64, empty| ticks.saturating_sub(empty) * 1000 / rounds;
        let round = Round {
            c: net(ticks.0, empty.0),
            rust: net(ticks.1, empty.1),
        };
        let bytes = (len * width) as u64;
        print(what, bytes, Thousandths(round.c), Thousandths(round.rust));
        Ok(round)
    }
}

/// A round of C's and one of ours, in thousandths of a tick.
#[derive(Clone, Copy, Debug)]
struct Round {
    c: u64,
    rust: u64,
}

/// What took more than it may, if ticks are instructions.
struct Judge {
    judged: bool,
    slow: Option<Round>,
}

impl Judge {
    fn new() -> Self {
        Self {
            judged: is_judged(),
            slow: None,
        }
    }

    /// Ours may take `percent` of what C takes and `more` ticks.
    fn most(&mut self, round: Round, percent: u64, more: u64) {
        if round.rust > round.c * percent / 100 + more * 1000 + SLACK {
            self.slow = Some(round);
        }
    }

    fn verdict(self) -> Verdict {
        if let (true, Some(slow)) = (self.judged, self.slow) {
            fail!("{:?} thousandths of a tick", slow)
        }
        Ok(())
    }
}

/// One value of 32 bits.
const ONE: (usize, usize) = (1, 4);

fn mapping() -> Verdict<core::result::Result<Mapping, &'static CStr>> {
    let range = match Range::bar2() {
        Ok(range) => range,
        Err(missing) => return Ok(Err(missing)),
    };
    // SAFETY: The BAR is ours.
    Ok(Ok(ok!(unsafe { ioremap::ioremap(range.phys, PAGE_2M) })))
}

/// The ports of pci-testdev: while none of its tests is chosen it takes no notice of what is
/// written, but for its first byte, which chooses. Here it is written with numbers of no test.
struct TestPorts {
    region: IoRegion,
    cookie: usize,
    _device: Device,
}

impl TestPorts {
    fn new() -> Verdict<core::result::Result<Self, &'static CStr>> {
        let device = match Device::testdev() {
            Ok(device) => device,
            Err(missing) => return Ok(Err(missing)),
        };
        let Some(bar) = device.bar(Device::PORT_BAR) else {
            fail!("no BAR of ports")
        };
        let (first, count) = (bar.phys as usize, bar.size as usize);
        // SAFETY: The device is ours.
        let region = IoRegion::Ports(ok!(unsafe { Ports::new(first, count) }));
        let cookie = c::iomrs_c_ioport_map(first, count as u32);
        check!(cookie != 0);
        Ok(Ok(Self {
            region,
            cookie,
            _device: device,
        }))
    }
}

/// The bytes as whole values.
fn values<T>(data: &mut [u8]) -> &mut [T] {
    // SAFETY: The values are integers.
    unsafe { data.align_to_mut::<T>() }.1
}

/// Single accesses through a region, C's by cookie. By the kernel crate's three tests of an offset,
/// too, which are not judged.
fn region(of: &str, region: IoRegionView<'_, Region>, io: usize, size: u64) -> Verdict {
    let mut work = Work::new(io, size, ROUNDS)?;
    let mut judge = Judge::new();
    let (c_read, c_write): (CLoop, CLoop) = (c::iomrs_c_time_ioread32, c::iomrs_c_time_iowrite32);
    let round = work.round(fmt!("{of}_read32_at"), ONE, c_read, |o, _| {
        loops_io::region_read_at(region, o)
    })?;
    judge.most(round, 100, 0);
    let round = work.round(fmt!("{of}_write32_at"), ONE, c_write, |o, _| {
        loops_io::region_write_at(region, o, NO_TEST)
    })?;
    judge.most(round, 100, 0);
    work.round(fmt!("{of}_try_read32"), ONE, c_read, |o, _| {
        loops_io::region_try_read(region, o)
    })?;
    work.round(fmt!("{of}_try_write32"), ONE, c_write, |o, _| {
        loops_io::region_try_write(region, o, NO_TEST)
    })?;
    judge.verdict()
}

/// Strings from and to one register.
fn strings(of: &str, region: IoRegionView<'_, Region>, io: usize) -> Verdict {
    let mut judge = Judge::new();
    let mut work = Work::new(io, 4, FEW)?;
    macro_rules! widths {
        ($($ty:ty, $c_read:ident, $c_write:ident;)*) => {$(
            let fifo = ok!(region.try_at::<$ty>(0));
            for len in [1, 16, 64] {
                let ty = stringify!($ty);
                let case = (len, size_of::<$ty>());
                let round = work.round(fmt!("{of}_{ty}_read_rep"), case, c::$c_read, |o, data| {
                    loops_io::read_rep(fifo, o, &mut values(data)[..len])
                })?;
                judge.most(round, 100, 0);
                let round = work.round(fmt!("{of}_{ty}_write_rep"), case, c::$c_write, |o, data| {
                    loops_io::write_rep(fifo, o, &values(data)[..len])
                })?;
                judge.most(round, 100, 0);
            }
        )*};
    }
    widths! {
        u8, iomrs_c_time_ioread8_rep, iomrs_c_time_iowrite8_rep;
        u16, iomrs_c_time_ioread16_rep, iomrs_c_time_iowrite16_rep;
        u32, iomrs_c_time_ioread32_rep, iomrs_c_time_iowrite32_rep;
    }
    judge.verdict()
}

#[kunit_tests(iomrs_io_timing)]
mod tests {
    use super::*;

    #[test]
    fn constant_offsets() -> Verdict {
        let mapping = need!(mapping()?);
        let view = ok!(mapping.sized::<0x1000>());
        let mut work = Work::new(mapping.addr(), PAGE, ROUNDS)?;
        let mut judge = Judge::new();
        let round = work.round("read32", ONE, c::iomrs_c_time_readl_const, |o, _| {
            loops_io::read_const(view, o)
        })?;
        judge.most(round, 100, 0);
        let round = work.round("write32", ONE, c::iomrs_c_time_writel_const, |o, _| {
            loops_io::write_const(view, o, NO_TEST)
        })?;
        judge.most(round, 100, 0);
        judge.verdict()
    }

    #[test]
    fn run_time_offsets() -> Verdict {
        let mapping = &need!(mapping()?);
        let mut work = Work::new(mapping.addr(), PAGE, ROUNDS)?;
        let mut judge = Judge::new();
        let (c_read, c_write): (CLoop, CLoop) = (c::iomrs_c_time_readl, c::iomrs_c_time_writel);
        let round = work.round("read32_at", ONE, c_read, |o, _| {
            loops_io::read_at(mapping, o)
        })?;
        judge.most(round, 100, 3);
        let round = work.round("write32_at", ONE, c_write, |o, _| {
            loops_io::write_at(mapping, o, NO_TEST)
        })?;
        judge.most(round, 100, 3);
        // What the kernel crate's three tests come to.
        work.round("try_read32", ONE, c_read, |o, _| {
            loops_io::try_read(mapping, o)
        })?;
        work.round("try_write32", ONE, c_write, |o, _| {
            loops_io::try_write(mapping, o, NO_TEST)
        })?;
        judge.verdict()
    }

    #[test]
    fn region_over_memory() -> Verdict {
        let mapping = need!(mapping()?);
        let addr = mapping.addr();
        region("memory", (&IoRegion::Memory(mapping)).as_view(), addr, PAGE)
    }

    #[test]
    fn region_over_ports() -> Verdict {
        let ports = need!(TestPorts::new()?);
        region("ports", (&ports.region).as_view(), ports.cookie, 4)
    }

    #[test]
    fn copies() -> Verdict {
        let mapping = &need!(mapping()?);
        let mut judge = Judge::new();
        let mut len = 64;
        while len <= LONGEST {
            let rounds = if len > PAGE as usize { 2 } else { FEW };
            let mut work = Work::new(mapping.addr(), 64, rounds)?;
            let c_loop = c::iomrs_c_time_memcpy_fromio;
            let round = work.round("copy_to_slice", (len, 1), c_loop, |o, data| {
                loops_io::copy_from(mapping, o, &mut data[..len])
            })?;
            judge.most(round, 102, 0);
            let c_loop = c::iomrs_c_time_memcpy_toio;
            let round = work.round("copy_from_slice", (len, 1), c_loop, |o, data| {
                loops_io::copy_to(mapping, o, &data[..len])
            })?;
            judge.most(round, 102, 0);
            len *= 4;
        }
        judge.verdict()
    }

    #[test]
    fn strings_of_memory() -> Verdict {
        let mapping = need!(mapping()?);
        let addr = mapping.addr();
        strings("memory", (&IoRegion::Memory(mapping)).as_view(), addr)
    }

    #[test]
    fn strings_of_ports() -> Verdict {
        let ports = need!(TestPorts::new()?);
        strings("ports", (&ports.region).as_view(), ports.cookie)
    }
}
