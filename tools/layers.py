#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The rules of the layout that no lint of the toolchain knows, each one test of make check.

    tools/layers.py [CHECKOUT]

  root      one .rs file stands at the top: the crate root
  folders   a folder imports lower folders only (FOLDERS); what stands outside of the library imports the crate
  circles   no files import each other, neither in Rust nor in the Python of tools/; what a module's own parts use of
            it does not count
  C         extern "C" and kernel::bindings stand in IN_C only
  asm       inline assembly stands in IN_ASM only
  unsafe    a module that has no unsafe code, nor a module of its own with some, forbids it: FORBID stands at its top
  assert    assert! stands where the compiler runs it, or in tests: clippy has no lint for the others
  SPDX      every file has its licence line
  length    every file has MAX_CODE lines of code or fewer, comments and blank lines not counted
"""

import os
import re
import sys

import tap
from rust_text import Crate, RustFile, all_files, block_end

CRATE_ROOT = "io_mapping_rs.rs"
# From the lowest to the highest.
FOLDERS = ["bindings", "arch", "mm", "tracking", "io", "ioremap", "io_mapping", "pci", "c_api", "debugfs"]
# Crates that see the library as any driver does.
OUTSIDE = ["samples/io_mapping_sample.rs", "bench/io_mapping_bench.rs", "selftests/driver/io_mapping_tests.rs",
           "selftests/kunit/io_mapping_selftests.rs"]
# Files without kernel imports are compiled here for the host as they stand.
HOST = "selftests/host/src/lib.rs"
IN_C = ["bindings", "arch", "mm", "c_api"]
IN_ASM = ["arch"]
FORBID = "#![forbid(unsafe_code)]"
UNSAFE = re.compile(r"\bunsafe\b")
MACRO = re.compile(r"\bmacro_rules!\s*(\w+)\s*\{")
ASSERT = re.compile(r"\b(?:debug_)?assert(?:_eq|_ne)?!")
MAX_CODE = 350
# No place for a comment, or not written by hand.
NO_SPDX = re.compile(r"(^|/)(Cargo\.lock|LICENSE.*|COPYING|.*\.(stderr|png|svg|proptest-regressions)|"
                     r"debian/(changelog|copyright|source/format|.*\.(install|docs)))$")
COMMENT = {".rs": "//", ".c": ("//", "/*", "*"), ".h": ("//", "/*", "*")}
NO_CODE = (".md", ".lock", ".patch", ".png", ".svg")


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
                tap.ok(rule)
            for violation in violations:
                tap.not_ok(rule, violation)


def folder_of(path):
    return path.split("/")[0]


def in_library(path):
    return path == CRATE_ROOT or folder_of(path) in FOLDERS


def check_root(checks, files):
    checks.rule("root")
    for path in files:
        if "/" not in path and path != CRATE_ROOT:
            checks.violation("root", path, f"only {CRATE_ROOT} stands at the top")


def check_folders(checks, library):
    checks.rule("folders")
    for module in library.modules.values():
        if module is library.root:
            continue
        own = folder_of(module.path)
        if own not in FOLDERS:
            checks.violation("folders", module.path, f"{own}/ is not in FOLDERS of tools/layers.py")
            continue
        for index, target in module_imports(library, module):
            where, theirs = f"{module.path}:{module.file.line_of(index)}", folder_of(target.path)
            if target is library.root:
                checks.violation("folders", where, "imports what the crate root defines")
            elif theirs in FOLDERS and FOLDERS.index(theirs) > FOLDERS.index(own):
                checks.violation("folders", where, f"{own}/ imports {target.path}, which is higher")


def check_outside(checks, top, files):
    """Nothing of the library is compiled into another crate, but on the host."""
    sources = {path: text.text for path, text in files.items() if not in_library(path)}
    for path in all_files(top):
        if path.endswith((".c", ".h")) and not in_library(path):
            with open(os.path.join(top, path), encoding="utf-8") as f:
                sources[path] = f.read()
    for path, text in sources.items():
        for included in re.findall(r'(?:#\[path = |include!?\s*\(?\s*)"([^"]+)"', text):
            theirs = os.path.normpath(os.path.join(os.path.dirname(path), included))
            if in_library(theirs) and folder_of(path) != "." and not path.startswith(os.path.dirname(HOST)):
                checks.violation("folders", path, f"includes {theirs} of the library")


def module_imports(crate, module):
    """Once for each module that it imports, where it does so first."""
    seen = set()
    for index, target in crate.imports(module):
        if target.path not in seen:
            seen.add(target.path)
            yield index, target


def check_circles(checks, crates, top):
    checks.rule("circles")
    for crate in crates:
        graph = {module.path: {target.path for _, target in crate.imports(module) if not module.is_within(target)}
                 for module in crate.modules.values()}
        report_circles(checks, graph)
    report_circles(checks, python_imports(top))


def python_imports(top):
    """Of the scripts in tools/, which find each other by name."""
    graph, tools = {}, os.path.join(top, "tools")
    for name in sorted(os.listdir(tools)):
        if name.endswith(".py"):
            with open(os.path.join(tools, name), encoding="utf-8") as f:
                imported = re.findall(r"^\s*(?:import|from) (\w+)", f.read(), re.M)
            graph[f"tools/{name}"] = {f"tools/{other}.py" for other in imported}
    return graph


def report_circles(checks, graph):
    for circle in circles(graph):
        checks.violation("circles", circle[0], "files that import each other: " + ", ".join(circle))


def circles(graph):
    """Sets of files each of which can be reached from each (Tarjan's algorithm)."""
    order, low, stack, found = {}, {}, [], []

    def visit(path):
        order[path] = low[path] = len(order)
        stack.append(path)
        for following in sorted(graph.get(path, ())):
            if following not in order:
                visit(following)
            if following in stack:
                low[path] = min(low[path], low[following])
        if low[path] == order[path]:
            circle = stack[stack.index(path):]
            del stack[stack.index(path):]
            if len(circle) > 1:
                found.append(sorted(circle))

    for path in sorted(graph):
        if path not in order:
            visit(path)
    return found


def check_c(checks, files):
    checks.rule("C")
    for path, file in files.items():
        if not in_library(path) or folder_of(path) in IN_C:
            continue
        lines = file.lines_with(r'extern\s+"C"|\bkernel::bindings\b')
        lines += [file.line_of(index) for index, used, _, _ in file.uses() if used[:2] == ["kernel", "bindings"]]
        for line in sorted(set(lines)):
            checks.violation("C", f"{path}:{line}", f"C is bound in {', '.join(IN_C)} only")


def check_asm(checks, files, top):
    checks.rule("asm")
    for path, file in files.items():
        if in_library(path) and folder_of(path) not in IN_ASM:
            for line in file.lines_with(r"\b(global_|naked_)?asm!"):
                checks.violation("asm", f"{path}:{line}", f"inline assembly stands in {', '.join(IN_ASM)} only")
    for path in all_files(top):
        if path.endswith((".c", ".h")) and in_library(path) and folder_of(path) not in IN_ASM:
            with open(os.path.join(top, path), encoding="utf-8") as f:
                if re.search(r"\basm\b", f.read()):
                    checks.violation("asm", path, f"inline assembly stands in {', '.join(IN_ASM)} only")


def unsafe_macros(crate):
    """The names of the crate's macros that expand to unsafe code."""
    for code in (module.file.code for module in crate.modules.values()):
        for match in MACRO.finditer(code):
            if UNSAFE.search(code[match.end():block_end(code, match.end() - 1)]):
                yield match[1]


def has_unsafe(code, macros):
    """Whether a file has unsafe code, by a macro that is defined elsewhere, too."""
    used = set(re.findall(r"\b(\w+)!", code)) - set(MACRO.findall(code))
    return bool(UNSAFE.search(code) or used & macros)


def check_unsafe(checks, crates):
    checks.rule("unsafe")
    for crate in crates:
        macros = set(unsafe_macros(crate))
        users = [module for module in crate.modules.values() if has_unsafe(module.file.code, macros)]
        for module in crate.modules.values():
            if FORBID not in module.file.text and not any(user.is_within(module) for user in users):
                checks.violation("unsafe", module.path, f"it has no unsafe code: {FORBID} is missing")


def check_assert(checks, files):
    checks.rule("assert")
    for path, file in files.items():
        if folder_of(path) == "selftests":
            continue
        for match in ASSERT.finditer(file.code):
            if not file.depth(match.start()) and not file.is_const(match.start()):
                checks.violation("assert", f"{path}:{file.line_of(match.start())}", "nothing panics outside tests")


def code_lines(path, content):
    """How many lines are code, by the comment marks of its language."""
    mark = COMMENT.get(os.path.splitext(path)[1], "#")
    lines = (line.strip() for line in content.decode(errors="replace").splitlines())
    return sum(1 for line in lines if line and not line.startswith(mark))


def check_every_file(checks, top):
    checks.rule("SPDX")
    checks.rule("length")
    for path in all_files(top):
        with open(os.path.join(top, path), "rb") as f:
            content = f.read()
        if b"\0" in content:
            continue
        if not NO_SPDX.search(path) and b"SPDX-License-Identifier: " not in b"\n".join(content.split(b"\n")[:5]):
            checks.violation("SPDX", path, "no SPDX-License-Identifier in its first lines")
        lines = code_lines(path, content)
        if lines > MAX_CODE and not path.endswith(NO_CODE):
            checks.violation("length", path, f"{lines} lines of code, more than {MAX_CODE}")


def main():
    top = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    files = {path: RustFile(os.path.join(top, path)) for path in all_files(top) if path.endswith(".rs")}
    if CRATE_ROOT not in files:
        sys.exit(f"error: no {CRATE_ROOT} in {top}")
    library = Crate(CRATE_ROOT, files)
    checks = Checks()
    check_root(checks, files)
    check_folders(checks, library)
    check_outside(checks, top, files)
    check_circles(checks, [library, *(Crate(root, files) for root in [*OUTSIDE, HOST])], top)
    check_c(checks, files)
    check_asm(checks, files, top)
    check_unsafe(checks, [library, *(Crate(root, files) for root in OUTSIDE[:2])])
    check_assert(checks, files)
    check_every_file(checks, top)
    checks.report()


if __name__ == "__main__":
    main()
