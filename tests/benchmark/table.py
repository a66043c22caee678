# SPDX-License-Identifier: GPL-2.0
"""The figures as a table for people."""

COLUMNS = (("instructions", "instr."), ("module", "module"), ("heavy", "heavy"), ("light", "light"),
           ("interrupts", "irqs"), ("kvm", "KVM model"))
OTHERS = (("p50_us", "median us"), ("p99_us", "p99 us"), ("mbit_s", "Mbit/s"), ("lost", "lost"), ("ms", "ms"), ("up_ms", "up ms"), ("kib", "KiB"))


def number(value):
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"


def ratio(rust, c):
    if c:
        return f"{rust / c:.3f}"
    return "=" if not rust else "worse"


def text(results):
    c, rust = results.get("c", {}), results["rust"]
    width = max(map(len, rust), default=4)
    lines = [f"{'load':<{width}}  " + "  ".join(f"{title + ' C':>10} {'Rust':>9} {'ratio':>6}" for _, title in COLUMNS)]
    for name, mine in rust.items():
        theirs = c.get(name, {})
        cells = []
        for key, _ in COLUMNS:
            have = key in theirs and key in mine
            if key not in mine:
                cells.append(" " * 27)
                continue
            cells.append(f"{number(theirs[key]) if have else '-':>10} {number(mine[key]):>9} "
                         f"{ratio(mine[key], theirs[key]) if have else '-':>6}")
        for key, title in OTHERS:
            if key in mine:
                have = key in theirs
                cells.append(f"{title}: {number(theirs[key]) if have else '-'} {number(mine[key])} "
                             f"{ratio(mine[key], theirs[key]) if have else '-'}")
        lines.append(f"{name:<{width}}  " + "  ".join(cells))
    return "\n".join(lines)
