# SPDX-License-Identifier: GPL-2.0
"""Packets handed to the driver with work left to do: checksums, segments.

A packet socket with PACKET_VNET_HDR says for each packet where its checksum
starts and how it is to be cut, so that every offset and size can be had,
without a TCP connection in between."""

import select
import struct

from lib import NIC, NIC_MAC, PEER_MAC, SLOW, run
from wire import SOL_PACKET, Packet, Port, checksum, mac

PACKET_VNET_HDR = 15
NEEDS_CSUM = 1
GSO_NONE, GSO_TCP4, GSO_TCP6, GSO_UDP, GSO_ECN = 0, 1, 4, 5, 0x80
TCP, UDP = 6, 17
FIN, PSH, ACK, CWR = 0x001, 0x008, 0x010, 0x080
SPORT, DPORT = 4321, 9
IP4 = bytes([10, 9, 0, 1]), bytes([10, 9, 0, 2])
IP6 = bytes.fromhex("fd090000000000000000000000000001"), bytes.fromhex("fd090000000000000000000000000002")


class Sender:
    """Sends what `packet` makes."""

    def __init__(self, interface=NIC):
        self.port = Port(interface, kind=0)
        self.port.sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)

    def send(self, data, start=0, offset=0, gso=GSO_NONE, size=0, linear=0):
        """A frame whose checksum of all from `start` belongs at start + offset; with `gso`, cut
        into pieces of `size`; `linear` bytes of it are in the packet's head, the rest in pages."""
        flags = NEEDS_CSUM if start else 0
        header = struct.pack("=BBHHHH", flags, gso, linear, size, start, offset)
        select.select([], [self.port.sock], [], 5 * SLOW)
        self.port.sock.send(header + data)


def packet(proto, payload, six=False, options=b"", flags=ACK | PSH, ident=1, seq=1000, shim=b"", gap=b""):
    """(frame, start, offset, header length): a TCP or UDP packet with only the
    pseudo-header in its checksum; `shim` goes behind the MAC addresses, `gap` before TCP or UDP."""
    if proto == TCP:
        words = (5 + len(options) // 4) << 12 | flags
        l4 = struct.pack("!HHIIHHHH", SPORT, DPORT, seq, 77, words, 1000, 0, 0) + options
        offset = 16
    else:
        l4 = struct.pack("!HHHH", SPORT, DPORT, (8 + len(payload)) & 0xFFFF, 0)
        offset = 6
    length = len(gap) + len(l4) + len(payload)
    source, target = IP6 if six else IP4
    pseudo = checksum(source + target + struct.pack("!HI", proto, length - len(gap)))
    l4 = l4[:offset] + struct.pack("!H", pseudo) + l4[offset + 2:]
    if six:
        ip = struct.pack("!IHBB", 0x60000000, length & 0xFFFF, 60 if gap else proto, 64) + source + target + gap
        kind = 0x86DD
    else:
        ip = struct.pack("!BBHHHBBH", 0x45, 0, (20 + length) & 0xFFFF, ident, 0x4000, 64, proto, 0) + source + target
        ip = ip[:10] + struct.pack("!H", 0xFFFF - checksum(ip)) + ip[12:]
        kind = 0x0800
    head = mac(PEER_MAC) + mac(NIC_MAC) + shim + struct.pack("!H", kind) + ip
    return head + l4 + payload, len(head), offset, len(head) + len(l4)


class Catcher:
    """The peer's end: catches the test's packets and takes them apart."""

    def __init__(self):
        run("ethtool -K peer0 gro off", "peer")
        self.port = Port("peer0", "peer")

    def catch(self, count, at=14, seconds=3.0, settle=0.05):
        """The packets from SPORT; Packet.errors says what is wrong with each."""
        ports = struct.pack("!HH", SPORT, DPORT)
        frames = self.port.collect(lambda data: data[12:14] != b"\x88\xb5" and ports in data[:400], count, seconds, settle)
        return [Packet(data, at) for data in frames]

    def drain(self):
        self.port.drain()


def features(**wanted):
    """Switch features by their ethtool -K names, _ for -: features(tso=True)."""
    words = " ".join(f"{name.replace('_', '-')} {'on' if value else 'off'}" for name, value in wanted.items())
    run(f"ethtool -K {NIC} {words}")


def feature(name, interface=NIC):
    """'on', 'off' or 'off [fixed]' as ethtool -k has it; None if it has no such line."""
    for line in run(f"ethtool -k {interface}").splitlines():
        key, _, value = line.strip().partition(": ")
        if key == name:
            return value.strip()
    return None


def segments(proto, payload, size, six, ident=1, seq=1000):
    """What should arrive: (payload, sequence number, IP id) of each segment."""
    pieces = [payload[at:at + size] for at in range(0, len(payload), size)] or [b""]
    return [(piece, (seq + n * size) & 0xFFFFFFFF if proto == TCP else None, None if six else (ident + n) & 0xFFFF)
            for n, piece in enumerate(pieces)]


def as_tuple(one):
    return one.payload, one.seq if one.proto == TCP else None, one.id


def wrong_with(found, expected, proto):
    """What is wrong with the packets that arrived, as text; empty if nothing is."""
    # A bare acknowledgement behind the last segment does no harm to TCP.
    if proto == TCP and len(found) == len(expected) + 1 and not found[-1].payload:
        found = found[:-1]
    faults = [f"{n}: {', '.join(one.errors)}" for n, one in enumerate(found) if one.errors]
    if faults:
        return "; ".join(faults[:3])
    have = [as_tuple(one) for one in found]
    if have != expected:
        lengths, planned = [len(one[0]) for one in have], [len(one[0]) for one in expected]
        if lengths != planned:
            return f"lengths {lengths[:5]}..{lengths[-2:]} ({len(lengths)}), not {planned[:5]}..{planned[-2:]} ({len(planned)})"
        first = next(n for n, pair in enumerate(zip(have, expected)) if pair[0] != pair[1])
        return f"segment {first}: sequence number, id {have[first][1:]}, not {expected[first][1:]}, or its contents"
    if proto == TCP:
        flags = [one.flags & (FIN | PSH | CWR) for one in found]
        if any(one & (FIN | PSH) for one in flags[:-1]):
            return "PSH or FIN on a segment before the last"
        if any(one & CWR for one in flags[1:]):
            return "CWR on a segment after the first"
    return ""
