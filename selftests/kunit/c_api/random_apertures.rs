// SPDX-License-Identifier: GPL-2.0

//! Random programs of calls for apertures, a few calls each, right and wrong, beside a model and beside C's
//! aperture of the same range. What is wrong is rare: each makes a line in the log, and so does an aperture that is
//! sparse.

use super::{driver::*, random::first_seed};
use crate::{
    c::{self, iomrs_c_checked_driver as CHECKED, iomrs_c_driver as OURS},
    random::Random,
    support::{mappings::*, outcome::*, proc_files::KernelState, ranges::*, translation::*},
};
use core::ptr;
use kernel::prelude::*;

const PROGRAMS: u64 = 6_000;
const MAX_CALLS: u64 = 9;
const APERTURES: u64 = 4;
const MAX_LIVE: usize = 6;
/// One in so many calls is wrong.
const WRONG: u64 = 256;

/// An aperture of ours, C's beside it, and what the model knows. It is ended, and its memory freed, on drop.
struct Ours {
    raw: *mut c::IoMapping,
    driver: &'static c::Driver,
    in_c: Option<CAperture>,
    base: u64,
    size: u64,
}

impl Ours {
    fn new(driver: &'static c::Driver) -> Outcome<Self> {
        // SAFETY: Nothing is required.
        let raw = unsafe { (driver.zeroed)() };
        check!(!raw.is_null());
        Ok(Self {
            raw,
            driver,
            in_c: None,
            base: 0,
            size: 0,
        })
    }

    /// Whether the library looks at the end of a map, and knows each of them.
    fn is_checked(&self) -> bool {
        ptr::eq(self.driver, &CHECKED)
    }

    fn init(&mut self, base: u64, size: u64) -> Outcome {
        // SAFETY: A range that nobody else uses. The struct is ours.
        let made = unsafe { (self.driver.init_wc)(self.raw, base, size as usize) };
        check_eq!(made, size != 0);
        if made {
            self.in_c = Some(CAperture::new(base, size)?);
            (self.base, self.size) = (base, size);
        }
        Ok(())
    }

    fn fini(&mut self) {
        // SAFETY: The struct is ours. What is no aperture is refused.
        unsafe { (self.driver.fini)(self.raw) };
        self.in_c = None;
        self.size = 0;
    }

    /// Maps a page, or `len` bytes.
    fn map(&self, offset: u64, len: Option<u64>) -> usize {
        let offset = offset as usize;
        // SAFETY: The struct is ours. What is outside of the aperture, or no aperture, is refused.
        unsafe {
            match len {
                None => (self.driver.map_local)(self.raw, offset),
                Some(len) => (self.driver.map_wc)(self.raw, offset, len as usize),
            }
        }
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        if self.in_c.is_some() {
            self.fini();
        }
        // SAFETY: Allocated by `new`, and no aperture any more.
        unsafe { (self.driver.kfree)(self.raw) };
    }
}

/// A map that the model knows of.
struct Live {
    driver: &'static c::Driver,
    is_checked: bool,
    addr: usize,
    phys: u64,
    /// `None` for a page.
    len: Option<u64>,
}

impl Live {
    fn unmap(&self, addr: usize) {
        // SAFETY: Nobody uses it. What is not mapped is refused.
        unsafe {
            match self.len {
                None => (self.driver.unmap_local)(addr),
                Some(_) => (self.driver.unmap)(addr),
            }
        }
    }
}

/// What a run has.
struct Run {
    random: Random,
    range: TestRange,
    apertures: KVec<Ours>,
    live: KVec<Live>,
    misuses: u32,
}

impl Run {
    fn below(&mut self, limit: u64) -> u64 {
        self.random.next() % limit
    }

    /// Calls `f`, of which one mistake is to be reported.
    fn mistake(misuses: &mut u32, f: impl FnOnce()) -> Outcome {
        *misuses += 1;
        check_eq!(count_misuses(f), 1);
        Ok(())
    }

    /// Ends an aperture, and makes another of its struct; rarely of no bytes, or ends it twice.
    fn make_again(&mut self, index: usize) -> Outcome {
        let (base, pages, rest) = (self.below(64), self.below(9), self.below(2) * 8);
        let is_wrong = self.below(16) == 0;
        let (base, this) = (self.range.phys + base * PAGE, &mut self.apertures[index]);
        if this.in_c.is_some() {
            this.fini();
            if is_wrong {
                Self::mistake(&mut self.misuses, || this.fini())?;
            }
        }
        let size = if pages == 0 { 0 } else { pages * PAGE + rest };
        this.init(base, size)
    }

    /// Maps a page, or some bytes.
    fn map(&mut self, index: usize) -> Outcome {
        let (half_page, len, is_page) = (self.below(18), self.below(3 * PAGE), self.below(2) == 0);
        let is_wrong = self.below(WRONG) == 0;
        let this = &self.apertures[index];
        if is_wrong || this.size == 0 {
            return self.map_wrongly(index, half_page, is_page, is_wrong);
        }
        let offset = half_page * PAGE / 2 % this.size;
        let len = (!is_page).then_some(1 + len % (this.size - offset));
        let addr = this.map(offset, len);
        let found = check_ok!(Translation::of(addr).ok_or(ENOENT));
        let in_c = this.in_c.as_ref().map(|in_c| in_c.page(offset));
        let expected = check_ok!(in_c.and_then(Translation::of).ok_or(ENOENT));
        check_eq!((found.phys, found.bits), (expected.phys, expected.bits));
        check_eq!(found.phys, this.base + offset);
        let live = Live {
            driver: this.driver,
            is_checked: this.is_checked(),
            addr,
            phys: this.base + offset,
            len,
        };
        check_ok!(self.live.push(live, GFP_KERNEL));
        Ok(())
    }

