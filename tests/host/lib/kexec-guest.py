#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""In the guest: load the driver, start the kernel anew under traffic, and look at the device before
the driver is loaded again.  The second life goes on with the number of cases of the first."""

import ctypes
import mmap
import struct

from reborn_guest import *

KEXEC_FILE_LOAD, REBOOT, REBOOT_KEXEC = 320, 169, 0x45584543
RCTL, TCTL, ENABLED = 0x100, 0x400, 2
_libc = ctypes.CDLL(None, use_errno=True)


def enabled(register):
    """Whether the device's receiver or transmitter runs; registers can be read as long as no driver has them."""
    with open(DEVICE / "resource0", "r+b") as bar, mmap.mmap(bar.fileno(), 0x20000) as registers:
        return bool(struct.unpack_from("<I", registers, register)[0] & ENABLED)


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
    floods()
    kexec(lib._cases)
lib._cases = int(second[1])
ok("the next kernel starts")
check("the device does not master the bus when it does", not masters())
check("nor do its receiver and transmitter run, which the driver has stopped", not enabled(RCTL) and not enabled(TCTL))
load()
check("traffic in the next kernel", answers() and ping_all(200))
finish()
