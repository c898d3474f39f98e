# SPDX-License-Identifier: GPL-2.0
"""What has been leaked when the library is unloaded, for files.py."""

import re

from library import CHUNK, PAGE, check_eq, control, insmod, log_since, mappings, rmmod, units


def areas():
    """The areas of /proc/vmallocinfo: the bytes of each without its guard page, and what made it, by address."""
    with open("/proc/vmallocinfo") as file:
        lines = [line.split(maxsplit=2) for line in file]
    return {address: (int(size) - PAGE, what) for address, size, what in lines}


def leak_is_reported(mark, phys, size):
    """What was leaked before stays mapped, and the log says so once, with all of it."""
    has_units = bool(units())
    # Half of the first unit's size and a guard page do not fit beside the slots.
    control("leak", phys, size // 2)
    check_eq("more units", len(units()) > 1, has_units)
    before = areas()
    rmmod("io_mapping_selftests")
    rmmod("io_mapping_rs")
    stay = [length for address, (length, what) in areas().items() if address in before and "[io_mapping_rs]" in before[address][1]]
    lines = log_since(mark)[1]
    check_eq("mappings", sum("2 mappings were leaked" in line for line in lines), 1)
    # Of the arena whole units stay.
    said = [re.search(r"(\d+) MiB of address space stay, as mappings", line) for line in lines]
    check_eq("address space", [int(match[1]) for match in said if match], [sum(stay) >> 20] if has_units else [])
    check_eq("areas that stay", len(stay), 2)


def library_works_beside_what_was_leaked(phys, size):
    # Twice, as the first library has units of its own.
    for _ in range(2):
        insmod("io-mapping-rs")
        insmod("io-mapping-selftests", f"phys={phys}", f"size={size}")
        control("pages", phys + size // 2, 200)
        control("whole", phys + size // 2 + CHUNK, CHUNK)
        check_eq("mappings", len(mappings()), 201)
        control("drop")
        rmmod("io_mapping_selftests")
        check_eq("the library unloads", rmmod("io_mapping_rs"), 0)
