# SPDX-License-Identifier: GPL-2.0
"""A machine whose guest is followed closer than qemu/guest does: from one QEMU to another, or past its end."""

import re
import select
import shlex
import sys
import time

from place import DRIVER, MODULE, SCRATCH, SLOW, TOP

sys.path.insert(0, str(TOP / "qemu"))

import guestlog  # noqa: E402
import guestvm  # noqa: E402

# The last line of a test.
PLAN = r"1\.\.\d+"


def settings(name, script, *more):
    """What qemu/guest would make of these for that shell script, which has lib.sh and net.sh."""
    path = SCRATCH / name
    path.write_text(script)
    files = [TOP / "tests/guest/lib/lib.sh", TOP / "tests/guest/lib/net.sh"]
    append = "nowatchdog rcupdate.rcu_cpu_stall_suppress=1 kunit.autorun=0"
    return guestvm.runner().settings([
        f"SCRIPT={path}", f"MODULE={MODULE}", "USERNET=0", f"APPEND={append}", f"FILES={shlex.join(map(str, files))}",
        f"GUEST_ENV=SLOW={SLOW} DRIVER={DRIVER} NIC_MODEL=e1000", *more])


class Watched(guestvm.Machine):
    """One machine; its `options` are what settings() returns."""

    def __init__(self, options, name, arguments=""):
        super().__init__({**options, "QEMU_ARGS": f"{options['QEMU_ARGS']} {arguments}".strip(),
                          "LOG": str(SCRATCH / f"{name}.log")}, TOP)
        self.text = self.kept = ""
        self.ended = False
        self.start()

    def end(self):
        """Keep the kernel's log, and stop the machine."""
        if not self.ended:
            self.ended = True
            self.kept = self.save_log()
            self.close()

    def read(self, wanted, seconds):
        """What the script prints, until there is a line of that kind. TimeoutError if it does not come."""
        line = re.compile(f"^{wanted}\n", re.MULTILINE)
        end = time.monotonic() + seconds * SLOW
        while not line.search(self.text):
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no '{wanted}' in: {self.text[-500:]}")
            if not self.alive():
                raise RuntimeError(f"the machine ended; no '{wanted}' in: {self.text[-500:]}")
            if select.select([self.out], [], [], min(left, 1))[0]:
                self.text += self.out.recv(65536).decode(errors="replace").replace("\r", "")

    def complaints(self):
        """Of the kernel, once the machine has ended."""
        return guestlog.complaints(self.kept)

    def hmp(self, command):
        """What a command of the monitor for people prints."""
        return self.ask("human-monitor-command", **{"command-line": command}).strip()


def report(machines, marks):
    """What a script printed, from one machine to the next, without its lines that begin with one of `marks`; and their kernels'
    complaints, once all have ended. The exit status."""
    text = "".join(machine.text for machine in machines)
    complaints = [line for machine in machines for line in machine.complaints()]
    print("\n".join(line for line in text.splitlines() if not line.startswith((*marks, "\x01"))))
    for line in complaints:
        print(f"# {line}")
    return 1 if complaints or "not ok" in text else 0
