#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What ours may cost at most, judged by the benchmark, in instructions; for make check. Inside the trixie root.

    tools/timing.py KERNEL DIR-OF-MODULES NAME LIMITS... [--append KERNEL-ARGS] [--param NAME=VALUE]... [--log FILE]

LIMITS: keys of the table of limits. Boots once with the workloads of these. Each is a test of make check.
"""

import argparse
import json
from collections import namedtuple

import bench_boot
import qemu
import tap

K, M, G, T = (1 << shift for shift in (10, 20, 30, 40))
BATCHES = 12

# Ours may take `percent` of what C takes and `more` instructions, or at most `most`. With `beside` it is `percent` of what ours
# takes in that workload, on that strategy, and `more`.
Limit = namedtuple("Limit", "workload strategy sizes percent more most beside", defaults=(None, None, None, None))

# What begins and ends a loop may be this much of a round.
LOOP = 0.5
COPIED = [64 << shift for shift in range(0, 16, 2)]

MAPS = [
    *(Limit(*of, sizes, percent=percent, more=0)
      for of in (("ioremap", "none"), ("create", "whole"))
      for sizes, percent in (([4 * K], 78), ([M], 67), ([2 * M, 64 * M, G], 100))),
    # Beside C's of a page, whatever the size.
    Limit("create_beside_page", "sparse", [M, G, 64 * G, T], percent=64, more=0),
    Limit("bar", "none", [4 * K], percent=94, more=0),
    # A size that the compiler does not know, nor the strategy: see bench/report/reasons.py. The size known: one test.
    Limit("map", "whole", [2 * M], most=4 + LOOP),
    Limit("map_local", "whole", [2 * M], most=4 + LOOP),
    Limit("map_local_read", "whole", [2 * M], most=8 + LOOP),
    Limit("map_atomic", "whole", [2 * M], most=10 + LOOP),
    Limit("map_local_sized", "whole", [2 * M], most=3 + LOOP),
    Limit("map_local_const", "whole", [2 * M], most=1 + LOOP),
    Limit("map_local_const_write", "whole", [2 * M], most=2 + LOOP),
]
SPARSE = [
    Limit("map_local_read", "sparse", [2 * M], most=76),
    Limit("map_atomic_read", "sparse", [2 * M], most=104),
    Limit("map_local_chunk", "sparse", [2 * M], most=20),
    Limit("map_chunk", "sparse", [2 * M], most=30),
]
ACCESSES = [
    *(Limit(name, "none", [4], percent=100, more=LOOP) for name in
      ("read32_const", "write32_const", "region_read32", "region_write32", "ports_read32", "ports_write32")),
    # What C takes depends on the compiler's addressing: one instruction or two.
    *(Limit(name, "none", [4], most=4 + LOOP) for name in ("read32", "try_read32", "write32", "try_write32")),
    *(Limit(name, "none", COPIED, percent=102, more=LOOP) for name in ("copy_to", "copy_from")),
    *(Limit(f"{of}{what}_rep{8 * width}", "none", [width * count for count in (1, 16, 64)], percent=100, more=LOOP)
      for of in ("", "ports_") for width in (1, 2, 4) for what in ("read", "write")),
]
def c_api(unmap, ioremap, among, create):
    """The limits of the C API. In instructions: the test for sparse apertures in an unmap, and how much more than for a Rust driver an
    ioremap() and an aperture take. In percent of C's: an ioremap() among 10,000 mappings."""
    return [
        # The map compares, and branches.
        *(Limit(name, "whole", [2 * M], percent=100, more=2 + unmap + LOOP)
          for name in ("c_api_map", "c_api_map_local", "c_api_map_atomic")),
        Limit("c_api_ioremap", "none", [4 * K], percent=100, more=ioremap, beside=("ioremap", "none")),
        Limit("c_api_ioremap_among", "none", [4 * K], percent=among, more=0),
        Limit("c_api_create", "none", [256 * M], percent=100, more=create, beside=("create", "whole")),
    ]


