# SPDX-License-Identifier: GPL-2.0
"""In the guest: what scripts need whose kernel starts more than once.  from reborn_guest import *"""

import os
import pathlib

import lib
from lib import *

DEVICE = pathlib.Path("/sys/bus/pci/devices/0000:00:04.0")
UNDER_TEST = os.environ["UNDER_TEST"]


def interface():
    return (os.listdir(DEVICE / "net") or [""])[0] if (DEVICE / "net").is_dir() else ""


def load():
    """Load the driver; both ends are up afterwards, with their addresses."""
    run(f"{'insmod' if UNDER_TEST.endswith('.ko') else 'modprobe'} {UNDER_TEST}")
    if not wait_until(10, interface):
        raise RuntimeError("no interface appeared")
    lib.NIC = interface()
    # The functions of lib have the name as their default.
    run("ip addr replace 10.9.0.2/24 dev peer0", "peer")
    peer_up()
    address(lib.NIC)
    up(lib.NIC)


def masters():
    """Whether the device may reach memory by itself: bit 2 of the PCI command register."""
    return bool((DEVICE / "config").read_bytes()[4] & 4)


def floods():
    """Traffic both ways, until somebody ends it."""
    clients = [background("ping -q -f 10.9.0.2"), background("ping -q -f 10.9.0.1", "peer")]
    time.sleep(1)
    return clients
