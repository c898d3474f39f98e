# SPDX-License-Identifier: GPL-2.0
"""The library's modules, its files in debugfs and the devices of the guest, for files.py."""

import contextlib
import errno
import json
import os
import re
import subprocess
import sys

PAGE, CHUNK = 4096, 2 << 20
DEBUG = "/sys/kernel/debug"
LIBRARY = f"{DEBUG}/io_mapping_rs"
# More bytes than any file here has.
LARGE = 64 << 20
MODULES = sys.argv[1]
KERNEL_SH = os.path.join(os.path.dirname(os.path.realpath(__file__)), "kernel.sh")
with open(KERNEL_SH) as file:
    COMPLAINTS = re.search('^COMPLAINTS="(.*)"$', file.read(), re.MULTILINE).group(1) + "|Call Trace"


def check_eq(what, got, expected):
    if got != expected:
        raise AssertionError(f"{what}: {got!r}, not {expected!r}")


def insmod(name, *params):
    subprocess.run(["insmod", f"{MODULES}/{name}.ko", *params], check=True)


def rmmod(name):
    """Returns 0 or the errno."""
    done = subprocess.run(["rmmod", name], stderr=subprocess.PIPE, text=True)
    if done.returncode == 0:
        return 0
    return errno.EAGAIN if "temporarily unavailable" in done.stderr or "in use" in done.stderr else done.stderr


def control(command, first=0, second=0):
    """Writes a command to the file of selftests/kunit/control.rs."""
    with open(f"{DEBUG}/io_mapping_selftests/control", "wb", buffering=0) as file:
        file.write(f"{command} {first} {second}".encode())


def read_once(name):
    """Returns what one read(2) returns, and what the next does."""
    file = os.open(f"{LIBRARY}/{name}", os.O_RDONLY)
    try:
        return os.read(file, LARGE).decode(), os.read(file, LARGE).decode()
    finally:
        os.close(file)


def mappings():
    return json.loads(read_once("mappings.json")[0])["mappings"]


def table():
    """Returns the lines of mappings in `mappings`, each as a list of words."""
    head, *lines = read_once("mappings")[0].splitlines()
    check_eq("the head", head.split()[0], "#")
    return [line.split() for line in lines if not line.startswith("#")]


def units():
    """Returns the units of the arena in `mappings.json`, after a look at their lines in `mappings`."""
    found = json.loads(read_once("mappings.json")[0])["units"]
    lines = [line for line in read_once("mappings")[0].splitlines() if line.startswith("# unit of the arena")]
    check_eq("units", [line.split()[5:] for line in lines],
             [f"{unit['virt']} {unit['size']} bytes, {unit['free']} free, {unit['free_in_one_piece']} of them in one piece".split()
              for unit in found])
    return found


def stats():
    lines = read_once("stats")[0].splitlines()
    return {name: int(value) for name, value in (line.split() for line in lines)}


def deltas(before, after):
    """Returns what has been counted. The arena's lines tell how much there is: that depends on what was freed before."""
    return {name: after[name] - before[name] for name in after
            if after[name] != before[name] and not name.startswith("arena_")}


def device(vendor, number):
    """Returns the directory in sysfs of the device with these IDs."""
    top = "/sys/bus/pci/devices"
    for name in sorted(os.listdir(top)):
        ids = [open(f"{top}/{name}/{file}").read().strip() for file in ("vendor", "device")]
        if ids == [vendor, number]:
            return f"{top}/{name}"
    raise AssertionError(f"there is no device {vendor}:{number}")


def bar(path, number):
    """Returns address and size of a BAR."""
    with open(f"{path}/resource") as file:
        first, last, _ = (int(word, 0) for word in file.read().splitlines()[number].split())
    return first, last - first + 1


@contextlib.contextmanager
def loaded(name, *params):
    """The module is loaded meanwhile."""
    insmod(name, *params)
    try:
        yield
    finally:
        rmmod(name.replace("-", "_"))


@contextlib.contextmanager
def unbound(path):
    """The device has no driver meanwhile."""
    driver = os.path.realpath(f"{path}/driver")

    def tell(file):
        with open(f"{driver}/{file}", "w") as attribute:
            attribute.write(os.path.basename(path))

    tell("unbind")
    try:
        yield
    finally:
        tell("bind")


def selftest(text):
    """Writes to `selftest`. Returns 0 or the errno, and what the file shows then."""
    try:
        with open(f"{LIBRARY}/selftest", "wb", buffering=0) as file:
            file.write(text.encode())
        result = 0
    except OSError as error:
        result = error.errno
    return result, read_once("selftest")[0]


def log_since(mark):
    """Returns the complaints in the kernel's log after `mark`, and all lines after it."""
    _, found, log = subprocess.run(["dmesg"], stdout=subprocess.PIPE, text=True).stdout.partition(mark)
    if not found:
        return ["the log has lost what it began with"], []
    lines = log.splitlines()
    return [line for line in lines if re.search(COMPLAINTS, line)], lines


def has_kmemleak():
    return os.path.exists(f"{DEBUG}/kmemleak")


def look_for_leaks(function):
    """Runs a function of kernel.sh. Returns what it says, or the status of one that fails."""
    done = subprocess.run(["sh", "-c", f". {KERNEL_SH} && {function}"], stdout=subprocess.PIPE, text=True, check=False,
                          env={**os.environ, "modules": MODULES})
    return done.stdout or done.returncode
