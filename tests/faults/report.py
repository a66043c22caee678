# SPDX-License-Identifier: GPL-2.0
"""Outcomes, and their KTAP lines."""

import dataclasses
import re

LOG_LINES = 25


@dataclasses.dataclass
class Outcome:
    """What happened to one fault, mode or seed; an empty `problems` is a pass."""

    name: str
    group: str
    problems: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)
    recovery: float | None = None   # seconds until traffic was back
    deadly: bool = False            # another boot is needed
    died: bool = False              # the guest did
    fired: int = 0
    counted: dict = dataclasses.field(default_factory=dict)
    log: list = dataclasses.field(default_factory=list)
    seen: dict = dataclasses.field(default_factory=dict)
    skipped: str = ""
    again: str = ""                 # the command that repeats it

    def passed(self):
        return not self.problems

    def bad(self, text):
        self.problems.append(text)

    def kind(self):
        return "failed" if self.problems else "skipped" if self.skipped else "passed"


def normal(text):
    """A message without what changes from one to the next: its kind."""
    return re.sub(r"0x[0-9a-f]+|\b[0-9a-f]{2}(:[0-9a-f]{2})+\b|\d+", "N", text)


class Report:
    """Prints each outcome as it comes, and the sums."""

    def __init__(self):
        self.outcomes = []
        print("KTAP version 1", flush=True)

    def case(self, outcome):
        self.outcomes.append(outcome)
        kind = outcome.kind()
        for line in outcome.problems + [f"note: {note}" for note in outcome.notes]:
            print(f"# {line}")
        if kind == "failed":
            for line in outcome.log[-LOG_LINES:]:
                print(f"#   | {line}")
            for name in ("counted", "seen"):
                if getattr(outcome, name):
                    print(f"#   {name}: {getattr(outcome, name)}")
            if outcome.again:
                print(f"#   again: {outcome.again}")
        word = "not ok" if kind == "failed" else "ok"
        extra = ""
        if kind == "skipped":
            extra = f" # SKIP {outcome.skipped}"
        elif outcome.recovery is not None:
            extra = f" # back after {outcome.recovery} s"
        print(f"{word} {len(self.outcomes)} {outcome.name}{extra}", flush=True)

    def end(self, seconds):
        """The sums; the exit status."""
        kinds = [outcome.kind() for outcome in self.outcomes]
        passed, failed, skipped = (kinds.count(kind) for kind in ("passed", "failed", "skipped"))
        print(f"# {seconds:.0f} s\n1..{len(kinds)}\n{passed} passed, {failed} failed, {skipped} skipped", flush=True)
        return 0 if passed and not failed else 1
