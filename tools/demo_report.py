# SPDX-License-Identifier: GPL-2.0
"""What make demo found out, and how it prints that (see tools/demo.py)."""

import json
import re

import ktap
import qemu

STRATEGIES = ["whole", "sparse"]
DIRECTIONS = ["guest to host", "host to guest"]
BARS = ["pci-testdev, memory", "pci-testdev, ports"]
# All that has to be done. A guest that leaves something out must not pass.
STEPS = ["the library loads", "registers", "the library's files", "the driver is unbound while a file is open",
         "the driver is bound four times more", "the sample driver unloads again", "the test module runs", *BARS,
         "a driver that leaks unloads", "all modules unload", "the name of a leaked region outlives all modules",
         "the device is disabled again", "the kernel log"]
# With each strategy, and where all of the memory is mapped once.
STRATEGY_STEPS = ["the sample driver loads", *DIRECTIONS]
WHOLE_STEP = "the sample driver unloads"
# Where there is not enough address space for that.
NO_WHOLE_STEP = "all of the memory is refused"
# Begins the name of the result of each.
BAD_REQUEST = "bad request: "
MIN_REFUSALS = 20
SELFTEST_CASES = 8
# The BARs of the sample driver.
MAPPINGS = 2


class Results:
    """The results by name, in the order in which they came: None where it is good, otherwise the reason."""

    def __init__(self):
        self.reasons = {}

    def add(self, name, reason=None):
        # One that failed once has failed.
        self.reasons[name] = self.reasons.get(name) or reason

    def require(self, name, condition, reason):
        self.add(name, None if condition else reason)

    def passed(self, name):
        return self.reasons.get(name, "not done") is None

    def count(self):
        return sum(1 for reason in self.reasons.values() if reason is None)

    def failures(self):
        return {name: reason for name, reason in self.reasons.items() if reason is not None}


class Copy:
    """Bytes that went from one side to the other, and their SHA-256 on both."""

    def __init__(self, what, host, guest=None):
        self.what = what
        self.host = host
        self.guest = guest

    def lines(self):
        same = self.host == self.guest
        return [f"{self.what}: SHA-256 {'is the same on both sides' if same else 'DIFFERS'}",
                f"  guest {self.guest}", f"  host  {self.host}"]


