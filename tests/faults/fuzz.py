# SPDX-License-Identifier: GPL-2.0
"""Random faults and random frames, from a seed: one seed is one chunk of a few seconds."""

import dataclasses
import time

import guestlog
from report import Outcome

CHUNK_SECONDS = 4
FRAMES = 300
RATES = (500, 100, 2000, 30)


@dataclasses.dataclass
class Chunk:
    seed: int
    name: str
    group: str = "fuzz"

    def rate(self, given):
        return given or RATES[self.seed % len(RATES)]


def chunks(seed, count):
    return [Chunk(seed + n, f"seed {seed + n}") for n in range(count)]


def descriptors(stats):
    return stats["tx_descriptors"] + stats["rx_descriptors"]


class Trial:
    def __init__(self, settings, session, chunk, rate=0, longest=16380):
        self.settings, self.session, self.chunk = settings, session, chunk
        self.rate, self.longest, self.descriptors = chunk.rate(rate), longest, 0
        self.outcome = Outcome(chunk.name, chunk.group)
        self.outcome.again = f"MODULE={settings.named} tests/faults/run fuzz SEED={chunk.seed} CHUNKS=1"

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
        end = time.monotonic() + CHUNK_SECONDS * session.slow
        while time.monotonic() < end:
            session.ask("traffic", seconds=1)
            nic(f"frames {FRAMES} max={self.longest} seed={self.chunk.seed}")
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
        if unsent := session.ask("unsent"):
            outcome.bad(f"{unsent} bytes of sent packets never freed")
        for _, text in session.ask("log"):
            outcome.log.append(text)
            if guestlog.COMPLAINTS.search(text):
                outcome.bad(f"the kernel complains: {text}")
                outcome.deadly = True
        return outcome
