# SPDX-License-Identifier: GPL-2.0
"""Frames, sent and caught at either end of the wire."""

import errno
import select
import socket
import struct
import time

from lib import SLOW, namespace, run

ETH_P_ALL, TEST_TYPE = 3, 0x88B5
SOL_PACKET, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 8, 23
VLAN_VALID, VLAN_TPID_VALID = 0x10, 0x40
SO_RCVBUFFORCE, SO_NOFCS = 33, 43


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def pattern(length, seed=0):
    """Bytes that tell where in the frame they belong."""
    return bytes((seed * 31 + i * 7 + (i >> 8) * 13) & 0xFF for i in range(length))


def frame(dst, src, payload, kind=TEST_TYPE, tags=()):
    """An Ethernet frame; tags are (protocol, number) from the outside in."""
    shim = b"".join(struct.pack("!HH", protocol, number) for protocol, number in tags)
    return mac(dst) + mac(src) + shim + struct.pack("!H", kind) + payload


class Port:
    """A packet socket on one interface; sees only frames that come in, unless told otherwise."""

    def __init__(self, interface, ns=None, kind=ETH_P_ALL, outgoing=False):
        with namespace(ns):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
            self.sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            if not outgoing:
                self.sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
            self.sock.bind((interface, kind))
        self.sock.setblocking(False)
        # Whether the last frame was for somebody else's address.
        self.others = False

    def send(self, data):
        select.select([], [self.sock], [], 5 * SLOW)
        try:
            return self.sock.send(data)
        except OSError as err:
            # The interface was down for a while; that is said once.
            if err.errno != errno.ENETDOWN:
                raise
            return self.sock.send(data)

    def receive(self, seconds=0.0):
        """The next frame, with the VLAN tag back in it, or None."""
        if not select.select([self.sock], [], [], seconds)[0]:
            return None
        try:
            data, control, _, source = self.sock.recvmsg(1 << 17, 256)
        except OSError as err:
            # The interface was taken down since; that is said once.
            if err.errno != errno.ENETDOWN:
                raise
            return self.receive(seconds)
        self.others = source[2] == socket.PACKET_OTHERHOST
        for level, kind, body in control:
            if level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", body[:20])
                if status & VLAN_VALID:
                    tpid = tpid if status & VLAN_TPID_VALID else 0x8100
                    data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
        return data

    def drain(self):
        while self.receive() is not None:
            pass

    def collect(self, wanted=None, count=None, seconds=5.0, settle=0.1):
        """Frames for which wanted(frame) holds: until `count` are there and none has followed
        for `settle` seconds, or the time is over."""
        found, end, last = [], time.monotonic() + seconds * SLOW, None
        while time.monotonic() < end:
            data = self.receive(0.02)
            if data is not None and (wanted is None or wanted(data)):
                found.append(data)
                last = time.monotonic()
            elif data is None and count is not None and len(found) >= count:
                if time.monotonic() - (last or 0) >= settle:
                    break
        return found

    def close(self):
        self.sock.close()


def no_merging(interface, ns=None):
    """What is caught there is what was on the wire."""
    run(f"ethtool -K {interface} gro off", ns)


def checksum(data, start=0):
    """The Internet checksum's sum, not yet inverted."""
    if len(data) % 2:
        data += b"\0"
    total = start + sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


class Packet:
    """An IP packet with TCP or UDP in it, taken apart; `errors` names what is wrong with it."""

    def __init__(self, data, at=14):
        self.errors = []
        self.frame, ip = data, data[at:]
        if ip[0] >> 4 == 4:
            header = (ip[0] & 15) * 4
            total, self.id, fragment = struct.unpack("!HHH", ip[2:8])
            self.proto, pseudo = ip[9], ip[12:20]
            if checksum(ip[:header]) != 0xFFFF:
                self.errors.append("IP checksum")
            if fragment & 0x3FFF:
                self.errors.append("a fragment")
        else:
            header, self.id = 40, None
            total, self.proto = struct.unpack("!H", ip[4:6])[0] + 40, ip[6]
            pseudo = ip[8:40]
        self.ip_length = total
        if len(ip) < total or (len(ip) > total and len(data) > 60 + at - 14):
            self.errors.append(f"IP length {total} in a frame with {len(ip)}")
        body = ip[header:total]
        self.l4 = body
        self.sport, self.dport = struct.unpack("!HH", body[:4])
        if self.proto == 6:
            self.seq, self.ack, word = struct.unpack("!IIH", body[4:14])
            self.flags, offset, self.sum = word & 0x1FF, (word >> 12) * 4, body[16:18]
        else:
            length, offset, self.sum = struct.unpack("!H", body[4:6])[0], 8, body[6:8]
            if length != len(body):
                self.errors.append(f"UDP length {length}, not {len(body)}")
        self.payload = body[offset:]
        if self.proto == 17 and self.sum == b"\0\0":
            self.errors.append("no UDP checksum")
        elif checksum(body, checksum(pseudo + struct.pack("!HH", self.proto, len(body)))) != 0xFFFF:
            self.errors.append(f"checksum {self.sum.hex()}")


def is_ip(data, proto=None):
    kind = data[12:14]
    if kind == b"\x08\x00":
        return proto is None or data[23] == proto
    return kind == b"\x86\xdd" and (proto is None or data[20] == proto)
