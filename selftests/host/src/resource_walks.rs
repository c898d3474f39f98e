// SPDX-License-Identifier: GPL-2.0

//! What walks over resources say of a range: a model of `/proc/iomem` and of the kernel's
//! `walk_iomem_res_desc()`, and ranges with what C says of each.
//!
//! C: `iomem_map_sanity_check()` and `walk_mem_res()`.

use crate::mm::encryption::{Resource, DESC_NONE};
use crate::mm::walk::*;
use proptest::prelude::*;

const ACPI_TABLES: u32 = 2;
const PERSISTENT_MEMORY: u32 = 4;

/// A resource with those in it, in the order of their addresses.
#[derive(Clone, Debug)]
struct Node {
    first: u64,
    last: u64,
    is_bar: bool,
    resource: Resource,
    inner: Vec<Node>,
}

fn node(first: u64, last: u64, desc: u32, is_busy: bool, inner: Vec<Node>) -> Node {
    let resource = Resource { desc, is_busy };
    Node {
        first,
        last,
        is_bar: false,
        resource,
        inner,
    }
}

fn bar(first: u64, last: u64, inner: Vec<Node>) -> Node {
    Node {
        is_bar: true,
        ..node(first, last, DESC_NONE, false, inner)
    }
}

/// The resources of a machine, and a range of whole pages.
struct Range<'a> {
    machine: &'a [Node],
    first: u64,
    last: u64,
}

impl<'a> Range<'a> {
    fn new(machine: &'a [Node], first: u64, size: u64) -> Self {
        Self {
            machine,
            first: first & !0xfff,
            last: (first + size - 1) | 0xfff,
        }
    }
}

/// Returns the first resource that overlaps the range and is wanted: those in one that is wanted are
/// not looked at.
fn find<'a>(nodes: &'a [Node], first: u64, last: u64, wanted: Wanted) -> Option<&'a Node> {
    nodes
        .iter()
        .filter(|node| node.first <= last && first <= node.last)
        .find_map(|node| {
            let is_wanted = match wanted {
                Wanted::Any => true,
                Wanted::Busy => node.resource.is_busy,
                Wanted::Bars => node.is_bar,
            };
            if is_wanted {
                Some(node)
            } else {
                find(&node.inner, first, last, wanted)
            }
        })
}

impl Resources for Range<'_> {
    fn first(&self) -> u64 {
        self.first
    }

    fn last(&self) -> u64 {
        self.last
    }

    fn walk(&self, wanted: Wanted, mut found: impl FnMut(Part) -> bool) -> bool {
        let mut from = self.first;
        while from < self.last {
            let Some(node) = find(self.machine, from, self.last, wanted) else {
                break;
            };
            let part = Part {
                first: node.first.max(from),
                last: node.last.min(self.last),
                resource: node.resource,
            };
            if found(part) {
                return true;
            }
            from = part.last + 1;
        }
        false
    }
}

/// All resources that overlap, at any depth.
fn overlapping<'a>(nodes: &'a [Node], first: u64, last: u64, all: &mut Vec<&'a Node>) {
    for node in nodes {
        if node.first <= last && first <= node.last {
            all.push(node);
            overlapping(&node.inner, first, last, all);
        }
    }
}

/// C's answer: it looks at all of them, and leaves out those in use.
fn crosses_in_c(range: &Range<'_>) -> bool {
    let mut all = Vec::new();
    overlapping(range.machine, range.first, range.last, &mut all);
    all.iter().any(|node| {
        let is_inside =
            node.first >> 12 <= range.first >> 12 && node.last >> 12 >= range.last >> 12;
        !is_inside && !node.resource.is_busy
    })
}

