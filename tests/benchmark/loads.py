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


def single(phase, run, driver, units):
    """A load that ran once."""
    found = figures(phase.whole, phase.accesses, phase.irqs, units, run.symbols, driver)
    return Load(found, phase.whole, run.symbols, units)


TRAFFIC = {
    # name: (transactions or packets, bytes of each)
    "tcp_rr": (1000, 1), "udp_rr": (1000, 1), "tcp_send": (256, 65536), "tcp_recv": (256, 65536),
    "tcp_both": (128, 65536), "udp_send": (4000, 1470), "udp_recv": (4000, 1470),
    "udp_send64": (4000, 64), "udp_recv64": (4000, 64),
}
PINGS = 1000


def net(driver):
    """TCP, UDP and ping; both ends in one guest, so the time is the sum of their work and of waiting."""
    modes = {name: (name.removesuffix("64"), number, size) for name, (number, size) in TRAFFIC.items()}
    env = {"LOADS": " ".join(f"{mode}:{number}:{size}" for mode, number, size in modes.values()), "PINGS": PINGS}
    run = machine.run("net.sh", driver, peer="virtio-net-pci", env=env)
    found = {}
    for mode, _number, size in modes.values():
        phase = run.phases[f"{mode}-{size}"]
        extra = phase.extra
        rr = mode.endswith("_rr")
        load = single(phase, run, driver, extra["count"] if rr else extra["frames"])
        if rr:
            load.figures["p50_us"], load.figures["p99_us"] = extra["p50_ns"] / 1000, extra["p99_ns"] / 1000
        else:
            load.figures["mbit_s"] = extra["bytes"] * 8000 / extra["load_ns"]
            load.figures["lost"] = extra["sent"] - extra["count"]
        found[f"{mode}-{size}".replace("_", "-")] = load
    phase = run.phases["ping-flood"]
    load = single(phase, run, driver, PINGS)
    load.figures["p50_us"] = phase.ns / PINGS / 1000
    found["ping-flood"] = load
    return found


def life(driver):
    """Load, up, idle."""
    run = machine.run("life.sh", driver, peer="virtio-net-pci")
    found = {}
    for name in ("load", "ifup", "idle-10s"):
        phase = run.phases[name]
        found[name] = single(phase, run, driver, 1)
        found[name].figures["ms"] = phase.extra.get("first_ns", phase.ns) / 1e6
    found["ifup"].figures["up_ms"] = run.phases["ifup"].extra["up_ns"] / 1e6
    for name in ("memory-loaded", "memory-up"):
        found[name] = Load({"kib": run.values[name]["kib"]}, None, None, 1)
    found["carrier"] = Load({"ms": run.values["carrier"]["ns"] / 1e6}, None, None, 1)
    return found
