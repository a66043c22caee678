# SPDX-License-Identifier: GPL-2.0
"""What the driver has to reach, and what no load may fall short of."""

import fnmatch

# (what, pattern of loads, figure, how, limit); how: ratio to the C driver's figure, or the figure itself
RATIO_MAX, RATIO_MIN, MAX = "C x <=", "C x >=", "<="
TARGETS = (
    ("TX module instructions per packet, burst 32", "tx-60-b32-c0", "module", RATIO_MAX, 0.45),
    ("TX whole path per packet, burst 32", "tx-*-b32-c0", "instructions", RATIO_MAX, 0.70),
    ("TX burst 1: accesses per packet", "tx-*-b1-*", "accesses", MAX, 1.0),
    ("TX burst 1: reads per packet", "tx-*-b1-*", "reads", MAX, 0.0),
    ("TX burst 1: interrupts per packet", "tx-*-b1-*", "interrupts", MAX, 0.0),
    ("RX isolated frame: heavy accesses", "rx-*-b1", "heavy", MAX, 2.0),
    ("RX burst 32, dropped at tc: whole path, 60 B", "rx-drop-60-b32", "instructions", RATIO_MAX, 0.82),
    ("RX burst 32, dropped at tc: whole path, 1514 B", "rx-drop-1514-b32", "instructions", RATIO_MAX, 0.75),
    ("RX burst 32: accesses per frame", "rx-drop-*-b32", "accesses", MAX, 0.07),
    ("TCP_RR: heavy accesses per transaction", "tcp-rr", "heavy", MAX, 2.5),
    ("TCP_RR and UDP_RR median", "???-rr", "p50_us", RATIO_MAX, 0.45),
    ("TCP bulk: heavy accesses per frame", "tcp-[srb]*[dvh]", "heavy", RATIO_MAX, 0.35),
    ("TCP bulk: interrupts per frame", "tcp-[srb]*[dvh]", "interrupts", RATIO_MAX, 0.25),
    ("UDP receive: heavy accesses per frame", "udp-recv-*", "heavy", RATIO_MAX, 0.35),
    ("UDP receive: interrupts per frame", "udp-recv-*", "interrupts", RATIO_MAX, 0.25),
    ("UDP send: heavy accesses per packet", "udp-send-*", "heavy", RATIO_MAX, 0.58),
    ("UDP send: interrupts per packet", "udp-send-*", "interrupts", MAX, 0.0),
    ("throughput: TCP receive", "tcp-recv", "mbit_s", RATIO_MIN, 1.10),
    ("throughput: all bulk loads", "*p-[srb]*", "mbit_s", RATIO_MIN, 1.05),
    ("TCP bulk, peer in a second guest: instructions per MiB", "remote-*", "instructions", RATIO_MAX, 0.85),
    ("KVM model: TCP bulk", "tcp-[srb]*[dvh]", "kvm", RATIO_MAX, 0.75),
    ("KVM model: UDP send", "udp-send-*", "kvm", RATIO_MAX, 0.68),
    ("KVM model: TCP_RR", "tcp-rr", "kvm", RATIO_MAX, 0.60),
    ("XDP_DROP and XDP_TX: rate, generic on C", "rx-xdp-[dt]*", "kframes_s", RATIO_MIN, 3.0),
    ("idle for 10 s: accesses", "idle-10s", "accesses", MAX, 0.0),
    ("probe: accesses", "load", "accesses", MAX, 500),
    ("module load, virtual time", "load", "ms", RATIO_MAX, 0.03),
    ("ifup to first received frame, ms", "ifup", "ms", MAX, 50),
    ("carrier after link-up, ms", "carrier", "ms", MAX, 600),
    ("no load's time or throughput worse than C", "*", "mbit_s", RATIO_MIN, 0.98),
    ("no load's latency worse than C", "*", "p99_us", RATIO_MAX, 1.02),
    ("no load's KVM model worse than C", "*", "kvm", RATIO_MAX, 1.02),
)
# Printed figures have three digits; so much is rounding.
TOLERANCE = 0.0005


def worst(results, pattern, figure, how):
    """(value, load) of the load that is farthest from the target, or None if none was measured."""
    found = []
    for name, mine in results["rust"].items():
        theirs = results.get("c", {}).get(name, {})
        if not fnmatch.fnmatch(name, pattern) or figure not in mine:
            continue
        if how == MAX:
            found.append((mine[figure], name))
        elif theirs.get(figure):
            found.append((mine[figure] / theirs[figure], name))
    if not found:
        return None
    return min(found) if how == RATIO_MIN else max(found)


def check(results):
    """A list of {what, how, limit, value, load, met} for all targets that can be judged."""
    out = []
    for what, pattern, figure, how, limit in TARGETS:
        found = worst(results, pattern, figure, how)
        if found:
            value, load = found
            met = value >= limit - TOLERANCE if how == RATIO_MIN else value <= limit + TOLERANCE
            out.append({"what": what, "how": how, "limit": limit, "value": value, "load": load, "met": met})
    return out
