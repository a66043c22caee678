#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: kexec under traffic: the device does no DMA when the next kernel starts, and works there
# timeout: 240
"""Boots a guest that starts the same kernel anew; lib/kexec-guest.py is what runs in it."""

import os
import pathlib
import shlex
import subprocess
import sys

TOP = pathlib.Path(os.environ.get("TOP") or pathlib.Path(__file__).resolve().parents[2])
SLOW = int(os.environ.get("SLOW", "1"))


def main():
    if os.environ.get("KERNEL"):
        print("KTAP version 1\n1..0 # SKIP the debug kernel has no kexec")
        return 0
    kernel = pathlib.Path(subprocess.run([TOP / "qemu" / "kernel.sh"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip())
    module = os.environ.get("MODULE") or str(TOP / "build" / "e1000_rust.ko")
    driver = pathlib.Path(module).name.removesuffix(".ko")
    files = [kernel / "vmlinuz", TOP / "tests/guest/lib/lib.py"] + ([module] if module.endswith(".ko") else [])
    # The guest gets at its own initramfs by retain_initrd.
    settings = {"SCRIPT": TOP / "tests/host/lib/kexec-guest.py", "MODULE": "none", "USERNET": 0, "MEM": "1G",
                "TIMEOUT": 200 * SLOW, "APPEND": "retain_initrd", "FILES": shlex.join(str(file) for file in files),
                "GUEST_ENV": f"PYTHONPATH=/root SLOW={SLOW} DRIVER={driver} UNDER_TEST={module if driver == module else f'/root/{driver}.ko'}"}
    if os.environ.get("SCRATCH"):
        settings["LOG"] = pathlib.Path(os.environ["SCRATCH"]) / "kexec.log"
    return subprocess.run([TOP / "qemu" / "guest", *(f"{name}={value}" for name, value in settings.items())], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