    /// Maps what is outside of an aperture, ends outside of it, or is none.
    fn map_wrongly(&mut self, index: usize, page: u64, is_page: bool, is_wrong: bool) -> Outcome {
        if !is_wrong {
            return Ok(());
        }
        let (this, mut addr) = (&self.apertures[index], 0);
        let (offset, len) = if this.is_checked() && !is_page && this.size != 0 {
            (this.size / 2, this.size)
        } else {
            (this.size + page * PAGE, 1)
        };
        Self::mistake(&mut self.misuses, || {
            addr = this.map(offset, (!is_page).then_some(len));
        })?;
        check_eq!(addr, 0);
        Ok(())
    }

    /// Unmaps a part; rarely also what is inside of it before that, or again after it.
    fn unmap(&mut self) -> Outcome {
        let index = self.below(self.live.len() as u64) as usize;
        let wrong = self.below(WRONG / 2);
        let Ok(live) = self.live.remove(index) else {
            fail!("no such map")
        };
        check_eq!(phys_at(live.addr), Some(live.phys));
        let is_long = live.phys % PAGE + live.len.unwrap_or(1) > PAGE;
        if live.is_checked && is_long && wrong == 0 {
            let inside = (live.addr | (PAGE as usize - 1)) + 1;
            Self::mistake(&mut self.misuses, || live.unmap(inside))?;
            check_eq!(phys_at(live.addr), Some(live.phys));
        }
        live.unmap(live.addr);
        if live.is_checked {
            check_eq!(phys_at(live.addr), None);
            if wrong == 1 {
                Self::mistake(&mut self.misuses, || live.unmap(live.addr))?;
            }
        }
        Ok(())
    }

    /// Runs one program. Rarely it ends a checked aperture while parts are mapped, which are unmapped after that.
    fn program(&mut self) -> Outcome {
        for _ in 0..1 + self.below(MAX_CALLS) {
            let index = self.below(APERTURES) as usize;
            if self.live.is_empty() || self.live.len() < MAX_LIVE && self.below(2) == 0 {
                self.map(index)?;
            } else {
                self.unmap()?;
            }
        }
        let (index, what) = (self.below(APERTURES) as usize, self.below(WRONG));
        if what == 0 && !self.live.is_empty() {
            self.end_early()?;
        }
        while !self.live.is_empty() {
            self.unmap()?;
        }
        let is_sparse = self.apertures[index].is_checked();
        if what < if is_sparse { 4 } else { 32 } {
            self.make_again(index)?;
        }
        Ok(())
    }

    /// Ends a checked aperture, and makes it again. Fails the test unless what is mapped stays so.
    fn end_early(&mut self) -> Outcome {
        let is_live = |this: &Ours, live: &Live| {
            let within = live.phys.wrapping_sub(this.base) < this.size;
            this.is_checked() && live.is_checked && within
        };
        // The checked ones overlap, so that it is one of them if there is one only.
        let mut found = self.apertures.iter_mut().filter(|this| this.is_checked());
        let (Some(this), Some(other)) = (found.next(), found.next()) else {
            fail!("no apertures")
        };
        let is_other = self.live.iter().any(|live| is_live(other, live));
        if is_other || !self.live.iter().any(|live| is_live(this, live)) {
            return Ok(());
        }
        let (base, size) = (this.base, this.size);
        Self::mistake(&mut self.misuses, || this.fini())?;
        for live in &self.live {
            check_eq!(phys_at(live.addr), Some(live.phys));
        }
        this.init(base, size)
    }
}

#[kunit_tests(iomrs_c_random_apertures)]
mod tests {
    use super::*;

    #[test]
    fn s45_c_api_random_apertures_agree_with_a_model_and_c() -> Outcome {
        let range = require!(TestRange::reserved());
        let (before, first) = (KernelState::now()?, first_seed());
        let mut run = Run {
            random: Random::new(first),
            range,
            apertures: KVec::new(),
            live: KVec::new(),
            misuses: 0,
        };
        for driver in [&OURS, &CHECKED, &OURS, &CHECKED] {
            let mut ours = Ours::new(driver)?;
            ours.init(range.phys, 8 * PAGE)?;
            check_ok!(run.apertures.push(ours, GFP_KERNEL));
        }
        for number in 0..PROGRAMS {
            if run.program().is_err() {
                fail!("seed {first:#x}, program {number}")
            }
        }
        check!(run.misuses > 50);
        drop(run);
        // With this the last ones are given back that were ended too early.
        let mut last = Ours::new(&OURS)?;
        last.init(range.phys, PAGE)?;
        drop(last);
        check_eq!(KernelState::now()?, before);
        Ok(())
    }
}
