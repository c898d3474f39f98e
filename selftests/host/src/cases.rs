// SPDX-License-Identifier: GPL-2.0

//! Numbers to test with: edge cases, where mistakes are likely, and random ones.

use proptest::prelude::*;

/// Shifts of page sizes and of limits, and numbers next to them.
pub const MAX_SHIFTS: [u32; 17] = [
    0,
    1,
    11,
    12,
    13,
    20,
    21,
    22,
    29,
    30,
    31,
    38,
    39,
    48,
    63,
    64,
    u32::MAX,
];

/// Returns how many cases each property is tested with; `PROPTEST_CASES` asks for more. A case that
/// fails is printed, and not written to a file, as the checkout may be read-only.
pub fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: default.cases.max(16_384),
        failure_persistence: None,
        max_shrink_iters: 1000,
        ..default
    }
}

/// Returns each power of two, the numbers that are 1 or about a page away from it, and 0.
pub fn edges() -> Vec<u64> {
    let mut edges: Vec<u64> = (0..=64u32)
        .flat_map(|bit| {
            let power: u128 = 1 << bit;
            [0, 1, 4095, 4096, 4097]
                .map(|distance| [power + distance, power.wrapping_sub(distance)])
        })
        .flatten()
        .filter_map(|edge| u64::try_from(edge).ok())
        .chain([0])
        .collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// Generates numbers, mostly at most 3 pages and 3 bytes from a multiple of a power of two.
pub fn number() -> impl Strategy<Value = u64> {
    let near =
        (0..64u32, any::<u64>(), -3..=3i64, -3..=3i64).prop_map(|(bit, high, pages, bytes)| {
            let base = (high >> bit) << bit;
            base.wrapping_add_signed(pages * 4096 + bytes)
        });
    let power = (0..64u32, -2..=2i64).prop_map(|(bit, off)| (1u64 << bit).wrapping_add_signed(off));
    prop_oneof![3 => near, 2 => power, 1 => any::<u64>()]
}

/// The arguments of a plan.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    pub addr: u64,
    pub phys: u64,
    pub size: u64,
    pub max_shift: u32,
}

/// Generates sizes of at most 16 GiB: sums of a few page sizes, and some bytes.
fn moderate_size() -> impl Strategy<Value = u64> {
    let sum = (0..16u64, 0..1024u64, 0..1024u64, 0..4096u64)
        .prop_map(|(giga, mega, small, bytes)| (giga << 30) + (mega << 21) + (small << 12) + bytes);
    let small = (0..3u64, 0..600u64).prop_map(|(mega, small)| (mega << 21) + (small << 12));
    prop_oneof![sum, small]
}

/// Generates two addresses. They often have the same low bits, so that large pages fit.
fn addresses() -> impl Strategy<Value = (u64, u64)> {
    let alike = (number(), any::<u64>(), 12..40u32).prop_map(|(addr, high, bit)| {
        let low = (1u64 << bit) - 1;
        (addr, (high & !low) | (addr & low))
    });
    prop_oneof![3 => alike, 1 => (number(), number())]
}

fn max_shift() -> impl Strategy<Value = u32> {
    prop_oneof![
        4 => prop::sample::select(vec![12u32, 21, 30]),
        1 => prop::sample::select(MAX_SHIFTS.to_vec()),
    ]
}

/// Generates arguments of a plan that has few enough pages to look at each.
pub fn input() -> impl Strategy<Value = Input> {
    (addresses(), moderate_size(), max_shift()).prop_map(|((addr, phys), size, max_shift)| Input {
        addr,
        phys,
        // At most 64 MiB where all pages are small.
        size: if max_shift < 21 || (addr ^ phys) & 0x1f_ffff > 4095 {
            size & 0x3ff_ffff
        } else {
            size
        },
        max_shift,
    })
}

/// Generates any arguments of a plan.
pub fn any_input() -> impl Strategy<Value = Input> {
    (addresses(), number(), max_shift()).prop_map(|((addr, phys), size, max_shift)| Input {
        addr,
        phys,
        size,
        max_shift,
    })
}