class Report:
    """Takes the lines of the guest (tools/guest/demo.sh), judges, and makes the table.

    A line is a result, "ok NAME" or "not ok NAME: REASON", or begins with a word WORD for which there is a hear_WORD().
    """

    def __init__(self, accelerator, backend, kernel, has_whole):
        self.accelerator = accelerator.upper()
        self.backend = backend
        self.results = Results()
        self.whose = "the debug kernel" if kernel == "debug" else "Debian's kernel, unmodified"
        self.strategies = STRATEGIES
        self.steps = [*STEPS, WHOLE_STEP]
        if qemu.is_arm(kernel):
            self.whose = f"a kernel with kconfig/{kernel}.config"
        if not has_whole:
            self.strategies = STRATEGIES[1:]
            self.steps = [*STEPS, NO_WHOLE_STEP]
        self.steps += [f"{step}, {strategy}" for strategy in self.strategies for step in STRATEGY_STEPS]
        self.in_c = []
        self.cpus, self.memory, self.flags = 0, 0, []
        self.kernel = "?"
        self.device, self.start, self.size = "?", 0, 0
        self.strategy = None
        self.mapped = {}
        self.copies = {}
        self.registers = []
        self.mappings = []
        self.listed = []
        self.selftest = ""
        self.planned = 0
        self.tests = {}

    def hear(self, line):
        word, _, rest = line.partition(" ")
        if word == "ok":
            self.results.add(rest)
        elif line.startswith("not ok "):
            name, _, reason = line[len("not ok "):].partition(": ")
            self.results.add(name, reason)
        elif hasattr(self, f"hear_{word}"):
            getattr(self, f"hear_{word}")(rest)

    def hear_kernel(self, text):
        self.kernel = text

    def hear_machine(self, text):
        cpus, kib, *self.flags = text.split()
        self.cpus, self.memory = int(cpus), int(kib) << 10

    def hear_device(self, text):
        self.device, start, end = text.split()
        self.start = int(start, 16)
        self.size = int(end, 16) - self.start + 1

    def hear_c(self, text):
        self.in_c.append(text)

    def hear_strategy(self, text):
        self.strategy = text

    def hear_json(self, text):
        self.listed = json.loads(text)["mappings"]
        self.mapped[self.strategy] = next((each for each in self.listed if each["phys"] == self.start), {})

    def hear_read(self, text):
        self.copies["host to guest", self.strategy].guest = text

    def hear_register(self, text):
        self.registers.append(text)

    def hear_mapping(self, text):
        self.mappings.append(text)

    def hear_selftest(self, text):
        self.selftest += text + "\n"

    def hear_test(self, text):
        """KTAP of the test module; the guest's own tests have no number."""
        plan = re.fullmatch(r"1\.\.(\d+)", text)
        result = re.fullmatch(r"(not )?ok (\d+ )?(.*) # (.*)", text)
        if plan:
            self.planned += int(plan[1])
        elif result:
            failed, number, name, details = result.groups()
            self.tests[name] = details
            self.results.add(name if name in BARS else BAD_REQUEST + name, details if failed else None)
            if number:
                self.planned -= 1

    def refusals(self):
        return {name: error for name, error in self.tests.items() if name not in BARS}

    def judge(self):
        """Adds what only the whole of it shows. Returns whether everything is good."""
        for step in self.steps:
            if step not in self.results.reasons:
                self.results.add(step, "not done")
        for strategy in self.strategies:
            mapped = self.mapped.get(strategy, {}).get("strategy")
            self.results.require(f"mapped {strategy}", mapped == strategy, f"mapped {mapped}")
        refusals = len(self.refusals())
        self.results.require("bad requests", refusals >= MIN_REFUSALS, f"{refusals} made, not {MIN_REFUSALS}")
        self.results.require("the test module", self.planned == 0, f"{self.planned} results are missing")
        # Other lines are the heading, and what there is of the arena.
        lines = [line for line in self.mappings if not line.startswith("#")]
        listed = (len(lines), len(self.listed))
        self.results.require("the list of mappings", listed == (MAPPINGS, MAPPINGS),
                             f"{listed[0]} as text, {listed[1]} as JSON, not {MAPPINGS}")
        for case, verdict, reason in self.selftest_cases():
            self.results.require(f"selftest {case}", verdict == "ok", reason)
        cases = len(self.selftest_cases())
        self.results.require("selftest", cases == SELFTEST_CASES, f"{cases} cases, not {SELFTEST_CASES}")
        return not self.results.failures()

    def selftest_cases(self):
        """(case, verdict, reason) of the library's own check."""
        return list(ktap.results(self.selftest)) if self.selftest else []

    def _strategy_rows(self, strategy):
        mapped = self.mapped.get(strategy, {})
        pages = ", ".join(f"{count} pages of {size}" for size, count in mapped.get("pages", {}).items())
        how = f"all memory is mapped once, in {pages}" if pages else "a page is mapped while it is accessed"
        yield strategy, [f"{how}; cache mode: requested {mapped.get('requested')}, achieved {mapped.get('achieved')}"]
        for direction in DIRECTIONS:
            copy = self.copies.get((direction, strategy))
            yield direction, copy.lines() if copy else ["?"]

    def _selftest(self):
        cases = self.selftest_cases()
        passed = sum(1 for _, verdict, _ in cases if verdict == "ok")
        return f"{passed} of {len(cases)} cases of the library's own check passed, on 1 MiB of a device without a driver"

    def _refusals(self):
        refusals = self.refusals()
        passed = sum(1 for name in refusals if self.results.passed(BAD_REQUEST + name))
        yield f"{passed} of {len(refusals)} bad requests were refused with the right error:"
        yield from (f"  {error:<7} {name}" for name, error in refusals.items())

    def _state(self, step, good):
        return [good if self.results.passed(step) else "FAILED"]

    def rows(self):
        """(heading, lines) from top to bottom."""
        yield "kernel", [f"{self.kernel}, {self.whose}; in QEMU ({self.accelerator})"]
        yield "library", [f"io-mapping-rs.ko, built for such a kernel (backend: {self.backend})"]
        ways = "two ways" if len(self.strategies) == 2 else "one way"
        yield "device", [f"ivshmem {self.device}: {self.size >> 20} MiB of memory at {self.start:#x}, in the host a file",
                         f"io-mapping-sample.ko makes it /dev/io_mapping_sample0, and maps it in {ways}:"]
        if self.in_c:
            yield "in C", self.in_c
        for strategy in self.strategies:
            yield from self._strategy_rows(strategy)
        yield "registers", [f"interrupt mask, in BAR 0: {'; '.join(self.registers) or '?'}"]
        yield "mappings", ["/sys/kernel/debug/io_mapping_rs/mappings lists them:", *("  " + line for line in self.mappings)]
        yield "selftest", [self._selftest()]
        yield "pci-testdev", [f"{name.split(', ')[1]}: {self.tests.get(name, '?')}" for name in BARS]
        yield "refusals", list(self._refusals())
        yield "unbind", self._state("the driver is unbound while a file is open", "while a file was open: it got ENODEV from then on")
        yield "unload", self._state("all modules unload", "all modules are gone")
        yield "kernel log", self._state("the kernel log", "no warning")

    def table(self):
        rows = list(self.rows())
        width = max(len(heading) for heading, _ in rows) + 2
        return "\n".join(f"  {'' if number else heading:<{width}}{line}"
                         for heading, lines in rows for number, line in enumerate(lines))
