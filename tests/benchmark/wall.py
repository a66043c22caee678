# SPDX-License-Identifier: GPL-2.0
"""iperf3 by the wall clock.  On a busy host this says little; the spread tells how little."""

import statistics

from . import machine

ROUNDS, SECONDS = 3, 4


def measure(driver):
    """{load: {"c": {"median", "least", "most"} in Mbit/s, "rust": ..., "ratio"}}; the drivers take turns in one guest."""
    env = {"ROUNDS": " ".join(map(str, range(ROUNDS))), "SECONDS_EACH": SECONDS}
    output = machine.guest("wall.sh", driver.load, machine.hub(driver.nic, "virtio-net-pci"), env, 600)
    runs = {}
    for line in output.splitlines():
        if line.startswith("result: "):
            _, load, key, bits = line.split()
            runs.setdefault(load, {}).setdefault(key, []).append(int(bits) / 1e6)
    found = {}
    for load, by_driver in runs.items():
        found[load] = {key: {"median": statistics.median(values), "least": min(values), "most": max(values)}
                       for key, values in by_driver.items()}
        found[load]["ratio"] = found[load]["rust"]["median"] / found[load]["c"]["median"]
    return found


def text(found):
    lines = ["", f"iperf3 by the wall clock, Mbit/s, median (least to most) of {ROUNDS} turns: not exact"]
    for load, values in found.items():
        shown = [f"{key} {values[key]['median']:.0f} ({values[key]['least']:.0f} to {values[key]['most']:.0f})"
                 for key in ("c", "rust")]
        lines.append(f"{load:<10} {', '.join(shown)}, ratio {values['ratio']:.2f}")
    return "\n".join(lines)
