#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: what ethtool shows: driver, statistics that agree with the interface's, standard groups, timestamping, queues, message level
# models: e1000 e1000-82545em e1000-82544gc

from etool import *
from lib import *

pair()
info = values(run(f"ethtool -i {NIC}"))
same("-i: driver", DRIVER, info["driver"])
same("-i: version is the kernel's", os.uname().release, info["version"])
same("-i: bus-info", "0000:00:04.0", info["bus-info"])
same("-i: what there is", ["yes"] * 4,
     [info[f"supports-{what}"] for what in ("statistics", "test", "eeprom-access", "register-dump")])

# Statistics of the driver's own, per queue.
check("ping", ping_all(300))
run("ping -q -c 3 -i 0.2 -b 10.9.0.255", fails=True)
before = {name: stat(NIC, name) for name in ("rx_packets", "rx_bytes", "tx_packets", "tx_bytes")}
found = statistics()
after = {name: stat(NIC, name) for name in before}
for name, least in before.items():
    direction, what = name.split("_")
    on_c("it has nothing per queue")
    value = found.get(f"{direction}_queue_0_{what}", -1)
    check(f"-S: {name} of the queue agree with the interface's", least <= value <= after[name],
          f"{value}, not in {least}..{after[name]}")
on_c("it has other names")
check("-S: doorbells, interrupts and polls are counted",
      all(found.get(name, 0) > 0 for name in ("tx_queue_0_doorbells", "interrupts", "rx_queue_0_polls")), found)
on_c("it has other names")
check("-S: no more interrupts than the kernel counted", 0 < found.get("interrupts", 0) <= interrupts(),
      f"{found.get('interrupts')}, {interrupts()}")
on_c("it has other names")
same("-S: nothing lost", 0, sum(value for name, value in found.items() if "drop" in name or "failed" in name))
names = [line.split(":")[0].strip() for line in run(f"ethtool -S {NIC}").splitlines()[1:]]
same("-S: ethtool shows what the tests read by ioctl", list(found), names)
check("-S: each name once", len(names) == len(set(names)))
check("-S: names of 31 characters at most", max(len(name) for name in names) <= 31)
down()
on_c("it forgets some")
check("-S: kept while down", all(value <= statistics()[name] for name, value in found.items()))
up()
check("-S: and when up again", all(value <= statistics()[name] for name, value in found.items()))

# The standard groups: true numbers, or nothing.
on_c("it has no standard groups")
if check("eth-mac is there", run(f"ethtool -S {NIC} --groups eth-mac", fails=True)[0] == 0):
    mac = group("eth-mac")
    for name, counter, extra in (("FramesTransmittedOK", "tx_packets", 0), ("FramesReceivedOK", "rx_packets", 0),
                                 ("OctetsTransmittedOK", "tx_bytes", 4), ("OctetsReceivedOK", "rx_bytes", 4)):
        packets = stat(NIC, counter[:3] + "packets")
        on_c("it has no standard groups")
        check(f"{name} is {counter}{', with the FCS' if extra else ''}",
              0 < mac.get(f"eth-mac-{name}", 0) <= stat(NIC, counter) + extra * packets, mac)
    errors = {name: value for name, value in mac.items() if re.search("Errors|Collision|Late|Aborted|Lost|Deferred", name)}
    on_c("it has no standard groups")
    check("no errors, no collisions", errors and not any(errors.values()), errors)
    # What QEMU's chip cannot know is not claimed.
    for name, least in (("eth-ctrl", 3), ("rmon", 4)):
        status, output = run(f"ethtool -S {NIC} --groups {name}", fails=True)
        found = values(output.partition("\n")[2])
        if CHIP:
            bad = {what: value for what, value in found.items() if re.search("ctrl|size|Frag|Jabber", what) and value != "0"}
            check(f"{name}: claimed, and nothing was wrong", len(found) >= least and not bad, found)
        else:
            same(f"{name}: nothing is claimed", {}, found)
pause = run(f"ethtool -I -a {NIC}")
on_c("it reports none")
same("-I -a: PAUSE frames are counted, and there were none", ["0", "0"], re.findall(r"[rt]x_pause_frames: (\d+)", pause))

stamps = run(f"ethtool -T {NIC}")
for what in ("software-transmit", "software-receive", "software-system-clock"):
    check(f"-T: {what}", what in stamps, stamps)
check("-T: no clock in hardware", "PTP Hardware Clock: none" in stamps and "hardware-transmit" not in stamps, stamps)

# One queue each way, served by one interrupt.
on_c("it does not say")
status, output = run(f"ethtool -l {NIC}", fails=True)
check("-l: one combined channel, and no more possible", re.findall(r"Combined:\s*(\d+)", output) == ["1", "1"], output)
on_c("it does not say")
check("-L combined 1: nothing to do", run(f"ethtool -L {NIC} combined 1", fails=True)[0] == 0)
for wrong, why in (("combined 2", "exceeds maximum"), ("combined 0", "no RX or TX channel"), ("rx 1", "exceeds maximum")):
    on_c("it does not say")
    refused(f"-L {wrong}", why, f"ethtool -L {NIC} {wrong}")

check("no private flags", run(f"ethtool --show-priv-flags {NIC}", fails=True)[0] != 0)

# The message level: which messages are printed.
def link_messages(level):
    run(f"ethtool -s {NIC} msglvl {level}")
    count = len(re.findall(rf"{NIC}.*link is (?:up|down)", run("dmesg"), re.IGNORECASE))
    down()
    up()
    time.sleep(0.3)
    return len(re.findall(rf"{NIC}.*link is (?:up|down)", run("dmesg"), re.IGNORECASE)) - count


same("message level: driver, probe, link", "drv probe link", run(f"ethtool {NIC}").split("Current message level:")[1].split("\n")[1].strip())
check("with link: carrier's coming is said", link_messages("0x7") >= 1)
on_c("it prints whatever the level")
same("without: it is not", 0, link_messages("0x3"))
on_c("it has another way")
check("the level is kept over down and up", "0x00000003" in run(f"ethtool {NIC}"))
check("and back", link_messages("link on") >= 1)
check("traffic", ping_all(100))
quiet_log()
finish()
