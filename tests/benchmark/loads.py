# SPDX-License-Identifier: GPL-2.0
"""The measured loads: each boots the guest and returns figures per packet."""

import pathlib

from . import accesses, machine

# Packets of the shorter of the two runs; a multiple of every burst.
PACKETS = 2048


class Load:
    """The figures of one load with one driver, and the counts behind them."""

    def __init__(self, figures, counts, symbols, units):
        self.figures, self.counts, self.symbols, self.units = figures, counts, symbols, units


# One burst each millisecond; so many of them in the shorter run, by the burst's size.
BURSTS_SENT = {1: 128, 32: 128, 128: 48}


def module_name(driver):
    return pathlib.Path(driver).stem


def subtract(more, less):
    return {key: more.get(key, 0) - less.get(key, 0) for key in {**more, **less}}


def figures(counts, access, irqs, units, symbols, driver):
    """The common figures of a load, per unit (packet, transaction...)."""
    heavy, light, registers = accesses.split(access)
    whole = counts.total()
    return {
        "instructions": whole / units,
        "module": symbols.of_module(counts, module_name(driver)) / units,
        "heavy": heavy / units, "light": light / units, "interrupts": irqs / units,
        "kvm": (whole + accesses.HEAVY_COST * heavy + accesses.INTERRUPT_COST * irqs) / units,
        "registers": {name: times / units for name, times in sorted(registers.items()) if times},
    }


def pair(run, name, driver, units, part="whole", less=None):
    """A load that ran with one and with two times its units: the difference is free of start and end."""
    one, two = run.phases[name + "-x1"], run.phases[name + "-x2"]
    counts = getattr(two, part).minus(getattr(one, part))
    if less:
        counts = counts.minus(less)
    found = figures(counts, subtract(two.accesses, one.accesses), two.irqs - one.irqs, units, run.symbols, driver)
    return Load(found, counts, run.symbols, units)


def tx(driver, sizes=(60, 1514), bursts=(1, 32), clones=(0, 1000)):
    """pktgen on the NIC; nobody else is on the wire."""
    env = {"COUNT": PACKETS, "SIZES": " ".join(map(str, sizes)), "BURSTS": " ".join(map(str, bursts)),
           "CLONES": " ".join(map(str, clones))}
    run = machine.run("tx.sh", driver, env=env)
    return {
        f"tx-{size}-b{burst}-c{clone}": pair(run, f"tx-{size}-b{burst}-c{clone}", driver, PACKETS, "longest")
        for size in sizes for burst in bursts for clone in clones
    }


def rx(driver, sizes=(60, 1514), bursts=(1, 32, 128)):
    """pktgen on an igb sends; what sending costs is taken off."""
    env = {"SIZES": " ".join(map(str, sizes)), "BURSTS": " ".join(f"{burst}:{BURSTS_SENT[burst]}" for burst in bursts)}
    run = machine.run("rx.sh", driver, peer="igb", env=env)
    found = {}
    for size in sizes:
        for burst in bursts:
            units = BURSTS_SENT[burst] * burst
            sent = pair(run, f"sent-{size}-b{burst}", driver, units)
            for end in ("drop", "socket"):
                load = pair(run, f"{end}-{size}-b{burst}", driver, units, less=sent.counts)
                found[f"rx-{end}-{size}-b{burst}"] = load
    return found
