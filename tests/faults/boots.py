# SPDX-License-Identifier: GPL-2.0
"""Runs a list of things, several to a guest, in as few boots as they leave alive."""

import time

import session as sessions
from report import Outcome

SLAB_KIB = 6000
# More than fragments wait, and the kernel between two looks.
POOL_SECONDS = 10


def run(settings, report, things, attempt, label, **options):
    """`attempt(session, thing)` returns an Outcome; a guest that it kills is replaced by another.

    At the end of each guest that lived the module is unloaded and what it left behind looked at."""
    left, boot = list(things), 0
    while left:
        boot += 1
        log = settings.out / f"{label}{boot}.log"
        current = outcome = None
        try:
            with sessions.Session(settings, log, **options) as session:
                if not session.ask("setup")["interface"]:
                    raise sessions.Died("no interface")
                before = session.ask("memory")
                while left:
                    current = left.pop(0)
                    outcome = attempt(session, current)
                    report.case(outcome)
                    current = None
                    if outcome.deadly:
                        break
                if not outcome.deadly:
                    current = f"the module unloaded after {label}"
                    report.case(unload(settings, session, current, before))
            # All of it: also what no single attempt has looked at.
            if found := sessions.complaints(log):
                said = Outcome(f"the log of {label}{boot}", "end", log=found)
                said.bad(f"the kernel complains: {found[0]}")
                report.case(said)
        except sessions.Died as err:
            name = getattr(current, "name", current) or "start"
            name = name if label.startswith("faults") or " " in name else f"{label}: {name}"
            dead = Outcome(name, getattr(current, "group", ""), died=True)
            dead.bad(str(err))
            # The log is complete by now.
            dead.log = sessions.complaints(log)
            dead.problems += dead.log[:1]
            report.case(dead)
            if not current:
                return
        except sessions.Refused as err:
            refused = Outcome(f"start of {label}", "", died=True)
            refused.bad(str(err))
            report.case(refused)
            return


def unload(settings, session, name, before):
    """The module goes, and nothing of it stays."""
    outcome = Outcome(name, "end")
    session.ask("log")
    session.ask("close")
    status, text = session.sh(f"rmmod {settings.driver}", 40)
    if status:
        outcome.bad(f"rmmod: status {status} {text.strip()}")
        outcome.deadly = True
        return outcome
    session.sh("sleep 1; echo 3 >/proc/sys/vm/drop_caches")
    # The kernel looks once a second whether pages are back, and a fragment waits for the others.
    end = time.monotonic() + POOL_SECONDS * session.slow
    while (pages := session.ask("pools")) and time.monotonic() < end:
        session.sh("sleep 1")
    if pages:
        outcome.bad(f"{pages} pages of the receive buffers not back after {POOL_SECONDS * session.slow} s")
    grown = session.ask("memory")["SUnreclaim"] - before["SUnreclaim"]
    outcome.notes.append(f"unreclaimable slab {grown:+} KiB")
    if grown > SLAB_KIB:
        outcome.bad(f"unreclaimable slab has grown by {grown} KiB")
    # On the debug kernel: memory whose owner is gone by now.
    _, leaks = session.sh("l=/sys/kernel/debug/kmemleak; [ ! -w $l ] || { sleep 5; echo scan >$l; echo scan >$l; cat $l; }", 120)
    if leaks.strip():
        outcome.bad(f"leaked: {leaks[:2000]}")
    for _, text in session.ask("log"):
        if sessions.guestlog.COMPLAINTS.search(text):
            outcome.bad(f"the kernel complains: {text}")
    return outcome