LIMITS = {
    "maps": MAPS,
    # A kernel without jump labels: a compare and a branch in an unmap.
    "c_api": [
        *c_api(unmap=2, ioremap=60, among=79, create=240),
        Limit("create", "whole", [256 * M, T], percent=100, more=0),
        Limit("c_api_create", "none", [T], percent=100, more=240, beside=("create", "whole")),
    ],
    # One with jump labels: a nop. 1 TiB is more than the arena may take: sparse.
    "c_api_stock": [
        *c_api(unmap=1, ioremap=75, among=70, create=400),
        Limit("create", "whole", [256 * M], percent=26, more=0),
        Limit("c_api_create", "none", [T], percent=100, more=17500, beside=("create_beside_page", "sparse")),
    ],
    "sparse": SPARSE,
    # Which do not mind the size of pages.
    "accesses": ACCESSES,
    # On the test kernel with arena=1.
    "arena": [Limit("ioremap", "none", [4 * K], percent=52, more=0)],
    # On Debian's kernel, where address space is taken from the arena.
    "stock": [
        *(Limit(*of, sizes, percent=percent, more=0)
          for of in (("ioremap", "none"), ("create", "whole"))
          for sizes, percent in (([4 * K, G], 66), ([2 * M], 75), ([M, 64 * M], 44))),
        Limit("create_beside_page", "sparse", [M, G, 64 * G, T], most=3300),
        Limit("bar", "none", [4 * K], percent=53, more=0),
        Limit("bar", "none", [2 * M], percent=58, more=0),
        Limit("chunk", "sparse", [2 * M], percent=55, more=0),
    ],
    # On Debian's arm64 kernel. C has no registry of cache modes to pay for there.
    "arm64": [
        Limit("ioremap", "none", [4 * K, 64 * K, 2 * M], percent=55, more=0),
        Limit("create", "whole", [256 * M], percent=35, more=0),
        # One of up to 2 MiB takes 171 less: one struct page, or that there is none, says whether it has RAM.
        Limit("create_beside_page", "sparse", [G, 64 * G, T], percent=50, more=0),
        Limit("map_local_read", "sparse", [2 * M], most=130),
        Limit("map_atomic_read", "sparse", [2 * M], most=200),
        Limit("map_local", "whole", [2 * M], most=6 + LOOP),
        Limit("map_atomic", "whole", [2 * M], most=21 + LOOP),
        Limit("ports_read32", "none", [4], most=15 + LOOP),
        Limit("ports_write32", "none", [4], most=10 + LOOP),
        *(Limit(name, "none", [4], percent=100, more=LOOP) for name in ("read32_const", "write32_const")),
    ],
    # On 32-bit ARM, where C's ioremap has no large pages on several CPUs, nor a registry.
    "arm-lowmem": [
        Limit("ioremap", "none", [4 * K], percent=111, more=0),
        Limit("ioremap", "none", [2 * M, 64 * M], percent=62, more=0),
        Limit("create", "whole", [2 * M], percent=62, more=0),
        Limit("create_beside_page", "sparse", [M, 256 * M], percent=65, more=0),
        # What io_mapping's documentation describes for such machines: an ioremap for each map.
        Limit("map_local", "sparse", [2 * M], percent=10, more=0),
        Limit("map_local_read", "sparse", [2 * M], percent=10.2, more=0),
    ],
    # With LPAE and HIGHMEM. A page by our slots: beside an ioremap, and beside C's temporary map of it.
    "arm-lpae": [
        Limit("ioremap", "none", [4 * K], percent=108, more=0),
        Limit("map_local_read", "sparse", [2 * M], percent=10.2, more=0),
        Limit("map_local_kmap_read", "sparse", [2 * M], percent=70, more=0),
    ],
    # The same by C's temporary maps (IOMRS_WINDOW=kmap).
    "arm-lpae-kmap": [Limit("map_local_kmap_read", "sparse", [2 * M], percent=100, more=108)],
}
# Of these what ours takes must be the same at each size, but for 2 %.
SAME_AT_EACH_SIZE = "create_beside_page"
# Of these, too, but for 10 %: 64 mappings at once, alone and beside 10,000 others. A batch of them takes so long that
# interrupts disturb some, which the median does not mind.
AMONG_FEW, AMONG_MANY = "ioremap_many", "ioremap_among"


