#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: qemu/guest's verdict on scripts that pass, fail, hang and oops, and on settings that are wrong
# timeout: 400
"""What `make guest SCRIPT=` does with each kind of end."""

import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))
sys.dont_write_bytecode = True

import cases  # noqa: E402
from cases import case  # noqa: E402
from place import DRIVER, MODULE, SCRATCH, SLOW, TOP  # noqa: E402


def guest(script, timeout=90, **settings):
    """(status, output, seconds) of a script in the guest, which does not boot unless RESUME=0."""
    path = SCRATCH / "script.sh"
    path.write_text("#!/bin/sh\n" + script)
    values = {"SCRIPT": str(path), "MODULE": MODULE, "TIMEOUT": str(timeout * SLOW), "LOG": str(SCRATCH / "guest.log"), "RESUME": "1",
              **settings}
    start = time.monotonic()
    done = subprocess.run([TOP / "qemu" / "guest", *(f"{name}={value}" for name, value in values.items())],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          timeout=(timeout + 100) * SLOW)
    return done.returncode, done.stdout, time.monotonic() - start


def verdict(name, expected, words, script, **settings):
    status, output, _ = guest(script, **settings)
    missing = [word for word in words if word not in output]
    case(f"{name}: status {expected}", status == expected, f"status {status}\n{output}")
    case(f"{name}: says so", not missing, f"without {missing}\n{output}")
    return output


def main():
    cases.begin()
    verdict("passes", 0, ["eth0 peer0 52:54:00:12:34:10", "to stderr"],
            "echo $NIC_IF $PEER_IF $NIC_MAC\necho to stderr >&2\nip netns exec peer ip link show peer0 >/dev/null\n")
    verdict("fails with 7", 7, ["before", "exit status 7"], "echo before\nexit 7\n")
    verdict("fails with 1, without a word", 1, ["exit status 1"], "exit 1\n")
    verdict("is killed", 137, ["exit status 137"], "kill -9 $$\n")
    start = time.monotonic()
    verdict("hangs", 124, ["before", "time-out", "TIMEOUT="], "echo before\nsleep 1000\n", timeout=40)
    case("hangs: ended soon after its time", time.monotonic() - start < 80 * SLOW, f"{time.monotonic() - start} s")
    verdict("oopses", 99, ["the kernel complained", "sysrq", "Call Trace"], "sleep 0.5\necho c >/proc/sysrq-trigger\nsleep 100\n")
    verdict("warns", 99, ["the kernel complained", "WARNING: "], "echo '<4>WARNING: made up' >/dev/kmsg\nexit 0\n")
    verdict("warns as expected", 0, [], "echo '<4>WARNING: made up' >/dev/kmsg\nexit 0\n", EXPECT_LOG="made up")
    report = ("------------[ cut here ]------------", "WARNING: kernel/time/hrtimer.c:1098 at hrtimer_forward+0x7b/0xc0, CPU#0: x/0",
              " dl_task_timer+0x35b/0x8b0", "---[ end trace 0000000000000000 ]---")
    for name, status, lines in (("the scheduler of its own timer", 0, report), ("a timer", 99, report[:2] + report[3:]),
                                ("a timer, then a trace of the scheduler's", 99, report[:2] + report[3:] + report[2:])):
        verdict(f"warns of {name}", status, [], "".join(f"echo '<4>{line}' >/dev/kmsg\n" for line in lines))
    for name, status, byte in (("a breakpoint that was gone", 96, "e9"), ("a breakpoint", 99, "cc")):
        lines = ("Oops: int3: 0000 [#1] SMP NOPTI", "RIP: 0010:bpf_dispatcher_xdp_func+0xa/0x10", f"Code: f3 0f 1e fa {byte} <52> 66 0d 3e")
        verdict(f"meets {name}", status, ["Oops: int3"], "".join(f"echo '<4>{line}' >/dev/kmsg\n" for line in lines))
    verdict("turns the machine off", 97, ["ended before the script"], "echo o >/proc/sysrq-trigger\nsleep 100\n")
    verdict("prints a great deal", 0, ["line 19999"], "seq 0 19999 | sed 's/^/line /'\n")
    verdict("parameters", 0, ["ring 64"], "ethtool -g $NIC_IF | awk '/^Current/ { now = 1 } now && /^RX:/ { print \"ring \" $2 }'\n",
            PARAMS="RxDescriptors=64")
    verdict("a parameter that is no number", 98, ["did not load"], "exit 0\n", PARAMS="RxDescriptors=x")
    verdict("another model, two of them, two processors", 0, ["eth0 eth1 0x100f 2"], "echo $NIC_IFS "
            "$(cat /sys/class/net/eth1/device/device) $(nproc)\n", NIC="e1000-82545em", NICS="2", SMP="2")
    for resume, booted in (("0", True), ("1", False)):
        name = "booted" if booted else "resumed"
        verdict(f"{name}: the interface and its peer", 0, ["eth0 peer0 52:54:00:12:34:10 128"],
                "ring=$(ethtool -g $NIC_IF | awk '/^TX:/ { print $2 }' | tail -n 1)\n"
                "echo $NIC_IF $(ip netns exec peer ls /sys/class/net | grep peer) $NIC_MAC $ring\n", RESUME=resume, PARAMS="TxDescriptors=128",
                ACCEL="tcg", MACHINE="", CPU="")
        log = (SCRATCH / "guest.log").read_text(errors="replace")
        case(f"{name}: it was", ("Linux version" in log) == booted and DRIVER in log, log[-2000:])
    verdict("booted: oopses", 99, ["the kernel complained", "sysrq"], "echo c >/proc/sysrq-trigger\nsleep 100\n", RESUME="0")
    verdict("three of another model", 0, ["eth0 eth1 eth2 0x100c 1 peer2"],
            "echo $NIC_IFS $(cat /sys/class/net/eth2/device/device) $(nproc) $(ip netns exec peer2 ls /sys/class/net | grep peer)\n",
            NIC="e1000-82544gc", NICS="3")
    verdict("a device that is there as well", 0, ["0x1af4"], "cat /sys/bus/pci/devices/0000:00:1e.0/vendor\n",
            QEMU_ARGS="-device virtio-rng-pci,addr=0x1e")
    verdict("no module", 0, ["none, no interface"], "echo \"none, no interface$NIC_IF\"\n", MODULE="none")
    for name, words, settings in (
            ("a script that is not there", ["is not a file"], {"SCRIPT": "/nowhere"}),
            ("a module that is not there", ["there is no", "/nowhere.ko"], {"MODULE": "/nowhere.ko"}),
            ("an unknown setting", ["unknown argument"], {"NOSUCH": "1"}),
            ("a number that is none", ["not a number"], {"SMP": "many"}),
            ("a NIC that QEMU does not have", ["did not start"], {"NIC": "nosuchnic"})):
        verdict(name, 125, words, "exit 0\n", **settings)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
