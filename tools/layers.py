#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The rules of the design that a script can see, each one test of make check.

    tools/layers.py [CHECKOUT]

  layers   a file uses its own layer, without a circle, or lower ones (the map is in the crate root's //! comment)
  pure     pure logic (PURE) is without kernel imports
  unsafe   of the crate's files only L0 to L2 and UNSAFE_ALSO have unsafe code; each block and impl, in the other
           modules too, has its SAFETY comment
  C        of the crate's files only bindings/ and L1 have extern "C" and kernel::bindings
  panic    nothing panics outside tests: unwrap, expect, panic!, todo!, unreachable!, assert! (const ones are fine)
  SPDX     every file has its licence line
  length   every file has 400 lines or fewer
"""

import os
import re
import sys

import rust_text

CRATE_ROOT = "io_mapping_rs.rs"
# Modules of L5: they see the crate from outside.
OUTSIDE = ("samples", "selftests", "bench")
PURE = ("range", "plan", "slots")
# Above L2, for one reason each: a C caller's promises; the caller's right to a physical range, passed down; that
# right had from the PCI core; the promise of who names a range to be tested.
UNSAFE_ALSO = ("c_api", "io_mapping", "pci", "selftest")
UNSAFE_UP_TO = 2
MAX_LINES = 400
# No place for a comment, or not written by hand.
NO_SPDX = re.compile(r"(^|/)(Cargo\.lock|LICENSE.*|COPYING|.*\.(stderr|png|svg|proptest-regressions))$")
PANICS = re.compile(r"\.unwrap\(\)|\.expect\(|\b(panic|todo|unimplemented|unreachable|assert|assert_eq|assert_ne)!")


class Checks:
    """What was found, rule by rule."""

    def __init__(self):
        self.found = {}

    def rule(self, name):
        self.found.setdefault(name, [])

    def violation(self, rule, where, what):
        self.found.setdefault(rule, []).append(f"{where}: {what}")

    def report(self):
        for rule, violations in self.found.items():
            if not violations:
                print(f"ok {rule}")
            for violation in violations:
                print(f"not ok {rule}: {violation}")


def layer_map(root_text):
    """Module -> layer, from lines such as "//! L1   cache_mode.rs   modes    vm_area.rs  address space"."""
    layers, current = {}, None
    for line in root_text.splitlines():
        if not line.startswith("//!"):
            continue
        if line.strip() == "//! ```":
            current = None
        match = re.match(r"//!\s+L(\d)\b", line)
        if match:
            current = int(match.group(1))
        if current is not None:
            for name in re.findall(r"(\w+)(?:\.rs\b|/)", line):
                layers.setdefault(name, current)
    return layers


def reexports(root_code):
    """Name at the crate's root -> module that it comes from."""
    names = {}
    for module, what in re.findall(r"\bpub use (?:crate::)?(\w+)::(\{[^}]*\}|\w+)", root_code):
        for name in re.findall(r"\w+", what):
            names[name] = module
    return names


def uses(code, names):
    """Modules of the crate that code mentions, each with a line number."""
    for match in re.finditer(r"\$?\bcrate::(\{|\w+)", code):
        first = match.group(1)
        heads = [first]
        if first == "{":
            heads = rust_text.heads_of_group(code, match.end())
        for head in heads:
            yield names.get(head, head), code.count("\n", 0, match.start()) + 1


def check_layers(checks, files, layers, names):
    checks.rule("layers")
    graph = {}
    for path, text in files.items():
        module = rust_text.module_of(path)
        if path == CRATE_ROOT or path.split("/")[0] in OUTSIDE:
            continue
        if module not in layers:
            checks.violation("layers", path, f"{module} is not in the layer map of {CRATE_ROOT}")
            continue
        for used, line in uses(text.code, names):
            if used == module or used not in layers:
                continue
            if layers[used] > layers[module]:
                checks.violation("layers", f"{path}:{line}", f"L{layers[module]} uses {used} of L{layers[used]}")
            if layers[used] == layers[module]:
                graph.setdefault(module, set()).add(used)
    for circle in circles(graph):
        checks.violation("layers", " -> ".join(circle), "a circle inside one layer")


def circles(graph):
    """Each circle once, from its smallest member."""
    def walk(path):
        for following in sorted(graph.get(path[-1], ())):
            if following == path[0]:
                yield path + [following]
            elif following > path[0] and following not in path:
                yield from walk(path + [following])
    for start in sorted(graph):
        yield from walk([start])


def check_pure(checks, files):
    checks.rule("pure")
    for path, text in files.items():
        if rust_text.module_of(path) in PURE and path.split("/")[0] not in OUTSIDE:
            for line in text.lines_with(r"\bkernel::"):
                checks.violation("pure", f"{path}:{line}", "pure logic imports the kernel")


def check_unsafe(checks, files, layers):
    checks.rule("unsafe")
    checks.rule("C")
    for path, text in files.items():
        module, top = rust_text.module_of(path), path.split("/")[0]
        allowed = top in OUTSIDE or module in UNSAFE_ALSO or layers.get(module, 9) <= UNSAFE_UP_TO
        for line in text.lines_with(r"\bunsafe\b"):
            if not allowed:
                checks.violation("unsafe", f"{path}:{line}", "unsafe code above L2")
            elif not text.has_safety_comment(line):
                checks.violation("unsafe", f"{path}:{line}", "no SAFETY comment")
        if top in OUTSIDE or layers.get(module, 9) <= 1:
            continue
        for line in text.lines_with(r'extern\s+"C"|\bkernel::bindings\b|\bbindings::kernel\b'):
            checks.violation("C", f"{path}:{line}", "a binding of C above L1")


def check_panics(checks, files):
    checks.rule("panic")
    for path, text in files.items():
        if path.split("/")[0] == "selftests":
            continue
        for line in text.lines_with(PANICS.pattern):
            if not text.in_test(line) and not text.is_const(line):
                checks.violation("panic", f"{path}:{line}", text.code.splitlines()[line - 1].strip())


def check_every_file(checks, top):
    checks.rule("SPDX")
    checks.rule("length")
    for path in rust_text.all_files(top):
        with open(os.path.join(top, path), "rb") as f:
            content = f.read()
        if b"\0" in content:
            continue
        if not NO_SPDX.search(path) and b"SPDX-License-Identifier: " not in b"\n".join(content.split(b"\n")[:5]):
            checks.violation("SPDX", path, "no SPDX-License-Identifier in its first lines")
        lines = content.count(b"\n")
        if lines > MAX_LINES and not path.endswith(".lock"):
            checks.violation("length", path, f"{lines} lines, more than {MAX_LINES}")


def main():
    top = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    files = {path: rust_text.RustText(os.path.join(top, path))
             for path in rust_text.all_files(top) if path.endswith(".rs")}
    if CRATE_ROOT not in files:
        sys.exit(f"error: no {CRATE_ROOT} in {top}")
    layers = layer_map(files[CRATE_ROOT].text)
    checks = Checks()
    check_layers(checks, files, layers, reexports(files[CRATE_ROOT].code))
    check_pure(checks, files)
    check_unsafe(checks, files, layers)
    check_panics(checks, files)
    check_every_file(checks, top)
    checks.report()


if __name__ == "__main__":
    main()
