# SPDX-License-Identifier: GPL-2.0
"""How many groups run at a time."""

import threading
import time

WINDOW_SECONDS = 3
# Of all processors, over the window: less, and one more guest would take the others' time.
IDLE_SHARE = 0.4


class Gate:
    """A context manager that lets `usual` threads in, and `extra` more while the processors have little to do:
    many tests wait most of their time."""

    def __init__(self, usual, extra=0):
        self.usual, self.most = usual, usual + extra
        self.inside, self.lock, self.turn = 0, threading.Lock(), threading.Lock()

    def __enter__(self):
        # One asks, the others queue, so that two do not see the same idle processor.
        with self.turn:
            while not self.enter(self.usual):
                before = times()
                time.sleep(WINDOW_SECONDS)
                if share(before, times()) > IDLE_SHARE and self.enter(self.most):
                    break

    def __exit__(self, *_):
        with self.lock:
            self.inside -= 1

    def enter(self, limit):
        with self.lock:
            if self.inside >= limit:
                return False
            self.inside += 1
            return True


def times():
    """What the processors have spent so far: all of it, and idle."""
    with open("/proc/stat", encoding="ascii") as file:
        spent = [int(word) for word in file.readline().split()[1:9]]
    return sum(spent), spent[3] + spent[4]


def share(before, after):
    """The share of idle time in between."""
    return (after[1] - before[1]) / max(1, after[0] - before[0])
