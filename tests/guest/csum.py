#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: checksums of sent packets are right on the wire: TCP, UDP, IPv4, IPv6, odd offsets; offload on and off alike
# long-models: e1000-82544gc

import socket

from lib import *
from offload import *
from wire import checksum, frame, mac, pattern

quiet()
sender, catcher = Sender(), Catcher()
same("checksum offload is offered and on", "on", feature("tx-checksum-ip-generic"))
SIZES = [0, 1, 2, 3, 5, 6, 17, 18, 19, 63, 64, 65, 255, 256, 257, 999, 1000, 1459, 1460]


def wrong_sizes(proto, six, linear=0):
    """The payload sizes whose packet did not arrive right."""
    wrong = []
    for size in SIZES:
        payload = pattern(size - (20 if six and size > 1400 else 0), size)
        if proto == UDP and len(payload) == 0:
            payload = b"x"
        data, start, offset, _ = packet(proto, payload, six)
        sender.send(data, start, offset, linear=linear)
        found = catcher.catch(1)
        if len(found) != 1 or found[0].errors or found[0].payload != payload:
            wrong.append((size, [one.errors for one in found]))
    return wrong


def zero_payload(six):
    """A payload whose UDP checksum comes out as 0, which must be sent as 0xffff."""
    payload = pattern(98) + b"\0\0"
    data, start, _, _ = packet(UDP, payload, six)
    return payload[:-2] + struct.pack("!H", 0xFFFF - checksum(data[start:]))


for state in (True, False):
    features(tx_checksum_ip_generic=state)
    word = "on" if state else "off"
    for proto, name in ((TCP, "TCP"), (UDP, "UDP")):
        for six in (False, True):
            ip = "IPv6" if six else "IPv4"
            same(f"{word}: {name} over {ip}, {len(SIZES)} sizes", [], wrong_sizes(proto, six))
    for six in (False, True):
        data, start, offset, _ = packet(UDP, zero_payload(six), six)
        sender.send(data, start, offset)
        found = catcher.catch(1)
        same(f"{word}: a UDP checksum of 0 is sent as ffff, IPv{6 if six else 4}", [(b"\xff\xff", [])],
             [(one.sum, one.errors) for one in found])
    same(f"{word}: headers alone in the packet's head, data in pages", [], wrong_sizes(TCP, False, linear=54))

    # Anything may be summed from anywhere, as far as the fields of a descriptor reach and beyond.
    wrong, kernel_refused = [], []
    for start in (34, 35, 53, 54, 100, 127, 128, 200, 253, 254, 255, 256, 257, 300, 511, 512):
        for offset in (0, 1, 6, 16, 17, 100, 255, 256):
            body = bytearray(pattern(1200, start + offset))
            body[start + offset - 14:start + offset - 12] = b"\0\0"
            data = frame(PEER_MAC, NIC_MAC, bytes(body))
            try:
                sender.send(data, start, offset)
            except OSError:
                kernel_refused.append((start, offset))
                continue
            found = catcher.port.collect(lambda one: one[12:14] == b"\x88\xb5", 1, 2, 0)
            total = 0xFFFF - checksum(data[start:])
            whole = data[:start + offset] + struct.pack("!H", total or 0xFFFF) + data[start + offset + 2:]
            if found != [whole]:
                wrong.append((start, offset))
    same(f"{word}: sums from 16 places to 8 offsets each", [], wrong)
    same(f"{word}: as the kernel's own limits allow", [], kernel_refused)

features(tx_checksum_ip_generic=True)
# Summed and unsummed packets in turn: no setting of one is left for the next.
wrong = []
for turn in range(60):
    proto, six = (TCP, UDP)[turn % 2], turn % 4 > 1
    payload = pattern(100 + turn, turn)
    data, start, offset, _ = packet(proto, payload, six)
    if turn % 3 == 2:
        plain = frame(PEER_MAC, NIC_MAC, pattern(300, turn))
        sender.send(plain)
        if catcher.port.collect(lambda one: one[12:14] == b"\x88\xb5", 1, 2, 0) != [plain]:
            wrong.append((turn, "plain"))
    sender.send(data, start, offset)
    found = catcher.catch(1, settle=0)
    if [(one.payload, one.errors) for one in found] != [(payload, [])]:
        wrong.append(turn)
same("TCP, UDP, IPv4, IPv6 and plain frames in turn", [], wrong)

# From the other side: the kernel finds a wrong checksum, whatever the device says of it.
def bad_sums():
    return int(run("nstat -az UdpInCsumErrors").split("UdpInCsumErrors")[1].split()[0])


# Only the pseudo-header is in the sum of what `packet` makes.
source = Port(PEER, "peer", kind=0)
run(f"ip addr add 10.9.0.1/24 dev {NIC}")
listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind(("10.9.0.1", DPORT))
listener.settimeout(0.2)
before = bad_sums()
for n in range(10):
    data = packet(UDP, pattern(100, n))[0]
    source.send(mac(NIC_MAC) + mac(PEER_MAC) + data[12:26] + IP4[1] + IP4[0] + data[34:])
try:
    fail("received packets with a wrong checksum are not delivered", listener.recv(2000).hex())
except TimeoutError:
    same("received packets with a wrong checksum are dropped by the stack", 10, bad_sums() - before)
quiet_log()
finish()
