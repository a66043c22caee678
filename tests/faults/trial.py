# SPDX-License-Identifier: GPL-2.0
"""One fault tried on a running guest, and what is wrong with how it went."""

import re
import time

import guestlog
from report import Outcome, normal

RECOVERY_SECONDS = 10
LINK_LINE = re.compile(r"link is (up|down)", re.IGNORECASE)
LOSS = re.compile(
    r"err|drop|miss|bad|over|hang|timeout|reset|fail|lost|carrier|short|long|discard|crc|spurious|stall", re.IGNORECASE)
BAD_KINDS = ("short", "grown", "corrupt", "again", "alien", "vlan")
# Under such a fault the control path is used as well.
CONTROL = (
    "ethtool -S {i}", "ethtool {i}", "ethtool -d {i}", "ethtool -i {i}", "ethtool -e {i} length 16", "ip link set {i} promisc on",
    "ip link set {i} promisc off", "ip link set {i} mtu 3000", "ip link set {i} mtu 1500", "ethtool -G {i} rx 512 tx 512",
    "ethtool -G {i} rx 256 tx 256", "ethtool -r {i}", "ethtool -K {i} rx off", "ethtool -K {i} rx on",
)
CONTROL_SECONDS = 20
# Bytes or events: more than any trial makes.
BELIEVABLE = 1 << 31


