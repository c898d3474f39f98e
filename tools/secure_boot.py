# SPDX-License-Identifier: GPL-2.0
"""Boots Debian's kernel as a machine with Secure Boot does: see --secure-boot of tools/boot.py.

The firmware has Microsoft's keys and starts Debian's shim, which starts GRUB and the kernel; the signature of each is
checked. The owner's certificate is where mokutil and shim's menu put it, in the variable MokList. shim hands it to the
kernel. Nothing of it is ours: tools/setup secure-boot.
"""

import glob
import os
import subprocess

import qemu

FIRMWARE = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"
VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.ms.fd"
# Owner of a certificate in MokList: shim itself.
SHIM = "605dab50-e046-4300-abb6-3dd810dd8b23"
# Debian's GRUB looks for it there.
GRUB_CONFIG = "EFI/debian/grub.cfg"


def run(*command):
    """A command that is silent unless it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise qemu.GuestError(f"{command[0]} failed: {done.stdout.strip()}", 1)


def signed(pattern):
    """A file of Debian's signed packages."""
    found = glob.glob(os.path.join(qemu.cache_dir(), "secure-boot", pattern))
    if len(found) != 1:
        raise qemu.GuestError(f"there is no {pattern}: run tools/setup secure-boot", 1)
    return found[0]


class Loader:
    """QEMU's arguments for such a boot, with the disk and the firmware's variables made for it."""

    def __init__(self, certificate):
        self.certificate = certificate

    def __call__(self, _image, initrd, append, scratch):
        disk = self._disk(initrd, append, scratch)
        variables = os.path.join(scratch, "variables")
        run("virt-fw-vars", "--input", VARIABLES, "--output", variables, "--add-mok", SHIM, self.certificate)
        return ["-global", "driver=cfi.pflash01,property=secure,value=on",
                "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={FIRMWARE}",
                "-drive", f"if=pflash,format=raw,unit=1,file={variables}",
                "-drive", f"if=virtio,format=raw,file={disk}"]

    @staticmethod
    def _disk(initrd, append, scratch):
        """A disk that the firmware starts by itself, as it does with an installation medium."""
        disk, config = os.path.join(scratch, "disk"), os.path.join(scratch, "grub.cfg")
        with open(config, "w") as f:
            f.write(f"linux /vmlinuz {append}\ninitrd /initrd\nboot\n")
        files = {"EFI/BOOT/BOOTX64.EFI": signed("usr/lib/shim/shimx64.efi.signed"),
                 "EFI/BOOT/grubx64.efi": signed("usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"),
                 GRUB_CONFIG: config, "vmlinuz": signed("usr/lib/modules/*/vmlinuz"), "initrd": initrd}
        with open(disk, "wb") as f:
            f.truncate((sum(map(os.path.getsize, files.values())) + (64 << 20)) >> 20 << 20)
        run("mformat", "-i", disk, "-F", "::")
        run("mmd", "-i", disk, "::EFI", "::EFI/BOOT", "::EFI/debian")
        for path, source in files.items():
            run("mcopy", "-i", disk, source, f"::{path}")
        return disk
