#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: segmentation of TCP: contents, boundaries, numbers, ids, flags and checksums of each segment, on and off alike
# models: e1000 e1000-82544gc
# timeout: 400

from lib import *
from offload import *
from wire import pattern

quiet()
sender, catcher = Sender(), Catcher()
same("TSO is offered and on", "on", feature("tx-tcp-segmentation"))
check("TSO for IPv6 is offered only where the device does it right", feature("tx-tcp6-segmentation") in ("off", "off [fixed]"),
      feature("tx-tcp6-segmentation"))
TIMESTAMPS = b"\x01\x01\x08\x0a" + bytes(range(8))


def lengths(size, most):
    """Payloads around the boundaries of segments, up to what a packet can hold."""
    some = {1, size - 1, size, size + 1, 2 * size - 1, 2 * size, 2 * size + 1, 3 * size, 7 * size + 3, 10 * size,
            44 * size, most - 1, most}
    return sorted(n for n in some if size < n <= most)


def cut(payload, size, six=False, options=b"", flags=ACK | PSH, linear=True, ident=1, seq=1000, ecn=False):
    """Have a packet cut; what is wrong with what arrives."""
    data, start, offset, header = packet(TCP, payload, six, options, flags, ident, seq)
    kind = (GSO_TCP6 if six else GSO_TCP4) | (GSO_ECN if ecn else 0)
    sender.send(data, start, offset, kind, size, header if linear else 0)
    expected = segments(TCP, payload, size, six, ident, seq)
    found = catcher.catch(len(expected), seconds=5)
    return wrong_with(found, expected, TCP)


def faults(sizes, most=65535 - 60, **how):
    """{(size, payload): what is wrong} over all of them."""
    wrong = {}
    for size in sizes:
        # Not more pieces at once than the peer's ring has room for.
        for length in lengths(size, min(most, size * 120)):
            if fault := cut(pattern(length, size), size, **how):
                wrong[size, length] = fault
    return dict(list(wrong.items())[:4])


for state in (True, False):
    features(tx_tcp_segmentation=state)
    word = "on" if state else "off"
    same(f"{word}: MSS 1460", {}, faults([1460]))
    same(f"{word}: MSS 1448 with timestamps", {}, faults([1448], options=TIMESTAMPS))
    same(f"{word}: MSS 536, 1000, 1200, 1459", {}, faults([536, 1000, 1200, 1459], most=20000))
    same(f"{word}: MSS 8, 64, 88, 255, 256, 257", {}, faults([8, 64, 88, 255, 256, 257], most=3000))
    same(f"{word}: headers and data in one piece of memory", {}, faults([1000], most=9000, linear=False))
    same(f"{word}: IPv6, MSS 1440 and 999", {}, faults([1440, 999], most=30000, six=True))
    same(f"{word}: the longest options", {}, faults([1400], most=20000, options=b"\x01" * 40))
    same(f"{word}: FIN and PSH only at the end", "", cut(pattern(5000), 1000, flags=ACK | PSH | FIN))
    same(f"{word}: CWR only at the start", "", cut(pattern(5000), 1000, flags=ACK | CWR, ecn=True))
    same(f"{word}: ids and numbers that wrap", "", cut(pattern(9500), 1000, ident=0xFFFD, seq=0xFFFFF000))

features(tx_tcp_segmentation=True)
# The driver got them whole: what the socket on the way saw was longer than a frame.
tap = Port(NIC, outgoing=True)
for state, word in ((True, "on"), (False, "off")):
    features(tx_tcp_segmentation=state)
    tap.drain()
    cut(pattern(30000), 1460)
    longest = max(len(one) for one in tap.collect(seconds=0.3))
    check(f"{word}: cut by the {'device' if state else 'kernel'}", (longest > 1514) == state, longest)
tap.close()
features(tx_tcp_segmentation=True)

# Cut, summed and plain packets in turn: no setting of one is left for the next.
wrong = []
for turn in range(40):
    size = 500 + 37 * turn % 900
    wrong.append(cut(pattern(3000 + 100 * turn, turn), size, flags=ACK))
    data, start, offset, _ = packet(UDP, pattern(200 + turn), turn % 2 == 1)
    sender.send(data, start, offset)
    found = catcher.catch(1, settle=0)
    if len(found) != 1 or found[0].errors:
        wrong.append(f"{turn}: UDP")
same("cut and summed packets in turn", [], [one for one in wrong if one])
same("no errors counted", (0, 0), (stat(NIC, "tx_errors"), stat(NIC, "tx_dropped")))
quiet_log()
finish()
