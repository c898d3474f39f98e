# SPDX-License-Identifier: GPL-2.0
"""Why ours takes more than C, where it does: by instructions, as a disassembly shows them.

A workload that is slower and not in REASONS is shown with "no reason known", and fails make check (75-bench).
"""

from collections import namedtuple

# On instructions: what begins and ends a loop of many rounds may be this much of a round.
LOOP = 0.5
UNKNOWN = "no reason known"

# A result of ours that is slower than C: the reason is None where there is none.
Slower = namedtuple("Slower", "row ratio reason")

LARGE = ("A mapping of one large page, and only the half that maps: it is listed for debugfs, which C does not do, and there "
         "is but one entry for which ours could walk less. Both halves together take no more than C's.")
SMALL = ("An unmodified kernel lets modules map by vmap_pfn() only: first a list of page frames is made, then each 4K entry is "
         "written by a callback, with a test of its page frame. C has 2M and 1G pages, and page tables without a callback.")
OFFSET = ("The offset is tested, by one rotation and one comparison for alignment and bounds, and the aperture's address is "
          "loaded. C adds, and tests nothing.")
SPAN = "Offset and length are tested: alignment, overflow, end. C adds, and tests nothing."
CHUNK = ("After the tests of the offset the chunk is looked up in a directory, which C does not need: it has the whole aperture "
         "mapped all the time.")
SPAN_CHUNK = SPAN + (" Then a function of the library, which a user's module cannot inline, looks the chunk up in a directory; "
                     "C has the whole aperture mapped all the time.")
READ = OFFSET + (" A checked access then tests alignment and what is left of the page; an access at a constant offset of a "
                 "sized aperture does not.")
ATOMIC = ("Preemption and page faults are turned off and on again as in C, but by calls of the library, as a user's module "
          "cannot have them inlined. ") + OFFSET
CHECKED = ("The offset is rotated, compared with how many values there are, and a branch refuses it: 3 instructions. C tests "
           "nothing.")
CRATE = ("The kernel crate's own accessor: it tests alignment, overflow and end one by one. io_mapping_rs::io::IoExt::try_at "
         "does with one comparison.")
POINTER = ("An element takes 6 instructions and in C 5: here the compiler moves the pointer into the slice by an addition into "
           "another register and a copy back. It does not on the test kernel.")

# (backend, workload, strategy): backend "" is either.
REASONS = {
    ("exported", "ioremap", "none"): LARGE,
    ("stock", "ioremap", "none"): SMALL,
    ("stock", "create", "whole"): SMALL,
    ("stock", "bar", "none"): SMALL,
    ("stock", "read_rep8", "none"): POINTER,
    ("stock", "read_rep16", "none"): POINTER,
    ("stock", "read_rep32", "none"): POINTER,
    ("", "map", "whole"): SPAN,
    ("", "map_chunk", "sparse"): SPAN_CHUNK,
    ("", "map_local", "whole"): OFFSET,
    ("", "map_local_chunk", "sparse"): CHUNK,
    ("", "map_local_sized", "whole"): "One test of the offset, by a mask, and a branch. C tests nothing.",
    ("", "map_atomic", "whole"): ATOMIC,
    ("", "map_local_read", "whole"): READ,
    ("", "map_atomic_read", "whole"): ATOMIC + " The access is tested too.",
    ("", "nested4", "whole"): OFFSET + " Four times.",
    ("", "random_read", "whole"): READ,
    ("", "fill_verify", "whole"): OFFSET + " Both copies test where they end.",
    ("", "read32", "none"): CHECKED,
    ("", "write32", "none"): CHECKED,
    ("", "try_read32", "none"): CRATE,
    ("", "try_write32", "none"): CRATE,
}


def is_slower(c, ours, mode):
    """Whether a result of ours is to be explained. `mode` is icount or time."""
    if ours["verdict"] != "measured" or not ours["ratio"] or ours["ratio"] <= 1:
        return False
    if mode == "time":
        return ours["ratio_low"] > 1
    return ours["p50"] - c["p50"] > LOOP


def why(row):
    """The reason for a row of ours, or None."""
    of = row["workload"], row["strategy"]
    return REASONS.get((row["backend"], *of)) or REASONS.get(("", *of))


def slower(pairs, mode):
    """What is slower than C, as a whole or in a part."""
    return [Slower(ours, ours["ratio"], why(ours)) for c, ours in pairs if is_slower(c, ours, mode)]


def stale(slow):
    """Keys of REASONS for which there is nothing slower in `slow`."""
    left = dict(REASONS)
    for row, _, _ in slow:
        of = row["workload"], row["strategy"]
        left.pop((row["backend"], *of) if (row["backend"], *of) in REASONS else ("", *of), None)
    return list(left)
