#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Attach a program that gives each frame one verdict: xdp.py INTERFACE drop|tx|xsk|none native|generic

With xsk it is redirected to an AF_XDP socket in copy mode, which has room for all and which nobody
empties. The socket lives as long as this program, which writes /run/xsk when it is ready.
"""

import os
import signal
import struct
import sys

import bpf
import xsk

FRAMES = 32768

interface, verdict, mode = sys.argv[1:]
mode = {"native": bpf.DRV_MODE, "generic": bpf.SKB_MODE}[mode]
if verdict == "none":
    bpf.detach(interface, mode)
elif verdict == "xsk":
    receiver = xsk.Socket(FRAMES)
    if receiver.bind(interface, xsk.COPY):
        sys.exit("the AF_XDP socket cannot be bound")
    receiver.offer(FRAMES)
    sockets = bpf.new_map(bpf.XSKMAP)
    bpf.update(sockets, 0, struct.pack("<I", receiver.fileno()))
    bpf.attach(interface, bpf.prog(bpf.to_map(sockets)), mode)
    with open("/run/xsk", "w", encoding="ascii") as file:
        file.write(str(os.getpid()))
    signal.pause()
else:
    bpf.attach(interface, bpf.prog(bpf.ret({"drop": bpf.DROP, "tx": bpf.TX}[verdict])), mode)
