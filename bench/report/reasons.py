# SPDX-License-Identifier: GPL-2.0
"""Why ours takes more than C, for each workload where it does. Instructions are as a disassembly shows them.

A workload that is slower and not in REASONS is shown with "no reason known", and fails make check (75-bench). So does one that
is slower than the kernel crate and not in BEHIND.
"""

from collections import namedtuple

# On instructions: what begins and ends a loop of many rounds may be this much of a round.
LOOP = 0.5
UNKNOWN = "no reason known"

# A result of ours that is slower than C: the reason is None where there is none.
Slower = namedtuple("Slower", "row ratio reason")

LARGE = ("Only the call that maps, and only for one large page. Ours lists the mapping for debugfs, which C does not do. For more "
         "pages a shorter walk down the page table makes up for that. Map and unmap together take no more than C's.")
BAR = ("Only the half that unmaps: the request keeps a copy of its name, which is freed. C's caller keeps the name. Both halves "
       "together take less than C's.")
WHOLE = ("Four instructions: a test of the offset by a mask, which says whether it is of a page that is mapped with the whole "
         "aperture, a branch, the addition, and a branch where the aperture is not mapped. C adds, and tests nothing.")
CHUNK = ("The mask says that not all is mapped. Then alignment and bounds are tested, and the chunk is looked up in a "
         "directory: C does not need one, as it has the whole aperture mapped all the time.")
SPAN = " Both ends must lie in the same chunk, too."
READ = WHOLE + (" Three more keep in mind that there is no slot to give back, and find it out at the end.")
ATOMIC = ("Preemption and page faults are turned off and on again by the same instructions as in C, and whether the map was "
          "refused is kept meanwhile. ") + WHOLE
CHECKED = ("The offset is rotated, compared with how many values there are, and a branch refuses it: 3 instructions. C tests "
           "nothing.")

REVOCABLE = ("The kernel crate's Devres: a read-side section of RCU around the access, and a test whether the device is still "
             "bound. C has no such thing: its driver must not be unbound meanwhile.")

# arm64. What x86 tests or adds in memory it loads first.
LISTED = ("Only the call that maps. Ours lists the mapping for debugfs, which C does not do. Map and unmap together take less than "
          "C's.")
LOADS = " On arm64 the mask and what is added are loaded first, by an instruction each."
REGION = CHECKED + " One more tells memory from ports. C's ioread32() takes both for memory on arm64."
COPY = "Whether the mapping has all of it is tested, once for each copy: up to 10 instructions. C tests nothing."
PORTS = ("The offset is checked, and a port is told from those that are a bus behind a chip. C takes an address for it, which "
         "such a port does not have.")
STRING = "C has the loop inline. Here it is a call of the same loop: up to 4 instructions for a string."
PORT_STRING = ("C takes an address, which not every port has on arm64. Ours is C's insb() and its like, which look where a port "
               "is, and then run the same loop.")

# 32-bit ARM. Offsets and masks have 64 bits: two registers each.
ARM_LISTED = ("Ours lists the mapping for debugfs, with the time and its caller: 167 instructions. C does not. Of many pages C's takes more, "
              "as it calls a function for each entry.")
ARM_BAR = ARM_LISTED + " The request keeps a copy of its name, which is allocated and freed. C's caller keeps the name."
ARM_CHUNK = ("Only the call that unmaps. Ours frees the list of chunks and their directory, too. Map and unmap together take less than "
             "C's.")
ARM_WHOLE = ("11 to 13 instructions: the mask is loaded, and the offset, which has two registers, tested by it; what is added is loaded, too; a "
             "branch where the aperture is not mapped. C adds, and tests nothing.")
