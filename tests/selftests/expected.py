# SPDX-License-Identifier: GPL-2.0
"""The list of what does not pass, and why; each result is judged by it."""

import collections
import fnmatch
import pathlib

PATH = pathlib.Path(__file__).resolve().parent / "expected"
RESULTS = ("skip", "xfail", "fail")

Entry = collections.namedtuple("Entry", "file subtest result reason")


class Bad(Exception):
    """The list itself is wrong."""


def read(path=PATH):
    """The entries: lines of `file | subtest | result | reason`; the subtest may be a pattern."""
    entries = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 4 or parts[2] not in RESULTS or not all(parts):
            raise Bad(f"{path}:{number}: not `file | subtest | result | reason`: {line}")
        entries.append(Entry(*parts))
    return entries


class Judge:
    """Holds the list against results, and keeps count of what it was needed for."""

    def __init__(self, entries):
        self.entries = entries
        self.used = set()

    def find(self, file, subtest):
        """The entry for a subtest: its own before one with a pattern."""
        mine = [entry for entry in self.entries if entry.file == file]
        exact = [entry for entry in mine if entry.subtest == subtest]
        pattern = [entry for entry in mine if fnmatch.fnmatchcase(subtest, entry.subtest)]
        return (exact + pattern + [None])[0]

    def verdict(self, file, subtest, result, comment):
        """(KTAP's word, what follows the name) for one result."""
        entry = self.find(file, subtest)
        if entry:
            self.used.add(entry)
        if entry and entry.result == result:
            return "ok", f" # SKIP {'' if result == 'skip' else result + ': '}{entry.reason}"
        if not entry and result == "pass":
            return "ok", ""
        wanted = f"{entry.result} ({entry.reason})" if entry else "pass"
        return "not ok", f" # {result}, expected {wanted}{': ' + comment if comment else ''}"

    def stale(self, files):
        """Entries for these files that no result asked for."""
        return [entry for entry in self.entries if entry.file in files and entry not in self.used]
