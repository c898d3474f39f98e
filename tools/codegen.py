# SPDX-License-Identifier: GPL-2.0
"""tools/codegen.py KERNEL OUT [--refused | --with FEATURE]: what the compiler makes of an access.

OUT is where kbuild built selftests/codegen. Each function of probes.rs says which instructions it may have
("expect:"); the ways on which an error leaves, through refused(), do not count, nor those through a call that it names
("besides:"). It may name a function that must not be shorter ("no more than:"). With --refused each function of
refused.rs must be left with a call of rust_build_error, which no kernel has.
"""
import os
import re
import subprocess
import sys

import tap
from kcmd import Build

TABLE = re.compile(r"([0-9a-f]+) .{5} F (\S+)\s+[0-9a-f]+ (?:\.hidden )?(\S+)$")
SECTION = re.compile(r"Disassembly of section (\S+):")
SYMBOL = re.compile(r"([0-9a-f]+) <\S+>:$")
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+(\S.*)$")
RELOCATION = re.compile(r"^\s*[0-9a-f]+: R_\w+\s+([\w.]+)")
EXPECTED = re.compile(r"expect: ([^\n]*)\n(?:\s*/// besides: ([^\n]*)\n)?(?:\s*/// no more than: (\w+)\n)?"
                      r"\s*fn (probe_\w+)")
REFUSED = re.compile(r"fn (refused_\w+)")
JUMP = re.compile(r"j\w+$")
# What a kernel's mitigations and tracing put into each function, and what fills the space between them.
PADDING = re.compile(r"(nop|data16|cs|xchg +%ax,%ax|endbr64|int3|push +%rbp$|pop +%rbp$|mov +%rsp,%rbp$)")
BUILD_ERROR = "rust_build_error"


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def disassemble(path):
    """{function: [(address, text, symbol of its relocation)]}. Equal functions have one body and several names."""
    names = {}
    for line in output("objdump", "-t", path).splitlines():
        # 0000000000000010 g     F .text	0000000000000004 probe_read8
        if match := TABLE.match(line):
            names[match[3]] = (match[2], int(match[1], 16))
    bodies, body, section = {}, [], None
    for line in output("objdump", "-dr", "--no-show-raw-insn", path).splitlines():
        if match := SECTION.match(line):
            section = match[1]
        elif match := SYMBOL.match(line):
            body = bodies.setdefault((section, int(match[1], 16)), [])
        elif match := RELOCATION.match(line):
            body[-1] = (*body[-1][:2], match[1])
        elif match := INSTRUCTION.match(line):
            body.append((int(match[1], 16), match[2].split("#")[0].strip(), None))
    return {name: bodies[place] for name, place in names.items() if place in bodies}


def is_return(text, symbol):
    return text == "ret" or symbol == "__x86_return_thunk"


def is_named(symbol, names):
    """Whether a symbol is one of these functions of C, or in Rust ends with one of these names, each behind its length."""
    return symbol in names or symbol and symbol.endswith(tuple(f"{len(name)}{name}" for name in names))


def ways(body, besides=(), index=0, way=()):
    """Each way through the function to its end, as a list of instructions; without those through refused(), and those
    through a function whose name, as Rust or C has it in symbols, is among besides."""
    while index < len(body):
        address, text, symbol = body[index]
        word = text.split()[0]
        if symbol == "refused" and not JUMP.fullmatch(word) or is_named(symbol, besides):
            return
        if is_return(text, symbol):
            yield list(way)
            return
        if symbol == "refused":
            # Only the other way goes on here.
            way = (*way, "branch")
        elif word == "jmp" and symbol:
            # A call at the end.
            yield [*way, f"call of {symbol}"]
            return
        elif JUMP.fullmatch(word):
            target = next((i for i, line in enumerate(body) if f"{line[0]:x}" == text.split()[1]), None)
            if target is None:
                yield [*way, f"{text} to {symbol}"]
                return
            if word == "jmp":
                index = target
                continue
            way = (*way, "branch")
            yield from ways(body, besides, target, way)
        elif not PADDING.match(text) and symbol != "__fentry__":
            way = (*way, kind(text, symbol))
        index += 1


def kind(text, symbol):
    """The instruction in the words of probes.rs."""
    word, _, operands = text.partition(" ")
    if re.fullmatch(r"mov(z[bw]l|[bwlq])?", word):
        source, _, target = operands.strip().rpartition(",")
        if ")" in target:
            return "store"
        if ")" in source or source.endswith(")"):
            return "load"
        return "mov"
    if word == "call":
        return f"call of {symbol}"
    if word in ("add", "sub") and operands.endswith(",%rsp"):
        return "pop" if word == "add" else "push"
    return word.rstrip("lq") if word in ("addl", "addq", "cmpl", "cmpq") else word


def judge(body, expected, besides):
    """None where the longest way is as expected, and no other has a call, or else what is wrong."""
    found = list(ways(body, besides.split())) if body else []
    if besides:
        # Registers are saved for the other ways, where they are saved, and the stack is moved for them.
        found = [[step for step in way if step not in ("push", "pop")] for way in found]
    if not found:
        return "no such function, or no way out of it"
    if any(sorted(way) == sorted(expected.split()) for way in found):
        calls = [step for way in found for step in way if step.startswith("call")]
        return f"has a {calls[0]}" if calls else None
    return f"'{expected}' expected, found " + " or ".join(f"'{' '.join(way)}'" for way in found)


def longer(body, other):
    """None where the longest way of a function is no longer than that of the other, or else what is wrong."""
    length, limit = (max((len(way) for way in ways(of or ())), default=0) for of in (body, other))
    return f"{length} instructions, the other has {limit}" if length > limit else None


def source(build, product):
    with open(build.source(product), encoding="utf-8") as file:
        return file.read()


def check_probes(build):
    functions = disassemble(os.path.join(build.out, "probes.o"))
    for expected, besides, other, name in EXPECTED.findall(source(build, "probes.o")):
        wrong = judge(functions.get(name), expected, besides)
        yield name, wrong or other and longer(functions[name], functions.get(other)) or None


def check_refused(build):
    functions = disassemble(os.path.join(build.out, "refused.o"))
    for name in REFUSED.findall(source(build, "refused.o")):
        left = any(symbol == BUILD_ERROR for _, _, symbol in functions.get(name, ()))
        yield name, None if left else f"nothing is left that calls {BUILD_ERROR}"


def main():
    check = check_refused if "--refused" in sys.argv else check_probes
    # FEATURE only tells the tests apart.
    kernel = f"{sys.argv[1]} kernel" + (f", {sys.argv[4]}" if "--with" in sys.argv else "")
    with Build(sys.argv[2]) as build:
        for name, wrong in check(build):
            tap.judge(f"codegen on the {kernel}/{name}", wrong)


if __name__ == "__main__":
    main()
