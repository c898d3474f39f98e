#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The device goes while its memory is in use, on Debian's kernel. Runs inside the trixie root.

    tools/unplug.py DIR-OF-MODULES CYCLES CONSOLE-LOG

The device, ivshmem, is behind a root port, and its memory is a file here. It is pulled and plugged in again as the guest
asks. tools/guest/unplug.sh is the other side. The output is that of a step of make check.
"""

import glob
import hashlib
import json
import os
import random
import socket
import subprocess
import sys
import tempfile

import boot
import initramfs
import qemu
import tap

TOOLS = os.path.dirname(os.path.realpath(__file__))
# The guest reads the first half, and writes the bytes of the first half to the second, other ones each time.
MIB = 32
PAGE = 4096
TIMEOUT = 1200
VFIO = ["vfio/vfio", "vfio/vfio_iommu_type1", "vfio/pci/vfio-pci-core", "vfio/pci/vfio-pci"]
# As arguments of QEMU and of its monitor.
DEVICE = {"driver": "ivshmem-plain", "id": "ivshmem", "bus": "root-port", "memdev": "bar2"}


class Monitor:
    """QEMU's monitor (QMP)."""

    def __init__(self, path, backend):
        self.backend = backend
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.file = self.socket.makefile("r")
        self.events = []
        self.message()  # It greets.
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        self.socket.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        while "event" in (answer := self.message()):
            self.events.append(answer["event"])
        if "error" in answer:
            raise OSError(f"QEMU: {name}: {answer['error']['desc']}")

    def message(self):
        line = self.file.readline()
        if not line:
            raise OSError("QEMU has gone")
        return json.loads(line)

    def unplug(self):
        """Asks the guest's kernel for the device, and waits until QEMU has it."""
        self.events.clear()
        self.command("device_del", id=DEVICE["id"])
        while "DEVICE_DELETED" not in self.events:
            self.events.append(self.message().get("event"))

    def plug(self):
        # QEMU does not give the same one to a device a second time. The new one has the same file.
        self.command("object-del", id=self.backend["id"])
        self.command("object-add", **self.backend)
        self.command("device_add", **DEVICE)


class Memory:
    """The file that is the memory of the device."""

    def __init__(self, path):
        self.path = path
        self.half = random.Random(1).randbytes(MIB // 2 << 20)
        with open(path, "wb") as f:
            f.write(self.half)
            f.truncate(MIB << 20)

    def answer(self, question):
        name, *words = question.split()
        if name == "sum":
            return hashlib.sha256(self.half).hexdigest()
        return self.written(dict(map(int, word.split(":")) for word in words))

    def written(self, last):
        """Whether each MiB of the second half that was written has the MiB of the first half that was written last.

        Where the last write failed, or the memory went off meanwhile, each byte has to be one that may have been written.
        """
        with open(self.path, "rb") as f:
            if f.read(len(self.half)) != self.half:
                return "a byte of the first half has changed"
            found = f.read()
        sources = [self.half[i:i + (1 << 20)] for i in range(0, len(self.half), 1 << 20)]
        for n in range(len(sources)):
            mib = found[n << 20:(n + 1) << 20]
            if n in last and mib != sources[last[n]]:
                return f"MiB {n} of the second half has other bytes than those that were written last"
            for offset in range(0, len(mib), PAGE):
                pages = [source[offset:offset + PAGE] for source in (mib, *sources, bytes(len(mib)))]
                if pages[0] not in pages[1:] and any(byte not in bytes_here for byte, *bytes_here in zip(*pages)):
                    return f"page {offset // PAGE} of MiB {n} of the second half is neither empty nor what was written"
        return "same" if last else "nothing was written"


def converse(guest, control, backend, memory):
    monitor = None
    for line in guest.lines():
        word, _, rest = line.partition(" ")
        if word == "ask" and rest in ("plug", "unplug"):
            # The guest speaks, so that QEMU listens by now.
            monitor = monitor or Monitor(control, backend)
            getattr(monitor, rest)()
            guest.send("done")
        elif word == "ask":
            guest.send(memory.answer(rest))
        elif word == "ok":
            tap.ok(f"the device goes: {rest}")
        elif line.startswith("not ok "):
            name, _, reason = line.removeprefix("not ok ").partition(": ")
            tap.not_ok(f"the device goes: {name}", reason)
        elif word == "kv":
            tap.note(rest)


def files(modules, scratch):
    """What the guest has, by its path there."""
    found = {name: os.path.join(modules, name) for name in ("io-mapping-rs.ko", "io-mapping-sample.ko")}
    program = found["bin/unplug"] = os.path.join(scratch, "unplug")
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-pthread", "-o", program,
                    os.path.join(TOOLS, "guest", "unplug.c")], check=True)
    [debian] = glob.glob(os.path.join(qemu.cache_dir(), "debian-modules/usr/lib/modules/*/kernel"))
    for path in ["virt/lib/irqbypass"] + [f"drivers/{module}" for module in VFIO]:
        found[f"{os.path.basename(path)}.ko.xz"] = os.path.join(debian, f"{path}.ko.xz")
    return found


def main():
    modules, cycles, log = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="unplug-", dir=qemu.cache_dir()) as scratch:
        initrd, control = os.path.join(scratch, "initrd"), os.path.join(scratch, "qmp")
        initramfs.build(initrd, os.path.join(TOOLS, "guest", "unplug.sh"), files(modules, scratch))
        memory = Memory(os.path.join(scratch, "bar2"))
        backend = {"qom-type": "memory-backend-file", "id": "bar2", "size": MIB << 20, "mem-path": memory.path, "share": True}
        devices = ["-qmp", f"unix:{control},server=on,wait=off", "-device", "intel-iommu,intremap=off",
                   "-object", json.dumps(backend), "-device", "pcie-root-port,id=root-port,chassis=1", "-device", json.dumps(DEVICE)]
        append = f"intel_iommu=on iomrs_cycles={cycles}"
        # With a thread for each CPU it may read by what is left of the device when the guest's memory changes, and abort.
        with boot.Guest("stock", initrd, log, append=append, timeout=TIMEOUT, qemu=devices, one_thread=True) as guest:
            converse(guest, control, backend, memory)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, qemu.GuestError) as error:
        tap.not_ok("the device goes: the guest", error)
