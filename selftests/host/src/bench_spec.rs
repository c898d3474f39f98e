// SPDX-License-Identifier: GPL-2.0

//! The benchmark's spec parser: what it takes, what it refuses, and that nothing upsets it.

use crate::spec::*;
use proptest::prelude::*;

const NAMES: [&str; 3] = ["create", "map_local", "copy_to"];

fn parse(text: &str) -> Result<Spec<'_>, SpecError<'_>> {
    Spec::parse(text, |name| NAMES.contains(&name))
}

/// The word that is to blame.
fn blamed(text: &str) -> &str {
    parse(text).unwrap_err().word
}

#[test]
fn every_option_is_understood() {
    let text = "range=0000:03:1f.7/5 map_local,create size=4K,0x200000,1T strategy=sparse cpus=2 \
                batches=2000 keep\n";
    let spec = parse(text).unwrap();
    assert_eq!(spec.selection, Selection::Names("map_local,create"));
    let (domain, bus, devfn, bar) = (0, 3, 0xff, 5);
    let range = RangeSpec::Bar {
        domain,
        bus,
        devfn,
        bar,
    };
    assert_eq!(spec.range, Some(range));
    assert_eq!(spec.sizes(), [4 << 10, 2 << 20, 1 << 40]);
    assert_eq!(spec.strategy, StrategyChoice::Sparse);
    assert_eq!(spec.cpus, Cpus::Count(2));
    assert_eq!(spec.batches, Some(2000));
    assert!(spec.keep);
    assert!(spec.wants("create") && spec.wants("map_local") && !spec.wants("copy_to"));
}

#[test]
fn without_options_there_are_defaults() {
    let spec = parse("all").unwrap();
    assert_eq!(spec.selection, Selection::All);
    assert_eq!((spec.range, spec.batches, spec.keep), (None, None, false));
    assert_eq!(
        (spec.strategy, spec.cpus),
        (StrategyChoice::Both, Cpus::Default)
    );
    assert!(spec.sizes().is_empty() && spec.wants("create"));
    let list = parse(" list ").unwrap();
    assert_eq!(list.selection, Selection::List);
    assert!(!list.wants("create"));
    assert_eq!(parse("create cpus=all").unwrap().cpus, Cpus::UpToAll);
    assert_eq!(
        parse("create strategy=both").unwrap().strategy,
        StrategyChoice::Both
    );
}

#[test]
fn a_domain_may_be_left_out_and_a_range_be_given_by_number() {
    let bar = |text| parse(text).unwrap().range;
    assert_eq!(
        bar("list range=02:03.0/2"),
        bar("list range=0000:02:03.0/2")
    );
    let range = RangeSpec::Memory {
        phys: 0x3000_0000,
        size: 128 << 20,
    };
    assert_eq!(bar("list range=0x30000000+128M reserved"), Some(range));
    assert_eq!(bar("reserved list range=768M+0x8000000"), Some(range));
    // Whoever names memory says whose it is.
    assert_eq!(
        blamed("list range=0x30000000+128M"),
        "range=0x30000000+128M"
    );
}

#[test]
fn what_is_wrong_is_named() {
    for (text, word) in [
        ("", ""),
        ("keep", "keep"),
        ("size=4K", "size=4K"),
        ("creat", "creat"),
        ("create,", "create,"),
        ("create,all", "create,all"),
        ("create map_local", "map_local"),
        ("create all", "all"),
        ("create keep keep", "keep"),
        ("create size=4K size=8K", "size=8K"),
        ("create depth=4", "depth=4"),
        ("create keep=1", "keep=1"),
        ("create size", "size"),
        ("create size=", "size="),
        ("create size=K", "size=K"),
        ("create size=0", "size=0"),
        ("create size=4k", "size=4k"),
        ("create size=-4", "size=-4"),
        ("create size=+4", "size=+4"),
        ("create size=0x+4", "size=0x+4"),
        ("create size=4.5M", "size=4.5M"),
        ("create size=4K,", "size=4K,"),
        ("create size=16777216T", "size=16777216T"),
        (
            "create size=18446744073709551616",
            "size=18446744073709551616",
        ),
        ("create size=1,2,3,4,5,6,7,8,9", "size=1,2,3,4,5,6,7,8,9"),
        ("create strategy=auto", "strategy=auto"),
        ("create cpus=0", "cpus=0"),
        ("create cpus=1025", "cpus=1025"),
        ("create batches=0", "batches=0"),
        ("create batches=100001", "batches=100001"),
        ("create batches=2K", "batches=2K"),
        ("create range=02:03.0", "range=02:03.0"),
        ("create range=02:03.8/2", "range=02:03.8/2"),
        ("create range=02:20.0/2", "range=02:20.0/2"),
        ("create range=02:03.0/6", "range=02:03.0/6"),
        ("create range=100:03.0/2", "range=100:03.0/2"),
        ("create range=10000:02:03.0/2", "range=10000:02:03.0/2"),
        ("create range=0x1000+0", "range=0x1000+0"),
        (
            "create range=0xfffffffffffff000+4K",
            "range=0xfffffffffffff000+4K",
        ),
        ("create range=0x1000", "range=0x1000"),
        ("create size=\u{661}", "size=\u{661}"),
    ] {
        assert_eq!(blamed(text), word, "{text:?}");
    }
}

proptest! {
    #[test]
    fn nothing_upsets_it(text in ".{0,300}") {
        let _ = parse(&text);
    }

    #[test]
    fn nothing_near_a_spec_upsets_it(
        words in prop::collection::vec(
            "(range|size|strategy|cpus|batches|keep|all|create)?=?[0-9a-fx:./+KMGT,-]{0,24}", 0..8,
        ),
    ) {
        let text = words.join(" ");
        if let Err(err) = parse(&text) {
            prop_assert!(text.contains(err.word));
        }
    }

    #[test]
    fn sizes_come_back(sizes in prop::collection::vec(1u64.., 1..=MAX_SIZES)) {
        let words: Vec<String> = sizes.iter().map(|size| format!("{size:#x}")).collect();
        let text = format!("create size={}", words.join(","));
        let spec = parse(&text).unwrap();
        prop_assert_eq!(spec.sizes(), &sizes[..]);
    }

    #[test]
    fn bars_come_back(domain: u16, bus: u8, devfn: u8, bar in 0u32..6) {
        let (slot, function) = (devfn >> 3, devfn & 7);
        let text = format!("list range={domain:04x}:{bus:02x}:{slot:02x}.{function}/{bar}");
        let range = RangeSpec::Bar {
            domain: domain.into(),
            bus: bus.into(),
            devfn: devfn.into(),
            bar,
        };
        prop_assert_eq!(parse(&text).unwrap().range, Some(range));
    }
}
