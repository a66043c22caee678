#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: hibernation under traffic, to a disk and through a reset: the interface goes on, whatever the next kernel did with the device
# timeout: 400
"""Boots a guest with a disk to swap to; lib/hibernate-guest.py is what runs in it, in each of its kernels."""

import pathlib
import shlex
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))
sys.dont_write_bytecode = True

import reborn  # noqa: E402
from place import SCRATCH  # noqa: E402


def disk(name, size, slot):
    """QEMU's arguments for a disk, which is empty."""
    path = SCRATCH / name
    with open(path, "wb") as file:
        file.truncate(size)
    drive = f"if=none,id={name},format=raw,cache=unsafe,file={path}"
    return f"-drive {shlex.quote(drive)} -device virtio-blk-pci,drive={name},addr={slot}"


def main():
    # What is compressed in an emulated machine is not sooner on its disk.
    return reborn.run("hibernate-guest.py", 380, "hibernate=nocompress", OUTPUT="serial", QEMU_ARGS=" ".join(
        (disk("swap", 2 << 30, "0x18"), disk("notes", 1 << 20, "0x19"), "-action reboot=reset")))


if __name__ == "__main__":
    sys.exit(main())
