// SPDX-License-Identifier: GPL-2.0

//! Makes the calls of a program, and compares their results with what the library's documentation says.

use super::{
    model::{Model, SIZE},
    program::{Kind, Program, Words},
};
use crate::support::{mappings::*, outcome::*, ranges::*};
use io_mapping_rs::{
    io_mapping::{LocalMap, Map},
    ioremap::Options,
    IoMapping, Strategy,
};
use kernel::prelude::*;

/// Maps that are held at once, so that there are slots for all.
const MAX_HELD: usize = 32;

/// Notes why a program fails if that is wanted, and fails it.
macro_rules! wrong {
    ($self:expr, $($why:tt)*) => {{
        if $self.shown {
            note(fmt!("    wrong: {}", fmt!($($why)*)));
        }
        return Err(Failed)
    }};
}

/// Shows a call if that is wanted.
macro_rules! show {
    ($self:expr, $($call:tt)*) => {
        if $self.shown {
            note(fmt!("    {}", fmt!($($call)*)));
        }
    };
}

pub(super) use {show, wrong};

/// An aperture, and where in the memory it begins.
pub(super) struct Aperture<'a> {
    pub(super) aperture: &'a IoMapping,
    pub(super) start: u64,
    /// Its number, to be shown.
    pub(super) which: usize,
}

impl Aperture<'_> {
    pub(super) fn size(&self) -> u64 {
        self.aperture.size()
    }

    /// Returns an offset that may be wrong.
    pub(super) fn offset(&self, words: &mut Words) -> u64 {
        let edges = [
            0,
            PAGE_2M - self.start % PAGE_2M,
            self.size(),
            self.size().next_multiple_of(PAGE),
        ];
        words.near(&edges, self.size(), PAGE)
    }

    pub(super) fn has(&self, offset: u64, size: u64) -> bool {
        let end = offset.checked_add(size);
        size != 0 && offset % PAGE == 0 && end.is_some_and(|end| end <= self.size())
    }
}

/// An aperture of this test.
struct Made {
    aperture: IoMapping,
    start: u64,
}

impl Made {
    fn lend(&self, which: usize) -> Aperture<'_> {
        Aperture {
            aperture: &self.aperture,
            start: self.start,
            which,
        }
    }
}

/// A map that is held, and where in the memory it begins.
struct Held<'a> {
    guard: Guard<'a>,
    start: u64,
    aperture: &'a Aperture<'a>,
}

enum Guard<'a> {
    Lasting(Map<'a>),
    Local(LocalMap<'a>),
}

/// Why the maps of a program end before the program does.
pub(super) enum End {
    Create(Words),
    Trim(usize),
}

/// A run of a program.
pub(super) struct Run<'m> {
    pub(super) model: &'m mut Model,
    /// Are the calls shown?
    pub(super) shown: bool,
}

impl<'m> Run<'m> {
    pub(super) fn new(model: &'m mut Model, shown: bool) -> Self {
        Self { model, shown }
    }

    pub(super) fn program(&mut self, mut program: Program) -> Outcome {
        let result = self.run(&mut program);
        self.judge(result)
    }

    /// Compares the bytes after a program.
    pub(super) fn judge(&mut self, mut result: Outcome) -> Outcome {
        if let Some(at) = self.model.find_wrong_byte() {
            show!(self, "    wrong: the byte at {at:#x} of the memory");
            result = Err(Failed);
        }
        if result.is_err() {
            self.model.take_what_is_there();
        }
        result
    }

    fn run(&mut self, program: &mut Program) -> Outcome {
        let mut words = program.beginning();
        loop {
            let mut made = [self.create(&mut words)?, self.create(&mut words)?];
            words = loop {
                let [first, second] = &made;
                let apertures = [first.lend(0), second.lend(1)];
                match self.steps(&apertures, program)? {
                    None => return Ok(()),
                    Some(End::Create(words)) => break words,
                    Some(End::Trim(which)) => {
                        show!(self, "aperture {which}: trim()");
                        made[which].aperture.trim();
                    }
                }
            };
        }
    }

