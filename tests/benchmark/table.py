# SPDX-License-Identifier: GPL-2.0
"""The figures as tables for people."""

TABLES = (
    ("Guest instructions per packet, frame, transaction or event",
     (("instructions", "whole path"), ("module", "in the module"), ("kvm", "model for KVM"))),
    ("Accesses to the device and interrupts, the same way",
     (("heavy", "heavy accesses"), ("light", "light accesses"), ("interrupts", "interrupts"))),
)
TIMES = (("p50_us", "median us"), ("p99_us", "p99 us"), ("mean_us", "mean us"), ("mbit_s", "Mbit/s"), ("kframes_s", "kframes/s"), ("lost", "lost"),
         ("ms", "ms"), ("kib", "KiB"))


def number(value):
    if value is None:
        return "-"
    if abs(value) < 0.0005:
        return "0"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"


def ratio(mine, theirs):
    if mine is None or theirs is None:
        return "-"
    if abs(theirs) >= 0.0005:
        return f"{mine / theirs:.3f}"
    return "=" if abs(mine) < 0.0005 else "more"


def counts(results, title, columns, virtio):
    c, rust = results.get("c", {}), results["rust"]
    names = [name for name in rust if columns[0][0] in rust[name]]
    if not names:
        return []
    width = max(map(len, names))
    lines = ["", title, " " * width + "".join(f"  {text:^{29 if not virtio else 39}}" for _, text in columns),
             " " * width + ("  " + f"{'C':>10} {'Rust':>10} {'ratio':>7}" + (f" {'virtio':>9}" if virtio else "")) * len(columns)]
    for name in names:
        line = f"{name:<{width}}"
        for key, _ in columns:
            mine, theirs = rust[name].get(key), c.get(name, {}).get(key)
            line += f"  {number(theirs):>10} {number(mine):>10} {ratio(mine, theirs):>7}"
            if virtio:
                line += f" {number(virtio.get(name, {}).get(key)):>9}"
        lines.append(line)
    return lines


def times(results):
    c, rust, virtio = results.get("c", {}), results["rust"], results.get("virtio", {})
    rows = [(name, title, c.get(name, {}).get(key), rust[name][key], virtio.get(name, {}).get(key))
            for name in rust for key, title in TIMES if key in rust[name]]
    if not rows:
        return []
    width = max(len(row[0]) for row in rows)
    lines = ["", "Virtual time (one instruction is one nanosecond), throughput, memory",
             f"{'':<{width}}  {'':<10} {'C':>10} {'Rust':>10} {'ratio':>7} {'virtio':>9}"]
    return lines + [f"{name:<{width}}  {title:<10} {number(theirs):>10} {number(mine):>10} {ratio(mine, theirs):>7} "
                    f"{number(other):>9}" for name, title, theirs, mine, other in rows]


def targets(checks):
    if not checks:
        return []
    width = max(len(check["what"]) for check in checks)
    lines = ["", f"{'Targets':<{width}}  {'':>6} {'limit':>7} {'worst':>8}  at"]
    for check in checks:
        lines.append(f"{check['what']:<{width}}  {check['how']:>6} {check['limit']:>7g} {check['value']:>8.3f}  "
                     f"{check['load']}{'' if check['met'] else '  NOT MET'}")
    lines.append(f"{sum(check['met'] for check in checks)} of {len(checks)} targets met")
    return lines


def text(results, checks):
    lines = []
    for title, columns in TABLES:
        lines += counts(results, title, columns, results.get("virtio"))
    return "\n".join(lines + times(results) + targets(checks))
