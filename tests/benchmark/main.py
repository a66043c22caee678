# SPDX-License-Identifier: GPL-2.0
"""The command line of the benchmark."""

import argparse
import concurrent.futures
import json
import subprocess
import sys

from . import annotate, loads, machine, profile, table

SECTIONS = {"tx": loads.tx, "rx": loads.rx, "net": loads.net, "life": loads.life}


def arguments(argv):
    parser = argparse.ArgumentParser(
        prog="tests/bench", description="Measure this driver and the kernel's own e1000.ko on the same device: "
        "exact counts of guest instructions, device accesses and interrupts. Results: build/bench.json.")
    parser.add_argument("--only", metavar="SECTIONS", default=",".join(SECTIONS),
                        help=f"comma separated, of {', '.join(SECTIONS)}")
    parser.add_argument("--profile", action="store_true", help="print the instructions per packet of each function")
    parser.add_argument("--lines", type=int, default=40, help="functions to print for each load (40)")
    parser.add_argument("--match", default="", help="print profiles only of loads whose name has this in it")
    parser.add_argument("--annotate", metavar="NAME", default="",
                        help="print the disassembly with counts of the module's functions that have NAME in theirs")
    parser.add_argument("--module", default=str(machine.TOP / "build" / "e1000_rust.ko"), help="the module to measure")
    parser.add_argument("--alone", action="store_true", help="do not measure the C driver beside it")
    parser.add_argument("--jobs", type=int, default=2, help="guests to run at the same time (2)")
    parser.add_argument("--output", default=str(machine.TOP / "build" / "bench.json"), help="the results as JSON")
    options = parser.parse_args(argv)
    options.only = options.only.split(",")
    for name in options.only:
        if name not in SECTIONS:
            parser.error(f"there is no section {name}")
    return options


def measure(drivers, sections, jobs):
    """{driver: {load: Load}}; the guests are exact whatever else the host does, so two run at a time."""
    found = {driver: {} for driver in drivers}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(SECTIONS[section], driver): driver for section in sections for driver in drivers}
        try:
            for future in concurrent.futures.as_completed(running):
                found[running[future]].update(future.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found


def main(argv):
    options = arguments(argv)
    try:
        subprocess.run([machine.HERE / "build.sh", machine.BUILD], check=True)
        profile.kernel_symbols()
        drivers = {"rust": options.module} if options.alone else {"c": "e1000", "rust": options.module}
        found = measure(list(drivers.values()), options.only, options.jobs)
    except (machine.Failed, subprocess.CalledProcessError) as err:
        print(f"bench: {err}", file=sys.stderr)
        return 1
    if options.profile:
        for name in found[options.module]:
            if options.match in name and found[options.module][name].counts:
                for driver in drivers.values():
                    load = found[driver][name]
                    profile.print_functions(f"{name} with {loads.module_name(driver)}", load, options.lines)
    if options.annotate:
        for name, load in found[options.module].items():
            if options.match in name and load.counts:
                annotate.print_annotated(name, load, options.module, options.annotate, executed_only=True)
    results = {key: {name: load.figures for name, load in found[driver].items()} for key, driver in drivers.items()}
    print(table.text(results))
    with open(options.output, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1, sort_keys=True)
    return 0
