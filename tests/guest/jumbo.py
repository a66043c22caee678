#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: MTUs of 68 to 16110, changed while up and under traffic: TCP, UDP and raw frames both ways, intact
# timeout: 400
# mem: 768M

import socket

from lib import *
from wire import Port, frame, pattern

MTUS = (68, 576, 1280, 1499, 1500, 1501, 2000, 2048, 4000, 4096, 4097, 8192, 9000, 12000, 16000, 16110)
quiet()
nic, peer = Port(NIC), Port(PEER, "peer")
low, high = (int(re.search(rf"{name} (\d+)", run(f"ip -d link show {NIC}"))[1]) for name in ("minmtu", "maxmtu"))
on_c("it takes 46")
same("the smallest MTU", 68, low)
same("the largest MTU", 16110, high)
run("ip link set peer0 mtu 17000", "peer")


def frames_pass(mtu):
    """Raw frames at the edges of the MTU and of buffers, both ways."""
    wrong = []
    for size in sorted({60, 61, mtu // 2 + 14, mtu + 13, mtu + 14, *(n for n in (1536, 2048, 4096, 4097, 8192, 8193) if n < mtu)}):
        if size > mtu + 14 or size < 15:
            continue
        for source, target, data in ((peer, nic, frame(NIC_MAC, PEER_MAC, pattern(size - 14, size))),
                                     (nic, peer, frame(PEER_MAC, NIC_MAC, pattern(size - 14, size)))):
            target.drain()
            source.send(data)
            got = target.collect(lambda one: one[12:14] == b"\x88\xb5", 1, 2, 0)
            if len(got) != 1 or got[0][:size] != data:
                wrong.append((size, "in" if target is nic else "out", [len(one) for one in got]))
    return wrong


for mtu in MTUS + MTUS[::-5]:
    run(f"ip link set {NIC} mtu {mtu}")
    wait_until(5, lambda: carrier(NIC))
    settle()
    same(f"MTU {mtu}: frames up to it pass both ways", [], frames_pass(mtu))

# A burst of the largest frames: what arrives is whole and in order.
run(f"ip link set {NIC} mtu 16110")
wait_until(5, lambda: carrier(NIC))
settle()
nic.drain()
sent = [frame(NIC_MAC, PEER_MAC, n.to_bytes(4, "big") + pattern(16100 - n, n)) for n in range(200)]
for n, data in enumerate(sent):
    peer.send(data)
    if n % 10 == 9:
        time.sleep(0.02)
same("200 of the largest frames arrive intact", sent, nic.collect(count=200, seconds=10))
before = stat(NIC, "rx_packets")
for size in (16384, 16400, 16900):
    peer.send(frame(NIC_MAC, PEER_MAC, pattern(size - 14)))
time.sleep(0.3)
nic.drain()
peer.send(sent[0])
same("frames beyond the MTU take nothing with them", [sent[0]], nic.collect(count=1))

# With the stack: TCP and UDP, both ends with the same MTU.
talk()


def transfer(ns_from, ns_to, ip, length):
    """Send so many bytes over TCP; whether they arrive as sent."""
    data = pattern(65536) * (length // 65536 + 1)
    with namespace(ns_to):
        listener = socket.create_server((ip, 7000))
    with namespace(ns_from):
        out = socket.create_connection((ip, 7000), 10)
    with listener:
        return arrives(out, listener.accept()[0], data)


for mtu in (1280, 1500, 1501, 4096, 9000, 16110):
    for interface, ns in ((NIC, None), (PEER, "peer")):
        run(f"ip link set {interface} mtu {mtu}", ns)
    pair()
    check(f"MTU {mtu}: TCP out", transfer(None, "peer", "10.9.0.2", 1 << 20))
    check(f"MTU {mtu}: TCP in", transfer("peer", None, "10.9.0.1", 1 << 20))
    check(f"MTU {mtu}: full-size pings both ways", ping_all(20, options=f"-i {0.01 * SLOW} -M do -s {mtu - 28}")
          and ping_all(20, "10.9.0.1", f"-i {0.01 * SLOW} -M do -s {mtu - 28}", "peer"))
    # One at a time: three replies that wait are more than the socket of ping takes.
    check(f"MTU {mtu}: fragments of 65507 bytes", all(ping_all(1, options="-s 65507") for _ in range(3)))
run("ip link set peer0 mtu 1500", "peer")

# Changed while traffic flows: the old rings serve until the new ones are there.
ping = background("ping -q -i 0.002 10.9.0.2")
wrong = []
for turn in range(15):
    mtu = (1500, 9000, 4096, 16110, 68)[turn % 5]
    run(f"ip link set {NIC} mtu {mtu}")
    received = stat(NIC, "rx_packets")
    if not wait_until(10, lambda: stat(NIC, "rx_packets") > received + 10):
        wrong.append((turn, mtu))
same("changed 15 times under traffic", [], wrong)
ping.kill()
ping.wait()
run(f"ip link set {NIC} mtu 1500")
check("pings", answers() and ping_all(100))
same("no errors counted", 0, stat(NIC, "tx_errors"))
quiet_log()
finish()