    /// Makes an aperture.
    fn create(&mut self, words: &mut Words) -> Outcome<Made> {
        let strategy = words.choose(&[
            Strategy::Auto,
            Strategy::Whole,
            Strategy::Sparse,
            Strategy::Sparse,
        ]);
        let any = words_page(words);
        let start = words.choose(&[0, PAGE, any, PAGE_2M]);
        let left = SIZE - start;
        let size = match words.below(8) {
            0 => left,
            1 => words.below(left) + 1,
            2 => (words.below(3) + 1) * PAGE,
            3 => PAGE_2M.min(left),
            _ => (words.below(left / PAGE) + 1) * PAGE,
        };
        show!(
            self,
            "{strategy:?} aperture of {size:#x} bytes at {start:#x}"
        );
        match aperture_with(Options::new(WC), self.model.phys + start, size, strategy) {
            Ok(aperture) => Ok(Made { aperture, start }),
            Err(err) => wrong!(self, "{err:?}"),
        }
    }

    /// Runs steps until the maps have to end.
    pub(super) fn steps(
        &mut self,
        apertures: &[Aperture<'_>; 2],
        program: &mut Program,
    ) -> Outcome<Option<End>> {
        let mut held = KVec::new();
        for (kind, mut words) in program {
            let aperture = &apertures[words.below(2) as usize];
            match kind {
                Kind::Create => return Ok(Some(End::Create(words))),
                Kind::Trim => return Ok(Some(End::Trim(aperture.which))),
                Kind::Refuse => self.refuse(&mut words)?,
                Kind::Map | Kind::MapLocal if held.len() == MAX_HELD => (),
                Kind::Map => self.map(aperture, &mut words, &mut held)?,
                Kind::MapLocal => self.map_local(aperture, &mut words, &mut held)?,
                Kind::MapAtomic => {
                    show!(self, "aperture {}, in a task:", aperture.which);
                    self.map_atomic(aperture, &mut words)?;
                }
                Kind::Nested => self.nested(aperture, &mut words)?,
                Kind::Interrupt => self.in_interrupt(aperture, &mut words)?,
                Kind::TwoCpus => self.on_two_cpus(aperture, &mut words)?,
                Kind::Use => {
                    if let Some(Held { guard, start, .. }) = pick(&held, &mut words) {
                        match guard {
                            Guard::Lasting(map) => self.access(map, *start, &mut words)?,
                            Guard::Local(map) => self.access(map, *start, &mut words)?,
                        }
                    }
                }
                Kind::Drop | Kind::Forget if held.is_empty() => (),
                Kind::Drop => {
                    let index = words.below(held.len() as u64) as usize;
                    show!(self, "map at {:#x}: drop()", held[index].start);
                    let _ended = held.remove(index);
                }
                Kind::Forget => {
                    let index = words.below(held.len() as u64) as usize;
                    // Where an aperture is sparse a slot or an area stays in use, and other tests count them.
                    let may_leak = held[index].aperture.aperture.strategy() == Strategy::Whole;
                    if may_leak {
                        show!(self, "map at {:#x}: forget()", held[index].start);
                        if let Ok(map) = held.remove(index) {
                            core::mem::forget(map.guard);
                        }
                    }
                }
            }
        }
        Ok(None)
    }

    /// Asks for an aperture that there cannot be.
    fn refuse(&mut self, words: &mut Words) -> Outcome {
        let strategy = words.choose(&[Strategy::Auto, Strategy::Whole, Strategy::Sparse]);
        let (phys, misaligned) = (self.model.phys, words.below(PAGE - 1) + 1);
        let (base, size, errno) = words.choose(&[
            (phys + misaligned, PAGE, EINVAL),
            (phys, 0, EINVAL),
            (phys, u64::MAX - phys, ERANGE),
            (phys, u64::MAX, EINVAL),
            (u64::MAX & !(PAGE - 1), PAGE, ERANGE),
        ]);
        let found = aperture_with(Options::new(WC), base, size, strategy).err();
        if found != Some(errno) {
            wrong!(
                self,
                "{strategy:?} aperture of {size:#x} bytes at {base:#x}: {found:?}, not {errno:?}"
            );
        }
        Ok(())
    }

    fn map<'a>(
        &mut self,
        aperture: &'a Aperture<'a>,
        words: &mut Words,
        held: &mut KVec<Held<'a>>,
    ) -> Outcome {
        let offset = aperture.offset(words);
        let left = aperture.size().wrapping_sub(offset);
        let size = words.near(&[1, PAGE, PAGE_2M, left, left + 1], 4 * PAGE, PAGE / 2);
        show!(
            self,
            "aperture {}: map({offset:#x}, {size:#x})",
            aperture.which
        );
        let map = aperture.aperture.map(offset, size).map(Guard::Lasting);
        self.hold(map, aperture, (offset, size), held)
    }

