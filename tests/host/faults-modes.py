#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: with an honest device that is not QEMU's: late completion, posted writes, checksums, other models, sleep
# long: a quarter of an hour in all; make faults
# timeout: 1200
"""tests/faults/run modes, for tests/run."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))
sys.dont_write_bytecode = True

import faults  # noqa: E402

if __name__ == "__main__":
    sys.exit(faults.run("modes"))
