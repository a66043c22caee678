#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: ethtool -c and -C: fewer interrupts when asked for, at once and for good, wrong values refused with the range
# long-models: e1000-82544gc
# rust-only: the C driver refuses it on the 82540, and does without most elsewhere
# timeout: 240

from etool import *
from genl import NAPI_GET, dump
from lib import *

pair()
same("rx-usecs at first", "0", coalesce("rx-usecs"))
run(f"ethtool -C {NIC} adaptive-rx off")


def rate():
    """Interrupts in a second of the peer's flood, and packets received meanwhile."""
    flood = background("ping -q -f 10.9.0.1", "peer")
    wait_until(5, lambda: interrupts() > start)
    first, packets, begin = interrupts(), stat(NIC, "rx_packets"), time.monotonic()
    time.sleep(1)
    seconds = time.monotonic() - begin
    found = (interrupts() - first) / seconds, (stat(NIC, "rx_packets") - packets) / seconds
    flood.kill()
    flood.wait()
    return found


start = interrupts()
free, packets = rate()
check("without moderation: interrupts under a flood", free > 50, f"{free:.0f}/s for {packets:.0f} packets/s")
for usecs in (4000, 16776):
    run(f"ethtool -C {NIC} rx-usecs {usecs}")
    same(f"rx-usecs {usecs} is what it says", str(usecs), coalesce("rx-usecs"))
    same(f"ITR holds it, in 256 ns", -(-usecs * 1000 // 256), registers()[1][ITR])
    moderated, packets = rate()
    # The emulated timer may be late, not early.
    check(f"rx-usecs {usecs}: at most one interrupt in that time", moderated <= 1e6 / usecs * 1.1 + 5,
          f"{moderated:.0f}/s for {packets:.0f} packets/s")
check("pings are answered, if late", ping_all(20, options="-i 0.01"))

# For good: down and up, a resize, a reset.
run(f"ethtool -C {NIC} rx-usecs 1000 tx-usecs 500")
for what, act in (("down and up", lambda: (down(), up())), ("a ring resize", lambda: run(f"ethtool -G {NIC} rx 512")),
                  ("a reset", lambda: run(f"ethtool -t {NIC} offline"))):
    act()
    same(f"kept over {what}", ("1000", "500"), (coalesce("rx-usecs"), coalesce("tx-usecs")))
    words = registers()[1]
    same(f"the chip has it after {what}", (-(-1000 * 1000 // 256), -(-500 * 125 // 128)), (words[ITR], words[TADV]))
wait_until(5, lambda: carrier(NIC))
check("the peer answers", answers())

# Every value comes back as it was given.
edges = [0, 1, 2, 127, 128, 129, 1000, 16775, 16776]
check("rx-usecs come back", all(run(f"ethtool -C {NIC} rx-usecs {n}") == "" and coalesce("rx-usecs") == str(n) for n in edges))
# The unit of the other timers is 1.024 us: not all numbers are there, and the next is taken.
edges = [0, 1, 2, 1023, 1024, 67106, 67107]
found = [run(f"ethtool -C {NIC} tx-usecs {n}") or int(coalesce("tx-usecs")) for n in edges]
check("tx-usecs come back, rounded up", all(0 <= value - n <= 1 for value, n in zip(found, edges)), found)
run(f"ethtool -C {NIC} rx-usecs 100 tx-usecs 200")

refused("rx-usecs 16777", "rx-usecs can be 0 to 16776", f"ethtool -C {NIC} rx-usecs 16777")
refused("rx-usecs 4294967295", "rx-usecs can be 0 to 16776", f"ethtool -C {NIC} rx-usecs 4294967295")
refused("tx-usecs 67108", "tx-usecs can be 0 to 67107", f"ethtool -C {NIC} tx-usecs 67108")
refused("one right, one wrong", "tx-usecs can be", f"ethtool -C {NIC} rx-usecs 300 tx-usecs 99999")
for name in ("rx-frames", "rx-usecs-irq", "tx-frames", "stats-block-usecs", "pkt-rate-low", "rx-usecs-low", "sample-interval"):
    refused(f"{name}", "unsupported parameter", f"ethtool -C {NIC} {name} 5")
refused("per queue", "not supported", f"ethtool -Q {NIC} queue_mask 1 --coalesce rx-usecs 5")
same("nothing changed by what was refused", ("100", "200"), (coalesce("rx-usecs"), coalesce("tx-usecs")))
words = registers()[1]
same("nor in the chip", (-(-100 * 1000 // 256), -(-200 * 125 // 128)), (words[ITR], words[TADV]))

adaptive = re.search(r"Adaptive RX: (\S+)\s+TX: (\S+)", run(f"ethtool -c {NIC}")).groups()
same("adaptive moderation: off for receiving, on for sending", ("off", "on"), adaptive)
run(f"ethtool -C {NIC} adaptive-rx on")
check("adaptive-rx on", "Adaptive RX: on" in run(f"ethtool -c {NIC}"))
check("traffic with it", ping_all(200))

# It is done by the kernel's means, which an administrator may set as well.
knobs = ("napi_defer_hard_irqs", "gro_flush_timeout")
index = int(attr(NIC, "ifindex"))


def polling():
    """What the NAPI instance is set to."""
    (napi,) = dump(NAPI_GET, ifindex=index)
    return [napi["defer_hard_irqs"], napi["gro_flush_timeout"]]


def polls_under_load():
    """Whether the driver asks for polling while the peer has much to say, and waits for no answer. On a busy machine it is
    seldom that one poll comes soon after another."""
    with pktgen_running("peer"):
        return wait_until(5, lambda: all(polling()))


run("modprobe pktgen")
pktgen("kpktgend_0", f"add_device {PEER}", "peer")
for command in ("count 0", "delay 100000", "pkt_size 60", f"dst_mac {attr(NIC, 'address')}", "dst 10.9.0.1"):
    pktgen(PEER, command, "peer")


if SLOW > 1:
    skip("under a flood it polls", "on so slow a kernel one poll seldom comes soon after another")
else:
    check("under a flood it polls", polls_under_load())
    for turn in range(3):
        for knob in knobs:
            set_attr(NIC, knob, 0)
        check(f"set to 0 by hand ({turn}): under a flood it polls again", polls_under_load())
    # Only one of them, under load: the other one is not left as the driver has it.
    with pktgen_running("peer"):
        wait_until(5, lambda: all(polling()))
        set_attr(NIC, "gro_flush_timeout", 77000)
        check("one set by hand: both are as the administrator has them", wait_until(5, lambda: polling() == [0, 77000]), polling())
        set_attr(NIC, "gro_flush_timeout", 0)
        check("and 0 again: it polls again", wait_until(5, lambda: all(polling())), polling())
        set_attr(NIC, "gro_flush_timeout", 0)
        check("0 while it polls: it goes on", wait_until(5, lambda: all(polling())), polling())
for knob, value in zip(knobs, (7, 77000)):
    set_attr(NIC, knob, value)
with pktgen_running("peer"):
    time.sleep(3)
    same("set to something by hand: left alone", [7, 77000], polling())
for knob in knobs:
    set_attr(NIC, knob, 0)
pktgen("kpktgend_0", "rem_device_all", "peer")


def doorbells(packets):
    """How often the device is told of packets that follow each other as fast as they can, none of them answered."""
    pktgen(NIC, f"count {packets}")
    before = statistics()
    pktgen("pgctrl", "start")
    # On a slow machine that may return before it has begun.
    wait_until(20, lambda: statistics()["tx_queue_0_packets"] - before["tx_queue_0_packets"] >= packets)
    after = statistics()
    found = after["tx_queue_0_packets"] - before["tx_queue_0_packets"]
    check(f"{packets} packets sent", packets <= found < packets + 10, found)
    return after["tx_queue_0_doorbells"] - before["tx_queue_0_doorbells"]


pktgen("kpktgend_0", f"add_device {NIC}")
# Each packet anew: pktgen waits for the last one to be freed, so one that is never told of hangs it.
for command in ("clone_skb 0", "burst 1", "delay 0", "dst_mac 02:00:00:00:00:99", "dst 10.9.0.99", "pkt_size 60"):
    pktgen(NIC, command)
found = doorbells(2000)
# How many share one depends on the host's speed; tests/host/performance.py holds it to a figure, in virtual time.
check("adaptive-tx on: no more doorbells than packets", 1 <= found <= 2010, found)
# Two are sent at once, after what was received; from the third on they wait, for no other.
for packets in (1, 2, 3, 4):
    check(f"{packets} alone are told of, and freed", 1 <= doorbells(packets) < packets + 10)
# A packet with a timestamp goes when that says.
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    def told_of(packets):
        run(f"ip neigh replace 10.9.0.99 lladdr 02:00:00:00:00:99 dev {NIC} nud permanent")
        before = statistics()["tx_queue_0_doorbells"]
        for _ in range(packets):
            sender.sendto(bytes(20), ("10.9.0.99", 9))
        return statistics()["tx_queue_0_doorbells"] - before

    print(f"# 500 packets without a timestamp: {told_of(500)} doorbells")
    sender.setsockopt(socket.SOL_SOCKET, 37, 2 | 16)  # SO_TIMESTAMPING: TX_SOFTWARE, SOFTWARE
    found = told_of(500)
    check("with one each has its own", found >= 500, found)
run(f"ethtool -C {NIC} adaptive-tx off")
check("adaptive-tx off", re.search(r"Adaptive RX: on\s+TX: off", run(f"ethtool -c {NIC}")))
found = doorbells(2000)
check("adaptive-tx off: each has its own", found >= 2000, found)
pktgen("kpktgend_0", "rem_device_all")
run("modprobe -r pktgen")
run(f"ethtool -C {NIC} adaptive-tx on")
check("traffic with it on again", ping_all(200))

# Under traffic.
pings = background("ping -q -f 10.9.0.2")
lost = stat(NIC, "rx_errors") + stat(NIC, "tx_errors")
for turn in range(40):
    run(f"ethtool -C {NIC} rx-usecs {turn * 100} tx-usecs {turn * 50} adaptive-rx {'on' if turn % 3 else 'off'} "
        f"adaptive-tx {'on' if turn % 2 else 'off'}")
pings.kill()
same("40 changes under a flood: no errors", lost, stat(NIC, "rx_errors") + stat(NIC, "tx_errors"))
run(f"ethtool -C {NIC} rx-usecs 0")
check("traffic", ping_all(200))
down()
run(f"ethtool -C {NIC} rx-usecs 64")
up()
same("set while down, in the chip when up", 250, registers()[1][ITR])
quiet_log()
finish()
