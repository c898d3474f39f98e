#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs inside a virtme-ng guest: allocations of calls from user space fail, one after the other.

    failures.py DIR-OF-MODULES PHYS SIZE ... [calls=WORDS]

WORDS: only calls that have these in their names.
After each failure the errno is one that says that memory is short, nothing is left behind, and the same call then succeeds.
The kernel must have CONFIG_FAILSLAB and CONFIG_FAIL_PAGE_ALLOC: /proc/thread-self/fail-nth lets the nth allocation of a task
fail. The output is for tools/kunit.py: "@ok NAME", "@not ok NAME: REASON".
"""

import contextlib
import ctypes
import errno
import os
import shutil
import sys
import time

from library import DEBUG, LIBRARY, MODULES, PAGE, control, device, log_since

PHYS, SIZE = int(sys.argv[2]), int(sys.argv[3])
CHOSEN = [word.removeprefix("calls=") for word in sys.argv[4:] if word.startswith("calls=")]
# More allocations than any call makes.
MANY = 1 << 30
# Of a call that makes more than LAST some before these are left out, so that about FEW of them fail: they are the kernel's own, to
# load a module, or pages for the arena's tables.
LAST, FEW = 80, 40
# Where they can be read without an allocation for the host's files.
COPIES = "/tmp/modules"
NODE = "/dev/io_mapping_sample0"
REGISTER = f"{DEBUG}/io_mapping_sample0/interrupt_mask"
DRIVER = "/sys/bus/pci/drivers/io_mapping_sample"
# By default fault injection spares allocations that may sleep, those of one page, and tells of each failure.
SETTINGS = {"failslab/ignore-gfp-wait": "N", "failslab/verbose": "0", "fail_page_alloc/ignore-gfp-wait": "N",
            "fail_page_alloc/min-order": "0", "fail_page_alloc/verbose": "0"}
# With the first it shows where in the kernel the allocation is that fails.
SHOWN, SILENT = "2", "0"
SYS_FINIT_MODULE, SYS_DELETE_MODULE = 313, 176
LIBC = ctypes.CDLL(None, use_errno=True)
IVSHMEM = device("0x1af4", "0x1110")
# The kernel says that a region is busy where it has no memory to note who has it.
NO_REQUEST = {errno.EBUSY: "__request_region"}


def syscall(*args):
    if LIBC.syscall(*args) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def load(name, params=""):
    """Loads a module by one system call."""
    file = os.open(f"{COPIES}/{name}.ko", os.O_RDONLY)
    try:
        syscall(SYS_FINIT_MODULE, file, params.encode(), 0)
    finally:
        os.close(file)


def load_library():
    # What nobody uses of the arena is kept for an hour, so that it is not freed between two looks.
    load("io-mapping-rs", "arena_idle=3600000")


def unload(name):
    syscall(SYS_DELETE_MODULE, name.encode(), os.O_NONBLOCK)


def is_loaded(name):
    return os.path.exists(f"/sys/module/{name}")


def unload_all():
    for name in ("io_mapping_sample", "io_mapping_selftests", "io_mapping_rs"):
        if is_loaded(name):
            unload(name)


def tell(file, text):
    """Writes by one system call."""
    descriptor = os.open(file, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def read(file):
    with open(file, "rb") as opened:
        return opened.read().decode()


def driver():
    with contextlib.suppress(OSError):
        return os.path.basename(os.readlink(f"{IVSHMEM}/driver"))
    return None


def areas():
    """What /proc/vmallocinfo has of ours, or of a module that is not there any more."""
    lines = [line.split(maxsplit=2)[1:] for line in read("/proc/vmallocinfo").splitlines()]
    return sorted(what for what in lines if "ioremap" in what[1] or "io_mapping" in what[1] or what[1].startswith("0x"))


def listed():
    """Where the mappings of the library's own list are, and how many units its arena has."""
    lines = read(f"{LIBRARY}/mappings").splitlines()[1:] if os.path.exists(LIBRARY) else []
    mappings = sorted(line.split()[0] for line in lines if not line.startswith("#"))
    return mappings, len(lines) - len(mappings)


def state():
    mappings, units = listed()
    return {"areas": areas(), "units": units, "mappings": mappings, "driver": driver(),
            "enabled": read(f"{IVSHMEM}/enable"), "node": os.path.exists(NODE),
            "debugfs": sorted(name for name in os.listdir(DEBUG) if "io_mapping" in name),
            "modules": sorted(line.split()[0] for line in read("/proc/modules").splitlines()),
            **{file: read(file) for file in ("/proc/iomem", "/proc/ioports", f"{DEBUG}/x86/pat_memtype_list")}}


def check_state(before, when, but=()):
    now = state()
    for key, value in before.items():
        if now[key] != value and key not in but:
            raise AssertionError(f"{when}: {key} is {now[key]!r}, was {value!r}")


FAIL_NTH = os.open("/proc/thread-self/fail-nth", os.O_RDWR)


