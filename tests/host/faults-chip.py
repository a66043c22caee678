#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: the same for registers, the vanishing device, and the loading of the module
# long: a quarter of an hour in all; make faults
# timeout: 1200
"""tests/faults/run gone reg probe, for tests/run."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))
sys.dont_write_bytecode = True

import faults  # noqa: E402

if __name__ == "__main__":
    sys.exit(faults.run("gone", "reg", "probe"))
