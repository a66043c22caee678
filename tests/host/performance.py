#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: instructions, device accesses and interrupts per packet are not above the committed figures
# timeout: 600
"""The exact subset of the benchmark; tests/bench --update-reference takes new figures."""

import concurrent.futures
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "lib"), str(HERE.parent)]
sys.dont_write_bytecode = True

import cases  # noqa: E402
from benchmark import machine, subset  # noqa: E402
from place import DRIVER, MODULE  # noqa: E402


def why_not():
    """A reason to skip, or an empty string."""
    if DRIVER != "e1000_rust":
        return "the figures are of this driver"
    if os.environ.get("KERNEL"):
        return "the figures are of the stock kernel"
    kernel, _ = subset.read()
    if kernel != subset.release():
        return f"the figures are of kernel {kernel or '(none yet)'}"
    return ""


def main():
    reason = why_not()
    if reason:
        return cases.skip_all(reason)
    cases.begin()
    machine.prepare()
    found = {}
    with tempfile.TemporaryDirectory(prefix="e1000_rust-bench.") as scratch:
        driver = machine.Driver(machine.stripped(MODULE, scratch))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(job) for job in subset.jobs(driver)]:
                found.update(future.result())
    now, (_, reference) = subset.pick(found), subset.read()
    worse = subset.regressions(now, reference)
    for load in sorted(reference):
        mine = [f"{figure}: {value:.4g}, was {was:.4g}" for name, figure, was, value in worse if name == load]
        cases.case(f"{load}: {now[load]['instructions']:.0f} instructions, {now[load]['module']:.0f} of them in the "
                   f"module, {now[load]['heavy']:.3f} heavy accesses", not mine, "\n".join(mine))
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
