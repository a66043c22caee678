#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: frames of odd sizes and contents from the wire: short, oversize, bursts; nothing breaks, nothing is made up

import socket
import zlib

from lib import *
from wire import SO_NOFCS, Port, frame, pattern

# More than a ring holds, on the debug kernel, too.
BURST = 3000 // SLOW
quiet()
run("ip link set peer0 mtu 17000", "peer")
nic, peer = Port(NIC), Port(PEER, "peer")


def exchange(size, dst=NIC_MAC):
    """Send one frame of that size; what arrives."""
    data = frame(dst, PEER_MAC, pattern(size - 14, size))
    peer.send(data)
    return data, nic.collect(count=1, seconds=1, settle=0)


wrong = []
for size in [*range(15, 64), 100, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025, *range(1500, 1515)]:
    data, arrived = exchange(size)
    # What is shorter than Ethernet allows may be padded on the way.
    if len(arrived) != 1 or arrived[0][:size] != data or any(arrived[0][size:]) or len(arrived[0]) > max(size, 60):
        wrong.append(size)
same("sizes 15 to 1514 arrive intact, once, with nothing behind them", [], wrong)

data, arrived = exchange(1518)
check("1518 bytes (a tagged frame's size): intact or dropped", arrived in ([], [data]), f"{len(arrived)} frames")
nic.drain()
before = stat(NIC, "rx_packets")
sizes = [1519, 1520, 1521, 1522, 1523, 1600, 2000, 2047, 2048, 2049, 2052, 4095, 4096, 4097, 8192, 9014, 16110, 16384, 16385]
whole = {size: frame(NIC_MAC, PEER_MAC, pattern(size - 14, size)) for size in sizes}
for size in sizes:
    peer.send(whole[size])
arrived = nic.collect(seconds=1)
check("1519 to 16385 bytes: dropped, or whole; never a part", all(data in whole.values() for data in arrived),
      [len(data) for data in arrived])
data, arrived = exchange(1514)
same("the next frame arrives intact", [data], arrived)

# Oversize frames between good ones: only they are missing.
good = []
for number in range(200):
    good.append(frame(NIC_MAC, PEER_MAC, pattern(60 + 7 * number, number)))
    peer.send(good[-1])
    if number % 3 == 0:
        peer.send(whole[9014])
    if number % 50 == 49:
        time.sleep(0.05)
arrived = [data for data in nic.collect(count=200) if data != whole[9014]]
same("oversize frames among others take none with them", good, arrived)

# More than the ring holds, while nobody fetches: the rest waits or is dropped, in order.
nic.drain()
for number in range(BURST):
    peer.send(frame(NIC_MAC, PEER_MAC, number.to_bytes(4, "big") + pattern(60)))
numbers = [int.from_bytes(data[14:18], "big") for data in nic.collect(count=BURST, seconds=3)]
check(f"a burst of {BURST} arrives in order, none twice", numbers == sorted(set(numbers)), numbers[:20])
check("most of it arrives", len(numbers) > BURST // 10, len(numbers))

# QEMU has no FCS: it sends the one that a packet brings as the data it is. A chip has the wire take it off.
bearer = Port(NIC)
bearer.sock.setsockopt(socket.SOL_SOCKET, SO_NOFCS, 1)
sent = []
for size in (60, 300, 1514):
    data = frame(PEER_MAC, NIC_MAC, pattern(size - 14, size))
    sent.append(data + zlib.crc32(data).to_bytes(4, "little"))
peer.drain()
for data in sent:
    bearer.send(data)
same("frames that bring their FCS (SO_NOFCS) are sent with it", [data[:-4] for data in sent] if CHIP else sent, peer.collect(count=3))
nic.send(sent[1])
same("a frame without that option afterwards, too", [sent[1]], peer.collect(count=1))

# Frames that claim what they are not.
broken = [
    pattern(46), b"", b"\x45" + bytes(19), b"\x4f\0\xff\xff" + bytes(42), b"\x60\0\0\0\xff\xff\x06\0" + bytes(32),
    b"\x45\0\0\x28\0\0\x40\0\x40\x06\0\0" + bytes(28), bytes(1500), b"\xff" * 1500,
]
for kind in (0x0800, 0x86DD, 0x0806, 0x8100, 0x88A8, 0x8864, 0x8847, 0x0005, 0x05DC, 0x0600, 0xFFFF):
    for body in broken:
        for source in (PEER_MAC, "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", NIC_MAC):
            peer.send(frame(NIC_MAC, source, body, kind))
time.sleep(0.5)
nic.drain()
data, arrived = exchange(1000)
same("broken packets of eleven protocols: the next frame arrives intact", [data], arrived)
talk()
run("ip link set peer0 mtu 1500", "peer")
pair()
check("pings afterwards", ping_all(100))
finish()
