# SPDX-License-Identifier: GPL-2.0
"""Small BPF programs, put together by hand, and how to attach them."""

import ctypes
import os
import socket
import struct

SYS_BPF = 321
MAP_CREATE, MAP_UPDATE, PROG_LOAD, LINK_CREATE = 0, 2, 5, 28
SCHED_CLS, XDP = 3, 6
DEVMAP, CPUMAP, XSKMAP = 14, 16, 17
HAS_FRAGS = 1 << 5
TCX_INGRESS = 46
ABORTED, DROP, PASS, TX, REDIRECT = range(5)
SKB_MODE, DRV_MODE = 2, 4

_libc = ctypes.CDLL(None, use_errno=True)


def _bpf(command, attr):
    buffer = ctypes.create_string_buffer(attr.ljust(152, b"\0"), 152)
    result = _libc.syscall(SYS_BPF, command, buffer, 152)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def op(code, dst=0, src=0, off=0, imm=0):
    return struct.pack("<BBhi", code, src << 4 | dst, off, imm)


def mov(dst, imm):
    return op(0xB7, dst, imm=imm)


def copy(dst, src):
    return op(0xBF, dst, src)


def add(dst, imm):
    return op(0x07, dst, imm=imm)


def load(size, dst, src, off):
    """A load of 1, 2 or 4 bytes."""
    return op({1: 0x71, 2: 0x69, 4: 0x61}[size], dst, src, off)


def store(size, dst, off, imm):
    return op({1: 0x72, 2: 0x6A, 4: 0x62}[size], dst, 0, off, imm)


def call(function):
    return op(0x85, imm=function)


EXIT = op(0x95)


def mapped(dst, fd):
    return op(0x18, dst, 1, imm=fd) + op(0)


def ret(value):
    return mov(0, value) + EXIT


def guard(need, other=PASS):
    """r2 = the data, at least so many bytes; frames with fewer get that verdict."""
    return (load(4, 2, 1, 0) + load(4, 3, 1, 4) + copy(4, 2) + add(4, need) +
            op(0xBD, 4, 3, 2) + ret(other))


def ours(body, need=16):
    """Only for frames of type 0x88b5; r6 = the context, r2 = the data.  All others pass."""
    return (copy(6, 1) + guard(need) + load(2, 5, 2, 12) +
            op(0x15, 5, 0, 2, 0xB588) + ret(PASS) + body)


def fixed(verdict):
    return ours(ret(verdict))


def chosen():
    """The verdict is the first byte of the payload."""
    return ours(load(1, 0, 2, 14) + EXIT)


def adjusted(function, delta, then=None, failed=ABORTED):
    """bpf_xdp_adjust_{head,tail,meta}, and what follows with r6 = the context."""
    return ours(copy(1, 6) + mov(2, delta) + call(function) + op(0x15, 0, 0, 2, 0) + ret(failed) + (then or ret(PASS)))


ADJUST_HEAD, ADJUST_META, ADJUST_TAIL = 44, 54, 65


def redirected(ifindex):
    return ours(mov(1, ifindex) + mov(2, 0) + call(23) + EXIT)


def to_map(fd, key=0):
    """bpf_redirect_map() for every frame."""
    return mapped(1, fd) + mov(2, key) + mov(3, 0) + call(51) + EXIT


def redirected_map(fd, key=0):
    return ours(to_map(fd, key))


def prog(code, kind=XDP, flags=0):
    """Load it; the file descriptor."""
    instructions = ctypes.create_string_buffer(code, len(code))
    licence = ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(1 << 16)

    def attr(level):
        return struct.pack("<IIQQIIQII16sII", kind, len(code) // 8, ctypes.addressof(instructions),
                           ctypes.addressof(licence), level, (1 << 16) if level else 0,
                           ctypes.addressof(log) if level else 0, 0, flags, b"test", 0, 37 if kind == XDP else 0)
    try:
        return _bpf(PROG_LOAD, attr(0))
    except OSError:
        try:
            _bpf(PROG_LOAD, attr(1))
        except OSError:
            pass
        print(log.value.decode())
        raise


def new_map(kind, value_size=4, entries=1):
    return _bpf(MAP_CREATE, struct.pack("<IIIII", kind, 4, value_size, entries, 0))


def update(fd, key, value):
    key = ctypes.create_string_buffer(struct.pack("<I", key), 4)
    value = ctypes.create_string_buffer(value, len(value))
    _bpf(MAP_UPDATE, struct.pack("<IIQQQ", fd, 0, ctypes.addressof(key), ctypes.addressof(value), 0))


def tcx(fd, interface):
    """Attach at the stack's ingress; gone when the returned descriptor is closed."""
    return _bpf(LINK_CREATE, struct.pack("<IIII", fd, socket.if_nametoindex(interface), TCX_INGRESS, 0))


class Refused(OSError):
    """With netlink's message."""


def attach(interface, fd, mode=DRV_MODE):
    """Attach the XDP program, or none with -1."""
    def attribute(kind, body):
        return struct.pack("<HH", 4 + len(body), kind) + body + b"\0" * (-len(body) % 4)

    body = struct.pack("<BBHiII", 0, 0, 0, socket.if_nametoindex(interface), 0, 0)
    body += attribute(43 | 0x8000, attribute(1, struct.pack("<i", fd)) + attribute(3, struct.pack("<I", mode)))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.setsockopt(270, 11, 1)
        sock.setsockopt(270, 10, 1)
        sock.send(struct.pack("<IHHII", 16 + len(body), 19, 5, 1, 0) + body)
        answer = sock.recv(8192)
    code, = struct.unpack_from("<i", answer, 16)
    if code:
        text, at = "", 16 + 4 + 16
        while at + 4 <= len(answer):
            length, kind = struct.unpack_from("<HH", answer, at)
            if length < 4:
                break
            if kind & 0x3FFF == 1:
                text = answer[at + 4:at + length].rstrip(b"\0").decode()
            at += (length + 3) & ~3
        raise Refused(-code, text or os.strerror(-code))


def detach(interface, mode=DRV_MODE):
    attach(interface, -1, mode)
