#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes an initramfs: busybox, an init script, what the scripts in tools/guest source, and the files that it works on.

    tools/initramfs.py OUT INIT [FILE[:PATH-IN-GUEST]]...

The same input gives the same bytes (times and owners are 0), so that a boot under -icount repeats exactly.
Not compressed: unpacking under emulation costs more than reading.
"""

import os
import stat
import subprocess
import sys

BUSYBOX = "/usr/bin/busybox"
GUEST = os.path.join(os.path.dirname(os.path.realpath(__file__)), "guest")
SOURCED = {name: os.path.join(GUEST, name) for name in ("lib.sh", "kernel.sh")}
DIRS = ["bin", "dev", "etc", "proc", "root", "sys", "tmp"]


class Cpio:
    """A "newc" archive, the format that the kernel unpacks."""

    def __init__(self, out):
        self.out = out
        self.inode = 0
        self.dirs = set()

    def entry(self, path, mode, data=b"", rdev=(0, 0)):
        self.inode += 1
        name = path.encode() + b"\0"
        fields = [self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(name), 0]
        self._padded(b"070701" + b"".join(b"%08X" % f for f in fields) + name)
        self._padded(data)

    def _padded(self, data):
        self.out.write(data + b"\0" * (-len(data) % 4))

    def directory(self, path):
        if not path or path in self.dirs:
            return
        self.directory(os.path.dirname(path))
        self.dirs.add(path)
        self.entry(path, stat.S_IFDIR | 0o755)

    def file(self, path, data, mode):
        self.directory(os.path.dirname(path))
        self.entry(path, stat.S_IFREG | mode, data)

    def finish(self):
        self.inode = -1
        self.entry("TRAILER!!!", 0)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def build(out_path, init, files, busybox=BUSYBOX):
    """`files` maps paths in the guest to files here. `busybox` is one for the guest, of the same version as ours."""
    applets = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True).stdout.split()
    with open(out_path + ".new", "wb") as out:
        cpio = Cpio(out)
        for name in DIRS:
            cpio.directory(name)
        # The kernel opens it for init before anything is mounted.
        cpio.entry("dev/console", stat.S_IFCHR | 0o600, rdev=(5, 1))
        cpio.file("bin/busybox", read(busybox), 0o755)
        for applet in sorted(set(applets) - {"busybox"}):
            cpio.entry(f"bin/{applet}", stat.S_IFLNK | 0o777, b"busybox")
        cpio.file("init", read(init), 0o755)
        for path, source in sorted({**SOURCED, **files}.items()):
            executable = os.stat(source).st_mode & 0o111
            cpio.file(path.lstrip("/"), read(source), 0o755 if executable else 0o644)
        cpio.finish()
    os.replace(out_path + ".new", out_path)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    files = {}
    for arg in sys.argv[3:]:
        source, _, path = arg.partition(":")
        files[path or os.path.basename(source)] = source
    build(sys.argv[1], sys.argv[2], files)


if __name__ == "__main__":
    main()
