#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""tools/semantics.py [CHECKOUT]: docs/semantics.md against the tests. Each row of the table is a test of make check.

A row names its tests, or says "none: " and why. A test that is named exists. A test whose name begins with the number
of a row (s12_...) is named in that row. Each row of what docs/c-drivers.md says is reported names its tests, too.
"""
import pathlib
import re
import sys

import tap

TABLE = "docs/semantics.md"
MISTAKES = "docs/c-drivers.md"
COMPILE_FAIL = "selftests/compile_fail"
# | S12 | what C does | what we do | tests |
ROW = re.compile(r"^\| S(\d+) \|.*\| ([^|]*) \|$", re.M)
# | mistake | noticed | tests |, in the table that begins so
MISTAKE = re.compile(r"^\| mistake \|.*\n\|---.*\n((?:\|.*\n)+)", re.M)
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


def check_mistakes(checkout, tests):
    """The rows of mistakes. "the same" are the tests of the row above."""
    text = (checkout / MISTAKES).read_text(encoding="utf-8")
    table = MISTAKE.search(text)
    for row in table[1].splitlines() if table else ["no table"]:
        cell = row.rstrip("| ").rpartition("| ")[2]
        named = re.findall(r"`([\w.]+)`", cell)
        missing = [name for name in named if name not in tests]
        if missing or not named and cell != "the same":
            tap.not_ok(f"{MISTAKES}: {row}", f"no test, or none of this name: {missing}")


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
    check_mistakes(checkout, tests)
    if [number for number, _ in table] != list(range(1, len(table) + 1)):
        tap.not_ok("rows", "they are not numbered from 1 on without a gap")


if __name__ == "__main__":
    main()
