# SPDX-License-Identifier: GPL-2.0
"""What a test's KTAP output means."""

import dataclasses
import re

RESULT = re.compile(r"(ok|not ok) (\d+) ?(?:- )?(.*)")
SKIP = re.compile(r"#\s*SKIP\b", re.IGNORECASE)
PLAN = re.compile(r"1\.\.(\d+)( +# *SKIP\b.*)?")
EXCERPT = 25


@dataclasses.dataclass
class Result:
    """One group's outcome: its lines for the report, and how each case ended."""

    lines: list = dataclasses.field(default_factory=list)
    cases: list = dataclasses.field(default_factory=list)
    seconds: float = 0.0
    # Another try would prove nothing.
    final: bool = False

    def counts(self):
        return {kind: self.cases.count(kind) for kind in ("passed", "failed", "skipped")}

    def passed(self):
        return bool(self.cases) and "failed" not in self.cases

    def skipped_whole(self):
        return bool(self.cases) and set(self.cases) == {"skipped"}

    def add(self, kind, name, detail=()):
        """A case that the runner itself adds."""
        self.cases.append(kind)
        word = "not ok" if kind == "failed" else "ok"
        self.lines.append(f"{word} {len(self.cases)} {name}")
        self.lines += [f"# {line}" for line in detail]


def parse(output):
    """The cases in a test's output, and what is wrong with the output itself."""
    result, plan, problems = Result(), None, []
    strays = []
    for line in output.splitlines():
        line = line.rstrip()
        case, planned = RESULT.fullmatch(line), PLAN.fullmatch(line)
        if case:
            if int(case[2]) != len(result.cases) + 1:
                problems.append(f"case {len(result.cases) + 1} is numbered {case[2]}")
            if SKIP.search(case[3]):
                kind = "skipped" if case[1] == "ok" else "failed"
            else:
                kind = "passed" if case[1] == "ok" else "failed"
            result.cases.append(kind)
            if kind == "failed":
                # What the test printed on the way belongs to the failure.
                result.lines += strays[-EXCERPT:]
            result.lines.append(line)
            strays = []
        elif planned:
            plan = int(planned[1])
            if plan == 0:
                result.cases.append("skipped")
                result.lines.append(line)
        elif line.startswith("#"):
            result.lines.append(line)
        elif line and not line.startswith("KTAP version"):
            strays.append(f"# | {line}")
    if plan is None:
        problems.append("the test ended before its end: no plan was printed")
        result.lines += strays[-EXCERPT:]
    elif plan and plan != len(result.cases):
        problems.append(f"{plan} cases planned, {len(result.cases)} seen")
    if not result.cases and not problems:
        problems.append("the test checked nothing")
    return result, problems
