#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""tools/examples.py FILE BACKEND: every public item of the crate has an example, in rustdoc's JSON of it.

An example is a code block that rustdoc compiles: tools/doctest.py has it compiled. The items are all that a user of
the crate can name. rustdoc's own lint (missing_doc_code_examples) leaves out those that a private module has and
another makes public, which here are most, and wants examples of impl blocks. As with the lint variants, fields,
constants within a trait or a type, and what implements a trait need none: they are shown in use by the examples of
what they belong to. One line for the items of each module, "ok" or "not ok".
"""
import json
import re
import sys

# Code blocks that are not compiled, or need not.
NOT_COMPILED = {"text", "ignore", "compile_fail", "console", "c"}
# Kinds that are not asked for an example.
EXEMPT = {"use", "assoc_const", "assoc_type"}


def has_example(docs):
    """Whether a code block in the text is one that rustdoc compiles."""
    fences = re.findall(r"^[ \t]*```(.*)$", docs or "", re.M)
    # Every other one ends a block.
    return any(not NOT_COMPILED & set(re.split(r"[\s,]+", words)) for words in fences[::2])


class Crate:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            described = json.load(f)
        self.index = {str(number): item for number, item in described["index"].items()}
        self.root = str(described["root"])

    def item(self, number):
        return self.index.get(str(number))

    def children(self, item):
        """What is within an item and can be named from outside."""
        (kind, inner), = item["inner"].items()
        if kind == "use":
            # What comes from another crate is not in the index.
            return [inner["id"]]
        numbers = list(inner["items"]) if kind in ("module", "trait") else []
        for number in inner.get("impls", []) if kind in ("struct", "enum", "union") else []:
            block = self.item(number)
            if block and block["inner"]["impl"]["trait"] is None:
                numbers += block["inner"]["impl"]["items"]
        # What is in a trait is as public as the trait.
        return [number for number in numbers
                if self.item(number) and (kind == "trait" or self.item(number)["visibility"] == "public")]

    def public(self, item=None, path=()):
        """Every public item with its path, from the root down."""
        item = item or self.item(self.root)
        name = item["name"] if "use" not in item["inner"] else None
        path = path + (name,) if name else path
        yield path, item
        for number in self.children(item):
            child = self.item(number)
            if child:
                yield from self.public(child, path)


def main():
    described, backend = sys.argv[1:]
    crate = Crate(described)
    seen, missing, count = set(), {}, {}
    # The longest path is where an item is at home.
    for path, item in sorted(crate.public(), key=lambda found: -len(found[0])):
        if item["id"] in seen or EXEMPT & item["inner"].keys():
            continue
        seen.add(item["id"])
        module = "::".join(path[:2])
        count[module] = count.get(module, 0) + 1
        if not has_example(item["docs"]):
            missing.setdefault(module, []).append("::".join(path))
    for module in sorted(count):
        if module not in missing:
            print(f"ok examples/{backend}/{module}: {count[module]} public items")
        for name in sorted(missing.get(module, [])):
            print(f"not ok examples/{backend}/{name}: a public item without an example that is compiled")
    raise SystemExit(bool(missing) or not count)


if __name__ == "__main__":
    main()