def spec(limit):
    """What makes the benchmark measure it."""
    strategy = "" if limit.strategy == "none" else f"strategy={limit.strategy} "
    return f"{limit.workload} {strategy}size={','.join(map(str, limit.sizes))} batches={BATCHES}"


def judge(limit, c, ours, beside):
    """What is wrong with a row of ours beside C's, or beside another one of ours; None where nothing is."""
    if ours["verdict"] != "measured":
        return f"{ours['verdict']}: {ours['reason']}"
    most = limit.most
    if most is None:
        # The ratio of turns where it is the ratio that counts.
        if not limit.more:
            return f"{ours['ratio']} of C's" if ours["ratio"] > limit.percent / 100 else None
        most = (beside or c)["p50"] * limit.percent / 100 + limit.more
    return f"{ours['p50']} instructions, more than {most:.1f}" if ours["p50"] > most else None


def human(size):
    unit = next((unit for unit in (T, G, M, K) if size >= unit), 1)
    return f"{size // unit} {dict(zip((T, G, M, K, 1), ('TiB', 'GiB', 'MiB', 'KiB', 'bytes')))[unit]}"


def report(name, limits, rows):
    """A test for each limit, and the table of what was measured."""
    found = {(row["workload"], row["strategy"], row["size"], row["side"]): row for row in rows if row["phase"] == "all"}
    for limit in limits:
        for size in limit.sizes:
            what = f"{limit.workload}, {limit.strategy}, {human(size)}".replace(", none", "")
            c, ours = (found.get((limit.workload, limit.strategy, size, side)) for side in ("c", "ours"))
            if not ours:
                tap.not_ok(f"{name}: {what}", "no such row")
                continue
            beside = limit.beside and found[(*limit.beside, size, "ours")]
            tap.judge(f"{name}: {what}", judge(limit, c, ours, beside))
            if ours["n"]:
                ratio = "-" if ours["ratio"] is None else f"{ours['ratio']:.3f}"
                tap.note(f"  {what:<38} C {c['p50']:>12,.1f}   ours {ours['p50']:>12,.1f}   ratio {ratio}")

    def costs(workload):
        return [row["p50"] for row in rows if row["workload"] == workload and row["side"] == "ours" and row["phase"] == "all"]

    sizes, few, many = costs(SAME_AT_EACH_SIZE), costs(AMONG_FEW), costs(AMONG_MANY)
    if sizes:
        tap.judge(f"{name}: {SAME_AT_EACH_SIZE} takes the same at each size", max(sizes) > 1.02 * min(sizes) and sizes)
    if few and many:
        tap.judge(f"{name}: a mapping among 10,000 takes what one among 64 does", many[0] > 1.1 * few[0] and (few, many))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kernel")
    parser.add_argument("modules")
    parser.add_argument("name")
    parser.add_argument("limits", nargs="+", choices=LIMITS)
    parser.add_argument("--append", default="")
    parser.add_argument("--param", action="append", default=[], help="a parameter of the library, such as arena=1")
    parser.add_argument("--log", default="/tmp/iomrs-timing.log", help="where the console goes")
    args = parser.parse_args()
    limits = [limit for key in args.limits for limit in LIMITS[key]]
    specs = [spec(limit) for limit in limits]
    if "stock" in args.limits:
        specs += [f"{workload} batches={BATCHES}" for workload in (AMONG_FEW, AMONG_MANY)]
    try:
        files = bench_boot.run(args.kernel, args.modules, specs, args.log, append=args.append, params=args.param)
    except (bench_boot.BenchError, qemu.GuestError) as error:
        tap.not_ok(f"{args.name}: the guest comes to its end", error)
        return
    tap.note(f"{args.name}:")
    report(args.name, limits, json.loads(files["results"]))


if __name__ == "__main__":
    main()
