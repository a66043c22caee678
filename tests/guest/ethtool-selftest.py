#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: ethtool -t: passes on a healthy device, names what is broken on a broken one, and leaves everything as it was
# models: e1000 e1000-82544gc
# timeout: 300
# rust-only: the C driver's offline test fails on QEMU

from etool import *
from lib import *

GOOD = ("PASS", {})
CONFIG = "".join(f"{what}\n" for what in ("-g", "-k", "-c", "-a"))


def configuration():
    """All that was set, as it is shown, and as the chip has it."""
    shown = [run(f"ethtool {option} {NIC}") for option in CONFIG.split()]
    return shown, run(f"ip -d link show {NIC}").split("qlen")[1], modes()


pair()
same("online", GOOD, tests("online"))
check("the link was not lost, the peer answers", carrier(NIC) and ping_all(20))
same("offline", GOOD, tests("offline"))
check("the link is back", wait_until(5, lambda: carrier(NIC)))
check("the peer answers", answers())
down()
same("while down: online", GOOD, tests("online"))
same("while down: offline", GOOD, tests("offline"))
check("it stays down", attr(NIC, "operstate") == "down")
same("no interrupt is left requested", 0, interrupts())
up()
check("up again: the peer answers", answers())

# An interrupt that comes while they are put off has all of them masked.
defer_interrupts(200, 10**9)
check("put off: the peer answers", answers())
same("while interrupts are put off: online", GOOD, tests("online"))
defer_interrupts(0, 0)
check("no more: the peer answers", answers())

# Everything set differently, to be found again.
run(f"ethtool -G {NIC} rx 128 tx 512")
run(f"ethtool -C {NIC} rx-usecs 200")
run(f"ethtool -K {NIC} tso off rx-vlan-filter off")
run(f"ethtool -s {NIC} autoneg on advertise 0x2c")
run(f"ip link set {NIC} mtu 3000 address 52:54:00:99:88:77 allmulticast on")
run(f"ip link add link {NIC} name v7 type vlan id 7")
run("ip link set v7 up")
run(f"ip maddr add 01:00:5e:11:22:33 dev {NIC}")
wait_until(10, lambda: carrier(NIC))
before, chip = configuration(), settled()
same("offline with everything set differently", GOOD, tests("offline"))
wait_until(10, lambda: carrier(NIC))
same("what was set is shown as before", before, configuration())
found = settled()
same("and in the chip's registers", {}, {index: (hex(word), hex(found[index])) for index, word in chip.items() if found[index] != word})
run("ip link del v7")
run(f"ip link set {NIC} mtu 1500 address {NIC_MAC} allmulticast off")
run(f"ethtool -s {NIC} autoneg on advertise 0x2f")
wait_until(10, lambda: carrier(NIC))
check("the peer answers", answers())

# Under traffic, both ways.
flood, flow = background("ping -q -f 10.9.0.2"), background("ping -q -f 10.9.0.1", "peer")
counted = [stat(NIC, name) for name in ("rx_errors", "tx_errors")]
for turn in range(3):
    same(f"online under a flood ({turn + 1})", GOOD, tests("online"))
for turn in range(3):
    same(f"offline under a flood ({turn + 1})", GOOD, tests("offline"))
    received = stat(NIC, "rx_packets")
    check("traffic goes on", wait_until(10, lambda: carrier(NIC) and stat(NIC, "rx_packets") > received + 20))
flood.kill()
flow.kill()
same("no errors", counted, [stat(NIC, name) for name in ("rx_errors", "tx_errors")])

# Broken in one way each.
def broken(what, names, mode="offline", **bits):
    with command_bits(**bits):
        verdict, failed = tests(mode)
    same(f"{what}: {mode} fails", "FAIL", verdict)
    check(f"{what}: {mode} names {' and '.join(sorted(names))}", set(failed) == names, failed)
    if mode == "offline":
        wait_until(10, lambda: carrier(NIC))
    check(f"{what} no more: the peer answers", answers(seconds=15))
    same(f"{what} no more: the test passes", GOOD, tests("online"))


broken("no interrupts", {"Interrupt"}, put=0x400)
broken("no interrupts", {"Interrupt"}, "online", put=0x400)
broken("no access to memory", {"Loopback"}, clear=4)
qmp("set_link", name="nic0", up=False)
wait_until(5, lambda: not carrier(NIC))
begin = time.monotonic()
same("no cable: online", ("FAIL", {"Link": 1}), tests("online"))
check("no cable: it waits for a link, but not for ever", 3 < time.monotonic() - begin < 6 * SLOW, time.monotonic() - begin)
qmp("set_link", name="nic0", up=True)
check("cable in: the link comes", wait_until(5, lambda: carrier(NIC)))
with command_bits(clear=2):
    verdict, failed = tests("online")
check("no registers: it fails at once, or is not there", verdict == "FAIL" or "No such device" in verdict, verdict)
time.sleep(2)
check("registers again: the peer answers", answers(seconds=15))
same("the test passes", GOOD, tests("offline"))
wait_until(10, lambda: carrier(NIC))
run(f"ethtool -K {NIC} loopback on")
same("offline in loopback", GOOD, tests("offline"))
check("still in loopback", "loopback: on" in run(f"ethtool -k {NIC}") and phy(0) & 0x4000)
run(f"ethtool -K {NIC} loopback off")
wait_until(10, lambda: carrier(NIC))
check("the peer answers", answers() and ping_all(50))
finish()
