#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: XDP programs attached, replaced and detached 200 times under traffic: no frame, no link and no page is lost
# c-skips: it has no native XDP
# smp: 2
# timeout: 400

import bpf
from bpf import DROP, PASS, TX
from lib import *
from wire import Port, frame, pattern

pair()
changes, resets = attr(NIC, "carrier_changes"), run(f"ethtool -S {NIC}")
pass_one, pass_two = bpf.prog(bpf.fixed(PASS)), bpf.prog(bpf.ret(PASS))


def lost():
    """Of echoes and answers, both ways, as both stacks count them: how many were sent that did not arrive. (ping does not read
    its answers while it is late with sending; and the stack may have no socket free to answer by.)"""
    ends = []
    for ns in (None, "peer"):
        names, numbers = (line.split() for line in run("cat /proc/net/snmp", ns).splitlines() if line.startswith("Icmp:"))
        ends.append(dict(zip(names[1:], map(int, numbers[1:]))))
    return [one[f"Out{kind}"] - other[f"In{kind}"] for one, other in (ends, ends[::-1]) for kind in ("Echos", "EchoReps")]


before = lost()
running = [background("ping -q -i 0.001 -s 1000 -c 3000 10.9.0.2"), background("ping -q -i 0.001 -c 3000 10.9.0.1", "peer")]
rounds = 0
while any(ping.poll() is None for ping in running) or rounds < 200:
    bpf.attach(NIC, pass_one)
    bpf.attach(NIC, pass_two)
    bpf.detach(NIC)
    rounds += 1
check("at least 200 rounds of attach, replace and detach", rounds >= 200, rounds)
wait_until(5, lambda: lost() == before)
same("no ping of 6000 is lost meanwhile, and no answer", before, lost())
same("both had answers", [0, 0], [ping.returncode for ping in running])
same("the link stayed up", changes, attr(NIC, "carrier_changes"))
before = re.search(r" resets: (\d+)", resets)[1]
same("no reset", before, re.search(r" resets: (\d+)", run(f"ethtool -S {NIC}"))[1])

# All verdicts at once, under a stream from the peer, with rings swapped and the interface down now and then.
mixed = bpf.prog(bpf.chosen())
peer = Port(PEER, "peer")
burst = [frame(NIC_MAC, PEER_MAC, bytes([number % 5]) + pattern(40 + 31 * (number % 40), number)) for number in range(200)]
for number in range(60):
    bpf.attach(NIC, mixed if number % 3 else -1)
    for data in burst:
        peer.send(data)
    if number % 20 == 7:
        down()
        up()
    if number % 20 == 13:
        run(f"ethtool -G {NIC} rx {64 + number * 8} tx {48 + number * 8}")
bpf.attach(NIC, mixed)
for data in burst:
    peer.send(data)
check("it still answers", answers())
stats = run(f"ethtool -S {NIC}")
check("all verdicts were counted", all(re.search(rf" xdp_{name}: [1-9]", stats) for name in ("pass", "drop", "aborted", "tx", "redirect_err")), stats)

# Gone with a program attached; a page that was lost would be reported within a minute.
run(f"rmmod {DRIVER}")
check("the module is unloaded with a program attached", not os.path.exists(f"/sys/module/{DRIVER}"))
time.sleep(3)
same("no page is missing", "", "".join(line for line in run("dmesg").splitlines() if "page_pool" in line))
run(f"insmod /guest/{DRIVER}.ko")
check("it loads again", wait_until(5, lambda: os.path.exists(f"/sys/class/net/{NIC}")))
quiet_log()
finish()
