#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: TCP and UDP both ways, bytes compared, at MTUs from 68 to 16110; frames that are too long dropped whole and counted
# timeout: 400
# mem: 768M

import socket

from lib import *
from wire import Port, frame, pattern

run("ip addr add 10.9.0.1/24 dev " + NIC)
run("ip addr add 10.9.0.2/24 dev peer0", "peer")
quiet()
for interface, ns, far, address in ((NIC, None, "10.9.0.2", PEER_MAC), (PEER, "peer", "10.9.0.1", NIC_MAC)):
    run(f"ip link set {interface} arp on", ns)
    run(f"ip neigh replace {far} lladdr {address} dev {interface} nud permanent", ns)
    # Datagrams of many fragments, some of them late.
    run(["sysctl", "-qw", "net.ipv4.ipfrag_high_thresh=16777216"], ns)
IP_MTU_DISCOVER = 10
ENDS = {"out": (None, "10.9.0.1", "peer", "10.9.0.2"), "in": ("peer", "10.9.0.2", None, "10.9.0.1")}


def sock(ns, kind, local, port=0):
    with namespace(ns):
        one = socket.socket(socket.AF_INET, kind)
    # TCP must have segments of 48 bytes, and an MTU of 68 has no room for that.
    one.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, 0)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((local, port))
    one.settimeout(20 * SLOW)
    return one


def tcp(way, length):
    near, local, far, remote = ENDS[way]
    data = pattern(65521) * (length // 65521 + 1)
    listener, out = sock(far, socket.SOCK_STREAM, remote, 7000), sock(near, socket.SOCK_STREAM, local)
    listener.listen()
    out.connect((remote, 7000))
    with listener:
        return arrives(out, listener.accept()[0], data)


def udp(way, sizes):
    """The sizes of the datagrams that do not arrive as sent, once."""
    near, local, far, remote = ENDS[way]
    out, into = sock(near, socket.SOCK_DGRAM, local), sock(far, socket.SOCK_DGRAM, remote, 7000)
    into.settimeout(3 * SLOW)
    wrong = []
    for n, size in enumerate(sizes):
        data = pattern(size, n)
        out.sendto(data, (remote, 7000))
        try:
            if into.recv(65536) != data:
                wrong.append(size)
        except TimeoutError:
            wrong.append(size)
    into.setblocking(False)
    try:
        wrong.append(("once more", len(into.recv(65536))))
    except BlockingIOError:
        pass
    out.close()
    into.close()
    return wrong


for mtu in (68, 1500, 1501, 4096, 9000, 16110):
    for interface, ns in ((NIC, None), (PEER, "peer")):
        run(f"ip link set {interface} mtu {mtu}", ns)
    wait_until(5, lambda: carrier(NIC))
    settle()
    whole = mtu - 28
    # What fits just so, what does not, what takes many fragments.
    sizes = [1, 18, 19, whole - 1, whole, whole + 1, 2 * whole, 3 * mtu] + ([30000, 65507] if mtu > 68 else [1200])
    for way in ENDS:
        check(f"MTU {mtu}: TCP {way}", tcp(way, 30000 if mtu == 68 else 1 << 20))
        same(f"MTU {mtu}: UDP {way}, {len(sizes)} sizes", [], udp(way, sizes * 2))
same("no errors counted", (0, 0), (stat(NIC, "rx_errors"), stat(NIC, "tx_errors")))

# Beyond the MTU, with room for two tags: dropped whole, each counted once, the next one taken.
run(f"ip link set {NIC} arp off")
run("ip link set peer0 arp off mtu 17000", "peer")
nic, peer = Port(NIC), Port(PEER, "peer")
for mtu, good, bad in ((1500, (1514, 1518, 1522), (1523, 2047, 2048, 2049, 4096, 4097, 9014, 16000)),
                       (9000, (9014, 9022), (9023, 10240, 10241, 12288, 16000)), (68, (1514,), (1523, 9000))):
    run(f"ip link set {NIC} mtu {mtu}")
    wait_until(5, lambda: carrier(NIC))
    settle()
    nic.drain()
    lengths, errors, packets = stat(NIC, "rx_length_errors"), stat(NIC, "rx_errors"), stat(NIC, "rx_packets")
    sent = [frame(NIC_MAC, PEER_MAC, pattern(size - 14, size)) for size in good]
    for size in bad:
        peer.send(frame(NIC_MAC, PEER_MAC, pattern(size - 14, size)))
    for data in sent:
        peer.send(data)
    arrived = nic.collect(count=len(good), seconds=3)
    on_c("it receives what is longer")
    same(f"MTU {mtu}: frames of {good} bytes arrive, of {bad} do not", list(good), [len(one) for one in arrived])
    on_c("it receives what is longer")
    same(f"MTU {mtu}: each counted", (len(bad), len(bad), len(good)),
         (stat(NIC, "rx_length_errors") - lengths, stat(NIC, "rx_errors") - errors, stat(NIC, "rx_packets") - packets))
run("ip link set peer0 mtu 1500", "peer")
quiet_log()
finish()
