# SPDX-License-Identifier: GPL-2.0
"""What a kernel log says against the kernel that wrote it."""

import re

# Each of these is a fault wherever it appears; the text before it on the line
# is only the time stamp and perhaps the name of a device.
COMPLAINTS = re.compile("|".join([
    r"-+\[ cut here \]",
    r"\bWARNING: ",
    r"\bBUG: ", r"\bBUG at ", r"kernel BUG",
    r"\bOops\b",
    r"Kernel panic",
    r"general protection fault",
    r"nable to handle (kernel )?(page fault|NULL pointer|paging request)",
    r"double fault|stack guard page|stack-protector",
    r"KASAN:|KCSAN:|KFENCE:|UBSAN:",
    # Not what it says of itself at every boot; that it goes off for want of memory counts.
    r"DMA-API: (?!preallocated|debugging enabled)",
    # An IOMMU has kept the device from memory that is not mapped for it.
    r"DMAR: (DRHD: handling fault|\[DMA )",
    r"swiotlb buffer is full",
    r"kmemleak: [1-9]\d* new",
    # It has given up, and would find nothing.
    r"kmemleak: Kernel memory leak detector disabled",
    r"refcount_t: ",
    r"ODEBUG: ",
    r"soft lockup|[Hh]ard LOCKUP",
    r"INFO: task .* blocked for more than",
    r"INFO: rcu\S* .*stall|rcu: INFO: .*stall",
    r"possible (circular|recursive) locking|possible deadlock|inconsistent lock state|held lock freed",
    r"suspicious RCU usage",
    r"sleeping function called from invalid context",
    r"scheduling while atomic",
    r"list_(add|del) corruption",
    r"Bad page (state|map)",
    r"page allocation failure",
    r"page_pool_release_retry\(\) stalled",
    r"unregister_netdevice: waiting for",
    r"skb_over_panic|skb_under_panic",
    r"irq \d+: nobody cared",
    r"NETDEV WATCHDOG",
    r"rust_kernel: panicked",
    r"Out of memory",
]))
# Before init runs there is nothing of ours: an emulated processor that the host left standing.
STALLS = re.compile(r"soft lockup|[Hh]ard LOCKUP|INFO: rcu\S* .*stall|rcu: INFO: .*stall")
INIT = "Run /init as init process"
# A report of the scheduler's against itself: its server's timer is queued already when the timer's function
# forwards it (dl_server_timer() in kernel/sched/deadline.c of 7.3); no driver has a part in it.
TIMER_QUEUED = re.compile(r"WARNING: kernel/time/hrtimer\.c:\d+ at hrtimer_forward\+")
SERVER_TIMER = re.compile(r"\] +dl_task_timer\+")
# The kernel changes instructions of its own by way of a breakpoint, and an emulated processor may go on executing that.
BREAKPOINT = re.compile(r"\bOops: int3: 0000")
CODE = re.compile(r"\bCode: .*?([0-9a-f]{2}) <[0-9a-f]{2}>")
CUT, TRACE_END = "[ cut here ]", "[ end trace "
SHOWN = 60
AROUND = 40


def lines_of(log):
    return [line.rstrip() for line in log.replace("\r", "\n").split("\n") if line.strip()]


def of_the_scheduler(lines, number):
    """Whether the line belongs to a whole report about the scheduler's own timer."""
    start = number if CUT in lines[number] else number - 1
    if start < 0 or CUT not in lines[start] or not TIMER_QUEUED.search("".join(lines[start + 1:start + 2])):
        return False
    for line in lines[start + 1:]:
        if SERVER_TIMER.search(line):
            return True
        if CUT in line or TRACE_END in line:
            break
    return False


def complaints(log, expected=""):
    """The first complaint with what follows it, or an empty list.

    Lines that the regular expression `expected` matches are no complaints; nor
    is a `cut here` whose next line is expected, nor a stall in a boot that went on to init,
    nor what the scheduler reports of its own timer."""
    allowed = re.compile(expected) if expected else None
    lines = lines_of(log)
    booted = next((number for number, line in enumerate(lines) if INIT in line), 0)
    hits = []
    for number, line in enumerate(lines):
        if not COMPLAINTS.search(line):
            continue
        if allowed and any(allowed.search(near) for near in lines[number:number + (2 if "cut here" in line else 1)]):
            continue
        if number < booted and STALLS.search(line) or of_the_scheduler(lines, number):
            continue
        hits.append(number)
    if not hits:
        return []
    first = hits[0]
    shown = lines[first:first + AROUND]
    more = [lines[number] for number in hits if number >= first + AROUND]
    if more:
        shown += [f"... and {len(more)} more:"] + more
    return shown[:SHOWN]


def of_the_emulator(found):
    """Whether complaints() begins with a breakpoint that was met where memory holds none any more."""
    if not found or not BREAKPOINT.search(found[0]):
        return False
    code = next(filter(None, map(CODE.search, found)), None)
    return code is not None and code[1] != "cc"


def tail(log, count):
    return "\n".join(f"    {line}" for line in lines_of(log)[-count:])
