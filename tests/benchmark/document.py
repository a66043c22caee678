# SPDX-License-Identifier: GPL-2.0
"""Puts the figures of a run into Documentation/performance.md."""

import json

from . import machine, picture, table, wall

PAGE = machine.TOP / "Documentation" / "performance.md"
BEGIN, END = "<!-- figures: tests/bench --document writes them -->", "<!-- end of figures -->"


def update(results_path):
    results = json.loads(results_path.read_text(encoding="utf-8"))
    by_clock, checks = results.get("wall clock", {}), results["targets"]
    figures = table.text(results, checks) + ("\n" + wall.text(by_clock) if by_clock else "")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n```\n{figures.strip()}\n```\n\n{END}{after}", encoding="utf-8")
    PAGE.with_suffix(".svg").write_text(picture.draw(results), encoding="utf-8")
