# SPDX-License-Identifier: GPL-2.0
"""The command lines that kbuild used, for checks that must compile as it does.

kbuild leaves the command of each product in a file beside it: bindings/shims.o in bindings/.shims.o.cmd.
"""
import fcntl
import os
import re
import shlex

# What a check puts in place of kbuild's: products, and what is compiled. The words after these go with them.
RUSTC_OUTPUTS = re.compile(r"--emit(=.*)?|--out-dir(=.*)?|-o")


class Build:
    """A directory that kbuild has built in. Nobody builds there while the object lives in a `with`."""

    def __init__(self, out):
        self.out = os.path.abspath(out)

    def __enter__(self):
        # tools/kbuild takes the same lock, for itself alone.
        self._lock = open(self.out + ".lock", "a")
        fcntl.flock(self._lock, fcntl.LOCK_SH)
        return self

    def __exit__(self, *exc):
        self._lock.close()

    def command(self, product):
        """The words of the first command that made the product: environment and program included."""
        where, name = os.path.split(product)
        path = os.path.join(self.out, where, f".{name}.cmd")
        with open(path, encoding="utf-8") as file:
            first = file.readline()
        if not first.startswith("savedcmd_"):
            raise SystemExit(f"{path}: not a command of kbuild")
        text = first.split(" := ", 1)[1].replace("$(pound)", "#").replace("$$", "$")
        words = shlex.shlex(text, posix=True, punctuation_chars=";")
        words.whitespace_split, words.commenters = True, ""
        command = []
        for word in words:
            if word.startswith(";"):
                break
            command.append(word)
        return command

    def source(self, product):
        """The Rust or C file that the product was made from."""
        return next(word for word in self.command(product) if word.endswith((".rs", ".c")))

    def rustc(self, product):
        """Environment and options that rustc was given for the product, less what it reads and writes."""
        words = self.command(product)
        program = next(i for i, word in enumerate(words) if os.path.basename(word).startswith("rustc"))
        env = dict(word.split("=", 1) for word in words[:program])
        # kbuild exports this one: a stable compiler is asked for unstable features.
        env["RUSTC_BOOTSTRAP"] = "1"
        options, rest = [], iter(words[program + 1 :])
        for word in rest:
            if RUSTC_OUTPUTS.fullmatch(word):
                if "=" not in word:
                    next(rest)
            elif not word.endswith(".rs"):
                options.append(word)
        return dict(os.environ, **env), options
