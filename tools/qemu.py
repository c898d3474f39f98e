# SPDX-License-Identifier: GPL-2.0
"""A guest in QEMU, with a conversation over its second serial port: see tools/boot.py."""

import collections
import ctypes
import os
import select
import signal
import socket
import subprocess
import tempfile
import time

TIMED_OUT = 124
DIED = 125

# One instruction is one nanosecond, and nothing of the host's time or randomness comes in.
ICOUNT = ["-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2026-01-01T00:00:00,clock=vm"]
APPEND = "panic=-1 oops=panic"
# For the debug kernel. With five levels of page table KASAN complains without end on some boots. What is
# slow there is no lockup, on a loaded machine either. KASAN would tell of the first bug only.
DEBUG_APPEND = ("no5lvl kasan_multi_shot rcupdate.rcu_cpu_stall_timeout=200 watchdog_thresh=60 "
                "sysctl.kernel.hung_task_timeout_secs=1200")
# To test that, the debug kernel removes each driver once (DEBUG_TEST_DRIVER_REMOVE). That of the serial ports does not find
# them again: the early console stays.
DEBUG_CONSOLE = "earlycon=uart8250,io,0x3f8 keep_bootcon"

# QEMU's name of an architecture, its machine, and the guest's names of its two serial ports. `wide`: more of the machine and of
# the CPU, to have room for a BAR of 1 TiB. `cpu`: what emulation is where nothing else is asked for. `icount`: what the kernel has
# to be told then: of the clock, which it cannot measure, or not to halt the CPU, as QEMU moves the clock of one that is halted
# at a time of the host's.
Architecture = collections.namedtuple("Architecture", "name machine console conversation wide cpu icount")
X86 = Architecture("x86_64", "q35", "ttyS0", "ttyS1", ("", ",phys-bits=46"), "max", "tsc_early_khz=1000000")
# Its timer counts nanoseconds, as that of "max" does: the benchmark counts instructions by it.
ARM_CPU = "cortex-a15,cntfrq=1000000000"
# Without LPAE a kernel reaches nothing above 4 GiB, where QEMU would place the configuration space of PCI.
ARM = Architecture("arm", "virt,highmem=off", "ttyAMA0", "ttyAMA1", ("", ""), ARM_CPU, "nohlt")
ARM_LPAE = ARM._replace(machine="virt")
ARM64 = Architecture("aarch64", "virt,gic-version=3", "ttyAMA0", "ttyAMA1", (",highmem-mmio-size=4T", ""), "max", "nohlt")


class GuestError(Exception):
    """The guest took too long or died; `status` is what a script should exit with."""

    def __init__(self, message, status):
        super().__init__(message)
        self.status = status


def cache_dir():
    return os.environ["IOMRS_CACHE"]


def kernel_image(name):
    """The image of a kernel of the cache, or `name` itself where it is a file."""
    if os.path.isfile(name):
        return name
    image = "vmlinuz" if name.startswith("stock") else "build/arch/arm/boot/zImage" if is_arm(name) else "build/arch/x86/boot/bzImage"
    path = os.path.join(cache_dir(), name, image)
    if not os.path.exists(path):
        raise GuestError(f"there is no {name} kernel: run tools/setup {name}", 1)
    return path


def is_arm(kernel):
    """Whether it is one of the kernels for 32-bit ARM."""
    return kernel.startswith("arm-")


def architecture(kernel):
    """That of a kernel of the cache."""
    if is_arm(kernel):
        return ARM_LPAE if kernel == "arm-lpae" else ARM
    return ARM64 if kernel == "stock-arm64" else X86


def busybox(kernel):
    """The busybox for a guest with this kernel: the root's own, or one of the guest's architecture."""
    if architecture(kernel) == X86:
        return "/usr/bin/busybox"
    return os.path.join(cache_dir(), "arm-busybox" if is_arm(kernel) else f"debian-{kernel}", "usr/bin/busybox")


def machine_of(accelerator, cpu):
    """QEMU's arguments for it; TCG, which may have options of its own, can be any `cpu`."""
    return ["-accel", accelerator, "-cpu", "host" if accelerator == "kvm" else cpu]


def die_with_parent():
    """In the child: no QEMU outlives this process."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def direct_boot(image, initrd, append, _scratch):
    """QEMU's arguments to load a kernel by itself."""
    return ["-kernel", image, "-initrd", initrd, "-append", append]


