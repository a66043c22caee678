# SPDX-License-Identifier: GPL-2.0
"""The driver with a NIC that tells no lies, but is not QEMU's: everything must work, nothing may be lost.

These force the paths that QEMU's own device never takes: completion of
transmission by interrupt, register writes that arrive late as under KVM,
checksums reported by the device, the other two models, power management.
"""

import dataclasses
import json
import re
import time

import guestlog
import suite
import trial
from report import Outcome

RINGS = (48, 64, 128, 256)
# What keeps NAPI from its interrupt, and so from the register read that flushes posted writes.
# ping's own status is 0 if one of several was answered.
ANSWERED = 'answered() { n=$1; shift; ping -q -c $n "$@" >/tmp/ping; cat /tmp/ping; grep -q " $n received, 0% packet loss" /tmp/ping; }; '
POLLING = {
    "interrupts": "true",
    "busy polling": "sysctl -qw net.core.busy_poll=50 net.core.busy_read=50",
    "deferred interrupts": "echo 5 >/sys/class/net/{i}/napi_defer_hard_irqs; echo 500000 >/sys/class/net/{i}/gro_flush_timeout",
    "threaded": "echo 1 >/sys/class/net/{i}/threaded",
}
PLAIN = ("sysctl -qw net.core.busy_poll=0 net.core.busy_read=0; echo 0 >/sys/class/net/{i}/napi_defer_hard_irqs; "
         "echo 0 >/sys/class/net/{i}/gro_flush_timeout; echo 0 >/sys/class/net/{i}/threaded")
FRAMES = 1500
# As far as the bus's own part of going to sleep, and back after a second.
TO_D3 = "echo platform >/sys/power/pm_test && echo 1 >/sys/module/suspend/parameters/pm_test_delay"
# Letters of `ethtool -s wol`, and what they are in WUFC (manual 13.6.2): link, magic, unicast, multicast, broadcast.
WAKING = {"g": 0x02, "pumb": 0x01 | 0x04 | 0x08 | 0x10, "d": 0}
WUC_PME_EN = 2
# Of the bus's power management register: the state, and that the device may wake the system.
D0, D3, PME_ENABLED = 0, 3, 0x100
UNPLUGGED_SECONDS = 5
# A round trip, where transmission completes by interrupt; the watchdog comes once a second.
LONGEST_MS = 400
# Pings of several senders that may be unanswered at a time, one sent each 10 ms at least: a ping that has to wait for
# the processor sends none meanwhile.
SENDERS, UNANSWERED = 3, 20


@dataclasses.dataclass
class Mode:
    name: str
    options: str
    checks: tuple = ("essentials",)
    model: str = "e1000"
    smp: int = 1
    long: bool = False
    serial: bool = False
    iommu: bool = False


MODES = (
    Mode("as QEMU's", "", ("essentials", "unplugged")),
    Mode("transmits later", "--tx async", ("essentials", "completes")),
    Mode("transmits 3 ms later", "--tx async --tx-delay-us 3000", ("essentials", "completes")),
    Mode("transmits later, 2 processors", "--tx async", ("essentials", "completes"), smp=2),
    Mode("posted writes as under KVM", "--coalesced --rx-full wait", ("essentials", "bursts", "filters")),
    # It has no flow control, so nothing of the chip's is read when somebody asks for statistics.
    Mode("posted writes, 82544GC", "--coalesced --rx-full wait", ("filters",), "e1000-82544gc"),
    Mode("posted writes, transmits later", "--coalesced --tx async --rx-full wait",
         ("essentials", "bursts", "completes"), long=True),
    Mode("waits for descriptors", "--rx-full wait", ("bursts",), long=True),
    Mode("checks checksums", "--rx-csum real", ("essentials", "checksums")),
    Mode("82545EM", "", ("essentials",), "e1000-82545em"),
    Mode("82544GC", "", ("essentials",), "e1000-82544gc"),
    Mode("power management", "--pm", ("essentials", "sleeps", "wakes"), serial=True),
    Mode("switched off", "--pm", ("off",)),
    Mode("slow to negotiate, slow MDIC", "--autoneg-ms 2000 --mdic-us 300"),
    Mode("behind an IOMMU", "", ("essentials", "late_data"), iommu=True),
)


