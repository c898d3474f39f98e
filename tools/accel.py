# SPDX-License-Identifier: GPL-2.0
"""Which accelerator runs guests here: KVM if a guest boots with it, otherwise TCG.

That /dev/kvm opens says little: nested virtualisation may be there and not work. So a kernel is booted with
it once; the answer is kept until this machine is booted anew or the kernel or QEMU changes.
"""

import hashlib
import os
import subprocess
import sys
import tempfile

import initramfs
import qemu

PROBE_TIMEOUT = 20
PROBE_INIT = "#!/bin/sh\necho exit 0 > /dev/ttyS1\npoweroff -f\n"


def choose(kernel):
    """"kvm" or "tcg"; says which and why on stderr when that is news."""
    forced = os.environ.get("ACCEL")
    if forced:
        if forced not in ("kvm", "tcg"):
            raise qemu.GuestError(f"ACCEL is {forced}: it must be kvm or tcg", 1)
        return forced
    if qemu.architecture(kernel) != qemu.X86 or not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    image = qemu.kernel_image(kernel)
    known = _answer_file(image)
    if os.path.exists(known):
        with open(known) as f:
            return f.read().strip()
    answer = "kvm" if _boots_with_kvm(image) else "tcg"
    os.makedirs(os.path.dirname(known), exist_ok=True)
    with open(known, "w") as f:
        f.write(answer + "\n")
    return answer


def _answer_file(image):
    with open("/proc/sys/kernel/random/boot_id") as f:
        boot_id = f.read().strip()
    version = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True).stdout
    stat = os.stat(image)
    key = hashlib.sha256(f"{boot_id} {version} {image} {stat.st_mtime_ns} {stat.st_size}".encode()).hexdigest()
    return os.path.join(qemu.cache_dir(), "accel", key[:16])


def _boots_with_kvm(image):
    print(f"  probing KVM by booting a guest (up to {PROBE_TIMEOUT} s) ...", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="iomrs-probe-") as scratch:
        init, initrd, log = (os.path.join(scratch, name) for name in ("init", "initrd", "log"))
        with open(init, "w") as f:
            f.write(PROBE_INIT)
        initramfs.build(initrd, init, {})
        try:
            with qemu.Guest(image, initrd, log, accelerator="kvm", smp=1, timeout=PROBE_TIMEOUT) as guest:
                for _ in guest.lines():
                    pass
            works, why = guest.status == 0, "the guest reported an error"
        except qemu.GuestError as error:
            works, why = False, str(error)
    print("  KVM works" if works else f"  KVM does not work here ({why}): TCG is used", file=sys.stderr)
    return works
