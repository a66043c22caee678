#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: live migration from one QEMU to another under traffic, there and back: the interface goes on
# timeout: 300
"""Two machines of the same shape; the guest's script runs on from one to the other."""

import importlib.machinery
import importlib.util
import os
import pathlib
import select
import sys
import time

TOP = pathlib.Path(os.environ.get("TOP") or pathlib.Path(__file__).resolve().parents[2])
SCRATCH = pathlib.Path(os.environ.get("SCRATCH") or "/tmp")
SLOW = int(os.environ.get("SLOW", "1"))
sys.path.insert(0, str(TOP / "qemu"))
sys.dont_write_bytecode = True

import guestlog  # noqa: E402
import guestvm  # noqa: E402

LEGS = 3
SCRIPT = """#!/bin/sh
. /root/lib.sh
. /root/net.sh
check "pair up" pair
check "server" iperf_server 0
traffic_start
check "traffic before" traffic_flows "$NIC_IF"
leg=1
while [ $leg -le %d ]; do
	echo "LEG $leg"
	sleep %d
	check "traffic after migration $leg" traffic_flows "$NIC_IF"
	leg=$((leg + 1))
done
traffic_stop
check "pings" ping_all 200 10.9.0.2 -i 0.002
ethtool -G "$NIC_IF" rx 512 tx 512
check "a ring resize" answers 10.9.0.2
ip link set "$NIC_IF" down
check "down and up" up "$NIC_IF"
check "the peer answers" answers 10.9.0.2
is "no errors counted" "0 0" "$(stat "$NIC_IF" rx_errors) $(stat "$NIC_IF" tx_errors)"
quiet_log
finish
"""


def runner():
    """qemu/guest, for what its settings default to."""
    loader = importlib.machinery.SourceFileLoader("guest_runner", str(TOP / "qemu" / "guest"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("guest_runner", loader))
    loader.exec_module(module)
    return module


class Leg:
    """One machine on the guest's way."""

    def __init__(self, options, number, incoming):
        arguments = "-incoming defer" if incoming else ""
        self.vm = guestvm.Machine({**options, "QEMU_ARGS": f"{options['QEMU_ARGS']} {arguments}".strip(),
                                   "LOG": str(SCRATCH / f"leg{number}.log")}, TOP)
        self.vm.start()
        self.text = self.log = ""
        self.ended = False

    def end(self):
        """Keep the kernel's log, and stop the machine."""
        if not self.ended:
            self.ended = True
            self.log = self.vm.log()
            self.vm.close()

    def read(self, wanted, seconds):
        """What the script prints, until that is there."""
        end = time.monotonic() + seconds * SLOW
        while wanted not in self.text:
            left = end - time.monotonic()
            if left <= 0 or not self.vm.alive():
                raise RuntimeError(f"no '{wanted}' in: {self.text[-500:]}")
            if select.select([self.vm.out], [], [], min(left, 1))[0]:
                self.text += self.vm.out.recv(65536).decode(errors="replace")

    def go_to(self, other, path):
        """Migrate, with the machine running as long as can be."""
        other.vm.ask("migrate-incoming", uri=f"unix:{path}")
        self.vm.ask("migrate-set-parameters", **{"max-bandwidth": 1 << 30, "downtime-limit": 2000})
        self.vm.ask("migrate", uri=f"unix:{path}")
        return self.vm.wait_for_migration("migration", 90 * SLOW)["downtime"]


def main():
    script = SCRATCH / "migrate.sh"
    script.write_text(SCRIPT % (LEGS, 10 * SLOW))
    files = [TOP / "tests/guest/lib/lib.sh", TOP / "tests/guest/lib/net.sh"]
    module = os.environ.get("MODULE") or str(TOP / "build" / "e1000_rust.ko")
    driver = pathlib.Path(module).name.removesuffix(".ko")
    options = runner().settings([f"SCRIPT={script}", f"MODULE={module}", "USERNET=0", "APPEND=nowatchdog rcupdate.rcu_cpu_stall_suppress=1",
                                 f"FILES={' '.join(map(str, files))}", f"GUEST_ENV=SLOW={SLOW} DRIVER={driver} NIC_MODEL=e1000"])
    legs = []
    try:
        legs.append(Leg(options, 0, False))
        for number in range(1, LEGS + 1):
            legs[-1].read(f"LEG {number}\n", 60)
            target = Leg(options, number, True)
            legs.append(target)
            downtime = legs[-2].go_to(target, SCRATCH / f"leg{number}")
            print(f"# migration {number}: {downtime} ms of standstill")
            legs[-2].end()
        legs[-1].read("\n1..", 200)
        text = "".join(leg.text for leg in legs)
        print("\n".join(line for line in text.splitlines() if not line.startswith(("LEG", "\x01"))))
        legs[-1].end()
        complaints = [line for leg in legs for line in guestlog.complaints(leg.log)]
        for line in complaints:
            print(f"# {line}")
        return 1 if complaints or "not ok" in text else 0
    finally:
        for leg in legs:
            leg.end()


if __name__ == "__main__":
    sys.exit(main())
