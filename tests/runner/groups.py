# SPDX-License-Identifier: GPL-2.0
"""What tests there are: the files, what their headers say, which were asked for."""

import dataclasses
import fnmatch
import pathlib
import re

# What a header line `# key: value` may say; the default where it says nothing.
KEYS = {
    "about": "",          # one line: what the test proves
    "models": "e1000",    # the NIC models to run it with, one guest each
    "long-models": "",    # more of them, which run only by name or with LONG=1: the driver does the same there
    "nics": "1",          # how many of them
    "params": "",         # the module's parameters
    "timeout": "240",     # seconds for everything after the guest's start
    "expect-log": "",     # regular expression: complaints in the kernel's log that the test provokes
    "load-may-fail": "",  # yes: run it though the module does not load
    "rust-only": "",      # why it is no test for the C driver
    "c-skips": "",        # the same, for what the C driver is known not to do
    "usernet": "0",       # 1: with QEMU's user network on the first hub
    "module": "",         # load this instead of the module under test (none: the test does it itself)
    "smp": "1",
    "mem": "512M",
    "machine": "",
    "boot": "",           # why it needs a guest that boots, and none that is resumed with the NICs added to it
    "image": "",          # vmlinuz: a machine that is to wake up from S3
    "output": "",         # serial: a test that suspends
    "files": "",          # more files for the guest's /root, relative to tests/guest
    "qemu-args": "",
    "append": "",         # more of the kernel's command line
    "not-in": "",         # places that it is no test for, and why: `iommu nic; it plugs in NICs of QEMU's` (tests/run PLACE=)
    "long": "",           # why it runs only by name or with LONG=1
    "debug": "",          # why it is part of what runs on the debug kernel each time (tests/debug SHORT=1)
    "soak": "",           # it has a long form (tests/soak), which takes so many seconds besides the MINUTES
}
HEADER = re.compile(r"# ([a-z-]+): ?(.*)")


class Refused(Exception):
    """Nothing can be run; the text says why."""


@dataclasses.dataclass(eq=False)
class Group:
    """One test file with one NIC model: what runs in one guest, or on the host."""

    path: pathlib.Path
    model: str
    label: str
    header: dict

    @property
    def about(self):
        return self.header["about"]

    def why_long(self, nic):
        """Why it runs only by name or with LONG=1; nothing if it does not. A model that was asked for is no reason."""
        if not nic and self.model in self.header["long-models"].split():
            return "the driver does the same with this model"
        return self.header["long"]

    @property
    def reason_not_in(self):
        return self.header["not-in"].partition(";")[2].strip()

    def is_for(self, place):
        return place not in self.header["not-in"].partition(";")[0].split()

    @property
    def on_host(self):
        return self.path.parent.name == "host"


def header_of(path):
    """The keys of the comment lines at the start of the file."""
    header = dict(KEYS)
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            break
        match = HEADER.fullmatch(line)
        if not match or line.startswith("# SPDX"):
            continue
        key, value = match[1], match[2].strip()
        if key not in KEYS:
            # A header that is misspelt must not be ignored.
            raise Refused(f"{path}: unknown header '{key}:'")
        header[key] = value or "yes"
    if header["not-in"] and not all(part.strip() for part in header["not-in"].partition(";")):
        raise Refused(f"{path}: 'not-in:' wants places, a semicolon and the reason")
    return header


def discover(top):
    """All groups of tests/, in the order of their names."""
    found = []
    for kind in ("host", "guest"):
        for path in sorted((top / kind).glob("*")):
            if not path.is_file() or path.suffix not in (".sh", ".py"):
                continue
            header = header_of(path)
            models = header["models"].split() + header["long-models"].split()
            for model in models:
                label = path.stem if len(models) == 1 else f"{path.stem}.{model}"
                found.append(Group(path, model, label, header))
    return found


def choose(found, filters, nic):
    """The groups that the filters name; a filter that names none is refused."""
    def wanted(group, text):
        if "/" in text:
            return group.path == pathlib.Path(text).resolve()
        return fnmatch.fnmatchcase(group.label, text) or fnmatch.fnmatchcase(group.path.stem, text)

    for text in filters:
        if not any(wanted(group, text) for group in found):
            raise Refused(f"there is no test {text}; see tests/run --list")
    chosen = [group for group in found if not filters or any(wanted(group, text) for text in filters)]
    if nic:
        several = {group.path for group in chosen if group.label != group.path.stem}
        chosen = [group for group in chosen if group.path not in several or group.model == nic]
        for group in chosen:
            group.model = nic
    if not chosen:
        raise Refused("no test is left")
    return chosen
