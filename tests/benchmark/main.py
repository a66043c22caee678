# SPDX-License-Identifier: GPL-2.0
"""The command line of the benchmark."""

import argparse
import concurrent.futures
import functools
import json
import pathlib
import subprocess
import sys
import tempfile

from . import annotate, document, loads, machine, picture, profile, subset, table, targets, wall

SECTIONS = {"tx": loads.tx, "rx": loads.rx, "xdp": loads.xdp, "net": loads.net, "life": loads.life, "remote": loads.remote}
ALL = (*SECTIONS, "wall")
# What runs twice to show that it is exact.
REPEATED = functools.partial(loads.tx, sizes=(60,), bursts=(1, 32), clones=(0,))
# pktgen waits for its packet to be freed, and virtio-net frees it with the next one. Its XDP wants more queues.
LEFT_OUT = (("virtio", "tx"), ("virtio", "xdp"))
EXACT = ("heavy", "light", "interrupts")


def arguments(argv):
    parser = argparse.ArgumentParser(
        prog="tests/bench", description="Measure this driver and the kernel's own e1000.ko on the same device: "
        "exact counts of guest instructions, device accesses and interrupts, and virtual time. The results go to "
        "build/bench.json, the picture to build/bench.svg.")
    parser.add_argument("--only", metavar="SECTIONS", default=",".join(ALL),
                        help=f"comma separated, of {', '.join(ALL)}")
    parser.add_argument("--alone", action="store_true", help="measure neither the C driver nor virtio-net beside it")
    parser.add_argument("--no-virtio", action="store_true", help="do not measure virtio-net")
    parser.add_argument("--no-repeat", action="store_true", help="do not run a part twice")
    parser.add_argument("--profile", action="store_true", help="print the instructions per packet of each function")
    parser.add_argument("--annotate", metavar="NAME", default="",
                        help="print the disassembly with counts of the module's functions that have NAME in theirs")
    parser.add_argument("--match", default="", help="... only of loads whose name has this in it")
    parser.add_argument("--lines", type=int, default=40, help="... so many functions of each load (40)")
    parser.add_argument("--module", default=str(machine.TOP / "build" / "e1000_rust.ko"), help="the module to measure")
    parser.add_argument("--jobs", type=int, default=2, help="guests to run at the same time (2)")
    parser.add_argument("--update-reference", action="store_true",
                        help="only measure what make test compares, and write its figures to the reference file")
    parser.add_argument("--document", action="store_true",
                        help="measure nothing; put the figures of the last run into Documentation/performance.md")
    parser.add_argument("--output", default=str(machine.TOP / "build" / "bench.json"), help="the results as JSON")
    options = parser.parse_args(argv)
    options.only = options.only.split(",")
    for name in options.only:
        if name not in ALL:
            parser.error(f"there is no section {name}")
    if not options.document and not pathlib.Path(options.module).is_file():
        parser.error(f"there is no {options.module}: run make first")
    return options


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def measure(jobs, workers):
    """The results of {key: function}; the guests are exact whatever else the host does, so some run at a time."""
    found = {}
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        running = {pool.submit(function): key for key, function in jobs.items()}
        try:
            for future in concurrent.futures.as_completed(running):
                key = running[future]
                try:
                    found[key] = future.result()
                except machine.Failed as err:
                    # It is only there for reference.
                    if key[0] != "virtio":
                        raise
                    progress(str(err))
                    continue
                progress(f"{' '.join(key)}: done, {len(found)} of {len(jobs)}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found


def gather(found, drivers):
    """{driver: {load: Load}} in the order of the sections."""
    out = {}
    for key in drivers:
        out[key] = {}
        for section in SECTIONS:
            out[key].update(found.get((key, section), {}))
    return out


def repeat_report(first, second):
    """How far the second run of a part was from the first, as text; and whether it was near enough."""
    lines, good = ["", "The same again, to see how exact it is:"], True
    for name in second:
        one, two = first[name].figures, second[name].figures
        change = abs(two["instructions"] / one["instructions"] - 1)
        same = all(one[key] == two[key] for key in EXACT)
        good = good and same and change < 0.005
        lines.append(f"  {name}: instructions {one['instructions']:.2f} and {two['instructions']:.2f} "
                     f"({change * 100:.3f} %), accesses and interrupts {'equal' if same else 'NOT EQUAL'}")
    return "\n".join(lines), good


def show_profiles(options, found):
    for name, mine in found["rust"].items():
        if options.match not in name or not mine.part:
            continue
        for key in [key for key in ("c", "rust") if options.profile and name in found.get(key, {})]:
            profile.print_functions(f"{name}, {key}", found[key][name], options.lines)
        if options.annotate:
            annotate.print_annotated(name, mine, options.module, options.annotate, executed_only=True)


def bench(options, module):
    drivers = {"c": machine.Driver("e1000"), "rust": machine.Driver(module),
               "virtio": machine.Driver("virtio_net", machine.VIRTIO)}
    for key, unwanted in (("c", options.alone), ("virtio", options.alone or options.no_virtio)):
        if unwanted:
            del drivers[key]
    jobs = {(key, section): functools.partial(SECTIONS[section], driver)
            for section in options.only if section in SECTIONS for key, driver in drivers.items()
            if (key, section) not in LEFT_OUT}
    repeat = "tx" in options.only and not options.no_repeat and not options.alone
    if repeat:
        jobs[("rust", "again")] = functools.partial(loads.tx, drivers["rust"])
    results = measure(jobs, options.jobs)
    by_clock = {}
    if "wall" in options.only and not options.alone:
        # By itself: this one depends on what else the host does.
        by_clock = wall.measure(drivers["rust"])
    found = gather(results, drivers)
    show_profiles(options, found)
    figures = {key: {name: load.figures for name, load in mine.items()} for key, mine in found.items()}
    checks = [] if options.alone else targets.check(figures)
    print(table.text(figures, checks))
    good = True
    if repeat:
        text, good = repeat_report(found["rust"], results[("rust", "again")])
        print(text)
    if by_clock:
        print(wall.text(by_clock))
    with open(options.output, "w", encoding="utf-8") as file:
        json.dump({**figures, "targets": checks, "wall clock": by_clock}, file, indent=1, sort_keys=False)
    if "c" in figures:
        pathlib.Path(options.output).with_suffix(".svg").write_text(picture.draw(figures), encoding="utf-8")
    return 0 if good else 1


def update_reference(options, module):
    parts = measure({("rust", str(number)): job for number, job in enumerate(subset.jobs(machine.Driver(module)))},
                    options.jobs)
    found = {}
    for number in range(len(parts)):
        found.update(parts[("rust", str(number))])
    subset.write(subset.pick(found))
    progress(f"{subset.REFERENCE} is written")
    return 0


def main(argv):
    options = arguments(argv)
    if options.document:
        document.update(pathlib.Path(options.output))
        return 0
    try:
        with tempfile.TemporaryDirectory(prefix="e1000_rust-bench.") as scratch:
            machine.prepare()
            module = machine.stripped(options.module, scratch)
            return update_reference(options, module) if options.update_reference else bench(options, module)
    except (machine.Failed, subprocess.CalledProcessError) as err:
        print(f"bench: {err}", file=sys.stderr)
        return 1
