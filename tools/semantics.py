#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""tools/semantics.py [CHECKOUT]: docs/semantics.md against the tests. Each row of the table is a test of make check.

A row names its tests, or says "none: " and why. A test that is named exists. A test whose name begins with the number
of a row (s12_...) is named in that row.
"""
import pathlib
import re
import sys

import tap

TABLE = "docs/semantics.md"
COMPILE_FAIL = "selftests/compile_fail"
# | S12 | what C does | what we do | tests |
ROW = re.compile(r"^\| S(\d+) \|.*\| ([^|]*) \|$", re.M)
TEST = re.compile(r"#\[test\]\s*(?:(?:#\[.*\]|//.*)\s*)*fn (\w+)")


def rows(checkout):
    """(number, last column) of each row."""
    text = (checkout / TABLE).read_text(encoding="utf-8")
    return [(int(number), cell) for number, cell in ROW.findall(text)]


def sources(checkout):
    """Name of each test, with its file."""
    found = {path.name: path for path in (checkout / COMPILE_FAIL).glob("*.rs")}
    for path in checkout.rglob("*.rs"):
        for name in TEST.findall(path.read_text(encoding="utf-8")):
            found[name] = path
    return found


def by_row(tests):
    """The tests with a number, by number."""
    numbered = {}
    for name in tests:
        number = re.match(r"s(\d+)_", name)
        if number:
            numbered.setdefault(int(number[1]), set()).add(name)
    return numbered


def problems(cell, tests, numbered):
    """What is wrong with a row whose last column is `cell`."""
    named = set(re.findall(r"`([\w.]+)`", cell))
    if not named and not re.match(r"none: .", cell):
        yield "no test, and no reason (\"none: ...\")"
    for name in sorted(named - tests.keys()):
        yield f"there is no test {name}"
    for name in sorted(numbered - named):
        yield f"{name} of {tests[name]} is not named"


def main():
    checkout = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    tests = sources(checkout)
    numbered = by_row(tests)
    table = rows(checkout)
    for number, cell in table:
        wrong = list(problems(cell, tests, numbered.pop(number, set())))
        for problem in wrong:
            tap.not_ok(f"S{number}", problem)
        if not wrong:
            tap.ok(f"S{number}")
    for number, names in sorted(numbered.items()):
        for name in sorted(names):
            tap.not_ok(f"S{number}", f"{name} of {tests[name]}: the table has no such row")
    if [number for number, _ in table] != list(range(1, len(table) + 1)):
        tap.not_ok("rows", "they are not numbered from 1 on without a gap")


if __name__ == "__main__":
    main()
