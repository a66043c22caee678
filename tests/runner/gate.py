# SPDX-License-Identifier: GPL-2.0
"""How many groups run at a time."""

import contextlib
import fcntl
import time

WINDOW_SECONDS = 3
LOOK_SECONDS = 0.2
# Of all processors, over the window: less, and one more guest would take the others' time.
IDLE_SHARE = 0.3


class Gate:
    """Places for `usual` groups, and for `extra` more while the processors have little to do: many tests wait
    most of their time.

    A place is a file that is locked, so that all runs which share the directory have so many between them.
    """

    def __init__(self, directory, usual, extra=0):
        self.directory, self.usual, self.most = directory, usual, usual + extra

    def place(self):
        """Wait for a place; it is given back by closing what is returned."""
        # One asks, the others queue, so that two do not see the same idle processor.
        with self.file("turn") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            while True:
                before, end = times(), time.monotonic() + WINDOW_SECONDS
                while time.monotonic() < end:
                    if place := self.free(self.usual):
                        return place
                    time.sleep(LOOK_SECONDS)
                if share(before, times()) > IDLE_SHARE and (place := self.free(self.most)):
                    return place

    @contextlib.contextmanager
    def alone(self):
        """Wait for all places, of which some come free each time a group ends."""
        with contextlib.ExitStack() as stack:
            # In turn, so that of two who wait neither has what the other needs.
            fcntl.flock(stack.enter_context(self.file("turn")), fcntl.LOCK_EX)
            for number in range(self.most):
                fcntl.flock(stack.enter_context(self.file(f"place{number}")), fcntl.LOCK_EX)
            yield

    def free(self, limit):
        """The first of so many places, locked; None if all are taken."""
        for number in range(limit):
            place = self.file(f"place{number}")
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return place
            except BlockingIOError:
                place.close()
        return None

    def file(self, name):
        return open(self.directory / name, "w", encoding="ascii")


def times():
    """What the processors have spent so far: all of it, and what was to be had: idle, or for what is niced."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, idle, waiting, *others = (int(word) for word in file.readline().split()[1:9])
    free = nice + idle + waiting
    return user + system + sum(others) + free, free


def share(before, after):
    """The share of time to be had in between."""
    return (after[1] - before[1]) / max(1, after[0] - before[0])
