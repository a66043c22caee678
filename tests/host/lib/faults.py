# SPDX-License-Identifier: GPL-2.0
"""tests/faults/run, for tests/run."""

import os

import cases
from place import DRIVER, TOP

RUN = TOP / "tests" / "faults" / "run"


def run(*chosen):
    """Become tests/faults/run with these arguments, unless the C driver is what is tested."""
    if DRIVER == "e1000":
        return cases.skip_all("the C driver: it fails many of them; see Documentation/faults.md")
    os.environ["OUT"] = os.environ.get("FAULTS_OUT") or str(TOP / "build" / "faults")
    os.execv(RUN, [str(RUN), *chosen])