class Trial:
    """One check in one mode."""

    def __init__(self, settings, session, name):
        self.settings, self.session = settings, session
        self.outcome = Outcome(name, "modes")
        self.interface = session.interface()
        self.over = False

    def run(self, check):
        self.session.ask("log")
        self.session.ask("seen")
        self.before = self.session.nic.stats()
        self.back("at first", 15)
        if not self.outcome.problems:
            getattr(self, check)()
        if not self.over:
            self.clean()
        return self.outcome

    def clean(self):
        """What holds after every check with an honest device."""
        after = self.session.nic.stats()
        for name in ("dma_faults", "tx_bad", "tx_runts"):
            if after[name] > self.before[name]:
                self.outcome.bad(f"the device counts {after[name] - self.before[name]} {name}")
        seen = self.session.ask("seen")
        self.outcome.seen = seen["kinds"]
        for name, count in seen["kinds"].items():
            if name.split(".")[1] in ("short", "grown", "corrupt", "again", "alien", "vlan"):
                self.outcome.bad(f"{count} {name}: {seen['examples'].get(name)}")
        if unsent := self.session.unsent():
            self.outcome.bad(f"{unsent} bytes never freed")
        for level, text in self.session.ask("log"):
            self.outcome.log.append(text)
            if guestlog.COMPLAINTS.search(text) or level <= 4 and "e1000" in text:
                self.outcome.bad(f"the log says: {text}")

    def back(self, when, seconds=5):
        found = self.session.ask("recover", seconds=seconds * self.session.slow)
        if found["seconds"] is None:
            self.outcome.bad(f"no traffic {when}: {found['why']}")
            self.outcome.deadly = True
        return found["seconds"] is not None

    def must(self, what, command, seconds=20):
        status, text = self.session.sh(ANSWERED + command.format(i=self.interface), seconds)
        if status:
            self.outcome.bad(f"{what}: status {status} {text.strip()[-300:]}")
        return status == 0

    # The checks.

    def essentials(self):
        """What the guest's own tests need of a device."""
        for what, size, seconds in (("1 MB by TCP", 1_000_000, 30), ("the same again", 1_000_000, 30)):
            if not self.session.ask("tcp", size=size, seconds=seconds):
                self.outcome.bad(what)
        missing = self.session.ask("rounds", count=20, seconds=60)
        if missing:
            self.outcome.bad(f"{missing} of 20 rounds of frames and datagrams incomplete")
        for what, command in (
                ("pings of all sizes", "for s in 0 1 17 18 19 46 1000 1471 1472 1473 4000 20000; do "
                                       "answered 2 -i 0.1 -W 2 -s $s 10.9.0.2 || exit; done"),
                ("MTU 9000", "ip link set {i} mtu 9000 && ip -n peer link set peer0 mtu 9000 && "
                             "answered 5 -i 0.1 -W 2 -M do -s 8900 10.9.0.2"),
                ("MTU 1500", "ip -n peer link set peer0 mtu 1500 && ip link set {i} mtu 1500"),
                ("rings of 48 and 4096", "ethtool -G {i} rx 48 tx 4096 && answered 3 -i 0.1 -W 2 10.9.0.2"),
                ("rings of 256", "ethtool -G {i} rx 256 tx 256"),
                ("promiscuous and back", "ip link set {i} promisc on && ip link set {i} promisc off"),
                ("ethtool", "ethtool {i} && ethtool -i {i} && ethtool -S {i}"),
                ("down and up", "for n in 1 2 3; do ip link set {i} down; ip link set {i} up; done")):
            self.must(what, command)
        self.back("after these", 10)

    def completes(self):
        """Transmission completes by interrupt, not by the watchdog: a thousand round trips, each well below a second."""
        before = self.session.ask("counters")
        status, text = self.session.sh(f"{ANSWERED} answered 1000 -i 0.001 -W 2 -s 1400 10.9.0.2", 60)
        longest = re.search(r"rtt .* = [\d.]+/[\d.]+/([\d.]+)/", text)
        if status or not longest or float(longest[1]) > LONGEST_MS * self.session.slow:
            self.outcome.bad(f"1000 pings: {text.strip()[-300:]}")
        # Several at once meet in the transmit ring. An answer that its ping has no room for was not lost.
        _, text = self.session.sh(f"nstat -n; for n in $(seq {SENDERS}); do ping -q -c 1000 -i 0.000$((n * 4)) -W 2 "
                                  "-s $((n * 400)) 10.9.0.2 & done; wait; nstat -z IcmpInEchoReps", 60)
        answers = re.findall(r"^IcmpInEchoReps +(\d+)", text, re.MULTILINE)
        most = max((int(pings) for pings in re.findall(r"^rtt .* pipe (\d+)", text, re.MULTILINE)), default=1)
        if answers != [f"{SENDERS}000"] or most > UNANSWERED:
            self.outcome.bad(f"1000 pings from each of {SENDERS}: {text.strip()[-900:]}")
        if not self.session.ask("tcp", size=3_000_000, seconds=60):
            self.outcome.bad("3 MB by TCP within 60 s")
        after = self.session.ask("counters")
        for name in after:
            bad = name.startswith("ethtool.") and any(word in name for word in ("hang", "timeout", "reset"))
            if bad and after[name] > before.get(name, 0):
                self.outcome.bad(f"{name} grew by {after[name] - before.get(name, 0)}")

    def bursts(self):
        """Bursts into small rings, with nothing sent meanwhile that would flush a posted write; none may be lost."""
        for ring in RINGS:
            if not self.must(f"a ring of {ring}", f"ethtool -G {{i}} rx {ring}") or not self.back(f"with a ring of {ring}"):
                return
            for name, command in POLLING.items():
                # Not every driver has all of these.
                self.session.sh(command.format(i=self.interface))
                result = self.session.ask("burst", frames=FRAMES, seconds=10 * self.session.slow)
                if result["missing"]:
                    self.outcome.bad(f"ring {ring}, {name}: {result['missing']} of {FRAMES} frames did not come, "
                                     f"{self.session.nic.stats()['rx_fifo']} wait in the device")
                    self.outcome.notes.append(f"RDH RDT {self.session.nic('peek RDH')} {self.session.nic('peek RDT')}")
                self.session.sh(PLAIN.format(i=self.interface))
                if not self.back(f"after a burst, ring {ring}, {name}"):
                    return
        self.must("a ring of 256", "ethtool -G {i} rx 256")

    def filters(self):
        """Filters and switches are the device's when the command has ended, also if nothing else goes on."""
        self.must("a VLAN", "modprobe 8021q; ip link add link {i} name v9 type vlan id 9")
        for what, command in (
                ("a group joined", "ip maddr add 01:00:5e:01:02:03 dev {i}"),
                ("a group left", "ip maddr del 01:00:5e:01:02:03 dev {i}"),
                ("20 groups joined", "for n in $(seq 10 29); do ip maddr add 01:00:5e:01:02:$n dev {i}; done"),
                ("20 groups left", "for n in $(seq 10 29); do ip maddr del 01:00:5e:01:02:$n dev {i}; done"),
                ("a VLAN more", "ip link add link {i} name v8 type vlan id 8"),
                ("a VLAN less", "ip link del v8"),
                ("the VLAN filter off", "ethtool -K {i} rx-vlan-filter off"),
                ("the VLAN filter on", "ethtool -K {i} rx-vlan-filter on"),
                ("tags left in frames", "ethtool -K {i} rx-vlan-offload off"),
                ("tags taken out of frames", "ethtool -K {i} rx-vlan-offload on"),
                ("damaged frames", "ethtool -K {i} rx-all on"),
                ("none of those", "ethtool -K {i} rx-all off"),
                ("another address", "ip link set {i} address 02:00:00:00:00:09"),
                ("the old one", "ip link set {i} address $(ethtool -P {i} | cut -d' ' -f3)")):
            if self.must(what, command):
                # The stack does some of it a moment later.
                self.session.sh("sleep 0.2")
                if waiting := self.session.nic.stats()["held_writes"]:
                    self.outcome.bad(f"{what}: {waiting} writes have not reached the device")
        self.session.sh("ip link del v9")
        self.back("after these", 10)

    def unplugged(self):
        """Without a link nobody asks the device but whether there is one."""
        self.session.nic("link down")
        self.session.sh("sleep 2")
        self.session.nic("counts clear")
        self.session.sh(f"sleep {UNPLUGGED_SECONDS}")
        found = self.session.nic("counts")
        self.session.nic("link up")
        # One look at STATUS each second.
        if (heavy := int(dict(line.split()[:2] for line in found)["heavy"])) > UNPLUGGED_SECONDS + 2:
            self.outcome.bad(f"{heavy} accesses in {UNPLUGGED_SECONDS} s: {', '.join(found[:9])}")
        self.back("with the link again", 10)

    def checksums(self):
        """The device checks: its word is taken when it is good, and the stack looks itself when not."""
        def used():
            """What the driver counts of good checksums, whatever it calls that; -1 if it does not."""
            found = [value for name, value in self.session.ask("counters").items()
                     if name.startswith("ethtool.") and "csum" in name and "rx" in name and "err" not in name]
            return sum(found) if found else -1

        before = used()
        if not self.session.ask("tcp", size=500_000, seconds=20):
            self.outcome.bad("0.5 MB by TCP")
        if before < 0:
            self.outcome.notes.append("the driver has no counter of checksums in ethtool -S")
        elif used() <= before:
            self.outcome.bad("no checksum of the device was used")
        self.must("off", "ethtool -K {i} rx off")
        self.back("with it off")
        off = used()
        if not self.session.ask("tcp", size=200_000, seconds=20):
            self.outcome.bad("0.2 MB by TCP with it off")
        if used() > off:
            self.outcome.bad("used though it is off")
        self.must("on", "ethtool -K {i} rx on")

    def sleeps(self):
        """Suspend and resume; the device loses its registers on the way. First up, then down, then with traffic waiting."""
        self.must("pm_test", TO_D3)
        turn = "echo freeze >/sys/power/state"
        for times in range(2):
            if not self.must(f"suspend {times}", turn, 40) or not self.back(f"after suspend {times}", 10):
                return
        self.must("a filter and a ring of 64",
                  "ip maddr add 01:00:5e:01:02:03 dev {i}; ethtool -G {i} rx 64 tx 64; ip link set {i} promisc on")
        if not self.must("suspend with these", turn, 40) or not self.back("after it", 10):
            return
        self.must("as before", "ip link set {i} promisc off; ethtool -G {i} rx 256 tx 256")
        self.must("suspend while down", f"ip link set {{i}} down && {turn} && ip link set {{i}} up", 40)
        self.back("after that", 10)

    def wakes(self):
        """What is to wake the machine is armed while it sleeps, just that, and no more once it is awake."""
        self.must("pm_test", TO_D3)
        for letters, events in WAKING.items():
            if not self.must(f"wol {letters}", f"ethtool -s {{i}} wol {letters}"):
                return
            self.must(f"suspend with wol {letters}", "(sleep 0.5; echo freeze >/sys/power/state) >/dev/null 2>&1 &")
            if not self.asleep(f"wol {letters}", events):
                return
            # What reaches a serial port that sleeps is lost.
            awake = self.wait_for_power(D0)
            time.sleep(1 * self.session.slow)
            if not awake or not self.back(f"after wol {letters}", 20):
                return
            if left := self.peek("WUFC"):
                self.outcome.bad(f"wol {letters}: awake WUFC is {left:#x}")

    def off(self):
        """The same where the machine is switched off, which ends the guest."""
        self.outcome.deadly = self.over = True
        stay = json.dumps({"execute": "set-action", "arguments": {"shutdown": "pause"}})
        status, text = self.session.sh(f"hostctl '{stay}'")
        if status:
            self.outcome.bad(f"QEMU does not stay: {text}")
            return
        if not self.must("wol g", "ethtool -s {i} wol g"):
            return
        self.session.sh("(sleep 0.5; echo o >/proc/sysrq-trigger) >/dev/null 2>&1 &")
        self.asleep("off with wol g", WAKING["g"])

    def asleep(self, what, events):
        """Whether it goes to sleep; what is to wake the machine must be armed then."""
        if not self.wait_for_power(D3):
            self.outcome.bad(f"{what}: it did not go to sleep")
            return False
        wakes = bool(self.session.nic.stats()["power_state"] & PME_ENABLED)
        found = self.peek("WUFC"), self.peek("WUC"), wakes
        if found != (events, WUC_PME_EN if events else 0, bool(events)):
            self.outcome.bad(f"{what}: asleep WUFC is {found[0]:#x}, WUC {found[1]:#x}, PME enabled: {wakes}")
        return True

    def late_data(self):
        """Data that comes to a buffer of a lap ago, and after its descriptor: whatever becomes of the frames, nothing else is hit."""
        self.must("an IOMMU", "ls -d /sys/class/net/{i}/device/iommu_group")
        for fault in suite.LATE:
            outcome = trial.Trial(self.session, fault, self.settings.driver).run()
            self.outcome.problems += [f"{fault.name}: {problem}" for problem in outcome.problems]
            self.outcome.log += outcome.log
            self.outcome.deadly |= outcome.deadly
            if outcome.deadly:
                return
        self.must("down and up", "ip link set {i} down && ip link set {i} up")
        # What was held back from memory is none of the driver's faults.
        held, self.before = self.before["dma_faults"], self.session.nic.stats()
        self.outcome.notes.append(f"{self.before['dma_faults'] - held} writes did not reach memory")
        self.back("after these", 10)

    def wait_for_power(self, state):
        """Whether the bus puts it into that state soon."""
        end = time.monotonic() + 20 * self.session.slow
        while self.session.nic.stats()["power_state"] & D3 != state:
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def peek(self, register):
        return int(self.session.nic(f"peek {register}")[0], 16)


def cases(mode):
    return [(mode, check) for check in mode.checks]
