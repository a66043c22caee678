# SPDX-License-Identifier: GPL-2.0
"""In the guest: the page pools that the kernel has, by netlink. One that outlives its NIC still waits for pages."""

import socket
import struct

NETLINK_GENERIC, GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 16, 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 1, 2
NLM_F_REQUEST, NLM_F_DUMP, NLMSG_ERROR, NLMSG_DONE = 1, 0x300, 2, 3
NETDEV_CMD_PAGE_POOL_GET = 5
IFINDEX, INFLIGHT, DETACHED = 2, 4, 6


def attributes(data):
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            break
        value = data[4:length]
        found[kind & 0x3FFF] = int.from_bytes(value, "little") if len(value) in (2, 4, 8) else value
        data = data[(length + 3) & ~3:]
    return found


def request(sock, family, flags, command, payload=b""):
    """All answers' attributes; empty if the kernel refuses."""
    body = struct.pack("=BBH", command, 1, 0) + payload
    sock.send(struct.pack("=IHHII", 16 + len(body), family, NLM_F_REQUEST | flags, 1, 0) + body)
    answers = []
    while True:
        data = sock.recv(1 << 16)
        while len(data) >= 16:
            length, kind = struct.unpack_from("=IH", data)
            if kind in (NLMSG_ERROR, NLMSG_DONE):
                return answers
            answers.append(attributes(data[20:length]))
            data = data[(length + 3) & ~3:]
        if not flags & NLM_F_DUMP:
            return answers


def left():
    """Pages in flight of the page pools whose NIC is gone."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC) as sock:
        sock.settimeout(5)
        sock.bind((0, 0))
        name = b"netdev\0"
        found = request(sock, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY,
                        struct.pack("=HH", 4 + len(name), CTRL_ATTR_FAMILY_NAME) + name + b"\0")
        if not found:
            return 0
        pools = request(sock, found[0][CTRL_ATTR_FAMILY_ID], NLM_F_DUMP, NETDEV_CMD_PAGE_POOL_GET)
        return sum(pool.get(INFLIGHT, 0) for pool in pools if DETACHED in pool)
