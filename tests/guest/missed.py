#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: frames that find no room are counted within seconds, each once, and by the load of the module that missed them
# not-in: nic; its receiver waits, and its counters clear
# rust-only: the C driver counts none

from lib import *

FRAMES = 2000


def missed():
    return stat(NIC, "rx_missed_errors")


def overrun():
    """Bursts of frames of four buffers into a small ring: QEMU waits where there are none, and drops what takes more than
    there are."""
    quiet()
    run(f"ethtool -G {NIC} rx 48")
    wait_until(10, lambda: carrier(NIC))
    pktgen("pgctrl", "start", "peer")


quiet()
run("ip link set peer0 mtu 9000", "peer")
run("modprobe pktgen")
pktgen("kpktgend_0", f"add_device {PEER}", "peer")
for command in (f"count {FRAMES}", "clone_skb 100", "burst 32", "delay 0", "pkt_size 8000", f"dst_mac {NIC_MAC}", "dst 10.9.0.1"):
    pktgen(PEER, command, "peer")

overrun()
check("counted", wait_until(5, missed), missed())
time.sleep(2)
found = missed()
check("no more than were sent", found <= FRAMES, found)
time.sleep(3)
same("none twice", found, missed())

run(f"rmmod {DRIVER}")
run(f"insmod /guest/{DRIVER}.ko")
check("loaded anew", wait_until(5, lambda: os.path.exists(f"/sys/class/net/{NIC}")))
quiet()
check("up", wait_until(10, lambda: carrier(NIC)))
run(f"ethtool -S {NIC}")
same("none of those of before", 0, missed())
overrun()
check("counted anew", wait_until(5, missed), missed())
time.sleep(2)
check("no more than were sent", missed() <= FRAMES, missed())
quiet_log()
finish()