class Trial:
    def __init__(self, session, fault, driver, seconds=None):
        self.session, self.fault, self.driver = session, fault, driver
        self.seconds = (seconds or fault.seconds) * session.slow
        self.outcome = Outcome(fault.name, fault.group)
        self.load = f"insmod /guest/{driver}.ko" if driver != "e1000" else "modprobe e1000"
        self.interface = ""
        self.lines = []

    def run(self):
        """Traffic, fault on, traffic, fault off, traffic. Raises Died if the guest does."""
        session, outcome = self.session, self.outcome
        session.ask("say", text=f"fault {self.fault.name}")
        if not self.fine_before():
            return outcome
        before, stats = session.ask("counters"), session.nic.stats()
        session.ask("log")
        session.ask("seen")
        start = time.monotonic()
        for line in self.fault.arm:
            session.nic(line)
        getattr(self, self.fault.during)()
        during = session.ask("seen")
        fired = self.fired(stats)
        session.nic("clear")
        if self.fault.during == "probe":
            self.after_probe()
        self.came_back()
        after = session.ask("counters")
        elapsed = time.monotonic() - start
        rest = session.ask("seen")
        self.log_lines()
        self.judge_fired(fired)
        self.judge_data(during, rest)
        self.judge_loss(during, before, after)
        self.judge_resets(before, after, elapsed)
        self.judge_device(stats)
        self.judge_log()
        return outcome

    def fine_before(self):
        """The traffic of before; without it nothing can be said."""
        found = self.session.ask("recover", seconds=RECOVERY_SECONDS * self.session.slow)
        if found["seconds"] is None:
            self.outcome.bad(f"no traffic before the fault: {found['why']}")
            self.outcome.deadly = True
            return False
        self.interface = self.session.interface()
        return True

    # What is done while the fault is on.

    def traffic(self):
        self.session.ask("traffic", seconds=self.seconds)

    def silence(self):
        time.sleep(self.seconds)

    def control(self):
        self.session.ask("traffic", seconds=self.seconds)
        for command in CONTROL:
            status, text = self.session.sh(command.format(i=self.interface), CONTROL_SECONDS)
            if status == 124:
                self.outcome.bad(f"`{command}` hung")
        # What it changed on purpose, or could not.
        self.session.ask("traffic", seconds=0.5, tcp=False)

    def open(self):
        self.session.ask("traffic", seconds=0.3, tcp=False)
        for way in ("down", "up"):
            status, text = self.session.sh(f"ip link set {self.interface} {way}", CONTROL_SECONDS)
            if status == 124:
                self.outcome.bad(f"`ip link set {way}` hung")
            elif status:
                self.outcome.notes.append(f"{way}: {text.strip()}")
        self.session.ask("traffic", seconds=self.seconds, tcp=False)

    def probe(self):
        self.session.sh(f"rmmod {self.driver}")
        status, text = self.session.sh(self.load, 40)
        if status == 124:
            self.outcome.bad("loading the module hung")
        found = self.session.ask("setup", seconds=3)
        if not found["interface"]:
            if self.fault.may_fail_probe:
                self.outcome.notes.append("refuses the device")
            else:
                self.outcome.bad("refuses the device")
            return
        first = int(found["mac"][:2], 16)
        if first & 1 or found["mac"] == "00:00:00:00:00:00":
            self.outcome.bad(f"an interface with the address {found['mac']}")
        self.session.ask("traffic", seconds=self.seconds)

    # Afterwards.

    def after_probe(self):
        """With the fault gone an interface that is there must work; a device that was refused is loaded once more."""
        session = self.session
        if not session.interface() or self.outcome.problems:
            session.sh(f"rmmod {self.driver}; {self.load}", 40)
        if not session.ask("setup", seconds=5)["interface"]:
            self.outcome.bad("no interface with the fault gone")
            self.outcome.deadly = True

    def came_back(self):
        found = self.session.ask("recover", seconds=RECOVERY_SECONDS * self.session.slow)
        self.outcome.recovery = found["seconds"]
        if found["seconds"] is not None:
            return
        self.outcome.bad(f"no recovery within {RECOVERY_SECONDS} s: {found['why']}")
        self.session.sh(f"ip link set {self.interface} down; ip link set {self.interface} up", 30)
        again = self.session.ask("recover", seconds=RECOVERY_SECONDS * self.session.slow)
        self.outcome.notes.append("down and up helps" if again["seconds"] is not None else "not even down and up helps")
        self.outcome.deadly = True

    def fired(self, before):
        """How often it did something: counters of faults, or for lost and wrong registers that they were armed."""
        after = self.session.nic.stats()
        return sum(value - before.get(name, 0) for name, value in after.items() if name.startswith("fault."))

    def log_lines(self):
        self.lines = self.session.ask("log")
        self.outcome.log = [text for _, text in self.lines][:60]

    # Judgement.

    def judge_fired(self, fired):
        self.outcome.fired = fired
        if fired:
            return
        if self.fault.silent:
            self.outcome.skipped = self.fault.silent
        else:
            self.outcome.bad("the fault never came about")

    def judge_data(self, *seen):
        for part in seen:
            for name, count in part["kinds"].items():
                self.outcome.seen[name] = self.outcome.seen.get(name, 0) + count
                way, _, kind = name.partition(".")
                if kind in BAD_KINDS and way != "echo" and kind not in self.fault.may:
                    self.outcome.bad(f"{count} frames {way} {kind}: {part['examples'].get(name, '')[:64]}")

    def judge_loss(self, during, before, after):
        grown = {name: after[name] - before.get(name, 0) for name in after
                 if LOSS.search(name) and after[name] > before.get(name, 0)}
        self.outcome.counted = grown
        kinds = during["kinds"]
        lost = sum(kinds.get(f"{way}.sent", 0) - kinds.get(f"{way}.good", 0) - kinds.get(f"{way}.late", 0)
                   for way in ("rx", "tx"))
        if lost > 2 and not grown and not self.fault.uncounted:
            self.outcome.bad(f"{lost} frames lost and no counter grew")
        for name in after:
            if after[name] < before.get(name, 0) and self.fault.during != "probe":
                self.outcome.bad(f"counter {name} went back, from {before[name]} to {after[name]}")
            elif after[name] - before.get(name, 0) > BELIEVABLE and not self.fault.jumps:
                self.outcome.bad(f"counter {name} jumped, from {before.get(name, 0)} to {after[name]}")

    def judge_resets(self, before, after, elapsed):
        """A device that does not come out of a reset is tried again at the watchdog's pace, if the driver counts that."""
        resets = after.get("ethtool.resets", 0) - before.get("ethtool.resets", 0)
        if resets > 2 + 2 * elapsed:
            self.outcome.bad(f"{resets} resets in {elapsed:.0f} s")

    def judge_device(self, before):
        """What the device saw the driver do wrong."""
        after = self.session.nic.stats()
        if after["dma_faults"] > before["dma_faults"] and not self.fault.bad_dma:
            self.outcome.bad(f"{after['dma_faults'] - before['dma_faults']} DMA accesses to nowhere, "
                             f"the last at {after['dma_last_fault']:#x}")
        if unsent := self.session.unsent():
            self.outcome.bad(f"{unsent} bytes of sent packets never freed")

    def judge_log(self):
        texts = [text for _, text in self.lines]
        complaints = [text for text in texts if guestlog.COMPLAINTS.search(text)]
        if complaints:
            self.outcome.bad(f"the kernel complains: {complaints[0]}")
            self.outcome.deadly = True
        kinds = {}
        for _, text in self.lines:
            if "e1000" in text and not LINK_LINE.search(text):
                kinds.setdefault(normal(text), []).append(text)
        # The kernel's rate limit lets a kind through again after 5 s.
        allowed = 1 + int(self.seconds // 5)
        for same in kinds.values():
            if len(same) > allowed and self.fault.during == "traffic":
                self.outcome.bad(f"{len(same)} times in the log: {same[0]}")
            elif len(same) > 3 * allowed:
                self.outcome.bad(f"{len(same)} times in the log: {same[0]}")
