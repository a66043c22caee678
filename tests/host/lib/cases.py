# SPDX-License-Identifier: GPL-2.0
"""The cases of a test that runs on the host, in KTAP."""

count = failures = 0


def begin():
    print("KTAP version 1", flush=True)


def case(name, passed, output=""):
    """One case; if it failed, with the end of what there is to read about it."""
    global count, failures
    count += 1
    if not passed:
        failures += 1
        print("\n".join(f"# | {line}" for line in output.splitlines()[-30:]))
    print(f"{'ok' if passed else 'not ok'} {count} {name}", flush=True)
    return passed


def end():
    """The exit status."""
    print(f"1..{count}", flush=True)
    return 1 if failures else 0


def skip_all(reason):
    print(f"1..0 # SKIP {reason}", flush=True)
    return 0
