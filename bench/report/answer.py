# SPDX-License-Identifier: GPL-2.0
"""The answer that a report begins with: what a driver pays for the ten things that drivers do, on each kernel."""

from collections import namedtuple

import reasons
import results

# `size` is None where there is one only. The kernel crate has a like only where `crate` says so.
Thing = namedtuple("Thing", "text workload strategy size crate", defaults=[False])

THINGS = [
    Thing("Request all of a BAR, map it; unmap and release it", "bar_whole", "none", None, True),
    Thing("Map a page write-combining; unmap it", "ioremap", "none", 4 << 10),
    Thing("Create an aperture of 256 MiB, all of it mapped (Whole); free it", "create", "whole", 256 << 20),
    Thing("The same of 64 GiB, where pages are mapped on use only (Sparse)", "create", "sparse", 64 << 30),
    Thing("Map a page of a mapped aperture, read from it, unmap it", "map_local_read", "whole", 2 << 20),
    Thing("The same of an aperture that is not mapped (Sparse)", "map_local_read", "sparse", 2 << 20),
    Thing("Read a register at an offset that the compiler knows", "read32_const", "none", 4, True),
    Thing("Read a register at an offset known at run time, if in bounds (C tests nothing)", "try_read32", "none", 4, True),
    Thing("The same of a device that may be unbound meanwhile (C tests nothing)", "revocable_read32", "none", 4, True),
    Thing("Copy 4 KiB to a device", "copy_to", "none", 4 << 10, True),
]

# `ratio` is of ours to C, or None; so is `behind_crate`: whether ours takes more than the kernel crate. A cell is text: the cost,
# or why there is none. `notes` say what limits them.
Line = namedtuple("Line", "thing call c crate ours ratio behind_crate notes")

NO_LIKE, MISSING, NOT_RUN, DOUBTFUL = "has none", "not measured", "not run", " ?"


def row_of(rows, boot, thing, side):
    """The row of one side of a thing on one kernel; None where it was not measured."""
    found = [row for row in results.select(rows, boot=boot, workload=thing.workload, strategy=thing.strategy, side=side,
                                           phase="all", cpus=1) if thing.size in (None, row["size"])]
    return found[0] if found else None


def cell(row, mode):
    """A cost, or why there is none."""
    if row is None:
        return MISSING
    if not row["n"]:
        return NOT_RUN
    return results.number(results.cost(row, "p50", mode)) + (DOUBTFUL if row["verdict"] == "inconclusive" else "")


def line(rows, boot, thing, mode):
    sides = {side: row_of(rows, boot, thing, side) for side in ("c", "kernel crate", "ours")}
    c, crate, ours = sides.values()
    both = lambda row: row and ours and row["n"] and ours["n"]
    notes = [f"{row['verdict']}: {row['reason']}" for row in sides.values() if row and row["reason"]]
    return Line(thing, c["call"] if c else "", cell(c, mode), cell(crate, mode) if thing.crate else NO_LIKE, cell(ours, mode),
                ours["ratio"] if both(c) else None, reasons.is_behind(crate, ours) if both(crate) else None,
                list(dict.fromkeys(notes)))


def lines(rows, boot, mode):
    """A line for each of THINGS, in their order, whatever was measured."""
    return [line(rows, boot, thing, mode) for thing in THINGS]


def verdict(ratio):
    """Whether ours takes less than C, the same (within 1 %) or more."""
    return "less" if ratio < 0.99 else "same" if ratio <= 1.01 else "more"


def count(number):
    return str(number) if number else "none"


def sentence(found, mode):
    """The answer in words."""
    kinds = [verdict(line.ratio) for line in found if line.ratio is not None]
    text = (f"Of these {len(found)} things this library takes fewer {results.unit(mode)} than C for "
            f"{count(kinds.count('less'))}, as many for {count(kinds.count('same'))} and more for {count(kinds.count('more'))}.")
    beside = [line.behind_crate for line in found if line.behind_crate is not None]
    if beside:
        text += f" It takes more than the kernel crate for {count(sum(beside))} of the {len(beside)} that the kernel crate has."
    if len(kinds) < len(found):
        text += f" {len(found) - len(kinds)} could not be compared with C."
    return text


def text(rows, mode):
    """The answer for a terminal."""
    for boot in results.full_boots(rows):
        found = lines(rows, boot, mode)
        yield from ("", results.heading(results.select(rows, boot=boot)[0]) + f", in {results.unit(mode)}:")
        ratio = lambda line: "" if line.ratio is None else f"{line.ratio:.2f}"
        yield from results.columns([["C", "kernel crate", "ours", "ours / C", "what a driver does"],
                                    *([line.c, line.crate, line.ours, ratio(line), line.thing.text] for line in found)], {4})
        yield sentence(found, mode)