def with_failure(nth, call):
    """Returns the errno of a call, or 0, and how many more allocations there would have to be for the nth, which fails."""
    os.pwrite(FAIL_NTH, b"%d" % nth, 0)
    try:
        call()
        error = 0
    except OSError as failure:
        error = failure.errno
    except MemoryError:
        error = errno.ENOMEM
    left = os.pread(FAIL_NTH, 16, 0)
    os.pwrite(FAIL_NTH, b"0", 0)
    return error, int(left)


def show_failures(how):
    for kind in "failslab", "fail_page_alloc":
        tell(f"{DEBUG}/{kind}/verbose", how)


def is_shown(mark, function):
    """Whether the kernel says that the allocation which failed after `mark` was in this function."""
    return any(function in line for line in log_since(mark)[1])


class Call:
    """What fails. `prepare` comes before it, `undo` after it has succeeded, `finish` undoes `prepare`. It may return one of
    `errors`, and one of `errors_in` where the allocation is in the function that stands there."""

    def __init__(self, name, call, *, prepare=lambda: None, undo=lambda: None, finish=lambda: None, done=lambda: True,
                 errors=(errno.ENOMEM,), errors_in=(), is_first=False):
        self.name, self.call, self.prepare, self.undo, self.finish = name, call, prepare, undo, finish
        self.done, self.errors, self.errors_in, self.is_first = done, errors, dict(errors_in), is_first

    def succeed(self):
        self.call()
        if not self.done():
            raise AssertionError("it has not done what it should")

    def fail_each(self):
        """Returns how many allocations there are, how many of them were made to fail, and without how many it did."""
        self.prepare()
        error, left = with_failure(MANY, self.call)
        if error or not self.done():
            raise AssertionError(f"it does not succeed: {errno.errorcode.get(error, error)}")
        self.undo()
        self.finish()
        count = MANY - left
        each = max(1, (count - LAST) // FEW)
        chosen = [nth for nth in range(1, count + 2) if nth > count - LAST or nth % each == 0]
        return count, len(chosen), sum(self.fail(nth) for nth in chosen)

    def fail(self, nth):
        """Whether it succeeds without its nth allocation."""
        start = state()
        self.prepare()
        before = state()
        mark = f"iomrs: allocation {nth} of {self.name}, {time.monotonic_ns()}"
        if self.errors_in:
            tell("/dev/kmsg", mark)
            show_failures(SHOWN)
        error, left = with_failure(nth, self.call)
        if self.errors_in:
            show_failures(SILENT)
        tolerated = not error and left == 0
        is_allowed = error in self.errors or error in self.errors_in and is_shown(mark, self.errors_in[error])
        if error and (left or not is_allowed):
            raise AssertionError(f"allocation {nth}: {errno.errorcode.get(error, error)}")
        if error:
            # What the first call makes once is there until the library is unloaded.
            check_state(before, f"after failure {nth}", ("areas", "units") if self.is_first else ())
            self.succeed()
        elif not self.done():
            # The kernel does not say so.
            if left:
                raise AssertionError(f"allocation {nth} is not there, and it has not done what it should")
            self.undo()
            self.succeed()
        self.undo()
        self.finish()
        check_state(start, f"after failure {nth} and another try")
        return tolerated


def load_both(strategy):
    load_library()
    load("io-mapping-sample", f"strategy={strategy}")
    wait_for_node()


def wait_for_node():
    for _ in range(100):
        if os.path.exists(NODE):
            return
        time.sleep(0.02)
    raise AssertionError("the node has not appeared")


def bind():
    tell(f"{DRIVER}/bind", os.path.basename(IVSHMEM))
    wait_for_node()


def unbind():
    tell(f"{DRIVER}/unbind", os.path.basename(IVSHMEM))


def is_bound():
    return driver() == "io_mapping_sample"


def unload_if_loaded(name):
    if is_loaded(name):
        unload(name)


class Opened:
    """A file that is open while a call fails."""

    def __init__(self, path, flags):
        self.path, self.flags, self.descriptor = path, flags, -1

    def open(self):
        self.descriptor = os.open(self.path, self.flags)

    def close(self):
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1


def calls_on_file(name, path, flags, call, **more):
    """Opening a file, and what is called on it then."""
    file = Opened(path, flags)
    yield Call(f"{name}: open", file.open, undo=file.close, **more)
    yield Call(name, lambda: call(file.descriptor), prepare=file.open, finish=file.close, **more)


def first(name, call, prepare, **more):
    """A call on a library that has just been loaded, so that nothing is there yet that is made once."""
    return Call(f"first {name}", call, prepare=prepare, finish=unload_all, is_first=True, **more)


def load_selftests():
    load_library()
    load("io-mapping-selftests", f"phys={PHYS} size={SIZE}")


def loading(strategy):
    """The modules, the driver, and what is made at its first use."""
    if strategy == 1:
        yield Call("load the library", load_library, undo=lambda: unload_if_loaded("io_mapping_rs"))
        yield Call("unload the library", lambda: unload("io_mapping_rs"), prepare=load_library,
                   done=lambda: not is_loaded("io_mapping_rs"))
    yield Call("load the sample driver", lambda: load("io-mapping-sample", f"strategy={strategy}"),
               prepare=load_library, undo=lambda: unload_if_loaded("io_mapping_sample"), done=is_bound, finish=unload_all,
               is_first=True,
               # The driver core takes a directory that it cannot make in the module's for a wrong argument.
               errors_in={errno.EINVAL: "module_add_driver"})
    file = Opened(NODE, os.O_RDWR)

    def prepare():
        load_both(strategy)
        file.open()

    def finish():
        file.close()
        unload_all()

    yield Call("first read", lambda: os.pread(file.descriptor, 2 * PAGE, PAGE - 8), prepare=prepare, finish=finish, is_first=True)


def using():
    """A driver that is there already."""
    name = os.path.basename(IVSHMEM)

    def bind_again():
        # Where there is no memory for its name, /dev has no node.
        unbind()
        bind()

    yield Call("bind", lambda: tell(f"{DRIVER}/bind", name), prepare=unbind, done=is_bound, finish=bind_again,
               errors_in=NO_REQUEST)
    yield Call("unbind", lambda: tell(f"{DRIVER}/unbind", name), done=lambda: driver() is None, finish=bind)
    yield from calls_on_file("read", NODE, os.O_RDONLY, lambda file: os.pread(file, 2 * PAGE, PAGE - 8))
    yield from calls_on_file("write", NODE, os.O_WRONLY, lambda file: os.pwrite(file, bytes(2 * PAGE), PAGE - 8))
    yield from calls_on_file("lseek", NODE, os.O_RDONLY, lambda file: os.lseek(file, 8, os.SEEK_SET))
    yield from calls_on_file("read a register", REGISTER, os.O_RDONLY, lambda file: os.pread(file, 64, 0))
    yield from calls_on_file("write a register", REGISTER, os.O_WRONLY, lambda file: os.pwrite(file, b"0x1", 0))
    for what in ("mappings", "mappings.json", "stats", "selftest"):
        yield from calls_on_file(f"read {what}", f"{LIBRARY}/{what}", os.O_RDONLY, lambda file: os.pread(file, 1 << 20, 0))
    claim = f"{PHYS:#x} {4 * PAGE:#x} reserved".encode()
    yield from calls_on_file("write selftest", f"{LIBRARY}/selftest", os.O_WRONLY, lambda file: os.pwrite(file, claim, 0),
                             errors_in=NO_REQUEST)


def first_calls():
    """Calls of the KUnit suite iomrs_failures on a new library."""
    load_selftests()
    lines = read(f"{DEBUG}/io_mapping_selftests/control").splitlines()
    unload_all()
    calls = [line.removeprefix("call ").split(": ", 1) for line in lines if line.startswith("call ")]
    yield first("mapping without a record", lambda: control("pages", PHYS, 1),
                prepare=lambda: (load_selftests(), control("pages", PHYS, 63)))
    for number, name in calls:
        yield first(name, lambda number=number: control("call", number), load_selftests,
                    errors=(errno.ENOMEM, errno.EBUSY, errno.EINVAL))


def run(group, call):
    # tools/kunit.py takes what follows a colon for the reason.
    name = f"failures.{group}, {call.name}".replace(": ", ", ")
    if CHOSEN and not any(words in name for words in CHOSEN):
        return True
    try:
        start = time.monotonic()
        count, tried, tolerated = call.fail_each()
        seconds = time.monotonic() - start
        told = f"{name}: {count} allocations, {tried} made to fail, {tolerated} of them not needed, {seconds:.1f} s"
        print(f"    {told}")
        tell("/dev/kmsg", f"iomrs: {told}")
        print(f"@ok {name}", flush=True)
    except Exception as error:  # whatever it raises
        text = f"{type(error).__name__} {error}".replace("\n", " ")[:600]
        print(f"@not ok {name}: {text}", flush=True)
        return False
    return True


def main():
    mark = "iomrs: the tests begin here"
    tell("/dev/kmsg", mark)
    for file, value in SETTINGS.items():
        tell(f"{DEBUG}/{file}", value)
    os.makedirs(COPIES)
    for name in ("io-mapping-rs", "io-mapping-sample", "io-mapping-selftests"):
        shutil.copy(f"{MODULES}/{name}.ko", COPIES)
    for strategy, group in ((1, "whole"), (2, "sparse")):
        # After a failure nobody knows what is there.
        if not all(run(group, call) for call in loading(strategy)):
            break
        load_both(strategy)
        if not all(run(group, call) for call in using()):
            break
        unload_all()
    else:
        for call in first_calls():
            if not run("new", call):
                break
    # The kernel shows a trace where its own calls have no memory.
    complaints = [line for line in log_since(mark)[0] if "Call Trace" not in line]
    print(f"@not ok kernel log is quiet: {'|'.join(complaints[:3])}" if complaints else "@ok kernel log is quiet")
    print("@done", flush=True)


main()
