// SPDX-License-Identifier: GPL-2.0

//! The pages of a unit compared with a list of the parts that have been taken.

use crate::arena::free_pages::FreePages;
use crate::cases::config;
use proptest::prelude::*;
use proptest::sample::Index;

type Unit = FreePages<Vec<u64>>;

fn unit(pages: usize) -> Unit {
    FreePages::new(
        vec![0x5a5a_0ff0_1234_5678; Unit::metadata_len(pages).unwrap()],
        pages,
    )
    .unwrap()
}

/// The pages that no part has and none has as its guard page, and the parts.
struct Model {
    free: Vec<bool>,
    parts: Vec<(usize, usize)>,
}

impl Model {
    fn new(pages: usize) -> Self {
        Self {
            free: vec![true; pages],
            parts: vec![],
        }
    }

    /// A part, with the guard page if there is one.
    fn span(&self, first: usize, pages: usize) -> std::ops::Range<usize> {
        first..self.free.len().min(first + pages + 1)
    }

    fn fits(&self, first: usize, pages: usize) -> bool {
        first + pages <= self.free.len()
            && self.free[self.span(first, pages)].iter().all(|&free| free)
    }

    fn has_place(&self, pages: usize, align: usize, residue: usize) -> bool {
        pages != 0
            && (residue..self.free.len())
                .step_by(align)
                .any(|first| self.fits(first, pages))
    }

    fn count(&self) -> usize {
        self.free.iter().filter(|&&free| free).count()
    }

    fn largest(&self) -> usize {
        let end = self.free.len();
        let mut largest = 0;
        let mut run = 0usize;
        for (page, &free) in self.free.iter().enumerate() {
            run = if free { run + 1 } else { 0 };
            largest = largest.max(if page + 1 == end {
                run
            } else {
                run.saturating_sub(1)
            });
        }
        largest
    }

    fn take(&mut self, first: usize, pages: usize) {
        let span = self.span(first, pages);
        self.free[span].fill(false);
        self.parts.push((first, pages));
    }

