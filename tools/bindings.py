# SPDX-License-Identifier: GPL-2.0
"""tools/bindings.py OUT NAME: does Rust declare the C helpers as their headers do?

bindgen reads each helpers.h with the flags that kbuild compiled the helpers with in OUT, and with the kernel's own
settings. Each function that the Rust files beside it declare must have the same types there, and so must each constant
have its value; and what helpers.h has must be declared in Rust.
A test each, "NAME/function".
"""
import glob
import os
import re
import shlex
import subprocess
import sys

import tap
from kcmd import Build

# The folders of arch/, of which kbuild has compiled one, clang's name of each, and the width of its words in bits.
TARGETS = {"x86": ("x86_64-linux-gnu", 64), "arm64": ("aarch64-linux-gnu", 64), "arm": ("arm-linux-gnueabi", 32)}
OURS = "iomrs_.*"
# Of the compiler's flags those that change what a header says or how a type is laid out.
WITH_WORD = ("-include", "-isystem", "-I")
KEPT = re.compile(r"-I.+|-D.+|-U.+|-nostdinc|-std=.+|-m(32|64)|-f(short-wchar|unsigned-char|ms-extensions|short-enums)")
CONSTANT = re.compile(r"pub(?:\((?:crate|super)\))? const (?:IOMRS_)?(COUNTERS): \w+ = (\w+);")

# Integers by sign and width; WORDS are as wide as a word of the machine. The kernel's c_long is isize, of the same width.
INTEGERS = {"c_char": "u8", "c_schar": "i8", "c_uchar": "u8", "c_short": "i16", "c_ushort": "u16", "c_int": "i32",
            "c_uint": "u32", "c_longlong": "i64", "c_ulonglong": "u64"}
WORDS = {"c_long": "i", "c_ulong": "u", "isize": "i", "usize": "u"}


def helpers_of(arch):
    """What kbuild compiles the helpers to, the folder of the Rust files that declare them, and those files."""
    return [("bindings/helpers/helpers.o", "bindings", "*.rs"),
            (f"arch/{arch}/helpers/helpers.o", f"arch/{arch}", "bindings.rs")]


def c_flags(build, helpers, target):
    """What clang must be told to see the headers as kbuild's compiler saw them."""
    kept, words = [], iter(build.command(helpers))
    for word in words:
        if word in WITH_WORD:
            kept += [word, next(words)]
        elif KEPT.fullmatch(word):
            kept.append(word)
    return kept + ["-w", f"--target={target}", "-fno-builtin", "-D__BINDGEN__"]


def parameters(source):
    with open(f"{source}/rust/bindgen_parameters", encoding="utf-8") as file:
        # rust/Makefile has the shell read them.
        return [word for line in file if not line.startswith("#") for word in shlex.split(line)]


def kernel_source(flags):
    kconfig = "/include/linux/kconfig.h"
    return next(flag for flag in flags if flag.endswith(kconfig))[: -len(kconfig)]


def bindgen(build, helpers, header, names, target):
    """What bindgen makes of the functions in names, of ours, and of our constants."""
    flags = c_flags(build, helpers, target)
    command = ["bindgen", header, *parameters(kernel_source(flags)), "--rust-target", "1.85",
               "--use-core", "--ctypes-prefix", "ffi", "--no-layout-tests", "--no-debug", ".*",
               "--allowlist-function", "|".join([OURS, *sorted(names)]), "--allowlist-var", "IOMRS_.*",
               "--", *flags]
    done = subprocess.run(command, cwd=build.out, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"bindgen failed with status {done.returncode}")
    return done.stdout


def extern_blocks(text):
    """What stands in the braces of each extern "C" block, without comments and attributes."""
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"#!?\[[^\]]*\]", "", text)
    return re.findall(r'extern "C" \{(.*?)\}', text, re.S)


def functions(text):
    """{name: (types of the arguments, type of the result)} as written."""
    found = {}
    # A static has its type in C alone.
    blocks = (re.sub(r"(pub(\((?:crate|super)\))? )?static (?:mut )?\w+: (\[[^]]*\]|[^;])*;", "", block) for block in extern_blocks(text))
    for item in (item.strip() for block in blocks for item in block.split(";")):
        if not item:
            continue
        parts = re.fullmatch(r"(?:pub(?:\((?:crate|super)\))? )?(?:(?:un)?safe )?fn (\w+)\s*\((.*?)\)\s*(?:->\s*(.+))?", item, re.S)
        if not parts:
            raise SystemExit(f"not understood: {item}")
        arguments = [argument.partition(":")[2] for argument in parts[2].split(",") if argument.strip()]
        found[parts[1]] = arguments, parts[3] or "()"
    return found


def aliases(text):
    """{name: type}. What is a function keeps its name."""
    return {name: of for name, of in re.findall(r"pub type (\w+) = ([^;]+);", text) if "fn(" not in of}


def normal(rust_type, names):
    """The type with its aliases resolved, paths cut to the last name, and integers by width."""
    words = rust_type.split()
    if words[0] in ("*mut", "*const"):
        return f"{words[0]} {normal(' '.join(words[1:]), names)}"
    if len(words) != 1:
        raise SystemExit(f"not understood: {rust_type}")
    name = words[0].rsplit("::", 1)[-1]
    if name in names and name not in INTEGERS:
        return normal(names[name], names)
    return INTEGERS.get(name, name)


def signature(function, names):
    arguments, result = function
    return f"({', '.join(normal(argument, names) for argument in arguments)}) -> {normal(result, names)}"


def compare_functions(rust, c):
    names = aliases(c)
    in_rust, in_c = functions(rust), functions(c)
    for name in sorted(in_rust.keys() | in_c.keys()):
        if name not in in_c:
            yield name, "no header declares it"
        elif name not in in_rust:
            yield name, "helpers.h has it and Rust has not"
        else:
            # The names that bindgen gives to types are not those of our files.
            ours, theirs = signature(in_rust[name], {}), signature(in_c[name], names)
            yield name, None if ours == theirs else f"Rust has {ours}, C has {theirs}"


def compare_constants(rust, c):
    in_rust, in_c = dict(CONSTANT.findall(rust)), dict(CONSTANT.findall(c))
    for name in sorted(in_rust.keys() | in_c.keys()):
        ours, theirs = in_rust.get(name), in_c.get(name)
        yield name, None if ours == theirs else f"Rust has {ours}, C has {theirs}"


def read(paths):
    text = ""
    for path in sorted(paths):
        with open(path, encoding="utf-8") as file:
            text += file.read()
    return text


def main():
    out, label = sys.argv[1:]
    found = []
    arch = next(arch for arch in TARGETS if os.path.exists(f"{out}/arch/{arch}"))
    target, bits = TARGETS[arch]
    INTEGERS.update({name: f"{sign}{bits}" for name, sign in WORDS.items()})
    with Build(out) as build:
        for helpers, folder, pattern in helpers_of(arch):
            source = build.source(helpers)
            checkout = source[: -len(helpers)]
            rust = read(glob.glob(f"{checkout}/{folder}/{pattern}"))
            header = os.path.join(os.path.dirname(source), "helpers.h")
            c = bindgen(build, helpers, header, functions(rust).keys(), target)
            found += [*compare_functions(rust, c), *compare_constants(rust, c)]
    for name, wrong in found:
        tap.judge(f"{label}/{name}", wrong)


if __name__ == "__main__":
    main()
