#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Run the kernel's selftests in the guest, each with the module freshly loaded.

SELFTESTS names the files.  For each, one line of JSON goes to the output: its file, its
results as [subtest, result, comment], its output and the seconds it took.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

TREE = pathlib.Path("/kselftest")
NIC, PEER, MODULE = os.environ["NIC_IF"], os.environ["PEER_IF"], os.environ["MODULE"]
LIMIT = int(os.environ.get("LIMIT", "600"))
SLOW = int(os.environ.get("SLOW", "1"))
ENVIRONMENT = {
    "NETIF": NIC, "LOCAL_V4": "10.9.0.1", "LOCAL_V6": "fd09::1", "REMOTE_V4": "10.9.0.2", "REMOTE_V6": "fd09::2",
    "LOCAL_PREFIX_V6": "fd09:1::/64", "REMOTE_TYPE": "netns", "REMOTE_ARGS": "peer", "NO_COLOR": "1",
}
# These take their two ports as arguments, and want both of them in one namespace.
TWO_PORTS = {f"drivers/net/hw/{name}.sh" for name in (
    "ethtool_extended_state", "ethtool_mm", "hw_stats_l3", "hw_stats_l3_gre", "loopback")}
# This one wants two that have speeds to choose from: another NIC of the same kind is plugged in.
TWINS = {"drivers/net/hw/ethtool.sh"}
TWIN_MAC, TWIN_SLOT = "52:54:00:12:34:1f", "0x8"
# This one wants the interface down, and sets it up itself.
DOWN = {"net/netdevice.sh"}
# This one is about milliseconds, which the emulator takes for itself where code runs for the first time: it is run twice,
# and only the second run counts.
WARM = {"drivers/net/so_txtime.py"}

KTAP = re.compile(r"(ok|not ok) \d+ ?(?:- )?([^#]*?)\s*(?:#\s*(.*))?")
LOGGED = re.compile(r"TEST: (.*?)\s+\[\s*(OK|FAIL|XFAIL|SKIP)\s*\]")
PLAIN = re.compile(r"(PASS|FAIL|XFAIL|SKIP): (.*)")
PLAN = re.compile(r"1\.\.(\d+)(?:\s*#\s*(SKIP.*))?")
WORDS = {"OK": "pass", "PASS": "pass", "FAIL": "fail", "XFAIL": "xfail", "SKIP": "skip"}


def run(command, check=True):
    run_words(command.split(), check)


def run_words(words, check=True):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stdout}")


def wait(what, seconds, ready):
    end = time.monotonic() + seconds * SLOW
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def carrier():
    try:
        return pathlib.Path(f"/sys/class/net/{NIC}/carrier").read_text().strip() == "1"
    except OSError:
        return False


def reload():
    """The module anew, and whatever the last test may have left away from the peer."""
    unplug_twin()
    run(f"rmmod {MODULE.removesuffix('.ko')}")
    for name in os.listdir("/sys/class/net"):
        if not pathlib.Path(f"/sys/class/net/{name}/device").exists() and name != "lo":
            run(f"ip link del {name}", check=False)
    run(f"ip link set {PEER} netns peer", check=False)
    run(f"ip -n peer link set {PEER} down")
    run(f"ip -n peer link set {PEER} mtu 1500")
    run(f"ip -n peer addr flush dev {PEER}", check=False)
    run(f"insmod /guest/{MODULE}" if MODULE.endswith(".ko") else f"modprobe {MODULE}")
    wait(f"{NIC} after the module was loaded", 10, pathlib.Path(f"/sys/class/net/{NIC}").exists)


def addresses():
    for prefix, name, end in (("ip", NIC, 1), ("ip -n peer", PEER, 2)):
        run(f"{prefix} addr replace 10.9.0.{end}/24 dev {name}")
        run(f"{prefix} addr replace fd09::{end}/64 dev {name} nodad")
        run(f"{prefix} link set {name} up")
    # What is behind the NIC in LOCAL_PREFIX_V6, in namespaces of the test's own.
    run("ip -n peer route replace fd09:1::/64 via fd09::1")
    wait("carrier", 10, carrier)
    wait("the first ping", 10, lambda: subprocess.run(
        ["ping", "-q", "-c", "1", "-W", "1", "10.9.0.2"], stdout=subprocess.DEVNULL, check=False).returncode == 0)


def qmp(command, **arguments):
    run_words(["hostctl", json.dumps({"execute": command, "arguments": arguments})])


def interface_of(mac):
    for path in pathlib.Path("/sys/class/net").iterdir():
        try:
            if (path / "device").exists() and (path / "address").read_text().strip() == mac:
                return path.name
        except OSError:
            # Gone by now.
            continue
    return ""


