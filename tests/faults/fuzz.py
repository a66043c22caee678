# SPDX-License-Identifier: GPL-2.0
"""Random faults and random frames, from a seed: one seed is one chunk of a few seconds."""

import dataclasses
import threading
import time

import guestlog
import nicvm
from report import Outcome

CHUNK_SECONDS = 4
FRAMES = 300
# In the long form: for as long as there are descriptors for them, in so many seconds.
FLOOD_SECONDS, FLOOD_FRAMES, FLOOD_PATIENCE_MS = 40, 2000, 5
# Where a descriptor in 30 is wrong there are few of them: the driver waits and resets most of the time.
FLOOD_RATES = (2000, 500, 10000, 4000)
RATES = (500, 100, 2000, 30)


@dataclasses.dataclass
class Chunk:
    seed: int
    name: str
    group: str = "fuzz"

    def rate(self, given, rates=RATES):
        return given or rates[self.seed % len(rates)]


def chunks(seed, count):
    return [Chunk(seed + n, f"seed {seed + n}") for n in range(count)]


def descriptors(stats):
    return stats["tx_descriptors"] + stats["rx_descriptors"]


class Flood:
    """Random frames from the wire and packets to it, as many as go, while the block lasts."""

    def __init__(self, session, seed, longest):
        self.session, self.seed, self.longest = session, seed, longest
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.frames)

    def __enter__(self):
        interface = self.session.interface()
        # Packets of the kernel's own generator, of every size.
        self.session.sh(f"""modprobe pktgen; cd /proc/net/pktgen; echo "add_device {interface}" >kpktgend_0
            for word in "count 0" "clone_skb 0" "burst 4" "delay 20000" "dst_mac 52:54:00:12:35:10" "dst 10.9.0.2" \
                    "min_pkt_size 60" "max_pkt_size 1514" "flag TXSIZE_RND"; do echo "$word" >{interface}; done
            echo start >pgctrl &""")
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.session.sh("echo stop >/proc/net/pktgen/pgctrl; sleep 1; echo rem_device_all >/proc/net/pktgen/kpktgend_0", 20)
        self.thread.join()

    def frames(self):
        try:
            nic = nicvm.Control(self.session.control_path)
        except OSError:
            return
        turn = 0
        while not self.over.is_set():
            turn += 1
            try:
                nic(f"frames {FLOOD_FRAMES} max={self.longest} seed={self.seed + turn} ms={FLOOD_PATIENCE_MS}")
            except (OSError, ValueError):
                break
        nic.close()


class Trial:
    def __init__(self, settings, session, chunk, rate=0, longest=16380):
        self.settings, self.session, self.chunk = settings, session, chunk
        self.flood = bool(settings.number("DESCRIPTORS", 0))
        self.rate = chunk.rate(rate, FLOOD_RATES if self.flood else RATES)
        self.longest, self.descriptors = longest, 0
        self.outcome = Outcome(chunk.name, chunk.group)
        self.outcome.again = (f"MODULE={settings.named} tests/faults/run fuzz SEED={chunk.seed} CHUNKS=1" +
                              (" DESCRIPTORS=1" if self.flood else ""))

    def run(self):
        session, outcome, nic = self.session, self.outcome, self.session.nic
        session.ask("say", text=f"fuzz {self.chunk.seed} rate {self.rate}")
        if session.ask("recover", seconds=10 * session.slow)["seconds"] is None:
            outcome.bad("no traffic before")
            outcome.deadly = True
            return outcome
        session.ask("log")
        before, start = session.ask("counters"), nic.stats()
        nic(f"seed {self.chunk.seed}")
        nic(f"fuzz on rate={self.rate}")
        self.behave_badly()
        nic("fuzz off")
        nic("clear")
        found = session.ask("recover", seconds=10 * session.slow)
        outcome.recovery = found["seconds"]
        if found["seconds"] is None:
            outcome.bad(f"no recovery within 10 s: {found['why']}")
            outcome.deadly = True
        after, stats = session.ask("counters"), nic.stats()
        outcome.fired = sum(value - start.get(name, 0) for name, value in stats.items() if name.startswith("fault."))
        self.descriptors = descriptors(stats) - descriptors(start)
        outcome.notes.append(f"rate 1 in {self.rate}: {self.descriptors} descriptors, {outcome.fired} faults")
        outcome.seen = session.ask("seen")["kinds"]
        for name in after:
            if after[name] < before.get(name, 0):
                outcome.bad(f"counter {name} went back from {before[name]} to {after[name]}")
        if unsent := session.unsent():
            outcome.bad(f"{unsent} bytes of sent packets never freed")
        for _, text in session.ask("log"):
            outcome.log.append(text)
            if guestlog.COMPLAINTS.search(text):
                outcome.bad(f"the kernel complains: {text}")
                outcome.deadly = True
        return outcome

    def behave_badly(self):
        """The time of the faults, under traffic."""
        session = self.session
        if not self.flood:
            end = time.monotonic() + CHUNK_SECONDS * session.slow
            while time.monotonic() < end:
                session.ask("traffic", seconds=1)
                session.nic(f"frames {FRAMES} max={self.longest} seed={self.chunk.seed}")
            return
        with Flood(session, self.chunk.seed << 16, self.longest):
            end = time.monotonic() + FLOOD_SECONDS * session.slow
            while time.monotonic() < end:
                session.ask("traffic", seconds=2)