fn machine() -> Vec<Node> {
    vec![
        // What the firmware has left, in use and not.
        node(0x7000_0000, 0x7000_ffff, ACPI_TABLES, true, vec![]),
        node(0x7003_0000, 0x7003_ffff, ACPI_TABLES, false, vec![]),
        // A bus window with BARs. A driver has requested one, a part of the second, none of the third.
        node(
            0x8000_0000,
            0x8fff_ffff,
            DESC_NONE,
            false,
            vec![
                bar(
                    0x8100_0000,
                    0x81ff_ffff,
                    vec![node(0x8100_0000, 0x81ff_ffff, DESC_NONE, true, vec![])],
                ),
                bar(
                    0x8200_0000,
                    0x82ff_ffff,
                    vec![node(
                        0x8280_0000,
                        0x8280_0fff,
                        PERSISTENT_MEMORY,
                        true,
                        vec![],
                    )],
                ),
                bar(0x8300_0000, 0x83ff_ffff, vec![]),
                // Less than a page.
                bar(0x8400_0100, 0x8400_01ff, vec![]),
            ],
        ),
        // A device that is no BAR, with a driver's claim that is longer than what it maps.
        node(0xfed0_0000, 0xfed0_03ff, DESC_NONE, false, vec![]),
        node(0xfed1_0000, 0xfed1_ffff, DESC_NONE, true, vec![]),
    ]
}

#[test]
fn s28_range_leaves_a_resource_or_not() {
    let machine = machine();
    for (what, first, size, expected) in [
        ("a BAR", 0x8300_0000, 0x100_0000, false),
        ("a part of it", 0x8310_0000, 0x1000, false),
        ("past its end", 0x83ff_f000, 0x2000, true),
        ("before its start", 0x82ff_f000, 0x2000, true),
        ("a BAR that is requested", 0x8100_0000, 0x100_0000, false),
        ("past the end of that", 0x81ff_f000, 0x2000, true),
        ("a part that is claimed", 0x8280_0000, 0x1000, false),
        ("around what is claimed", 0x8270_0000, 0x20_0000, false),
        ("a BAR of less than a page", 0x8400_0100, 0x100, false),
        ("a page past that", 0x8400_0000, 0x2000, true),
        ("in the bus window", 0x8800_0000, 0x1000, false),
        ("past the bus window", 0x8fff_f000, 0x2000, true),
        ("nothing", 0x9000_0000, 0x1000, false),
        ("a device", 0xfed0_0000, 0x400, false),
        ("a driver's claim only", 0xfed1_f000, 0x2000, false),
    ] {
        let range = Range::new(&machine, first, size);
        assert_eq!(crosses_resource(&range), expected, "{what}");
        assert_eq!(crosses_in_c(&range), expected, "in C: {what}");
    }
}

#[test]
fn s17_encrypted_by_a_resource_in_use() {
    let machine = machine();
    for (what, first, size, expected) in [
        ("ACPI tables", 0x7000_0000, 0x1000, true),
        ("described, not in use", 0x7003_0000, 0x1000, false),
        ("a BAR", 0x8300_0000, 0x1000, false),
        ("a BAR that is requested", 0x8100_0000, 0x1000, false),
        // In a BAR in a bus window, of which neither is in use.
        (
            "described, in what is not in use",
            0x8280_0000,
            0x1000,
            true,
        ),
        ("around it", 0x8270_0000, 0x20_0000, true),
        ("before it", 0x8270_0000, 0x10_0000, false),
        ("after another in use", 0x81ff_f000, 0x100_0000, true),
        ("to the first page of the next", 0x6fff_f000, 0x2000, true),
    ] {
        let range = Range::new(&machine, first, size);
        assert_eq!(has_encrypted(&range), expected, "{what}");
    }
}

proptest! {
    /// On a machine where all that is nested in a BAR is in use: there C sees no more than the walk.
    #[test]
    fn s28_what_is_refused_is_warned_of_in_c(page in 0x6fff0u64..0x90010, pages in 1u64..0x2000) {
        let machine = machine();
        let range = Range::new(&machine, page << 12, pages << 12);
        prop_assert_eq!(crosses_resource(&range), crosses_in_c(&range));
    }
}
