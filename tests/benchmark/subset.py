# SPDX-License-Identifier: GPL-2.0
"""The cheap exact part of the benchmark, compared with committed figures."""

import json

from . import loads, machine, profile

REFERENCE = machine.HERE / "reference.json"
FIGURES = ("instructions", "module", "heavy", "light", "interrupts")
# A figure may be so much larger than the reference...
ALLOWED = 0.03
# ... or by so much, for counts that are almost none.
ALLOWED_COUNT = 0.002


def release():
    return (profile.cached("kernel.sh") / "release").read_text(encoding="ascii").strip()


def jobs(driver):
    return (
        lambda: loads.tx(driver, sizes=(60,), bursts=(1, 32), clones=(0,)),
        lambda: loads.rx(driver, sizes=(1514,), bursts=(32, 128), ends=("drop",)),
        # Bulk TCP is left out: how its frames group differs by some per cent from boot to boot.
        lambda: loads.net(driver, traffic=(("tcp_rr", 400, 1),), pings=0),
    )


def pick(found):
    return {name: {figure: round(load.figures[figure], 4) for figure in FIGURES} for name, load in found.items()}


def regressions(now, reference):
    """[(load, figure, was, is)] of what became worse."""
    worse = []
    for load, figures in reference.items():
        for figure, was in figures.items():
            value = now[load][figure]
            if value > was * (1 + ALLOWED) and value - was > ALLOWED_COUNT:
                worse.append((load, figure, was, value))
    return worse


def read():
    """(kernel release, {load: figures}); an empty release if nobody took figures yet."""
    if not REFERENCE.is_file():
        return "", {}
    data = json.loads(REFERENCE.read_text(encoding="ascii"))
    return data["kernel"], data["loads"]


def write(now):
    REFERENCE.write_text(json.dumps({"kernel": release(), "loads": now}, indent=1, sort_keys=True) + "\n", encoding="ascii")
