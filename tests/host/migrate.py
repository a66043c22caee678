#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: live migration from one QEMU to another under traffic, there and back: the interface goes on
# timeout: 300
"""Two machines of the same shape; the guest's script runs on from one to the other."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))
sys.dont_write_bytecode = True

from place import SCRATCH, SLOW  # noqa: E402
from watched import PLAN, Watched, report, settings  # noqa: E402

LEGS = 2
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
check "pings" ping_all 200 10.9.0.2 -i "$PACE"
ethtool -G "$NIC_IF" rx 512 tx 512
check "a ring resize" answers 10.9.0.2
ip link set "$NIC_IF" down
check "down and up" up "$NIC_IF"
check "the peer answers" answers 10.9.0.2
is "no errors counted" "0 0" "$(stat "$NIC_IF" rx_errors) $(stat "$NIC_IF" tx_errors)"
quiet_log
finish
"""


def migrate(source, target, path):
    """With the guest running as long as can be. The milliseconds that it did not."""
    target.ask("migrate-incoming", uri=f"unix:{path}")
    source.ask("migrate-set-parameters", **{"max-bandwidth": 1 << 30, "downtime-limit": 2000})
    source.ask("migrate", uri=f"unix:{path}")
    return source.wait_for_migration("migration", 90 * SLOW)["downtime"]


def main():
    options = settings("migrate.sh", SCRIPT % (LEGS, 10 * SLOW))
    legs = []
    try:
        legs.append(Watched(options, "leg0"))
        for number in range(1, LEGS + 1):
            legs[-1].read(f"LEG {number}", 60)
            legs.append(Watched(options, f"leg{number}", "-incoming defer"))
            downtime = migrate(legs[-2], legs[-1], SCRATCH / f"leg{number}")
            print(f"# migration {number}: {downtime} ms of standstill")
            legs[-2].end()
        legs[-1].read(PLAN, 200)
    finally:
        for leg in legs:
            leg.end()
    return report(legs, ("LEG",))


if __name__ == "__main__":
    sys.exit(main())
