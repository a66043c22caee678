#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: packets that wait in a socket, and pages that a pipe holds, stay as they are while the ring goes round

import fcntl
import socket
import threading

from lib import *
from wire import Port, frame

RING, FOREIGN, F_SETPIPE_SZ = 256, 0x88B6, 1031

quiet()
run("ip link set peer0 mtu 9000", "peer")
run(f"ip link set {NIC} mtu 9000")
run(f"ethtool -G {NIC} rx {RING}")
wait_until(10, lambda: carrier(NIC))
nic, peer = Port(NIC, kind=0x88B5), Port(PEER, "peer")


def contents(number, size):
    return frame(NIC_MAC, PEER_MAC, number.to_bytes(4, "big") + bytes([number * 37 & 0x7F]) * (size - 18))


def flood():
    """Frames that nobody wants, for several times round the ring."""
    for number in range(6 * RING):
        peer.send(frame(NIC_MAC, PEER_MAC, b"\xee" * (46 + number % 1400), FOREIGN))
        if number % 64 == 63:
            time.sleep(0.01)
    time.sleep(0.2)


for what, size, count in (("60 bytes", 60, 400), ("1514 bytes", 1514, 400), ("5000 bytes, three buffers each", 5000, 100)):
    sent = []
    for number in range(count):
        sent.append(contents(number, size))
        peer.send(sent[-1])
        # Some descriptors between them are free at once.
        peer.send(frame(NIC_MAC, PEER_MAC, b"\xdd" * 200, FOREIGN))
        if number % 32 == 31:
            time.sleep(0.01)
    flood()
    arrived = nic.collect(count=count, seconds=5)
    same(f"{count} frames of {what}, not fetched: all there afterwards", count, len(arrived))
    same("... and each as it was sent", [], [number for number in range(min(count, len(arrived))) if sent[number] != arrived[number]])

# A pipe takes the pages out of the packets, which are freed.
talk()
pair()
data = b"".join(number.to_bytes(4, "big") for number in range(1 << 13))
with namespace("peer"):
    there = socket.create_server(("10.9.0.2", 7))
here = socket.create_connection(("10.9.0.2", 7))
other, _ = there.accept()
threading.Thread(target=other.sendall, args=(data,), daemon=True).start()
source, sink = os.pipe()
fcntl.fcntl(sink, F_SETPIPE_SZ, 1 << 20)
taken = 0
while taken < len(data):
    moved = os.splice(here.fileno(), sink, len(data) - taken)
    if not moved:
        break
    taken += moved
same("a pipe took 32 KiB out of a TCP stream", len(data), taken)
flood()
found = b""
while len(found) < taken:
    found += os.read(source, taken - len(found))
check("... and they are what was sent", found == data, next((at for at in range(taken) if found[at] != data[at]), None))
run("ip link set peer0 mtu 1500", "peer")
check("pings afterwards", ping_all(50))
finish()
