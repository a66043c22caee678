#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: kexec under traffic: the device does no DMA when the next kernel starts, and works there
# timeout: 240
"""Boots a guest that starts the same kernel anew; lib/kexec-guest.py is what runs in it."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))
sys.dont_write_bytecode = True

import reborn  # noqa: E402

if __name__ == "__main__":
    # The guest gets at its own initramfs by retain_initrd.
    sys.exit(reborn.run("kexec-guest.py", 200, "retain_initrd", [reborn.kernel() / "vmlinuz"]))
