#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: a transmitter that was switched off is switched on again without a reset; one that stays stuck is reset, with the facts told
# append: iomem=relaxed
# timeout: 400
# rust-only: the C driver resets at once, and counts it otherwise
# expect-log: NETDEV WATCHDOG|transmit queue 0 timed out

import ctypes
import mmap

from etool import command_bits, statistics
from lib import *

FACTS = ("TDH", "next_to_use", "next_to_clean", "waiting for", "TCTL", "STATUS")
TCTL, TCTL_EN = 0x400, 1 << 1
pair()
# iomem=relaxed: a program may look at the registers of a device that has a driver.
resource = os.open(os.path.realpath(f"/sys/class/net/{NIC}/device/resource0"), os.O_RDWR)
registers = mmap.mmap(resource, 0x20000)
tctl = ctypes.c_uint32.from_buffer(registers, TCTL)
check("the transmitter is on", tctl.value & TCTL_EN, hex(tctl.value))
NAMES = ("tx_queue_0_hangs", "tx_queue_0_timeouts", "resets")


def counters():
    found = statistics()
    return [found[name] for name in NAMES]


def reports():
    return [line for line in run("dmesg").splitlines() if "Detected Tx Unit Hang" in line]


ping = background("ping -q -i 0.02 10.9.0.2")
for turn in range(3):
    time.sleep(0.3)
    before = counters()
    tctl.value &= ~TCTL_EN
    packets = stat(NIC, "rx_packets")
    time.sleep(0.5)
    check(f"off ({turn}): nothing is sent", stat(NIC, "rx_packets") - packets <= 3, stat(NIC, "rx_packets") - packets)
    check(f"off ({turn}): on again within 6 s", wait_until(6, lambda: tctl.value & TCTL_EN))
    check(f"off ({turn}): traffic", answers())
    same(f"off ({turn}): no hang, no timeout, no reset counted", before, counters())
same("nothing in the log", [], reports())

# A device that may not read memory sends nothing, whatever it is told.
before = counters()
errors = stat(NIC, "tx_errors")
with command_bits(clear=4):
    check("stuck: noticed", wait_until(12, lambda: counters()[0] > before[0]))
check("let go: traffic within 10 s", answers(seconds=10))
# The ring after the reset may have got stuck, too, as long as memory was out of reach.
time.sleep(6)
hangs, timeouts, resets = (now - was for now, was in zip(counters(), before))
check("a hang and a reset counted", hangs >= 1 and resets >= 1, (hangs, timeouts, resets))
same("as errors of transmission", hangs, stat(NIC, "tx_errors") - errors)
found = reports()
check("reported, at most once for each hang", 1 <= len(found) <= hangs, len(found))
same("it has the facts", [], [name for name in FACTS if not found or name not in found[0]])
check("with its numbers", found and re.search(r"TDH 0x[0-9a-f]+ next_to_use 0x[0-9a-f]+ .*\([0-9a-f]{16} [0-9a-f]{16}\) TCTL 0x[0-9a-f]+ STATUS 0x[0-9a-f]+", found[0]), found[:1])
before = counters()
time.sleep(4)
same("nothing more of it afterwards", (before, len(found)), (counters(), len(reports())))

# Long stuck: reports do not flood the log.
with command_bits(clear=4):
    time.sleep(20)
more = len(reports()) - len(found)
check("stuck for 20 s: reported, but not more often than every 3 s", 1 <= more <= 7, more)
check("let go: traffic within 10 s", answers(seconds=10))
time.sleep(6)
ping.kill()
ping.wait()
check("pings", ping_all(100))
finish()