def plug_twin():
    """A second NIC on the wire; its interface's name."""
    model = os.environ.get("NIC_MODEL", "e1000")
    qmp("netdev_add", type="hubport", id="twin", hubid=0)
    qmp("device_add", driver=model, id="twin", netdev="twin", addr=TWIN_SLOT, mac=TWIN_MAC, romfile="")
    wait("the second NIC", 20, lambda: interface_of(TWIN_MAC))
    return interface_of(TWIN_MAC)


def unplug_twin():
    if interface_of(TWIN_MAC):
        qmp("device_del", id="twin")
        wait("the second NIC gone", 20, lambda: not interface_of(TWIN_MAC))
        qmp("netdev_del", id="twin")


def prepare(name):
    """The network as the test wants it; returns its arguments."""
    if name in DOWN:
        return []
    if name not in TWINS | TWO_PORTS:
        addresses()
        return []
    if name in TWINS:
        ports = [NIC, plug_twin()]
    else:
        run(f"ip -n peer link set {PEER} netns 1")
        ports = [NIC, PEER]
    for port in ports:
        run(f"ip link set {port} up")
    wait("carrier", 10, carrier)
    return ports


def end(process):
    """A test that hangs: its own way of ending first, then the hard one, with all it started."""
    for number, seconds in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=seconds)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def command(path):
    """How to start it: not every file may be executed."""
    return [str(path)] if os.access(path, os.X_OK) else [*path.read_text().splitlines()[0].removeprefix("#!").split(), str(path)]


def execute(path, arguments):
    """The test's output and its status; None if it took too long."""
    log = pathlib.Path("/tmp/selftest.out")
    with log.open("wb") as output:
        process = subprocess.Popen([*command(path), *arguments], cwd=path.parent, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, env={**os.environ, **ENVIRONMENT}, start_new_session=True)
        try:
            status = process.wait(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            status = None
        end(process)
    return log.read_text(errors="replace"), status


def parse(name, output, status):
    """[subtest, result, comment] of everything that the test reported."""
    stem = pathlib.Path(name).stem
    results, plan, strays = [], None, []
    for line in output.splitlines():
        line = line.strip()
        case, logged, plain, planned = (form.fullmatch(line) for form in (KTAP, LOGGED, PLAIN, PLAN))
        if case:
            comment = case[3] or ""
            word = comment.partition(" ")[0].upper()
            result = "pass" if case[1] == "ok" else "fail"
            if result == "pass" and word in ("SKIP", "XFAIL"):
                result, comment = word.lower(), comment[len(word):].strip()
            results.append([case[2].removeprefix(stem + "."), result, comment])
        elif logged:
            # A test that cannot be run may say so where others have their name.
            skipped = logged[1].startswith("SKIP: ")
            results.append([logged[1].removeprefix("SKIP: "), "skip" if skipped else WORDS[logged[2]], ""])
        elif plain:
            results.append([plain[2].replace(f"{NIC}: ", ""), WORDS[plain[1]], ""])
        elif planned:
            plan = int(planned[1])
            if plan == 0:
                results.append(["(all)", "skip", (planned[2] or "")[4:].strip()])
        elif line and not line.startswith("#"):
            strays.append(line)
    seen = {}
    for entry in results:
        seen[entry[0]] = seen.get(entry[0], 0) + 1
        if seen[entry[0]] > 1:
            entry[0] += f" #{seen[entry[0]]}"
    if status is None:
        results.append(["(end)", "fail", f"did not end within {LIMIT} s"])
    elif plan and len(results) < plan:
        results.append(["(end)", "fail", f"{plan} subtests planned, {len(results)} reported, status {status}"])
    elif not results:
        result = {0: "pass", 4: "skip"}.get(status, "fail")
        results.append(["(all)", result, strays[-1] if strays and result != "pass" else ""])
    elif status not in (0, 2, 4) and not any(entry[1] == "fail" for entry in results):
        # 2 and 4 say that something is expected to fail, and that something was skipped.
        results.append(["(end)", "fail", f"no subtest failed, but the status is {status}"])
    return results


def main():
    subprocess.run(["depmod", "-a"], check=False)
    # Built in where the selftests' own configuration is followed; nothing loads it for GRO's sake.
    run("modprobe pppoe")
    # irq.py moves an interrupt to processors 0 and 1, or if it is there already, to one that a guest of two lacks.
    pathlib.Path("/proc/irq/default_smp_affinity").write_text("1")
    for name in os.environ["SELFTESTS"].split():
        start = time.monotonic()
        try:
            reload()
            arguments = prepare(name)
            if name in WARM:
                execute(TREE / name, arguments)
            output, status = execute(TREE / name, arguments)
            results = parse(name, output, status)
        except RuntimeError as err:
            output, results = "", [["(start)", "fail", str(err).strip()]]
        entry = {"file": name, "results": results, "output": output, "seconds": round(time.monotonic() - start, 1)}
        print(json.dumps(entry), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