ARM_READ = ARM_WHOLE + " Two more keep in mind that there is no slot to give back, and find it out at the end."
ARM_ATOMIC = "Preemption and page faults are turned off and on again by two calls. C has that inline. " + ARM_WHOLE
ARM_REGION = CHECKED + " Three more tell memory from ports. C's ioread32() takes both for memory on ARM."
ARM_STRING = "Four instructions for each value. C's functions are in assembler, and move several values at once."
ARM_PORT_STRING = ("The offset is checked, and memory told from ports, then C's function is called, which C's side calls at once: up to 9 "
                   "instructions for a string.")
ARM_KMAP = ("With IOMRS_WINDOW=kmap: ours calls C's two functions, from functions of the library, as a driver cannot call all that it takes. "
            "Around them the offset is checked, the map is counted and its unmap, and it is kept at which depth of the task's stack the map "
            "is, so that guards may be dropped in any order.")

C_API = ("A map compares the offset with how many bytes are mapped, and branches. An unmap passes a nop, which becomes a jump when there "
         "is a sparse aperture of a C driver; on a kernel without jump labels a compare and a branch. C adds, and tests nothing.")
OWNER = ("Only the call that unmaps. Ours finds the owner of the address in a table, under a lock. Map and unmap together take less "
         "than C's.")

# (backend, arm64 or arm; workload, strategy): "" is any.
REASONS = {
    ("exported", "ioremap", "none"): LARGE,
    ("exported", "bar", "none"): BAR,
    ("exported", "c_api_create", "none"): OWNER,
    ("exported", "bar_whole", "none"): BAR,
    ("arm64", "ioremap", "none"): LISTED,
    ("arm64", "create", "whole"): LISTED,
    ("arm64", "map", "whole"): WHOLE + LOADS,
    ("arm64", "map_local", "whole"): WHOLE + LOADS,
    ("arm64", "map_atomic", "whole"): ATOMIC + LOADS,
    ("arm64", "map_local_read", "whole"): READ + LOADS,
    ("arm64", "map_atomic_read", "whole"): ATOMIC + LOADS,
    ("arm64", "nested4", "whole"): WHOLE + LOADS + " That is done four times.",
    ("arm64", "region_read32", "none"): REGION,
    ("arm64", "region_write32", "none"): REGION,
    ("arm64", "copy_to", "none"): COPY,
    ("arm64", "copy_from", "none"): COPY,
    ("arm64", "ports_read32", "none"): PORTS,
    ("arm64", "ports_write32", "none"): PORTS,
    **{("arm64", f"{what}_rep{bits}", "none"): STRING for what in ("read", "write") for bits in (8, 16, 32)},
    **{("arm64", f"ports_{what}_rep{bits}", "none"): PORT_STRING for what in ("read", "write") for bits in (8, 16, 32)},
    **{("arm", name, "none"): ARM_LISTED
       for name in ("ioremap", "ioremap_uc_minus", "ioremap_wt", "ioremap_cache", "ioremap_many", "ioremap_among")},
    ("arm", "create", "whole"): ARM_LISTED,
    ("arm", "chunk", "sparse"): ARM_CHUNK,
    ("arm", "bar", "none"): ARM_BAR,
    ("arm", "bar_whole", "none"): ARM_BAR,
    ("arm", "map", "whole"): ARM_WHOLE,
    ("arm", "map_local", "whole"): ARM_WHOLE,
    ("arm", "map_local_sized", "whole"): "One test of the offset, which has two registers, by a mask, and a branch. C tests nothing.",
    ("arm", "map_local_read", "whole"): ARM_READ,
    ("arm", "map_local_kmap_read", "sparse"): ARM_KMAP,
    ("arm", "map_atomic", "whole"): ARM_ATOMIC,
    ("arm", "map_atomic_read", "whole"): ARM_ATOMIC,
    ("arm", "nested4", "whole"): ARM_WHOLE + " That is done four times.",
    ("arm", "fill_verify", "whole"): ARM_READ + " Both copies test where they end.",
    **{("arm", name, "none"): ARM_REGION for name in ("region_read32", "region_write32", "ports_read32", "ports_write32")},
    ("arm", "copy_to", "none"): COPY,
    ("arm", "copy_from", "none"): COPY,
    **{("arm", f"{what}_rep{bits}", "none"): ARM_STRING for what in ("read", "write") for bits in (8, 16, 32)},
    **{("arm", f"ports_{what}_rep{bits}", "none"): ARM_PORT_STRING for what in ("read", "write") for bits in (8, 16, 32)},
    ("", "map", "whole"): WHOLE,
    ("", "map_chunk", "sparse"): CHUNK + SPAN,
    ("", "map_local", "whole"): WHOLE,
    ("", "map_local_chunk", "sparse"): CHUNK,
    ("", "map_local_sized", "whole"): "One test of the offset, by a mask, and a branch. C tests nothing.",
    ("", "map_atomic", "whole"): ATOMIC,
    ("", "map_local_read", "whole"): READ,
    ("", "map_atomic_read", "whole"): ATOMIC,
    ("", "nested4", "whole"): WHOLE + " That is done four times.",
    ("", "random_read", "whole"): READ,
    ("", "fill_verify", "whole"): READ + " Both copies test where they end.",
    ("", "c_api_map", "whole"): C_API,
    ("", "c_api_map_local", "whole"): C_API,
    ("", "c_api_map_atomic", "whole"): C_API,
    ("", "read32", "none"): CHECKED,
    ("", "write32", "none"): CHECKED,
    ("", "try_read32", "none"): CHECKED,
    ("", "try_write32", "none"): CHECKED,
    ("", "revocable_read32", "none"): REVOCABLE,
}

