// SPDX-License-Identifier: GPL-2.0

//! What the steps of a program are.

use crate::random::Random;

/// Steps of a program. There is a bit for each in what keeps steps.
pub(super) const STEPS: u32 = u64::BITS;
pub(super) const ALL_STEPS: u64 = !0;

/// What a step does. [`Words`] say to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Both apertures are dropped, and others made.
    Create,
    /// An aperture is asked for that there cannot be.
    Refuse,
    Trim,
    Map,
    MapLocal,
    MapAtomic,
    /// A local map within a local map, of another page.
    Nested,
    /// Temporary maps in an interrupt.
    Interrupt,
    /// Temporary maps on two CPUs at once.
    TwoCpus,
    /// An access by a map that is held.
    Use,
    Drop,
    Forget,
}

/// How often each kind comes.
const OFTEN: [(Kind, u64); 12] = [
    (Kind::Create, 1),
    (Kind::Refuse, 1),
    (Kind::Trim, 1),
    (Kind::Map, 8),
    (Kind::MapLocal, 12),
    (Kind::MapAtomic, 6),
    (Kind::Nested, 3),
    (Kind::Interrupt, 3),
    (Kind::TwoCpus, 1),
    (Kind::Use, 24),
    (Kind::Drop, 12),
    (Kind::Forget, 1),
];

/// The random numbers of a step. Each use takes the next.
pub(super) struct Words(Random);

impl Words {
    pub(super) fn next(&mut self) -> u64 {
        self.0.next()
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Returns one of `choices`.
    pub(super) fn choose<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// Returns a number near an edge of something of `size` bytes, or far beyond, or any in it, and
    /// in half of the cases a multiple of `unit`.
    pub(super) fn near(&mut self, edges: &[u64], size: u64, unit: u64) -> u64 {
        let any = self.next() % size.max(1);
        let at = match self.below(16) {
            0 => self.next(),
            1 => 0u64.wrapping_sub(self.below(2 * unit)),
            2..8 => self.choose(edges),
            _ => any,
        };
        match self.below(8) {
            0 => at.wrapping_add(self.below(unit)),
            1 => at.wrapping_sub(self.below(unit)),
            2 => at.wrapping_sub(unit),
            _ => at - at % unit,
        }
    }
}

/// A seed, and which steps are run: a bit for each.
#[derive(Clone, Copy)]
pub(super) struct Program {
    seed: u64,
    keep: u64,
    next: u32,
}

impl Program {
    pub(super) fn new(seed: u64, keep: u64) -> Self {
        Self {
            seed,
            keep,
            next: 0,
        }
    }

    /// The numbers by which the program begins.
    pub(super) fn beginning(&self) -> Words {
        Words(Random::new(Random::new(self.seed).next()))
    }
}

impl Iterator for Program {
    type Item = (Kind, Words);

    /// What a step does depends on the seed and the number of the step, whatever else is run.
    fn next(&mut self) -> Option<Self::Item> {
        while self.next < STEPS {
            let step = self.next;
            self.next += 1;
            if self.keep >> step & 1 == 0 {
                continue;
            }
            let seed = self.seed.wrapping_mul(STEPS.into()) + u64::from(step) + 1;
            let mut words = Words(Random::new(Random::new(seed).next()));
            let mut which = words.below(OFTEN.iter().map(|(_, often)| often).sum());
            for (kind, often) in OFTEN {
                if which < often {
                    return Some((kind, words));
                }
                which -= often;
            }
        }
        None
    }
}
