#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: packets above 64 KiB segmented right (BIG TCP), contexts sent again only when they change
# timeout: 400
# mem: 768M

import socket
import threading

from etool import statistics
from lib import *
from offload import *
from wire import Port, checksum, frame, pattern

LARGEST = 524280
quiet()
sender, catcher = Sender(), Catcher()
limit = re.search(r"tso_max_size (\d+)", run(f"ip -d link show {NIC}"))
on_c("64 KiB")
same("tso_max_size", str(LARGEST), limit and limit[1])
big = bool(limit) and int(limit[1]) > 65536


def large(length, size):
    """Have a packet cut that is longer than an IPv4 header can say; what is wrong with what arrives."""
    payload = pattern(length, size)
    data, start, offset, header = packet(TCP, payload)
    # Its length is 0 then.
    head = bytearray(data[14:34])
    head[2:4] = head[10:12] = b"\0\0"
    head[10:12] = struct.pack("!H", 0xFFFF - checksum(bytes(head)))
    before = statistics()["tx_queue_0_gso_packets"]
    sender.send(data[:14] + bytes(head) + data[34:], start, offset, GSO_TCP4, size, header)
    expected = segments(TCP, payload, size, False)
    fault = wrong_with(catcher.catch(len(expected), seconds=10), expected, TCP)
    return fault or ("" if statistics()["tx_queue_0_gso_packets"] == before + 1 else "not cut by the device at once")


if big:
    run(f"ip link set {NIC} gso_ipv4_max_size {LARGEST} gso_max_size {LARGEST}")
    run("ip link set peer0 mtu 9000", "peer")
    # Not more pieces at once than the peer's ring has room for.
    for mtu, size, lengths in ((1500, 1460, (65536, 100000, 120 * 1460)),
                               (9000, 8960, (65536, 66000, 200000, 400001, 56 * 8960, LARGEST - 60, LARGEST - 55))):
        run(f"ip link set {NIC} mtu {mtu}")
        wrong = {length: fault for length in lengths if (fault := large(length, size))}
        same(f"MSS {size}: up to {max(lengths)} bytes in one packet", {}, wrong)

# The device keeps one context for checksums and one for segments until the next of its kind.
def contexts(count, send):
    before = statistics()["tx_queue_0_contexts"]
    for n in range(count):
        send(n)
    catcher.drain()
    return statistics()["tx_queue_0_contexts"] - before


def summed(proto, six, size=200):
    data, start, offset, _ = packet(proto, pattern(size), six)
    sender.send(data, start, offset)


def cut(size, length=3000):
    data, start, offset, header = packet(TCP, pattern(length))
    sender.send(data, start, offset, GSO_TCP4, size, header)


if DRIVER != "e1000":
    summed(TCP, False)
    cut(1000)
    same("100 packets with the same checksum: no context", 0, contexts(100, lambda n: summed(TCP, False, 100 + n)))
    same("100 in turn with plain ones: none", 0,
         contexts(100, lambda n: summed(TCP, False) if n % 2 else sender.send(frame(PEER_MAC, NIC_MAC, pattern(200)))))
    same("100 in turn with segments: none", 0, contexts(100, lambda n: summed(TCP, False) if n % 2 else cut(1000)))
    same("TCP and UDP in turn: one each", 100, contexts(100, lambda n: summed((UDP, TCP)[n % 2], False)))
    same("IPv4 and IPv6 in turn: one each", 50, contexts(50, lambda n: summed(TCP, n % 2 == 0)))
    summed(TCP, False)
    same("segments of another size: one each", 20, contexts(20, lambda n: cut(500 + n)))
    run(f"ethtool -G {NIC} tx 512")
    wait_until(5, lambda: carrier(NIC))
    same("with a new ring: one", 1, contexts(10, lambda n: summed(TCP, False)))
    summed(UDP, True)
    found = catcher.catch(1)
    check("and what is sent is right", found and not found[-1].errors, [one.errors for one in found])

# A connection, its bytes compared, with packets above 64 KiB.
talk()
for interface, ns in ((NIC, None), (PEER, "peer")):
    run(f"ip link set {interface} mtu 9000", ns)
pair()
run(["sysctl", "-qw", "net.ipv4.tcp_wmem=4096 8388608 16777216"])
run(["sysctl", "-qw", "net.ipv4.tcp_rmem=4096 8388608 16777216"], "peer")
# Large ones even if the machine is slow.
run("sysctl -qw net.ipv4.tcp_min_tso_segs=40")
data = pattern(65536) * 160
tap = Port(NIC, outgoing=True)
with namespace("peer"):
    listener = socket.create_server(("10.9.0.2", 7000))
out = socket.create_connection(("10.9.0.2", 7000), 10)
into = listener.accept()[0]
longest, over = 0, False


def watch():
    """The longest packet that the driver was given."""
    global longest
    while not over:
        if (one := tap.receive(0.05)) is not None:
            longest = max(longest, len(one))


def feed():
    out.sendall(data)
    out.shutdown(socket.SHUT_WR)


threads = [threading.Thread(target=one) for one in (watch, feed)]
for thread in threads:
    thread.start()
into.settimeout(30 * SLOW)
got = bytearray()
while piece := into.recv(1 << 20):
    got += piece
over = True
for thread in threads:
    thread.join()
check("10 MiB by TCP arrive as sent", bytes(got) == data, len(got))
if big:
    check("in packets above 64 KiB", longest > 65550, longest)
same("no errors counted", (0, 0), (stat(NIC, "tx_errors"), stat(NIC, "tx_dropped")))
quiet_log()
finish()
