# SPDX-License-Identifier: GPL-2.0
"""The measured loads: each boots the guest and returns figures per packet."""

from . import accesses, machine

# Packets of the shorter of the two runs; a multiple of every burst.
PACKETS = 8192
# One burst each millisecond; so many of them in the shorter run, by the burst's size.
BURSTS_SENT = {1: 128, 32: 128, 128: 48}


class Load:
    """The figures of one load with one driver, and the counts behind them."""

    def __init__(self, figures, part=None, symbols=None, units=1):
        self.figures, self.part, self.symbols, self.units = figures, part, symbols, units


def minus(more, less):
    """One machine.Part less another."""
    out = machine.Part()
    out.counts = more.counts.minus(less.counts)
    out.accesses = {key: more.accesses.get(key, 0) - less.accesses.get(key, 0)
                    for key in {**more.accesses, **less.accesses}}
    return out


def measured(part, irqs, units, run, driver):
    """The common figures of a load, per unit (packet, transaction...)."""
    heavy, light, registers = accesses.split(part.accesses, driver.nic)
    reads = sum(times for (kind, _), times in part.accesses.items() if kind == "r")
    whole = part.counts.total()
    figures = {
        "instructions": whole / units,
        "module": run.symbols.of_module(part.counts, driver.module) / units,
        "heavy": heavy / units, "light": light / units, "accesses": (heavy + light) / units,
        "reads": reads / units, "interrupts": irqs / units,
        "kvm": (whole + accesses.HEAVY_COST * heavy + accesses.INTERRUPT_COST * irqs) / units,
        "registers": {name: times / units for name, times in sorted(registers.items()) if times},
    }
    return Load(figures, part, run.symbols, units)


def pair(run, name, driver, units, part="whole", less=None):
    """A load that ran with one and with two times its units: the difference is free of start and end."""
    one, two = run.phases[name + "-x1"], run.phases[name + "-x2"]
    difference = minus(getattr(two, part), getattr(one, part))
    if less:
        difference = minus(difference, less.part)
    return measured(difference, two.irqs - one.irqs, units, run, driver)


def tx(driver, sizes=(60, 1514), bursts=(1, 32), clones=(0, 1000)):
    """pktgen on the NIC; nobody else is on the wire."""
    env = {"COUNT": PACKETS, "SIZES": " ".join(map(str, sizes)), "BURSTS": " ".join(map(str, bursts)),
           "CLONES": " ".join(map(str, clones))}
    run = machine.run("tx.sh", driver, env=env)
    names = [f"tx-{size}-b{burst}-c{clone}" for size in sizes for burst in bursts for clone in clones]
    return {name: pair(run, name, driver, PACKETS, "longest") for name in names}


def rx(driver, sizes=(60, 1514), bursts=(1, 32, 128), ends=("drop", "socket")):
    """pktgen on an igb sends; what sending costs is taken off."""
    env = {"SIZES": " ".join(map(str, sizes)), "ENDS": " ".join(ends),
           "XDP_MODE": "generic" if driver.load == "e1000" else "native",
           "BURSTS": " ".join(f"{burst}:{BURSTS_SENT[burst]}" for burst in bursts)}
    run = machine.run("rx.sh", driver, peer="igb", env=env)
    found = {}
    for size in sizes:
        for burst in bursts:
            units = BURSTS_SENT[burst] * burst
            sent = pair(run, f"sent-{size}-b{burst}", driver, units)
            for end in ends:
                found[f"rx-{end}-{size}-b{burst}"] = pair(run, f"{end}-{size}-b{burst}", driver, units, less=sent)
    return found


def xdp(driver):
    """XDP programs in the driver; with the C driver, which runs none, in the stack."""
    found = rx(driver, bursts=(32,), ends=("xdp-drop", "xdp-tx", "xdp-xsk"))
    for load in found.values():
        load.figures["kframes_s"] = 1e6 / load.figures["instructions"]
    return found


# (mode, transactions or packets, bytes of each)
TRAFFIC = (
    ("tcp_rr", 1000, 1), ("udp_rr", 1000, 1), ("tcp_send", 256, 65536), ("tcp_recv", 256, 65536),
    ("tcp_both", 128, 65536), ("udp_send", 4000, 64), ("udp_recv", 4000, 64), ("udp_send", 4000, 1470),
    ("udp_recv", 4000, 1470),
)
PINGS = 1000


def traffic_name(mode, size):
    return f"{mode}-{size}".replace("_", "-") if mode.startswith("udp") and "rr" not in mode else mode.replace("_", "-")


def net(driver, traffic=TRAFFIC, pings=PINGS):
    """TCP, UDP and ping; both ends in one guest, so the time is the sum of their work and of waiting."""
    env = {"LOADS": " ".join(f"{mode}:{number}:{size}" for mode, number, size in traffic), "PINGS": pings}
    run = machine.run("net.sh", driver, peer=machine.VIRTIO, env=env)
    found = {}
    for mode, _, size in traffic:
        phase = run.phases[f"{mode}-{size}"]
        extra = phase.extra
        rr = mode.endswith("_rr")
        load = measured(phase.whole, phase.irqs, extra["count"] if rr else extra["frames"], run, driver)
        if rr:
            load.figures["p50_us"], load.figures["p99_us"] = extra["p50_ns"] / 1000, extra["p99_ns"] / 1000
        else:
            load.figures["mbit_s"] = extra["bytes"] * 8000 / extra["load_ns"]
            load.figures["lost"] = extra["sent"] - extra["count"]
        found[traffic_name(mode, size)] = load
    if pings:
        phase = run.phases["ping-flood"]
        found["ping-flood"] = measured(phase.whole, phase.irqs, pings, run, driver)
        found["ping-flood"].figures["mean_us"] = phase.ns / pings / 1000
    return found


def life(driver):
    """Load, up, idle."""
    run = machine.run("life.sh", driver, peer=machine.VIRTIO)
    found = {}
    for name in ("load", "ifup", "idle-10s"):
        phase = run.phases[name]
        found[name] = measured(phase.whole, phase.irqs, 1, run, driver)
        if name != "idle-10s":
            found[name].figures["ms"] = phase.extra.get("first_ns", phase.ns) / 1e6
    found["carrier"] = Load({"ms": run.values["carrier"]["ns"] / 1e6})
    for name in ("memory-loaded", "memory-up"):
        found[name] = Load({"kib": run.values[name]["kib"]})
    return found


MEBIBYTES = 24
ROUNDS = 3


def remote(driver):
    """TCP bulk with the peer in another guest: what this end alone costs, per MiB; the median of some rounds."""
    run = machine.run_two("remote.sh", driver, "remote-peer.sh",
                          {"MEBIBYTES": MEBIBYTES, "ROUNDS": " ".join(map(str, range(ROUNDS)))})
    found = {}
    for way in ("send", "recv"):
        rounds = [measured(phase.whole, phase.irqs, MEBIBYTES, run, driver)
                  for phase in (run.phases[f"remote-{way}-{number}"] for number in range(ROUNDS))]
        found[f"remote-{way}"] = sorted(rounds, key=lambda load: load.figures["instructions"])[ROUNDS // 2]
    return found
