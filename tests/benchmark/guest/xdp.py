#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Attach a program that gives each frame one verdict: xdp.py INTERFACE drop|tx|none native|generic"""

import sys

import bpf

interface, verdict, mode = sys.argv[1:]
mode = {"native": bpf.DRV_MODE, "generic": bpf.SKB_MODE}[mode]
if verdict == "none":
    bpf.detach(interface, mode)
else:
    bpf.attach(interface, bpf.prog(bpf.ret({"drop": bpf.DROP, "tx": bpf.TX}[verdict])), mode)