    fn give_back(&mut self, first: usize, pages: usize) {
        let span = self.span(first, pages);
        self.free[span].fill(true);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Take {
        pages: usize,
        align_shift: u32,
        residue: usize,
    },
    GiveBack(Index),
    /// All parts of a row with nothing but guard pages between, as one.
    GiveBackRow(Index),
    /// Pages that may well be free.
    Mistake {
        first: usize,
        pages: usize,
    },
}

fn sizes(total: usize) -> impl Strategy<Value = usize> {
    prop_oneof![
        6 => 1..3usize,
        4 => 1..20usize,
        2 => 1..600usize,
        3 => (1..4usize).prop_map(|blocks| 512 * blocks),
        2 => (0..=total.ilog2(), -1..=1isize).prop_map(|(bit, off)| (1usize << bit).wrapping_add_signed(off)),
        1 => 0..=total + 1,
    ]
}

fn steps(total: usize) -> impl Strategy<Value = Vec<Step>> {
    let align = prop_oneof![4 => Just(0), 2 => Just(9u32), 1 => 0..=20u32];
    let take = (sizes(total), align, any::<usize>()).prop_map(|(pages, align_shift, residue)| {
        Step::Take {
            pages,
            align_shift,
            residue,
        }
    });
    let mistake =
        (0..total + 2, sizes(total)).prop_map(|(first, pages)| Step::Mistake { first, pages });
    let step = prop_oneof![
        8 => take,
        5 => any::<Index>().prop_map(Step::GiveBack),
        1 => any::<Index>().prop_map(Step::GiveBackRow),
        2 => mistake,
    ];
    prop::collection::vec(step, 1..150)
}

/// Does `step` with both.
fn apply(unit: &mut Unit, model: &mut Model, step: Step) {
    match step {
        Step::Take {
            pages,
            align_shift,
            residue,
        } => {
            let align = 1 << align_shift;
            match unit.take(pages, align_shift, residue) {
                Some(first) => {
                    assert_eq!(first % align, residue % align);
                    assert!(
                        pages != 0 && model.fits(first, pages),
                        "{first} + {pages} is not free"
                    );
                    model.take(first, pages);
                }
                None => assert!(
                    !model.has_place(pages, align, residue % align),
                    "{pages} fit"
                ),
            }
        }
        Step::GiveBack(which) if !model.parts.is_empty() => {
            let (first, pages) = model.parts.swap_remove(which.index(model.parts.len()));
            assert!(unit.give_back(first, pages));
            model.give_back(first, pages);
            assert!(!unit.give_back(first, pages), "given back twice");
        }
        Step::GiveBackRow(which) if !model.parts.is_empty() => {
            model.parts.sort_unstable();
            let index = which.index(model.parts.len());
            let (first, mut pages) = model.parts.remove(index);
            while index < model.parts.len() && model.parts[index].0 == first + pages + 1 {
                pages += 1 + model.parts.remove(index).1;
            }
            assert!(unit.give_back(first, pages));
            model.give_back(first, pages);
        }
        Step::Mistake { first, pages } => {
            let exists = pages != 0 && first + pages <= model.free.len();
            if !exists
                || model.free[model.span(first, pages)]
                    .iter()
                    .any(|&free| free)
            {
                assert!(
                    !unit.give_back(first, pages),
                    "{first} + {pages} was not all taken"
                );
            }
        }
        _ => {}
    }
    assert_eq!(unit.free_pages(), model.count());
    assert_eq!(unit.is_whole(), model.count() == model.free.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: config().cases / 4, ..config() })]

    #[test]
    fn any_sequence_agrees_with_a_list_of_parts((total, steps, look) in (1..=9usize)
        .prop_flat_map(|blocks| (Just(512 * blocks), steps(512 * blocks), prop::sample::select(vec![1, 7, usize::MAX]))))
    {
        let (mut unit, mut model) = (unit(total), Model::new(total));
        for (step, what) in steps.into_iter().enumerate() {
            apply(&mut unit, &mut model, what);
            // It ends the stretch of small parts, so not every time.
            if step % look == look - 1 {
                prop_assert_eq!(unit.largest_free(), model.largest());
            }
        }
        // What is given back is all there again, in one piece.
        for (first, pages) in std::mem::take(&mut model.parts) {
            prop_assert!(unit.give_back(first, pages));
        }
        prop_assert!(unit.is_whole());
        prop_assert_eq!(unit.largest_free(), total);
        prop_assert_eq!(unit.take(total, 0, 0), Some(0));
        prop_assert_eq!(unit.free_pages(), 0);
    }
}

/// The largest unit, as full of small parts as it gets: each is behind the one before.
#[test]
fn small_parts_fill_a_unit_from_its_start() {
    let mut unit = unit(1 << 18);
    for part in 0..1 << 17 {
        assert_eq!(unit.take(1, 0, 0), Some(2 * part));
    }
    assert_eq!((unit.take(1, 0, 0), unit.free_pages()), (None, 0));
    // Every other one is given back: nothing larger fits.
    for part in (0..1 << 17).step_by(2) {
        assert!(unit.give_back(2 * part, 1));
    }
    assert_eq!((unit.take(2, 0, 0), unit.largest_free()), (None, 1));
    assert_eq!(unit.take(1, 0, 0), Some(0));
}

/// Where only 127 pages are left at the end, they are no stretch for small parts, which are 128.
#[test]
fn small_parts_at_the_end_of_a_unit() {
    for left in 100..200 {
        let (mut unit, mut model) = (unit(512), Model::new(512));
        let take = |pages| Step::Take {
            pages,
            align_shift: 0,
            residue: 0,
        };
        apply(&mut unit, &mut model, take(512 - left - 1));
        while model.has_place(1, 1, 0) {
            apply(&mut unit, &mut model, take(1));
        }
    }
}

#[test]
fn the_last_part_has_no_guard_page() {
    let mut unit = unit(512);
    assert_eq!(unit.take(255, 0, 0), Some(0));
    assert_eq!(unit.largest_free(), 256);
    assert_eq!(unit.take(257, 0, 0), None);
    assert_eq!(unit.take(256, 8, 0), Some(256));
    assert!(unit.give_back(256, 256) && unit.give_back(0, 255) && unit.is_whole());
}

