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


def pair(run, name, driver, units, part="whole"):
    """A load that ran with one and with two times its units: the difference is free of start and end."""
    one, two = run.phases[name + "-x1"], run.phases[name + "-x2"]
    counts = getattr(two, part).minus(getattr(one, part))
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
