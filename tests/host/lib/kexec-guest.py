#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""In the guest: load the driver, start the kernel anew under traffic, and look at the device before
the driver is loaded again.  The second life goes on with the number of cases of the first."""

import ctypes
import os
import pathlib

import lib
from lib import *

KEXEC_FILE_LOAD, REBOOT, REBOOT_KEXEC = 320, 169, 0x45584543
DEVICE = pathlib.Path("/sys/bus/pci/devices/0000:00:04.0")
UNDER_TEST = os.environ["UNDER_TEST"]
_libc = ctypes.CDLL(None, use_errno=True)


def interface():
    return (os.listdir(DEVICE / "net") or [""])[0] if (DEVICE / "net").is_dir() else ""


def load():
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


def kexec(cases):
    command_line = pathlib.Path("/proc/cmdline").read_text(encoding="ascii").strip() + f" second_life={cases}"
    kernel = os.open("/root/vmlinuz", os.O_RDONLY)
    image = pathlib.Path("/tmp/initrd")
    image.write_bytes(pathlib.Path("/sys/firmware/initrd").read_bytes())
    initrd = os.open(image, os.O_RDONLY)
    text = command_line.encode() + b"\0"
    if _libc.syscall(KEXEC_FILE_LOAD, kernel, initrd, ctypes.c_ulong(len(text)), text, 0):
        raise OSError(ctypes.get_errno(), "kexec_file_load")
    _libc.syscall(REBOOT, 0xFEE1DEAD, 672274793, REBOOT_KEXEC, None)
    raise OSError(ctypes.get_errno(), "reboot")


second = re.search(r"second_life=(\d+)", pathlib.Path("/proc/cmdline").read_text(encoding="ascii"))
if not second:
    load()
    check("traffic before", answers() and ping_all(50))
    check("the device masters the bus while the driver runs", masters())
    clients = [background("ping -q -f 10.9.0.2"), background("ping -q -f 10.9.0.1", "peer")]
    time.sleep(1)
    kexec(lib._cases)
lib._cases = int(second[1])
ok("the next kernel starts")
check("the device does not master the bus when it does", not masters())
load()
check("traffic in the next kernel", answers() and ping_all(200))
finish()
