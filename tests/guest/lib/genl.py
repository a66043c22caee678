# SPDX-License-Identifier: GPL-2.0
"""As much of generic netlink as the tests of netdev-genl need."""

import socket
import struct

GENERIC, DONE, ERROR = 16, 3, 2
REQUEST, DUMP = 1, 0x300
CONTROLLER, GETFAMILY = 0x10, 3

# linux/netdev.h: commands, and for each the names of the attributes used here.
QUEUE_GET, NAPI_GET, QSTATS_GET, PAGE_POOL_GET, DEV_GET = 10, 11, 12, 5, 1
ATTRIBUTES = {
    QUEUE_GET: {1: "id", 2: "ifindex", 3: "type", 4: "napi_id"},
    NAPI_GET: {1: "ifindex", 2: "id", 3: "irq", 4: "pid", 5: "defer_hard_irqs", 6: "gro_flush_timeout",
               7: "irq_suspend_timeout", 8: "threaded"},
    QSTATS_GET: {1: "ifindex", 2: "queue_type", 3: "queue_id", 4: "scope", 8: "rx_packets", 9: "rx_bytes",
                 10: "tx_packets", 11: "tx_bytes", 12: "rx_alloc_fail", 13: "rx_hw_drops", 16: "rx_csum_unnecessary",
                 17: "rx_csum_none", 24: "tx_hw_drops", 26: "tx_csum_none", 27: "tx_needs_csum",
                 28: "tx_hw_gso_packets", 29: "tx_hw_gso_bytes", 30: "tx_hw_gso_wire_packets",
                 31: "tx_hw_gso_wire_bytes", 33: "tx_stop", 34: "tx_wake"},
    PAGE_POOL_GET: {1: "id", 2: "ifindex", 3: "napi_id", 4: "inflight", 5: "inflight_mem", 6: "detach_time"},
    DEV_GET: {1: "ifindex", 3: "xdp_features", 4: "xdp_zc_max_segs"},
}


def attribute(kind, value):
    body = value if isinstance(value, bytes) else struct.pack("=I", value)
    data = struct.pack("=HH", len(body) + 4, kind) + body
    return data + b"\0" * (-len(data) % 4)


def attributes(data):
    """{number: bytes} of a message's attributes."""
    found = {}
    while len(data) >= 4:
        size, kind = struct.unpack("=HH", data[:4])
        found[kind & 0x3FFF] = data[4:size]
        data = data[(max(size, 4) + 3) & ~3:]
    return found


class Netlink:
    """A generic netlink socket; requests are answered at once."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, GENERIC)
        self.sock.bind((0, 0))
        self.sock.settimeout(10)
        self.serial = 0

    def request(self, family, command, body=b"", flags=DUMP, version=1):
        """The attributes of each message of the answer; OSError if it is an error."""
        self.serial += 1
        size = 20 + len(body)
        self.sock.send(struct.pack("=IHHIIBBH", size, family, REQUEST | flags | 4, self.serial, 0, command, version, 0) + body)
        answers = []
        while True:
            data = self.sock.recv(1 << 18)
            while len(data) >= 16:
                size, kind, message_flags, _, _ = struct.unpack("=IHHII", data[:16])
                if kind in (DONE, ERROR):
                    code = struct.unpack("=i", data[16:20])[0] if size >= 20 else 0
                    if code:
                        raise OSError(-code, f"netlink command {command}")
                    return answers
                answers.append(attributes(data[20:size]))
                data = data[(size + 3) & ~3:]

    def family(self, name):
        answer = self.request(CONTROLLER, GETFAMILY, attribute(2, name.encode() + b"\0"), flags=0)
        return struct.unpack("=H", answer[0][1])[0]


def number(data):
    return int.from_bytes(data, "little")


def dump(command, **filters):
    """What netdev-genl says: a list of {name: number}, filtered afterwards."""
    netlink = Netlink()
    family = netlink.family("netdev")
    found = []
    for answer in netlink.request(family, command):
        names = ATTRIBUTES[command]
        found.append({names[kind]: number(data) for kind, data in answer.items() if kind in names})
    return [one for one in found if all(one.get(name) == value for name, value in filters.items())]
