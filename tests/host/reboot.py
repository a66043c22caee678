#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: reboot and power off under traffic: the device has stopped for good when the machine does
# timeout: 240
"""The machine stands still where it would be reset or switched off, and its registers are read from outside."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))
sys.dont_write_bytecode = True

import cases  # noqa: E402
from place import SLOW  # noqa: E402
from watched import Watched, settings  # noqa: E402

SCRIPT = """#!/bin/sh
. /root/lib.sh
. /root/net.sh
pair || exit
iperf_server 0
traffic_start
traffic_flows "$NIC_IF" || exit
echo "BAR $(sed -n 1s/' .*'//p "$(nic_path 0)/resource")"
echo RUNS
sleep 3
echo STOPS
%s -f
"""
ENABLED, BUS_MASTER = 2, 4
# What of the device does something by itself: interrupt mask, receiver, transmitter.
IMS, RCTL, TCTL = 0xD0, 0x100, 0x400
COMMAND_OF_NIC = 0x80002004


class Stopping(Watched):
    """A machine that is about to stop, and can be looked at all the time."""

    def register(self, offset):
        return int(self.hmp(f"xp /1wx {self.bar + offset:#x}").split()[-1], 16)

    def command_register(self):
        """The NIC's, of the PCI bus."""
        self.hmp(f"o /w 0xcf8 {COMMAND_OF_NIC:#x}")
        return int(self.hmp("i /xw 0xcfc").split()[-1], 16) & 0xFFFF

    def stopped(self):
        end = time.monotonic() + 60 * SLOW
        while self.ask("query-status")["status"] != "shutdown":
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True


def main():
    cases.begin()
    for word in ("reboot", "poweroff"):
        machine = Stopping(settings(f"{word}.sh", SCRIPT % word), word, "-action reboot=shutdown,shutdown=pause")
        try:
            machine.read("RUNS", 60)
            machine.bar = int(machine.text.split("BAR ")[1].split()[0], 16)
            cases.case(f"{word}: receiver and transmitter run before",
                       machine.register(RCTL) & ENABLED and machine.register(TCTL) & ENABLED)
            machine.read("STOPS", 30)
            cases.case(f"{word}: the machine stops", machine.stopped(), machine.log())
            found = {"RCTL": machine.register(RCTL) & ENABLED, "TCTL": machine.register(TCTL) & ENABLED, "IMS": machine.register(IMS)}
            cases.case(f"{word}: receiver, transmitter and interrupts are off", not any(found.values()), str(found))
            cases.case(f"{word}: the device does not master the bus", not machine.command_register() & BUS_MASTER, hex(machine.command_register()))
        finally:
            machine.end()
        cases.case(f"{word}: a clean log", not machine.complaints(), "\n".join(machine.complaints()))
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