def kill_session(process):
    """A process that leads a session of its own, with all its children."""
    os.killpg(process.pid, signal.SIGKILL)


class Guest:
    """A running guest: `lines()` hears it, `send()` speaks to it, `close()` ends it."""

    def __init__(self, kernel, initrd, log, append="", qemu=(), icount=False, smp=None, memory="1G", timeout=120,
                 accelerator="tcg", cpu=None, loader=direct_boot, wide=False):
        self.accelerator = accelerator
        self.kernel = kernel
        self.architecture = architecture(kernel)
        self.log = log
        self.deadline = time.monotonic() + timeout
        self.timeout = timeout
        self.loader = loader
        self.buffer = b""
        self.dir = tempfile.TemporaryDirectory(prefix="iomrs-boot-")
        self.process = self.connection = None
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.path.join(self.dir.name, "ctl"))
        listener.listen(1)
        smp = smp or (1 if icount else 2)
        command = self._command(kernel_image(kernel), initrd, append, list(qemu), icount, smp, memory, cpu, wide)
        with open(log + ".qemu", "wb") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                            preexec_fn=die_with_parent)
        listener.settimeout(20)
        try:
            self.connection, _ = listener.accept()
        except socket.timeout:
            self.close()
            raise GuestError(f"QEMU does not start: {self._qemu_says()}", DIED) from None
        finally:
            listener.close()

    def _command(self, image, initrd, append, qemu, icount, smp, memory, cpu, wide):
        name, board, console, conversation, (more_machine, more_cpu), default_cpu, clock = self.architecture
        cpu = cpu or default_cpu
        if wide:
            board, cpu = board + more_machine, cpu + more_cpu
        if icount:
            machine = ["-accel", "tcg,thread=single", "-cpu", cpu, *ICOUNT]
            append = f"{clock} {append}"
        else:
            machine = machine_of(self.accelerator, cpu)
        # What the kernel does not know is for init: which port tools/guest/lib.sh speaks on.
        talk = ["-serial", "chardev:ctl"]
        if self.kernel == "debug":
            # No serial port is left there.
            conversation, talk = "vport", ["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=ctl"]
            append = f"{DEBUG_APPEND} {DEBUG_CONSOLE} {append}"
        append = f"console={console} iomrs_tty={conversation} {APPEND} {append}"
        return [f"qemu-system-{name}", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-machine", board, *machine, "-smp", str(smp), "-m", memory,
                *self.loader(image, initrd, append.strip(), self.dir.name),
                "-serial", f"file:{self.log}",
                "-chardev", f"socket,id=ctl,path={self.dir.name}/ctl", *talk, *qemu]

    def _qemu_says(self):
        with open(self.log + ".qemu", errors="replace") as f:
            return f.read().strip().splitlines()[-1:] or "it says nothing"

    def _death(self):
        with open(self.log, errors="replace") as f:
            panic = [line for line in f if "Kernel panic" in line or "BUG:" in line]
        why = panic[0].strip() if panic else f"it ended without a word ({self._qemu_says()})"
        return GuestError(f"the guest died: {why}", DIED)

    def line(self):
        """The guest's next line; GuestError when it dies or time is up."""
        while b"\n" not in self.buffer:
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise GuestError(f"the guest took longer than {self.timeout} s", TIMED_OUT)
            if not select.select([self.connection], [], [], left)[0]:
                continue
            data = self.connection.recv(65536)
            if not data:
                self.process.wait()
                raise self._death()
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode(errors="replace").rstrip("\r")

    def lines(self):
        """Every line up to "exit N"; its N is in `status` afterwards."""
        while True:
            line = self.line()
            word, _, rest = line.partition(" ")
            if word == "exit":
                self.status = int(rest)
                return
            yield line

    def send(self, line):
        self.connection.sendall(line.encode() + b"\n")

    def close(self):
        if self.process and self.process.poll() is None:
            try:  # It is about to power off by itself, which lets it flush its console.
                self.process.wait(timeout=5 if hasattr(self, "status") else 0)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.connection:
            self.connection.close()
        self.dir.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Monitor:
    """QEMU's monitor, of people."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self._until_prompt()

    def _until_prompt(self):
        answer = b""
        while not answer.rstrip().endswith(b"(qemu)"):
            answer += self.socket.recv(65536)

    def __call__(self, command):
        self.socket.sendall(command.encode() + b"\n")
        self._until_prompt()
