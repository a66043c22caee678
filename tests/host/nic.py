#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: the NIC of tests/nic by itself: each of its blocks, and the whole chip against a small driver
# timeout: 600
"""Runs cargo's tests of tests/nic."""

import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))
sys.dont_write_bytecode = True

import cases  # noqa: E402
from place import TOP  # noqa: E402


def main():
    target = os.environ.get("NIC_BUILD") or TOP / "build" / "nic"
    command = ["cargo", "test", "--quiet", "--locked", "--target-dir", str(target), "--", "--format", "pretty"]
    done = subprocess.run(command, cwd=TOP / "tests" / "nic", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    cases.begin()
    for name, result in re.findall(r"^test (\S+) \.\.\. (\w+)$", done.stdout, re.MULTILINE):
        cases.case(name, result == "ok")
    cases.case("all of them", done.returncode == 0 and cases.count > 0, done.stdout)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
