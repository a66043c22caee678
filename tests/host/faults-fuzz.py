#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: seeded random faults and frames; a failing seed is repeated by one command
# long: a quarter of an hour in all; make faults
# timeout: 600
"""tests/faults/run fuzz, for tests/run."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))
sys.dont_write_bytecode = True

import faults  # noqa: E402

if __name__ == "__main__":
    sys.exit(faults.run("fuzz"))
