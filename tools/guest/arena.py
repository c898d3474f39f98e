# SPDX-License-Identifier: GPL-2.0
"""What debugfs tells of the arena, for files.py."""

import errno

from library import CHUNK, PAGE, bar, check_eq, control, device, stats, units


def tables_of(size):
    """A table of 4 KiB for each 2 MiB, and one for each 1 GiB."""
    return ((size >> 21) + (size >> 30)) * PAGE


def check_tables(told):
    check_eq("tables", told["arena_bytes_of_tables"], tables_of(told["arena_bytes"]))


def meminfo(name):
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith(f"{name}:"))


def arena_is_told(phys, other_phys):
    if "arena_units" not in stats():
        check_eq("units", units(), [])
        return
    before = stats()
    # What is dropped before other mappings are made, and is flushed after, is free in front of them.
    control("churn", other_phys, 100)
    control("pages", phys, 7)
    control("whole", phys + CHUNK, CHUNK)
    control("churn", other_phys, 10_000)
    during, parts = stats(), units()
    if during["arena_bytes_free"] == during["arena_bytes_free_in_one_piece"]:
        raise AssertionError("the free pages are in one piece")
    check_eq("units", (during["arena_units"], during["arena_bytes"]), (len(parts), sum(unit["size"] for unit in parts)))
    check_eq("free", during["arena_bytes_free"], sum(unit["free"] for unit in parts))
    check_eq("in one piece", during["arena_bytes_free_in_one_piece"], max(unit["free_in_one_piece"] for unit in parts))
    check_eq("all", during["arena_bytes"], sum(during[f"arena_bytes_{what}"] for what in ("mapped", "free", "awaiting_flush")))
    mapped = 7 * 2 * PAGE + CHUNK + PAGE  # each with its guard page
    check_eq("mapped", during["arena_bytes_mapped"] - before["arena_bytes_mapped"], mapped)
    check_tables(during)
    control("drop")
    after = stats()
    check_eq("dropped", after["arena_bytes_mapped"], before["arena_bytes_mapped"])
    if after["arena_flushes"] == during["arena_flushes"]:
        check_eq("dirty", after["arena_bytes_awaiting_flush"] - during["arena_bytes_awaiting_flush"], mapped)


def arena_is_twice_the_memory_by_default():
    if "arena_units" not in stats():
        return
    phys, unit = bar(device("0x1af4", "0x1110"), 2)[0], 1 << 30
    before, tables = stats(), meminfo("PageTables")
    try:
        while True:
            # More than half of the largest unit that is made for smaller mappings: each takes one.
            control("whole", phys, 5 * unit // 8)
    except OSError as error:
        check_eq("errno", error.errno, errno.ENOMEM)
    after = stats()
    check_tables(after)
    # The kernel counts tables, too: also those of guard pages behind units, and of processes. It keeps tables of what is mapped
    # no more, and units may lie where some are. After other tests 995 of 3,559 were there once, on the debug kernel 538 of 4,000.
    grown, in_all = after["arena_bytes_of_tables"] - before["arena_bytes_of_tables"], meminfo("PageTables") - tables
    if not grown // 2 <= in_all <= grown + grown // 32:
        raise AssertionError(f"{grown} bytes of tables, {in_all} by /proc/meminfo")
    left = 2 * meminfo("MemTotal") - after["arena_bytes"]
    control("drop")
    if not 0 <= left < unit:
        raise AssertionError(f"{left} bytes are left of twice the memory")
