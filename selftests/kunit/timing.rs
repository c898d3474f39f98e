// SPDX-License-Identifier: GPL-2.0

//! What the library takes beside C, by the benchmark's own loops, with C against C as the measure of
//! noise.
//!
//! The numbers are in the results either way. They are judged where the benchmark believes them, see
//! `bench/results/verdict.rs`: on a machine that is busy few are, on one that counts instructions all.

use crate::{
    harness::{
        bench::Bench,
        results::{Machine, Row, Subject},
    },
    support::{mappings::from_arena, outcome::*, ranges::TestRange},
};
use kernel::{prelude::*, str::CString};

/// The most that an operation may take, in thousandths of what C takes. The limits are wide, as time
/// depends on more than on instructions. `tools/timing.py` has the exact ones.
struct Limit {
    workload: &'static str,
    strategy: &'static str,
    most: u64,
}

impl Limit {
    fn is_of(&self, subject: &Subject) -> bool {
        let workload = subject.workload;
        self.workload == workload.name && self.strategy == workload.strategy_name()
    }
}

const fn limit(workload: &'static str, strategy: &'static str, most: u64) -> Limit {
    Limit {
        workload,
        strategy,
        most,
    }
}

/// Bytes of the arena that may await a flush on a machine with one CPU, the least of all. A larger range is flushed before it
/// is mapped again.
const DIRTY: u64 = 32 << 20;

/// Not judged.
const ANY: u64 = u64::MAX;

/// Of a sparse aperture nothing is mapped, and C's that it is judged by is of one page.
///
/// A range from the arena may need a flush of all CPUs each time that it is mapped.
fn ranges() -> [Limit; 4] {
    let whole = if from_arena() { 5000 } else { 1250 };
    [
        limit("ioremap", "none", whole),
        limit("create", "whole", whole),
        limit("create", "sparse", ANY),
        limit("create_beside_page", "sparse", 1250),
    ]
}

/// C adds two numbers where the aperture is mapped. Beside a sparse one it maps and unmaps the page.
const MAPS: &[Limit] = &[
    limit("map", "whole", 1250),
    limit("map_chunk", "sparse", 1250),
    limit("map_local", "whole", 1250),
    limit("map_local", "sparse", 600),
    limit("map_local_chunk", "sparse", 1250),
    limit("map_local_read", "whole", 1250),
    limit("map_local_read", "sparse", 600),
    limit("map_atomic", "whole", 1250),
    limit("map_atomic", "sparse", 600),
];

/// What an operation may take whatever C takes, in thousandths of a tick. A lock, a look into a table or
/// a flush would take more.
///
/// Where QEMU emulates the CPU an addition takes four ticks of the host, and forty more each time that
/// the code continues on another page, as it happens to lie. A slow host takes twice as many. The nine
/// instructions of an atomic map were seen to take 160 to 275 ticks there.
fn always(machine: &Machine) -> u64 {
    if machine.is_emulated() {
        800_000
    } else {
        200_000
    }
}

/// Returns whether the operation flushes all CPUs, and waits until the host runs the threads that emulate the others. On a busy
/// host that was 39 times what C took. `tools/timing.py` limits its instructions.
fn waits_for_host(subject: &Subject, machine: &Machine) -> bool {
    let maps_all = matches!(
        (subject.workload.name, subject.workload.strategy_name()),
        ("ioremap", "none") | ("create", "whole")
    );
    machine.is_emulated() && from_arena() && maps_all && subject.size > DIRTY
}

/// Returns the range that both sides map.
fn range() -> Available<TestRange> {
    // Where there is none, batches of calls that may sleep may not run with interrupts off, either.
    comparable_time()?;
    TestRange::reserved()
}

/// A number of thousandths, shown with a point.
struct Thousandths(u64);

impl kernel::fmt::Display for Thousandths {
    fn fmt(&self, f: &mut kernel::fmt::Formatter<'_>) -> kernel::fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// Runs the workloads of the limits at three sizes, tells what came out, and judges it.
fn run(range: TestRange, limits: &[Limit]) -> Outcome {
    let bench = check_ok!(KBox::pin_init(Bench::new(), GFP_KERNEL));
    for (index, limit) in limits.iter().enumerate() {
        if limits[..index]
            .iter()
            .any(|other| other.workload == limit.workload)
        {
            continue;
        }
        let spec = check_ok!(CString::try_from_fmt(fmt!(
            "range={:#x}+{:#x} reserved {} size=4K,2M,64M cpus=1 batches=12 keep",
            range.phys,
            range.size,
            limit.workload
        )));
        check_ok!(bench.run(check_ok!(spec.to_str())));
    }
    let (mut judged, mut slow) = (0, 0);
    check_ok!(bench.with_rows(|rows, machine| {
        note(fmt!("a millisecond has {} ticks", machine.khz));
        for row in rows.iter().filter(|row| row.phase.name() == "all") {
            tell(row);
            let limit = limits.iter().find(|limit| limit.is_of(&row.subject));
            let (Some(limit), Some(ratio)) = (limit, row.ratio) else {
                continue;
            };
            let judges = row.side.name() == "ours" && row.verdict.name() == "measured";
            if !judges || limit.most == ANY || waits_for_host(&row.subject, machine) {
                continue;
            }
            judged += 1;
            // By what the median is at least.
            let takes = row.per_operation(row.summary.p50).unwrap_or(u64::MAX);
            if takes > always(machine) && ratio.low / 1000 > limit.most {
                slow += 1;
                note(fmt!(
                    "above: more than {} times C's",
                    Thousandths(limit.most)
                ));
            }
        }
        Ok(())
    }));
    note(fmt!("{judged} judged, {slow} of them take too long"));
    check_eq!(slow, 0);
    Ok(())
}

/// Writes what a row says. The rows of an operation are C's, C's again and ours.
fn tell(row: &Row) {
    let (subject, workload) = (&row.subject, row.subject.workload);
    let of = |ticks: Option<u64>| Thousandths(ticks.unwrap_or(0));
    note(fmt!(
        "{}, {}, {} bytes, {}: {} ticks, {} of C's; {} {}",
        workload.name,
        workload.strategy_name(),
        subject.size,
        row.side.name(),
        of(row.per_operation(row.summary.p50)),
        of(row.ratio.map(|ratio| ratio.median / 1000)),
        row.verdict.name(),
        row.verdict.reason()
    ));
}

#[kunit_tests(iomrs_timing)]
mod tests {
    use super::*;

    #[test]
    fn ioremap_and_create_beside_c() -> Outcome {
        run(require!(range()), &ranges())
    }

    #[test]
    fn maps_beside_c() -> Outcome {
        run(require!(range()), MAPS)
    }
}
