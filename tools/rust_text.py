# SPDX-License-Identifier: GPL-2.0
"""A Rust file as text for rules that need no parser: code without comments and strings, test modules, comments."""

import os
import re

SKIPPED_DIRS = {".git", "bench-report", "build", "target", "__pycache__"}


def all_files(top):
    """Every file of the checkout, as paths relative to it."""
    for folder, dirs, names in os.walk(top):
        dirs[:] = sorted(d for d in dirs if d not in SKIPPED_DIRS)
        for name in sorted(names):
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                yield os.path.relpath(path, top)


def module_of(path):
    """vm_area.rs and vm_area/stock.rs -> vm_area"""
    return path.split("/")[0].removesuffix(".rs")


def heads_of_group(code, start):
    """First names of the members of a `use crate::{` group whose inside begins at `start`."""
    depth, word, heads = 0, "", []
    for char in code[start:]:
        if char == "{":
            depth += 1
        elif char == "}":
            if depth == 0:
                break
            depth -= 1
        elif char == "," and depth == 0:
            heads.append(word)
            word = ""
            continue
        if depth == 0:
            word += char
    heads.append(word)
    names = [re.match(r"\s*(\w+)", head) for head in heads]
    return [name.group(1) for name in names if name]


def blank(match):
    """The same number of lines and columns, with nothing in them."""
    return re.sub(r"[^\n]", " ", match.group(0))


class RustText:
    """`text` as written; `code` with comments and what is inside strings blanked, so that lines agree."""

    COMMENT_OR_STRING = re.compile(
        r'//[^\n]*|/\*.*?\*/|r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?\'(?:\\.[^\']*|[^\'\\])\'', re.S)

    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.text = f.read()
        self.raw_lines = self.text.splitlines()
        # `extern "C"` is looked for; other strings are not code.
        self.code = self.COMMENT_OR_STRING.sub(
            lambda m: m.group(0) if m.group(0) == '"C"' else blank(m), self.text)
        self.code_lines = self.code.splitlines()
        self.tests = list(self._test_modules())

    def lines_with(self, pattern):
        return [number for number, line in enumerate(self.code_lines, 1) if re.search(pattern, line)]

    def in_test(self, line):
        return any(first <= line <= last for first, last in self.tests)

    def _test_modules(self):
        """First and last line of each `mod` that is compiled for tests only."""
        for match in re.finditer(r"#\[(?:kunit_tests\(|kernel::macros::kunit_tests\(|cfg\(test\))", self.code):
            opening = self.code.find("{", match.end())
            depth = 0
            for index in range(opening, len(self.code)):
                depth += {"{": 1, "}": -1}.get(self.code[index], 0)
                if depth == 0:
                    yield (self.code.count("\n", 0, match.start()) + 1, self.code.count("\n", 0, index) + 1)
                    break

    def is_const(self, line):
        """Inside `const { .. }` or `const _: () = ..;`: a failure to compile, not a panic."""
        before = "\n".join(self.code_lines[max(0, line - 6):line])
        last = max(before.rfind("const {"), before.rfind("const _"))
        return last >= 0 and ";" not in re.sub(r"\b(debug_)?assert!\(.*?\);", "", before[last:], flags=re.S)

    def has_safety_comment(self, line):
        """An `unsafe` block or impl on `line` (counted from 1) has SAFETY above the statement or item that it is part
        of. Not asked of an fn or trait, whose contract is clippy's affair (missing_safety_doc), nor of an extern."""
        if re.search(r'\bunsafe\s+(extern\b|fn\b|trait\b)', self.code_lines[line - 1]):
            return True
        return "SAFETY:" in self.raw_lines[line - 1] or self._safety_above(line)

    def _safety_above(self, line):
        index = line - 2
        while index >= 0 and not self._is_comment(index):
            text = self.code_lines[index].strip()
            if not text or re.search(r"[;}]$", text) or line - index > 12:
                return False
            index -= 1
        while index >= 0 and self._is_comment(index):
            if "SAFETY:" in self.raw_lines[index]:
                return True
            index -= 1
        return False

    def _is_comment(self, index):
        return self.raw_lines[index].strip().startswith(("//", "#["))