    fn map_local<'a>(
        &mut self,
        aperture: &'a Aperture<'a>,
        words: &mut Words,
        held: &mut KVec<Held<'a>>,
    ) -> Outcome {
        let offset = aperture.offset(words);
        show!(self, "aperture {}: map_local({offset:#x})", aperture.which);
        let map = aperture.aperture.map_local(offset).map(Guard::Local);
        // Of a page that is not there one byte is asked for.
        let size = aperture.size().saturating_sub(offset).clamp(1, PAGE);
        self.hold(map, aperture, (offset, size), held)
    }

    /// Keeps a map of `size` bytes from `offset` on. There must be one if they are the aperture's.
    fn hold<'a>(
        &mut self,
        map: Result<Guard<'a>>,
        aperture: &'a Aperture<'a>,
        (offset, size): (u64, u64),
        held: &mut KVec<Held<'a>>,
    ) -> Outcome {
        let guard = match (map, aperture.has(offset, size)) {
            (Ok(guard), true) => guard,
            (Err(EINVAL), false) => return Ok(()),
            (Ok(_), false) => wrong!(self, "it maps what is not there"),
            (Err(err), _) => wrong!(self, "{err:?}"),
        };
        let (addr, len) = match &guard {
            Guard::Lasting(map) => (map.addr(), map.size()),
            Guard::Local(map) => (map.addr(), map.size()),
        };
        if len as u64 != size || addr % PAGE as usize != 0 {
            wrong!(self, "it has {len:#x} bytes at {addr:#x}");
        }
        let start = aperture.start + offset;
        let one = Held {
            guard,
            start,
            aperture,
        };
        check_ok!(held.push(one, GFP_KERNEL));
        Ok(())
    }

    /// Copies a few bytes from one page to another that is mapped within the first one's map.
    fn nested(&mut self, aperture: &Aperture<'_>, words: &mut Words) -> Outcome {
        let pages = aperture.size() / PAGE;
        if pages == 0 {
            return Ok(());
        }
        let (from, to) = (words.below(pages) * PAGE, words.below(pages) * PAGE);
        show!(
            self,
            "aperture {}: map_local({from:#x}), and map_local({to:#x}) of that",
            aperture.which
        );
        let mut line = [0; 64];
        let copied = aperture.aperture.map_local(from).and_then(|source| {
            let target = source.map_local(to)?;
            source.try_copy_to_slice(PAGE as usize - 64, &mut line)?;
            target.try_copy_from_slice(64, &line)
        });
        if let Err(err) = copied {
            wrong!(self, "{err:?}");
        }
        if line != *self.model.bytes(aperture.start + from + PAGE - 64, 64) {
            wrong!(self, "other bytes are read");
        }
        let target = self.model.bytes_mut(aperture.start + to + 64, 64);
        target.copy_from_slice(&line);
        Ok(())
    }
}

/// Returns where a random page of the memory begins.
fn words_page(words: &mut Words) -> u64 {
    words.below(SIZE / PAGE) * PAGE
}

/// Returns one of the maps that are held.
fn pick<'h, 'a>(held: &'h [Held<'a>], words: &mut Words) -> Option<&'h Held<'a>> {
    let index = words.next() as usize;
    held.get(index % held.len().max(1))
}
