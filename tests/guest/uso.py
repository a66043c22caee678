#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: segmentation of UDP: exactly the datagrams that were meant, none empty, on and off alike
# timeout: 400

import socket

from lib import *
from offload import *
from wire import pattern

quiet()
sender, catcher = Sender(), Catcher()
offered = feature("tx-udp-segmentation")
on_c("it has no USO")
same("USO is offered and on", "on", offered)
TAP = Port(NIC, outgoing=True)


def cut(payload, size, six=False):
    data, start, offset, header = packet(UDP, payload, six)
    sender.send(data, start, offset, GSO_UDP, size, header)
    expected = segments(UDP, payload, size, six)
    return wrong_with(catcher.catch(len(expected), seconds=5, settle=0.1), expected, UDP)


def faults(sizes, six=False):
    wrong = {}
    for size in sizes:
        most = min(65535 - 60, size * 60)
        for length in sorted({size + 1, 2 * size - 1, 2 * size, 2 * size + 1, 3 * size, 10 * size, 10 * size + 1, most - 1, most}):
            if size < length <= most and (fault := cut(pattern(length, size), size, six)):
                wrong[size, length] = fault
    return dict(list(wrong.items())[:4])


for state in (True, False) if offered == "on" else (False,):
    if offered in ("on", "off"):
        features(tx_udp_segmentation=state)
    word = "on" if state else "off"
    same(f"{word}: 1472 and 1400 bytes", {}, faults([1472, 1400]))
    same(f"{word}: 8 to 1000 bytes", {}, faults([8, 9, 100, 255, 256, 512, 1000]))
    same(f"{word}: IPv6, 1452 and 500 bytes", {}, faults([1452, 500], six=True))
    TAP.drain()
    cut(pattern(20500), 1000)
    longest = max(len(one) for one in TAP.collect(seconds=0.3))
    check(f"{word}: cut by the {'device' if state else 'kernel'}", (longest > 1514) == state, longest)

# As an application does it.
if offered == "on":
    features(tx_udp_segmentation=True)
talk()
pair()
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.setsockopt(socket.SOL_UDP, 103, 1000)
with namespace("peer"):
    into = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    into.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
    into.bind(("10.9.0.2", 5000))
into.settimeout(0.5)
wrong = []
for length in (1, 999, 1000, 1001, 1999, 2000, 2001, 10000, 30000, 30001, 60000):
    data = pattern(length, length)
    out.sendto(data, ("10.9.0.2", 5000))
    got = []
    try:
        while sum(map(len, got)) < length:
            got.append(into.recv(65536))
        into.settimeout(0.05)
        got.append(into.recv(65536))
    except TimeoutError:
        pass
    into.settimeout(0.5)
    if got != [data[at:at + 1000] for at in range(0, length, 1000)]:
        wrong.append((length, [len(one) for one in got]))
same("UDP_SEGMENT on a socket", [], wrong)
quiet_log()
finish()
