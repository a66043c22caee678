#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: tests/run's verdict on every kind of output and end, its filters, its headers and its bounds
"""Runs a copy of tests/run over made-up tests, with a made-up qemu/guest."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))
sys.dont_write_bytecode = True

import cases  # noqa: E402
from cases import case  # noqa: E402
from place import SCRATCH  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parents[1]


class Tree:
    """A tests/ folder with just the tests given, run by a guest that is a plain shell."""

    def __init__(self, **tests):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="tree", dir=SCRATCH))
        self.tests = self.top / "tests"
        for folder in ("guest/lib", "host"):
            (self.tests / folder).mkdir(parents=True)
        shutil.copy(HERE / "run", self.tests)
        shutil.copytree(HERE / "runner", self.tests / "runner", ignore=shutil.ignore_patterns("__pycache__"))
        self.guest = self.top / "guest"
        self.guest.write_text("#!/bin/sh\n[ -z \"$PREPARE\" ] || exit 0\nexport $GUEST_ENV\nexec sh \"$SCRIPT\"\n")
        self.guest.chmod(0o755)
        for name, text in tests.items():
            path = self.tests / "guest" / f"{name}.sh"
            path.write_text("#!/bin/sh\n" + textwrap.dedent(text))
            path.chmod(0o755)

    def start(self, *args, **environment):
        env = {key: value for key, value in os.environ.items() if key not in ("NIC", "OUT", "JOBS", "SLOW", "MODULE")}
        env.update({"GUEST_RUNNER": str(self.guest), "MODULE": "none", "OUT": str(self.top / "out"), **environment})
        return subprocess.Popen([self.tests / "run", *args], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *args, **environment):
        with self.start(*args, **environment) as process:
            output = output_of(process, 120)
        return process.returncode, output


def output_of(process, seconds):
    """What it prints to its end, which comes in time."""
    try:
        return process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def expect(name, status, closing, text, **tests):
    """One tree: its exit status, its last line, and what else must be printed."""
    tree = Tree(**tests)
    found, output = tree.run()
    last = output.splitlines()[-1] if output else ""
    missing = [word for word in text if word not in output]
    case(f"{name}: status {status}, {closing}", found == status and last == closing and not missing,
         f"status {found}, missing {missing}\n{output}")


PASS = "echo ok 1 first\necho ok 2 second\necho 1..2\n"


def verdicts():
    expect("all pass", 0, "2 passed, 0 failed, 0 skipped", ["ok 1 a # "], a=PASS)
    expect("one fails", 1, "1 passed, 1 failed, 0 skipped", ["not ok 1 a", "# | seen before", "# failed: a"],
           a="echo ok 1 x\necho seen before\necho 'not ok 2 y # why'\necho 1..2\nexit 1\n")
    expect("some skipped", 0, "1 passed, 0 failed, 1 skipped", [], a="echo ok 1 x\necho 'ok 2 y # SKIP no'\necho 1..2\n")
    expect("all skipped", 1, "0 passed, 0 failed, 1 skipped", ["ok 1 a # SKIP"], a="echo 'ok 1 y # SKIP no'\necho 1..1\n")
    expect("skipped as a whole", 0, "2 passed, 0 failed, 1 skipped", [], a="echo '1..0 # SKIP no'\n", b=PASS)
    expect("nothing checked", 1, "0 passed, 1 failed, 0 skipped", [], a="exit 0\n")
    expect("an empty plan", 1, "0 passed, 0 failed, 1 skipped", [], a="echo 1..0\n")
    expect("no plan", 1, "1 passed, 1 failed, 0 skipped", ["ended before its end"], a="echo ok 1 x\n")
    expect("too few cases", 1, "1 passed, 1 failed, 0 skipped", ["3 cases planned, 1 seen"], a="echo ok 1 x\necho 1..3\n")
    expect("a wrong number", 1, "1 passed, 1 failed, 0 skipped", ["is numbered 2"], a="echo ok 2 x\necho 1..1\n")
    expect("exit status 3", 1, "2 passed, 1 failed, 0 skipped", ["exit status 3"], a=PASS + "exit 3\n")
    expect("a complaint of the kernel", 1, "2 passed, 1 failed, 0 skipped", ["kernel complained", "BUG: shown"],
           a=PASS + "echo BUG: shown >&2\nexit 99\n")
    for status, words in ((96, "a breakpoint that was gone"), (97, "the guest ended"), (98, "did not load"), (124, "time-out"), (125, "not be started")):
        expect(f"status {status}", 1, "0 passed, 1 failed, 0 skipped", [words], a=f"exit {status}\n")
    expect("not ok with SKIP is a failure", 1, "0 passed, 1 failed, 0 skipped", [], a="echo 'not ok 1 x # SKIP no'\necho 1..1\n")
    expect("one of two tests fails", 1, "2 passed, 1 failed, 0 skipped", ["# failed: b"], a=PASS, b="echo not ok 1 x\necho 1..1\n")


def bounds():
    tree = Tree(slow="# timeout: 2\nsleep 300\n", quick=PASS)
    work = tree.tests / "runner" / "work.py"
    work.write_text(work.read_text().replace("GUEST_SPARE = 60", "GUEST_SPARE = 1"))
    start = time.monotonic()
    status, output = tree.run()
    took = time.monotonic() - start
    case("a test that hangs is ended, the others are not lost", status == 1 and took < 30
         and "time-out" in output and output.endswith("2 passed, 1 failed, 0 skipped\n"), f"{took:.0f} s\n{output}")
    tree = Tree(**{f"t{n}": "sleep 2\n" + PASS for n in range(4)})
    start = time.monotonic()
    status, output = tree.run("JOBS=4")
    took = time.monotonic() - start
    case("JOBS=4 runs four at a time", status == 0 and took < 7, f"{took:.0f} s\n{output}")
    places = SCRATCH / "places"
    places.mkdir()
    start = time.monotonic()
    with Tree(a="sleep 3\n" + PASS).start("JOBS=1", GATE=str(places)) as one, \
            Tree(b="sleep 3\n" + PASS).start("JOBS=1", GATE=str(places)) as other:
        outputs = [output_of(process, 60) for process in (one, other)]
    took = time.monotonic() - start
    case("two runs that share one place take turns", took >= 6 and one.returncode == other.returncode == 0, f"{took:.0f} s\n{outputs}")


def second_try():
    seeds, tries = SCRATCH / "seeds", SCRATCH / "tries"
    tree = Tree(a=f"echo $SEED >>{seeds}\n[ $(wc -l <{seeds}) -gt 1 ] || {{ echo the first; exit 3; }}\n" + PASS)
    status, output = tree.run()
    found = seeds.read_text().split()
    case("what fails is tried once more, with the same seed, and that is said", status == 0 and len(found) == 2
         and found[0] == found[1] and "# at the second try: a\n" in output, f"{found}\n{output}")
    first = tree.top / "out" / "a.first.out"
    case("the output of the first try stays", first.is_file() and "the first" in first.read_text())
    for status in (96, 97, 99):
        tries.write_text("")
        found, output = Tree(a=f"echo >>{tries}\n[ $(wc -l <{tries}) -gt 1 ] || exit {status}\n" + PASS).run()
        if status == 96:
            case("status 96 is tried again", found == 0 and "# at the second try: a\n" in output, output)
        else:
            case(f"status {status} stands", found == 1 and tries.read_text() == "\n" and "2 passed" not in output, output)


def interrupts():
    # Ended in its first run, and in the second, which is the main thread's.
    for name, failing in (("first", 0), ("second", 1)):
        pid = SCRATCH / f"interrupted.{name}"
        tree = Tree(slow=f"echo $$ >>{pid}\n[ $(wc -l <{pid}) -gt {failing} ] || exit 3\nexec sleep 300\n")
        with tree.start() as process:
            end = time.monotonic() + 30
            while time.monotonic() < end and not (pid.is_file() and pid.read_text().count("\n") > failing):
                time.sleep(0.1)
            process.terminate()
            output_of(process, 30)
        left = pathlib.Path("/proc", pid.read_text().split()[failing]).exists()
        case(f"SIGTERM in the {name} run of a test ends the test as well", process.returncode == 143 and not left,
             f"status {process.returncode}, still there: {left}")


def choice():
    tree = Tree(ping=PASS, ring="# about: the ring\n# models: e1000 e1000-82545em\necho ok 1 $NIC\necho 1..1\n",
                rust="# rust-only: none\n" + PASS)
    case("--list lists all, by model", [line.split()[0] for line in tree.run("--list")[1].splitlines()]
         == ["ping", "ring.e1000", "ring.e1000-82545em", "rust"])
    status, output = tree.run("ring.e1000-82545em")
    case("a filter by label", "    ok 1 e1000-82545em" in output and "1 passed, 0 failed, 0 skipped" in output, output)
    status, output = tree.run("r*", "NIC=e1000-82544gc", "--list")
    case("NIC= takes one model", "ring.e1000 " not in output, output)
    status, output = tree.run("nosuch")
    case("an unknown filter is refused", status == 2 and "nosuch" in output, output)
    status, output = tree.run("JOBS=0")
    case("JOBS=0 is refused", status == 2, output)
    status, output = tree.run("--nosuch")
    case("an unknown option is refused", status == 2, output)
    status, output = tree.run(MODULE="/nowhere/e1000_rust.ko")
    case("a module that is not there is refused", status == 2 and "/nowhere" in output, output)
    status, output = tree.run("rust", MODULE="e1000")
    case("rust-only is skipped for the C driver", status == 1 and output.endswith("0 passed, 0 failed, 1 skipped\n"), output)
    tree = Tree(ping=PASS, ring="# long-models: e1000-82545em\necho ok 1 $NIC\necho 1..1\n")
    ran = {setting: [model for model in ("e1000", "e1000-82545em") if f"    ok 1 {model}\n" in tree.run(*setting.split())[1]]
           for setting in ("", "LONG=1", "ring*", "NIC=e1000-82545em")}
    case("a long model runs with LONG=1, by name, or if it is the one", list(ran.values())
         == [["e1000"], ["e1000", "e1000-82545em"], ["e1000", "e1000-82545em"], ["e1000-82545em"]], ran)
    tree = Tree(ping=PASS, plug="# not-in: nic iommu; it plugs\n" + PASS)
    status, output = tree.run("PLACE=iommu")
    case("PLACE= leaves out what is not for there, and says so", status == 0 and "# not for iommu: plug: it plugs" in output
         and output.endswith("2 passed, 0 failed, 0 skipped\n"), output)
    case("and nothing else", tree.run("PLACE=big")[1].endswith("4 passed, 0 failed, 0 skipped\n"))
    status, output = tree.run("PLACE=nic", "plug")
    case("nor what is named", status == 2 and "no test is left" in output, output)
    (tree.tests / "guest" / "wrong.sh").write_text("#!/bin/sh\n# not-in: nic\n")
    status, output = tree.run()
    case("not-in without a reason is refused", status == 2 and "not-in" in output, output)
    (tree.tests / "guest" / "wrong.sh").write_text("#!/bin/sh\n# tiemout: 5\n")
    status, output = tree.run()
    case("a misspelt header is refused", status == 2 and "tiemout" in output, output)


if __name__ == "__main__":
    cases.begin()
    verdicts()
    bounds()
    second_try()
    interrupts()
    choice()
    sys.exit(cases.end())