/// A part that ends the unit is kept for others of its size, and not for larger ones.
#[test]
fn the_last_part_is_used_again() {
    let mut unit = unit(2048);
    assert_eq!(unit.take(1024, 10, 0), Some(0));
    assert_eq!(unit.take(512, 9, 0), Some(1536));
    assert!(unit.give_back(1536, 512));
    assert_eq!(unit.take(600, 9, 0), None);
    assert_eq!(unit.take(512, 9, 0), Some(1536));
    assert!(unit.give_back(1536, 512));
    assert_eq!(unit.take(512, 9, 1), Some(1025));
}

/// A part that is kept has its guard page, too: nobody gives that back with the part behind it.
#[test]
fn the_guard_page_of_a_part_that_is_kept_is_free() {
    let mut unit = unit(2048);
    assert_eq!(unit.take(512, 9, 0), Some(0));
    assert_eq!(unit.take(20, 0, 0), Some(513));
    assert!(unit.give_back(0, 512));
    assert!(!unit.give_back(512, 21));
    assert!(unit.give_back(513, 20) && unit.is_whole());
}

/// Chunks, each of one large page, and small parts between them.
#[test]
fn chunks_are_aligned_and_leave_room_between() {
    let mut unit = unit(1 << 14);
    for chunk in 0..16 {
        assert_eq!(unit.take(512, 9, 0), Some(1024 * chunk));
    }
    assert_eq!(unit.take(512, 9, 0), None);
    assert_eq!(unit.largest_free(), 511);
    let small: Vec<usize> = std::iter::from_fn(|| unit.take(1, 0, 0)).collect();
    assert_eq!(small.len(), 15 * 255 + 256);
    assert!(small.iter().all(|first| first % 1024 > 512));
}

#[test]
fn pages_with_any_residue() {
    let mut unit = unit(1 << 12);
    for residue in [1, 511, 512, 513, usize::MAX] {
        let first = unit.take(1024, 9, residue).unwrap();
        assert_eq!(first % 512, residue % 512);
        assert!(unit.give_back(first, 1024));
    }
    // Alignments beyond the unit's size: one page has the residue, or none.
    assert_eq!(unit.take(16, 18, 7), Some(7));
    assert_eq!(unit.take(16, 18, 7), None);
    assert_eq!(unit.take(16, 18, 1 << 12), None);
    assert_eq!(unit.take(1, 63, 4000), Some(4000));
    assert_eq!(unit.take(1, 64, 0), None);
    assert_eq!(unit.take(1, 63, usize::MAX >> 1), None);
}

#[test]
fn mistakes_are_refused() {
    let mut unit = unit(512);
    assert_eq!(unit.take(0, 0, 0), None);
    assert_eq!(unit.take(usize::MAX, 0, 0), None);
    assert_eq!(unit.take(513, 0, 0), None);
    assert!(!unit.give_back(0, 1));
    let first = unit.take(4, 0, 0).unwrap();
    for (wrong, pages) in [
        (first, 0),
        (first, 5),
        (first + 5, 1),
        (512, 1),
        (usize::MAX, 2),
    ] {
        assert!(!unit.give_back(wrong, pages), "{wrong} + {pages}");
    }
    assert!(!unit.give_back(first, usize::MAX));
    assert!(unit.give_back(first, 4) && unit.is_whole());
    for pages in [0, 1, 511, 513, 768, (1 << 24) + 512, 1 << 63] {
        assert!(
            Unit::metadata_len(pages).is_none() && Unit::new(vec![0; 1 << 16], pages).is_none()
        );
    }
    assert!(Unit::new(vec![0; 10], 512).is_none());
    // 37 KiB for a gigabyte.
    assert_eq!(Unit::metadata_len(1 << 18), Some(4632));
}

/// Parts of two sizes in turn fill a unit, whatever is left of a stretch when a part does not fit.
#[test]
fn parts_of_any_two_small_sizes() {
    for sizes in (1..=18).flat_map(|a| (1..=18).map(move |b| [a, b])) {
        let (mut unit, mut model) = (unit(512), Model::new(512));
        for pages in sizes.into_iter().cycle().take(600) {
            let (align_shift, residue) = (0, 0);
            let step = Step::Take {
                pages,
                align_shift,
                residue,
            };
            apply(&mut unit, &mut model, step);
        }
        for (first, pages) in model.parts {
            assert!(unit.give_back(first, pages), "{sizes:?}");
        }
        assert!(unit.is_whole());
    }
}
