#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Attach a program that gives each frame one verdict: xdp.py INTERFACE drop|tx|xsk|none native|generic

With xsk it is redirected to an AF_XDP socket in copy mode, which has room for all and which nobody
empties. The socket lives as long as this program, which writes /run/xsk when it is ready.
"""

import ctypes
import mmap
import os
import signal
import socket
import struct
import sys

import bpf

AF_XDP, SOL_XDP = 44, 283
OFFSETS, RX_RING, UMEM_REG, FILL_RING, COMPLETION_RING = 1, 2, 4, 5, 6
FILL_PLACE = 0x100000000
COPY = 1 << 1
FRAMES, FRAME_SIZE = 32768, 2048


def xsk(name):
    """A socket that holds FRAMES frames."""
    memory = mmap.mmap(-1, FRAMES * FRAME_SIZE)
    where = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    sock = socket.socket(AF_XDP, socket.SOCK_RAW, 0)
    sock.setsockopt(SOL_XDP, UMEM_REG, struct.pack("<QQIIII", where, FRAMES * FRAME_SIZE, FRAME_SIZE, 0, 0, 0))
    for ring in (FILL_RING, COMPLETION_RING, RX_RING):
        sock.setsockopt(SOL_XDP, ring, struct.pack("<i", FRAMES))
    # producer, consumer, descriptors, flags: of RX, TX, fill, completion.
    offsets = struct.unpack("<16Q", sock.getsockopt(SOL_XDP, OFFSETS, 128))
    producer, _, entries, _ = offsets[8:12]
    fill = mmap.mmap(sock.fileno(), entries + 8 * FRAMES, offset=FILL_PLACE)
    fill[entries:entries + 8 * FRAMES] = struct.pack(f"<{FRAMES}Q", *range(0, FRAMES * FRAME_SIZE, FRAME_SIZE))
    fill[producer:producer + 4] = struct.pack("<I", FRAMES)
    address = struct.pack("<HHIII", AF_XDP, COPY, socket.if_nametoindex(name), 0, 0)
    if ctypes.CDLL(None).bind(sock.fileno(), address, len(address)):
        sys.exit("the AF_XDP socket cannot be bound")
    return sock, memory


interface, verdict, mode = sys.argv[1:]
mode = {"native": bpf.DRV_MODE, "generic": bpf.SKB_MODE}[mode]
if verdict == "none":
    bpf.detach(interface, mode)
elif verdict == "xsk":
    held = xsk(interface)
    sockets = bpf.new_map(bpf.XSKMAP)
    bpf.update(sockets, 0, struct.pack("<I", held[0].fileno()))
    bpf.attach(interface, bpf.prog(bpf.mapped(1, sockets) + bpf.mov(2, 0) + bpf.mov(3, 0) + bpf.call(51) + bpf.EXIT), mode)
    with open("/run/xsk", "w", encoding="ascii") as file:
        file.write(str(os.getpid()))
    signal.pause()
else:
    bpf.attach(interface, bpf.prog(bpf.ret({"drop": bpf.DROP, "tx": bpf.TX}[verdict])), mode)
