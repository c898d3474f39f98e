#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The host's half of make demo (tools/guest/demo.sh is the guest's). Runs inside the trixie root.

    tools/demo.py DIR-OF-MODULES

Boots Debian's kernel with an ivshmem device whose BAR 2 is a file of this side, answers the guest's questions
about that file, and prints what was seen. Exit status 0 only if every single thing held.
"""

import hashlib
import json
import os
import sys
import tempfile
import time

import boot
import initramfs
import ktap

TOOLS = os.path.dirname(os.path.realpath(__file__))
MODULES = ["io-mapping-rs.ko", "io-mapping-sample.ko"]
BAR_MIB = 256
TIMEOUT = 240
STRATEGIES = ["whole", "sparse"]
KINDS = ["memory", "ports"]
STEPS = ["the library loads",
         *(f"{step}, {strategy}" for strategy in STRATEGIES
           for step in ("the sample loads", "guest to host", "host to guest")),
         "the sample unloads", "registers", "the library's files", *(f"pci-testdev, {kind}" for kind in KINDS),
         "20 bad requests", "both modules unload", "kernel log"]


class Aperture:
    """The file behind BAR 2, seen from outside the guest."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as f:
            f.truncate(BAR_MIB << 20)

    def read(self, offset, length):
        with open(self.path, "rb") as f:
            f.seek(offset)
            return f.read(length)

    def sha256(self, offset, length):
        return hashlib.sha256(self.read(offset, length)).hexdigest()

    def is_untouched(self, offset):
        """From `offset` to the end."""
        rest = self.read(offset, (BAR_MIB << 20) - offset)
        return rest.count(0) == len(rest)

    def change(self, offset, length):
        with open(self.path, "r+b") as f:
            f.seek(offset)
            f.write(os.urandom(length))
        return self.sha256(offset, length)


class Report:
    """What the guest said, and the table made of it."""

    def __init__(self, accelerator):
        self.accelerator = accelerator.upper()
        self.moved = {}
        self.info = {}
        self.strategies = {}
        self.registers = []
        self.testdev = {}
        self.refusals = []
        self.mappings = []
        self.ktap = ""
        self.json = None
        self.passed = set()
        self.failures = []

    def hear(self, line):
        word, _, rest = line.partition(" ")
        if word == "kv":
            key, _, value = rest.partition(" ")
            if key == "register":
                self.registers.append(value)
            elif key == "strategy_asked":
                self.info = {"kernel": self.info.get("kernel", "?")}
                self.strategies[value] = self.info
            else:
                self.info[key] = value
        elif word == "testdev":
            said = dict(pair.split("=", 1) for pair in rest.split())
            self.testdev[said.get("kind")] = said
        elif word == "mapping":
            self.mappings.append(rest)
        elif word == "ktap":
            self.ktap += rest + "\n"
        elif word == "json":
            self.json = json.loads(rest)["mappings"]
        elif word == "refusal":
            self.refusals.append(rest.split("\t"))
        elif word == "ok":
            self.passed.add(rest)
        elif line.startswith("not ok "):
            self.failures.append(line[len("not ok "):])

    def strategy(self):
        """The one at work."""
        return next(reversed(self.strategies), "?")

    def complete(self):
        """Every step has been there: a guest that skips one must not look well."""
        self.failures += [f"{step}: not done" for step in STEPS
                          if step not in self.passed and not any(f.startswith(step + ":") for f in self.failures)]
        # The heading, and a line for each mapping: BAR 0 and BAR 2 of the sample, and BARs of pci-testdev.
        if len(self.mappings) != len(self.json or []) + 1 or len(self.mappings) < 3:
            self.failures.append(f"mappings: {len(self.mappings)} lines, {len(self.json or [])} in JSON")
        wrong = [f"{case}: {reason}" for case, verdict, reason in self.checks() if verdict != "ok"]
        self.failures += [f"selftest: {case}" for case in wrong or ([] if len(self.checks()) == 8 else ["not done"])]
        return not self.failures

    def _device(self):
        size, phys = int(self.info.get("bar2_size", 0)), self.info.get("bar2_phys", "?")
        return (f"ivshmem {self.info.get('device', '?')}, its BAR 2 is {size >> 20} MiB at {phys}, "
                f"{self.info.get('node', '?')}")

    def _mapped(self, strategy):
        """How the memory is mapped; page sizes are told as "4K:3 2M:127"."""
        info = self.strategies.get(strategy, {})
        if info.get("strategy") != strategy:
            return "?"
        pages = [entry.split(":") for entry in info.get("page_sizes", "").split()]
        mapped = ", ".join(f"{count} pages of {size}" for size, count in pages)
        return (f"{mapped + ', mapped once' if mapped else 'no page mapped but the one at hand'}; "
                f"requested {info.get('requested')}, achieved {info.get('achieved')}")

    def _moved(self, direction, strategy, what):
        step = f"{direction}, {strategy}"
        if step not in self.moved:
            return [(direction, "?")]
        where, guest, host = self.moved[step]
        guest = guest or self.strategies.get(strategy, {}).get("read_back", "?")
        verdict = "the same" if guest == host else "DIFFERENT"
        return [(direction, f"{where} {what}; SHA-256 in the guest and in the host's file: {verdict}"),
                ("", f"  guest {guest}"), ("", f"  host  {host}")]

    def _strategy(self, strategy):
        return [(strategy.capitalize(), self._mapped(strategy)),
                *self._moved("guest to host", strategy, "written by the guest"),
                *self._moved("host to guest", strategy, "changed by the host")]

    def _testdev(self):
        """Both BARs of pci-testdev through the same code."""
        for number, kind in enumerate(KINDS):
            said = self.testdev.get(kind)
            text = (f"BAR {number}, {kind}: \"{said['test']}\", wrote {said['data']} at {said['offset']} {said['writes']} times, "
                    f"the device counted {said['count']}") if said else "?"
            yield "" if number else "pci-testdev", text

    def checks(self):
        """Of the library's own check: (case, verdict, reason)."""
        return list(ktap.results(self.ktap)) if self.ktap else []

    def _library(self):
        yield "mappings", f"{len(self.json or [])} listed by the library:"
        yield from (("", "  " + line) for line in self.mappings)
        checks = self.checks()
        good = sum(1 for _, verdict, _ in checks if verdict == "ok")
        yield "selftest", f"{good} of {len(checks)} cases of the library's own check passed, on 1 MiB of BAR 2"

    def _refusals(self):
        good = sum(1 for _, expected, got in self.refusals if expected == got)
        yield "refusals", f"{good} of {len(self.refusals)} bad requests refused, each with the errno it should have"
        for what, expected, got in self.refusals:
            yield "", f"  {got:<8}{what}" + ("" if expected == got else f"   <- should be {expected}")

    def table(self):
        info = lambda key: self.info.get(key, "?")
        rows = [("kernel", f"{info('kernel')}, Debian's image, unmodified"),
                ("accelerator", self.accelerator),
                ("backend", info("backend")),
                ("device", self._device()),
                *(row for strategy in STRATEGIES for row in self._strategy(strategy)),
                ("registers", f"BAR 0, interrupt mask: {'; '.join(self.registers) or '?'}"),
                *self._library(),
                *self._testdev(),
                *self._refusals(),
                ("unload", "both modules are gone" if "both modules unload" in self.passed else "FAILED"),
                ("kernel log", "no warning" if "kernel log" in self.passed else "HAS WARNINGS")]
        width = max(len(key) for key, _ in rows) + 2
        return "\n".join(f"  {key:<{width}}{value}" for key, value in rows)


