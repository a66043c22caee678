# SPDX-License-Identifier: GPL-2.0
"""A guest whose kernel starts more than once, for tests/run."""

import os
import pathlib
import shlex
import subprocess
import sys

from place import DRIVER, MODULE, SCRATCH, SLOW, TOP

sys.path.insert(0, str(TOP / "qemu"))

import guestvm  # noqa: E402


def kernel():
    """The directory of the kernel under test."""
    return pathlib.Path(os.environ.get("KERNEL") or guestvm.cached("kernel.sh"))


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
