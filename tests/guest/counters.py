#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: the interface's counters are exactly what went over the wire, packets and bytes, over down and up

import random

from lib import *
from wire import Port, frame, pattern

BROADCAST, GROUP = "ff:ff:ff:ff:ff:ff", "01:00:5e:01:02:03"
NAMES = ("rx_packets", "rx_bytes", "tx_packets", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped")


def counters():
    # The C driver reads its counters every two seconds.
    if DRIVER == "e1000":
        time.sleep(2.5)
    return {name: stat(NIC, name) for name in NAMES}


def grown(before):
    return {name: value - before[name] for name, value in counters().items() if value != before[name]}


quiet()
nic, peer = Port(NIC), Port(PEER, "peer")
sizes = [60, 61, 64, 65, 1513, 1514] + [random.Random(1).randrange(60, 1515) for _ in range(300)]
total = sum(sizes)


def from_peer(dst):
    """All sizes from the peer; how many arrived intact."""
    arrived, sent = [], []
    for number, size in enumerate(sizes):
        sent.append(frame(dst, PEER_MAC, pattern(size - 14, number)))
        peer.send(sent[-1])
        while (data := nic.receive()) is not None:
            arrived.append(data)
    arrived += nic.collect(count=len(sizes) - len(arrived))
    return arrived == sent, f"{len(arrived)} of {len(sent)} arrived"


run(f"ip link set {NIC} allmulticast on")
for what, dst in (("unicast", NIC_MAC), ("broadcast", BROADCAST), ("multicast", GROUP)):
    before = counters()
    check(f"{what}: frames of 60 to 1514 bytes arrive intact", *from_peer(dst))
    found = grown(before)
    same(f"{what}: received packets and bytes", {"rx_packets": len(sizes), "rx_bytes": total},
         {name: found.get(name) for name in ("rx_packets", "rx_bytes")})
    same(f"{what}: no other counter moved", set(), set(found) - {"rx_packets", "rx_bytes"})

before = counters()
multicast = stat(NIC, "multicast")
check("multicast again", *from_peer(GROUP))
on_c("it reads a register that QEMU 11 does not count in")
counters()
same("multicast is counted as such", len(sizes), stat(NIC, "multicast") - multicast)
run(f"ip link set {NIC} allmulticast off")

before = counters()
sent = [frame(PEER_MAC, NIC_MAC, pattern(size - 14, number)) for number, size in enumerate(sizes)]
for data in sent:
    nic.send(data)
check("sent: frames of 60 to 1514 bytes arrive intact", peer.collect(count=len(sizes)) == sent)
same("sent: packets and bytes", {"tx_packets": len(sizes), "tx_bytes": total}, grown(before))

before = counters()
for size in range(15, 60):
    nic.send(frame(PEER_MAC, NIC_MAC, pattern(size - 14)))
arrived = peer.collect(count=45)
same("short frames: all sent", 45, len(arrived))
same("padded to 60 bytes on the wire", {60}, {len(data) for data in arrived})
same("padded with zeros, not with old memory", 0,
     sum(any(data[size:]) for size, data in zip(range(15, 60), arrived)))
found = grown(before)
same("short frames: packets", 45, found.get("tx_packets"))
check("short frames: bytes as given or as sent", sum(range(15, 60)) <= found.get("tx_bytes", 0) <= 45 * 60, found)

# Frames for others are no business of this interface.
before = counters()
for _ in range(20):
    peer.send(frame("52:54:00:99:99:99", PEER_MAC, pattern(100)))
    peer.send(frame("01:00:5e:7f:7f:7f", PEER_MAC, pattern(100)))
time.sleep(0.3)
same("frames for other addresses are not counted", {}, grown(before))

before = counters()
down()
same("unchanged while down", {}, grown(before))
up()
same("unchanged over down and up", {}, grown(before))
check("traffic after it", *from_peer(NIC_MAC))
same("counted on", {"rx_packets": len(sizes), "rx_bytes": total}, grown(before))
with open("/proc/net/dev", encoding="utf-8") as file:
    fields = next(line for line in file if f"{NIC}:" in line).split(":")[1].split()
now = counters()
same("/proc/net/dev says the same", [now["rx_bytes"], now["rx_packets"], now["tx_bytes"], now["tx_packets"]],
     [int(fields[i]) for i in (0, 1, 8, 9)])
quiet_log()
finish()
