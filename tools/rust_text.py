# SPDX-License-Identifier: GPL-2.0
"""A Rust crate as text, for rules that no lint of the toolchain has: which file imports which."""

import os
import re

SKIPPED_DIRS = {".git", "bench-report", "build", "target", "__pycache__"}
USE = re.compile(r"(?<!\w)(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);")
CHILD = re.compile(r"(?<![\w:])mod\s+(\w+)\s*;")
PLACED = re.compile(r'^#\[path = "([^"]+)"\]\s*(?:pub(?:\([^)]*\))? )?mod (\w+);', re.M)
INLINE_MODULE = re.compile(r"(?<![\w:])mod\s+\w+\s*\{")
CONST_BLOCK = re.compile(r"\bconst\s*(?:_: \(\) = )?\{")
CONST_ITEM = re.compile(r"\bconst _: \(\) =[^;]*;")
PATH = re.compile(r"(?<![\w:.])(?:\$?\w+)(?:\s*::\s*\w+)+")


def all_files(top):
    """Every file of the checkout, as paths relative to it."""
    for folder, dirs, names in os.walk(top):
        dirs[:] = sorted(d for d in dirs if d not in SKIPPED_DIRS)
        # .git is a file in a work tree.
        for name in sorted(set(names) - SKIPPED_DIRS):
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                yield os.path.relpath(path, top)


def blank(match):
    """The same number of lines and columns, with nothing in them."""
    return re.sub(r"[^\n]", " ", match.group(0))


def block_end(code, opening):
    """The index of the brace that closes the one at `opening`."""
    depth = 0
    for index in range(opening, len(code)):
        depth += {"{": 1, "}": -1}.get(code[index], 0)
        if depth == 0:
            return index
    return len(code)


def expand(tree):
    """The paths that a `use` tree names: `a::{b, c as d}` -> ([a, b], b), ([a, c], d). A glob ends in `*`."""
    tree = tree.strip()
    head, brace, rest = tree.partition("{")
    prefix = [word.strip() for word in head.split("::") if word.strip()]
    if not brace:
        path, _, alias = tree.partition(" as ")
        path = [word.strip() for word in path.split("::") if word.strip()]
        yield path, alias.strip() or path[-1]
        return
    depth, member = 0, ""
    for char in rest[: block_end("{" + rest, 0) - 1] + ",":
        depth += {"{": 1, "}": -1}.get(char, 0)
        if char != "," or depth:
            member += char
            continue
        if member.strip():
            for path, alias in expand(member):
                # `a::{self}` is a.
                path = path[:-1] if path[-1] == "self" else path
                yield prefix + path, prefix[-1] if alias == "self" else alias
        member = ""


class RustFile:
    """`text` as written; `code` with comments and what is inside strings blanked, so that lines agree."""

    COMMENT_OR_STRING = re.compile(
        r'//[^\n]*|/\*.*?\*/|r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?\'(?:\\.[^\']*|[^\'\\])\'', re.S)

    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.text = f.read()
        # `extern "C"` is looked for; other strings are not code.
        self.code = self.COMMENT_OR_STRING.sub(
            lambda m: m.group(0) if m.group(0) == '"C"' else blank(m), self.text)
        self.inline_modules = [(match.start(), block_end(self.code, match.end() - 1))
                               for match in INLINE_MODULE.finditer(self.code)]

    def line_of(self, index):
        return self.code.count("\n", 0, index) + 1

    def lines_with(self, pattern):
        return [number for number, line in enumerate(self.code.splitlines(), 1) if re.search(pattern, line)]

    def children(self):
        return CHILD.findall(self.code)

    def places(self):
        """Where children stand that do not stand where the compiler looks by itself, relative to the file's folder."""
        return {name: place for place, name in PLACED.findall(self.text)}

    def depth(self, index):
        """How many inline modules stand around this place."""
        return sum(first <= index < last for first, last in self.inline_modules)

    def is_const(self, index):
        """Whether the compiler runs what stands here: what fails does not compile."""
        blocks = [(match.start(), block_end(self.code, match.end() - 1)) for match in CONST_BLOCK.finditer(self.code)]
        items = [match.span() for match in CONST_ITEM.finditer(self.code)]
        return any(first <= index < last for first, last in blocks + items)

    def uses(self):
        """(index, path, name that it gets here, whether it is public) for each name that is imported."""
        for match in USE.finditer(self.code):
            for path, alias in expand(match.group(2)):
                yield match.start(), path, alias, bool(match.group(1))

    def paths(self):
        """(index, path) for each path that is written outside of `use`."""
        for match in PATH.finditer(USE.sub(blank, self.code)):
            yield match.start(), [word.strip() for word in match.group(0).split("::")]


class Module:
    """A file of a crate, as a module."""

    def __init__(self, path, file, parent=None):
        self.path, self.file, self.parent = path, file, parent
        self.children, self.names, self.globs = {}, {}, []
        for index, used, alias, _ in file.uses():
            if file.depth(index):
                continue
            if alias == "*":
                self.globs.append(used[:-1])
            else:
                self.names[alias] = used

    def is_within(self, other):
        return self is other or self.parent is not None and self.parent.is_within(other)


class Crate:
    """The modules of a crate, found from its root as the compiler finds them."""

    def __init__(self, root, files):
        self.modules = {}
        self.root = self._add(root, files, None)

    def _add(self, path, files, parent):
        module = self.modules[path] = Module(path, files[path], parent)
        folder, name = os.path.split(path)
        if parent is not None and name != "mod.rs":
            folder = os.path.join(folder, name.removesuffix(".rs"))
        places = module.file.places()
        for child in module.file.children():
            for candidate in (f"{child}.rs", f"{child}/mod.rs"):
                candidate = os.path.join(folder, candidate)
                if child in places:
                    candidate = os.path.normpath(os.path.join(os.path.dirname(path), places[child]))
                if candidate in files:
                    module.children[child] = self._add(candidate, files, module)
                    break
        return module

    def imports(self, module):
        """(index, module) for each other module of the crate that this one names. What it only passes on, from a
        module within it, does not count."""
        file = module.file
        for index, path, _, public in file.uses():
            target = self._target(module, path, file.depth(index))
            if target and not (public and target.is_within(module)):
                yield index, target
        for index, path in file.paths():
            if path[0].strip("$") in ("crate", "super", "self") or path[0] in module.children:
                target = self._target(module, path, file.depth(index))
                if target:
                    yield index, target

    def _target(self, module, path, depth):
        while depth and path[0] == "super":
            path, depth = path[1:], depth - 1
        target = self._resolve(module, path, set()) if path else None
        return None if target is module else target

    def _resolve(self, module, path, tried):
        """The module that has what the path names, None where that is another crate."""
        for number, name in enumerate(path):
            name = name.strip("$")
            if name == "crate":
                module = self.root
            elif name == "super":
                module = module.parent or module
            elif name in module.children:
                module = module.children[name]
            elif name in module.names and (module.path, name) not in tried:
                tried = tried | {(module.path, name)}
                return self._resolve(module, module.names[name] + path[number + 1:], tried)
            elif name not in ("self", "*"):
                return module if number else None
        return module
