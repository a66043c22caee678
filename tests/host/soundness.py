#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: what a driver must not do with drivers/netdev does not compile, each misuse for the reason expected
# timeout: 300
"""Compiles tests/soundness with the flags of the module: once without the misuses, then with them."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))
sys.dont_write_bytecode = True

import cases  # noqa: E402
from cases import case  # noqa: E402
from place import SCRATCH, SLOW, TOP  # noqa: E402

SOURCES = TOP / "tests" / "soundness"
BUILD = TOP / "build"
# How make compiled the crate.
SAVED = BUILD / "drivers" / "e1000" / ".e1000.o.cmd"

# The root of the crate: the real drivers/netdev, a driver of nothing, and files that misuse both.
ROOT = """#![allow(unused)]
#![deny(unsafe_code, unused_must_use)]
#[allow(unsafe_code)]
#[path = "/src/drivers/netdev/mod.rs"]
mod netdev;
#[path = "/src/tests/soundness/driver.rs"]
mod driver;
kernel::module_driver! {
    <T>, netdev::pci::Adapter<T>, {
        type: driver::Bus,
        name: "soundness",
        authors: ["The e1000_rust developers"],
        description: "A driver of nothing",
        license: "GPL",
    }
}
"""
# In the toolchain root, as qemu/build.sh has it.
COMPILE = """
. "$TOP/qemu/lib.sh"
root=$("$QEMU_DIR/toolchain.sh")
kernel=$("$QEMU_DIR/kernel.sh")
metadata=$("$QEMU_DIR/metadata.sh")
in_root "$root" "$kernel/source:/kernel/source:ro" "$metadata:/kernel/build:ro" \
    "$TOP:/src:ro" "$BUILD:/build:ro" "$SCRATCH:/scratch" -- env "$@"
"""
OVERLOOKED = "unused_must_use"
MARK = re.compile(rf"//~(v?) (?:(E\d{{4}}|unsafe_code|{OVERLOOKED}) )?(.*)")
ITEM = re.compile(r"\s*/// (.*)")


class Mark:
    """An error that is expected in a line, and what it proves."""

    def __init__(self, path, line, code, text, about):
        self.place, self.code, self.text, self.about = (path.name, line), code, text, about

    def is_met_by(self, error):
        return error["place"] == self.place and error["code"] == self.code and self.text in error["text"]


def marks_of(path):
    """The marks of a file: behind the line that fails, or with `v` above it."""
    about, marks = "", []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if item := ITEM.fullmatch(line):
            about = item[1]
        elif mark := MARK.search(line):
            marks.append(Mark(path, number + len(mark[1]), mark[2] or "", mark[3], about))
    return marks


def why_not():
    """A reason to skip, or an empty string."""
    if not pathlib.Path(os.environ.get("MODULE") or "e1000_rust.ko").name.startswith("e1000_rust"):
        return "it is about drivers/netdev"
    if os.environ.get("KDIR") or not SAVED.exists():
        return f"{BUILD} has no build for the stock kernel"
    return ""


def flags():
    """How the module's crate was compiled, without what says from where to where."""
    words = shlex.split(SAVED.read_text().splitlines()[0].partition(":=")[2])
    at = words.index("--out-dir")
    return ["RUSTC_BOOTSTRAP=1", "NETDEV_BINDINGS=/build/drivers/netdev/bindings_generated.rs", *words[:at]]


def compile_with(files, *more):
    """The errors, each with the file's name and the line."""
    root = ROOT + "".join(f'#[path = "/src/tests/soundness/{path.name}"]\nmod {path.stem};\n' for path in files)
    (SCRATCH / "root.rs").write_text(root)
    command = ["bash", "-c", COMPILE, "soundness", *flags(), "--emit=metadata=/tmp/root.rmeta", "--error-format=json",
               "--crate-name=soundness", *more, "/scratch/root.rs"]
    environment = {**os.environ, "TOP": str(TOP), "BUILD": str(BUILD), "SCRATCH": str(SCRATCH)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120 * SLOW)
    errors = []
    for line in done.stderr.splitlines():
        if not line.startswith("{"):
            continue
        message = json.loads(line)
        if message.get("level") != "error":
            continue
        spans = [span for span in message["spans"] if span["is_primary"]]
        if spans:
            errors.append({"place": (pathlib.PurePath(spans[0]["file_name"]).name, spans[0]["line_start"]),
                           "code": (message["code"] or {}).get("code", ""), "text": re.sub(r"\b(?:\w+::)+", "", message["message"]),
                           "whole": message["rendered"]})
    return done.returncode, errors, done.stderr


def main():
    reason = why_not()
    if reason:
        return cases.skip_all(reason)
    cases.begin()
    files = sorted(path for path in SOURCES.glob("*.rs") if path.name != "driver.rs")
    marks = [mark for path in files for mark in marks_of(path)]

    status, errors, output = compile_with(files)
    case("a driver compiles that does none of this", status == 0 and not errors,
         "".join(error["whole"] for error in errors) or output)
    # The compiler looks for what is overlooked only where there is no other error.
    for cfg, kind in (("misuse", [mark for mark in marks if mark.code != OVERLOOKED]),
                      ("overlooked", [mark for mark in marks if mark.code == OVERLOOKED])):
        status, errors, output = compile_with(files, f"--cfg={cfg}")
        for mark in kind:
            here = [error for error in errors if error["place"] == mark.place]
            case(f"{mark.place[0]}: {mark.about}", any(mark.is_met_by(error) for error in here),
                 f"{mark.place[0]}:{mark.place[1]}: no error {mark.code} {mark.text}\n" + "".join(error["whole"] for error in here))
        places = {mark.place for mark in kind}
        other = [error for error in errors if error["place"] not in places]
        case(f"nothing else fails ({cfg})", status != 0 and errors and not other,
             "".join(error["whole"] for error in other) or output)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
