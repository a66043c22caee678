#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: suspend to idle for true, under traffic, up and down: woken from outside, and it goes on
# timeout: 240
"""Nothing in QEMU's machine wakes it up from that by itself: it is sent bytes by a serial port until it is awake."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))
sys.dont_write_bytecode = True

from place import SLOW  # noqa: E402
from watched import PLAN, Watched, report, settings  # noqa: E402

TURNS = 4
SCRIPT = """#!/bin/sh
. /root/lib.sh
. /root/net.sh
check "pair up" pair
check "server" iperf_server 0
echo enabled >/sys/class/tty/ttyS1/power/wakeup
slept() { cat /sys/power/suspend_stats/success; }
for turn in $(seq %d); do
	traffic_start
	check "traffic" traffic_flows "$NIC_IF"
	before=$(slept)
	[ $turn -ne 3 ] || ip link set "$NIC_IF" down
	echo "IDLE $turn"
	sleep 0.2
	check "to idle and back ($turn)" sh -c 'echo freeze >/sys/power/state'
	echo "AWAKE $turn"
	is "it slept" $((before + 1)) "$(slept)"
	traffic_stop
	check "the link comes" up "$NIC_IF"
	check "the peer answers" answers 10.9.0.2
	check "pings" ping_all 100 10.9.0.2 -i "$PACE"
done
quiet_log
finish
""" % TURNS


def main():
    machine = Watched(settings("idle.sh", SCRIPT, "OUTPUT=serial"), "idle")
    try:
        for turn in range(1, TURNS + 1):
            machine.read(f"IDLE {turn}", 60)
            for _ in range(60):
                time.sleep(2 * SLOW)
                machine.out.sendall(b"\n")
                try:
                    machine.read(f"AWAKE {turn}", 1)
                    break
                except TimeoutError:
                    pass
        machine.read(PLAN, 60)
    finally:
        machine.end()
    return report([machine], ("IDLE", "AWAKE"))


if __name__ == "__main__":
    sys.exit(main())
