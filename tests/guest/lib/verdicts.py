# SPDX-License-Identifier: GPL-2.0
"""What the XDP tests share: attaching, counting, comparing."""

import os

import bpf
from etool import statistics
from lib import NIC, check


def counted(before, interface=NIC):
    """What of XDP has been counted since."""
    now = statistics(interface)
    return {name[4:]: now[name] - before[name] for name in now if name.startswith("xdp_") and now[name] != before[name]}


def use(code, flags=0, interface=NIC):
    """Attach a program in the place of what is there."""
    fd = bpf.prog(code, flags=flags)
    bpf.attach(interface, fd)
    os.close(fd)


def frames(name, expected, found):
    """A case: these frames, in this order; says little about what is wrong."""
    wrong = [(len(data), data[14:18].hex()) for data in found if data not in expected]
    check(name, expected == found, f"{len(expected)} expected, {len(found)} found, not among them {wrong[:4]}")