def answer(aperture, report, words):
    """The guest's question, answered; what was compared goes into the table."""
    question, offset, length = words[0], int(words[1]), int(words[2])
    where = f"{length >> 20} MiB at {offset >> 20} MiB"
    if question == "compare":
        ours, theirs = aperture.sha256(offset, length), words[3]
        report.moved[f"guest to host, {report.strategy()}"] = where, theirs, ours
        if ours != theirs:
            return f"the host's file has another SHA-256: {ours}"
        return "same" if aperture.is_untouched(offset + length) else "bytes were written past the end of the write"
    ours = aperture.change(offset, length)
    report.moved[f"host to guest, {report.strategy()}"] = where, None, ours
    return ours


def converse(guest, aperture, report):
    for line in guest.lines():
        word, *words = line.split()
        if word == "ask":
            guest.send(answer(aperture, report, words))
        else:
            report.hear(line)


def run(modules, log):
    """Boots, and returns what came of it."""
    files = {name: os.path.join(modules, name) for name in MODULES}
    files["lib.sh"] = os.path.join(TOOLS, "guest", "lib.sh")
    missing = [path for path in files.values() if not os.path.exists(path)]
    if missing:
        sys.exit(f"error: the build did not make {missing[0]}: look at the build's output")
    with tempfile.TemporaryDirectory(prefix="demo-", dir=boot.cache_dir()) as scratch:
        initrd = os.path.join(scratch, "initrd")
        initramfs.build(initrd, os.path.join(TOOLS, "guest", "demo.sh"), files)
        aperture = Aperture(os.path.join(scratch, "bar2"))
        # pci-testdev has a BAR of memory and one of I/O ports.
        devices = ["-object", f"memory-backend-file,id=bar2,size={BAR_MIB}M,mem-path={aperture.path},share=on",
                   "-device", "ivshmem-plain,memdev=bar2", "-device", "pci-testdev"]
        with boot.Guest("stock", initrd, log, qemu=devices, timeout=TIMEOUT) as guest:
            report = Report(guest.accelerator)
            print(f"  booting Debian's kernel in QEMU ({report.accelerator}) ...", file=sys.stderr, flush=True)
            converse(guest, aperture, report)
    return report


def print_results(report):
    """The lines that make check counts."""
    for name in sorted(report.passed):
        print(f"ok demo: {name}")
    for failure in report.failures:
        print(f"not ok demo: {failure}")


def main():
    log = os.path.join(sys.argv[1], "demo-console.log")
    start = time.monotonic()
    try:
        report = run(sys.argv[1], log)
    except boot.GuestError as error:
        sys.exit(f"error: {error}\nlog: {log}")
    whole = report.complete()
    print(report.table())
    if os.environ.get("IOMRS_RESULTS"):
        print_results(report)
    for failure in report.failures:
        print(f"FAILED {failure}")
    took = f"{time.monotonic() - start:.0f} s"
    print(f"demo: everything held ({took})" if whole else f"demo: FAILED ({took})\nlog: {log}")
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
