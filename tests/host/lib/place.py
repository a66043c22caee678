# SPDX-License-Identifier: GPL-2.0
"""What tests/run tells a test that runs on the host; each has a value when such a test is run by hand, too."""

import os
import pathlib

TOP = pathlib.Path(os.environ.get("TOP") or pathlib.Path(__file__).resolve().parents[3])
# A directory of the test's own, which is gone after it.
SCRATCH = pathlib.Path(os.environ.get("SCRATCH") or os.environ.get("TMPDIR") or "/tmp")
SLOW = int(os.environ.get("SLOW") or 1)
# The module under test: a file, or the name of one of the stock kernel's.
MODULE = os.environ.get("MODULE") or str(TOP / "build" / "e1000_rust.ko")
DRIVER = pathlib.Path(MODULE).name.removesuffix(".ko")
