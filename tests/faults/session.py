# SPDX-License-Identifier: GPL-2.0
"""One guest with e1000-nic: started, asked, ended. On the host."""

import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path[:0] = [str(TOP / "qemu")]

import guestlog  # noqa: E402
import nicvm  # noqa: E402

BOOT_SECONDS = 120
# Beyond what a request says it takes.
SPARE_SECONDS = 40
# A packet that the device said nothing of is freed by the driver's watchdog, within that.
UNSENT_SECONDS = 10


class Died(Exception):
    """The guest does not answer any more; the text says what is known."""


class Refused(Exception):
    """The guest could not be started."""


def complaints(log):
    """What a guest's log has against the kernel, once the guest has ended."""
    try:
        return guestlog.complaints(log.read_text(errors="replace"))
    except OSError as err:
        return [f"no log: {err}"]


class Session:
    """A context manager; inside, `ask` is the guest's agent and `nic` the NIC's control socket."""

    # `serial`: over a serial port, which works on after suspend; a virtio port does not.
    # `iommu`: behind one that forgets a mapping at once.
    def __init__(self, settings, log, nic_options="", params="", model="e1000", seconds=900, smp=1, append="",
                 serial=False, iommu=False):
        self.settings, self.log_path = settings, pathlib.Path(log)
        self.log_path.unlink(missing_ok=True)
        self.slow = settings.slow
        self.dir = tempfile.TemporaryDirectory(prefix="e1000_rust-faults.")
        where = pathlib.Path(self.dir.name)
        self.port, self.control_path = where / "port", where / "control"
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(self.port))
        self.listener.listen(1)
        self.environment = {
            **os.environ, "MODULE": settings.module, "SCRIPT": str(HERE / "agent.py"),
            "FILES": shlex.join(str(HERE / name) for name in ("traffic.py", "pools.py")), "PARAMS": params,
            "NICS": "1", "USERNET": "0", "NIC": model, "SMP": str(smp),
            "NIC_OPTIONS": nic_options, "NIC_CONTROL": str(self.control_path), "LOG": str(self.log_path),
            "TIMEOUT": str(seconds * self.slow), "EXPECT_LOG": "", "ALLOW_LOAD_FAIL": "1", "PANIC_ON_WARN": "",
            "SHELL_MODE": "", "VERBOSE": "", "APPEND": f"{os.environ.get('APPEND', '')} {append}".strip(),
            "GUEST_ENV": "PYTHONPATH=/root PYTHONDONTWRITEBYTECODE=1" + (" FAULTS_PORT=/dev/ttyS1" if serial else ""),
            "QEMU_ARGS": f"-chardev socket,id=faults,path={shlex.quote(str(self.port))} " +
                         ("-serial chardev:faults" if serial else "-device virtserialport,chardev=faults,name=faults"),
        }
        if iommu:
            self.environment["MACHINE"] = "q35"
            self.environment["QEMU_ARGS"] += " -device intel-iommu,intremap=off,caching-mode=on"
            self.environment["APPEND"] += " intel_iommu=on iommu.passthrough=0 iommu.strict=1"
        self.process = self.connection = self.nic = None
        self.messages = b""

    def __enter__(self):
        try:
            self.start()
            return self
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def start(self):
        self.errors = tempfile.TemporaryFile(dir=self.dir.name)
        self.process = subprocess.Popen([HERE / "guest"], stdin=subprocess.DEVNULL, stdout=self.errors,
                                        stderr=self.errors, env=self.environment, start_new_session=True)
        end = time.monotonic() + BOOT_SECONDS * self.slow
        self.listener.settimeout(0.5)
        while not self.connection:
            try:
                self.connection = self.listener.accept()[0]
            except TimeoutError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise Refused(self.said()) from None
        self.lines = self.connection.makefile("r", encoding="utf-8", errors="replace")
        self.nic = nicvm.Control(self.control_path)
        self.connection.settimeout(max(1, end - time.monotonic()))
        try:
            ready = "ready" in self.lines.readline()
        except OSError:
            ready = False
        if not ready:
            raise Refused(f"the guest did not get ready within {BOOT_SECONDS * self.slow} s\n{self.said()}")

    def said(self):
        """What the guest's runner printed."""
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace").strip()

    def ask(self, what, seconds=15, **arguments):
        """Have the agent do something that it bounds by `seconds`; return its answer."""
        request = {"do": what, "seconds": seconds, **arguments}
        self.connection.settimeout(seconds * 2 + SPARE_SECONDS * self.slow)
        try:
            self.connection.sendall(json.dumps(request).encode() + b"\n")
            line = self.lines.readline()
        except TimeoutError:
            raise Died(f"the guest has not answered within {self.connection.gettimeout():.0f} s ({what})") from None
        except OSError as err:
            raise Died(f"the guest is gone ({what}): {err}") from None
        if not line:
            raise Died(f"the guest is gone ({what})")
        answer = json.loads(line)
        if "error" in answer:
            raise Died(f"the agent failed ({what}): {answer['error']}")
        return answer["ok"]

    def sh(self, command, seconds=20):
        """Run a command in the guest; (status, output)."""
        answer = self.ask("sh", seconds=seconds, command=command)
        return answer["status"], answer["text"]

    def interface(self):
        """The name of the NIC's interface; empty if there is none."""
        status, text = self.sh("ls /sys/bus/pci/devices/0000:00:04.0/net")
        return "" if status else text.strip()

    def unsent(self):
        """Bytes of sent packets that are still not freed, given the time of the driver's watchdog; 0 is as it should be."""
        end = time.monotonic() + UNSENT_SECONDS * self.slow
        while (unsent := self.ask("unsent")) and time.monotonic() < end:
            time.sleep(0.5)
        return unsent

    def close(self):
        """End the guest; its log is complete then."""
        if self.connection:
            try:
                self.connection.settimeout(5)
                self.connection.sendall(b'{"do": "end"}\n')
                self.process.wait(timeout=10)
            except (OSError, subprocess.TimeoutExpired):
                pass
        if self.process:
            for number, seconds in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
                if self.process.poll() is None:
                    os.killpg(self.process.pid, number)
                    try:
                        self.process.wait(timeout=seconds)
                    except subprocess.TimeoutExpired:
                        continue
            self.process = None
        for thing in (self.nic, self.connection, self.listener):
            if thing:
                thing.close()
        self.dir.cleanup()