# Of these the two sides take so nearly the same that it depends on the build whether one of their rows is slower: a reason is
# never stale. In one build the half that maps 1 GiB took 1.003 (ioremap) and 0.91 (create) of C's.
# Whether a page by C's temporary maps takes less than one of ours depends on IOMRS_WINDOW.
NEAR = {("arm64", "ioremap", "none"), ("arm64", "create", "whole"), ("arm", "map_local_kmap_read", "sparse")}

# As REASONS, of what is slower than the kernel crate's side.
BEHIND = {("arm", "bar_whole", "none"): ARM_BAR}


def is_slower(c, ours, mode):
    """Whether a result of ours is to be explained. `mode` is icount or time."""
    if ours["verdict"] != "measured" or not ours["ratio"] or ours["ratio"] <= 1:
        return False
    if mode == "time":
        return ours["ratio_low"] > 1
    return ours["p50"] - c["p50"] > LOOP


def is_behind(theirs, ours):
    """Whether a result of ours takes more than the kernel crate's beside it."""
    believed = ours["verdict"] == theirs["verdict"] == "measured"
    return believed and ours["phase"] == "all" and ours["p50"] - theirs["p50"] > LOOP


def machine(row):
    """What a row is of, as keys of REASONS say it."""
    return {"cntvct": "arm64", "cp15-cntvct": "arm"}.get(row["clock"], row["backend"])


def key(row, among):
    """The key of the reason for a row of ours, or None."""
    of = row["workload"], row["strategy"]
    return next((found for found in ((machine(row), *of), ("", *of)) if found in among), None)


def why(row, among=None):
    """The reason for a row of ours, or None."""
    among = REASONS if among is None else among
    return among.get(key(row, among))


def why_behind(row):
    """As why(), of what the kernel crate does in less."""
    return why(row, BEHIND)


def slower(pairs, mode):
    """What is slower than C, as a whole or in a part."""
    return [Slower(ours, ours["ratio"], why(ours)) for c, ours in pairs if is_slower(c, ours, mode)]


def stale(slow, machines):
    """Keys of REASONS for `machines` for which there is nothing slower in `slow`."""
    found = {key(row, REASONS) for row, *_ in slow}
    return [of for of in REASONS if of[0] in machines and of not in found | NEAR]
