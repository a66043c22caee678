# SPDX-License-Identifier: GPL-2.0
"""A guest whose kernel starts more than once, for tests/run."""

import os
import pathlib
import shlex
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[3]
SCRATCH = pathlib.Path(os.environ.get("SCRATCH") or os.environ.get("TMPDIR") or "/tmp")
SLOW = int(os.environ.get("SLOW") or 1)
MODULE = os.environ.get("MODULE") or str(TOP / "build" / "e1000_rust.ko")
DRIVER = pathlib.Path(MODULE).name.removesuffix(".ko")


def kernel():
    """The directory of the kernel under test."""
    if os.environ.get("KERNEL"):
        return pathlib.Path(os.environ["KERNEL"])
    return pathlib.Path(subprocess.run([TOP / "qemu" / "kernel.sh"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip())


def run(script, seconds, append, files=(), **settings):
    """Run that script of this folder in a guest; it loads the driver itself, with lib/reborn_guest.py. The exit status."""
    here = pathlib.Path(__file__).parent
    files = [TOP / "tests/guest/lib/lib.py", here / "reborn_guest.py", *files]
    files += [MODULE] if MODULE.endswith(".ko") else []
    settings = {"MODULE": "none", "USERNET": 0, "MEM": "1G", **settings, "SCRIPT": here / script, "TIMEOUT": seconds * SLOW,
                "LOG": SCRATCH / f"{script}.log", "FILES": shlex.join(str(file) for file in files),
                "APPEND": f"{append} kunit.autorun=0 {os.environ.get('APPEND', '')}".strip(),
                "GUEST_ENV": f"PYTHONPATH=/root SLOW={SLOW} DRIVER={DRIVER} "
                             f"UNDER_TEST={MODULE if DRIVER == MODULE else f'/root/{DRIVER}.ko'}"}
    return subprocess.run([TOP / "qemu" / "guest", *(f"{name}={value}" for name, value in settings.items())], check=False).returncode
