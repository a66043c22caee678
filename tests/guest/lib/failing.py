# SPDX-License-Identifier: GPL-2.0
"""Memory allocations that fail, one by one or at random, on a kernel that injects faults (the debug kernel).

Documentation/fault-injection/fault-injection.rst of the kernel.
"""

import errno
import os

from lib import check, finish, skip

# What an allocation that fails may make of an operation.
GOOD = (errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN)
# More than any operation has; what is left of the number tells whether one failed.
MOST = 3000


def set_knob(path, value):
    """One of fault injection's in debugfs."""
    with open(f"/sys/kernel/debug/{path}", "w", encoding="utf-8") as file:
        file.write(str(value))


def refuse_pages(percent):
    """Of a hundred pages that they ask for so many are refused, from now on, to tasks that are marked by make-it-fail."""
    for knob, value in (("task-filter", "Y"), ("times", -1), ("probability", percent)):
        set_knob(f"fail_page_alloc/{knob}", value)


def prepare():
    """Also where an allocation may sleep, and single pages; the kernel need not report each. Without faults, the test ends."""
    if not os.path.exists("/proc/thread-self/fail-nth"):
        skip("failing allocations", "this kernel injects no faults")
        finish()
    for knob in ("failslab/ignore-gfp-wait", "fail_page_alloc/ignore-gfp-wait", "fail_page_alloc/ignore-gfp-highmem"):
        set_knob(knob, "N")
    for knob in ("failslab/verbose", "fail_page_alloc/verbose", "fail_page_alloc/min-order"):
        set_knob(knob, 0)


class Fault:
    """The allocation of that number, from now on, of a task (a process id, or thread-self) fails; to open the file takes some, too."""

    def __init__(self, task, number):
        self.file = os.open(f"/proc/{task}/fail-nth", os.O_RDWR)
        os.write(self.file, str(number).encode())

    def end(self):
        """Whether it came to that; none fails any more."""
        left = os.pread(self.file, 20, 0)
        os.pwrite(self.file, b"0", 0)
        os.close(self.file)
        return left.split(b"\0")[0].strip() == b"0"


def nth(number, operation):
    """Have the allocation of that number fail in the operation: (whether there was one, the error or None)."""
    fault, error = Fault("thread-self", number), None
    try:
        operation()
    except OSError as err:
        error = err
    finally:
        happened = fault.end()
    return happened, error


def each(name, operation, undo, step=1, allowed=GOOD):
    """The operation with its 1st, 2nd... allocation failing, until there is none left to fail: whether it came to that."""
    done = failed = 0
    wrong = []
    number = 1
    while number < MOST:
        injected, error = nth(number, operation)
        if not injected:
            if error:
                wrong.append(f"without a fault: {error}")
            break
        done += 1
        if error:
            failed += 1
            if error.errno not in allowed:
                wrong.append(f"{number}: {error}")
        # Whatever became of it, it can be undone and works the next time.
        try:
            undo(error)
        except (OSError, RuntimeError) as err:
            wrong.append(f"{number}, afterwards: {err}")
            break
        number += step
    undo(None)
    print(f"# {name}: {done} faults, {failed} errors", flush=True)
    check(f"{name}: an error or none, each time", done > 0 and not wrong, f"{done} faults; " + "; ".join(wrong[:8]))
    return not injected
