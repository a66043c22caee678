#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Switches features of the interface forth and back, without a process for each time.

Reads lines `NAME TIMES`, NAME being the kernel's; answers each with `ok`, or with what did not take."""

import struct
import sys
import time

from etool import ethtool_ioctl

GSTRINGS, GSSET_INFO, GFEATURES, SFEATURES = 0x1B, 0x37, 0x3A, 0x3B
NAMES = 4
LENGTH = 32
# For packets to meet each state.
PAUSE_SECONDS = 0.02


def names():
    (count,) = struct.unpack("=I", ethtool_ioctl(struct.pack("=IIQI", GSSET_INFO, 0, 1 << NAMES, 0))[16:])
    data = ethtool_ioctl(struct.pack("=III", GSTRINGS, NAMES, count) + bytes(LENGTH * count))[12:]
    return [data[at:at + LENGTH].rstrip(b"\0").decode() for at in range(0, len(data), LENGTH)]


def active(number, blocks):
    """Whether the feature of that number is on."""
    data = ethtool_ioctl(struct.pack("=II", GFEATURES, blocks) + bytes(16 * blocks))
    return bool(struct.unpack_from("=4I", data, 8 + 16 * (number // 32))[2] >> number % 32 & 1)


def switch(number, blocks, on):
    body = bytearray(8 * blocks)
    struct.pack_into("=II", body, 8 * (number // 32), 1 << number % 32, int(on) << number % 32)
    ethtool_ioctl(struct.pack("=II", SFEATURES, blocks) + body)


def toggle(known, name, times):
    number, blocks = known.index(name), -(-len(known) // 32)
    first = active(number, blocks)
    for turn in range(times):
        on = first if turn % 2 else not first
        switch(number, blocks, on)
        if active(number, blocks) != on:
            return f"{name} is not {'on' if on else 'off'} at turn {turn}"
        time.sleep(PAUSE_SECONDS)
    return "ok"


def main():
    known = names()
    for line in sys.stdin:
        name, times = line.split()
        print(toggle(known, name, int(times)), flush=True)


main()
