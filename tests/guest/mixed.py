#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: everything at once, at random: resizes, features, MTUs, link flaps, stopped transmitters, XDP, under traffic; nothing leaks
# smp: 2
# timeout: 400
# soak: 600
# c-skips: it does not recover from what is done to it here
# expect-log: NETDEV WATCHDOG|transmit queue 0 timed out

import random
import signal

import bpf
from lib import *

# Minutes of it; SEED= repeats a run.
MINUTES = float(os.environ.get("SOAK") or 0.25)
SEED = int(os.environ.get("SEED") or time.time_ns() % 1_000_000)
CONFIG = f"{os.path.realpath(f'/sys/class/net/{NIC}/device')}/config"
SWITCHES = ("rx", "tx", "sg", "tso", "gso", "gro", "rxvlan", "txvlan", "rx-vlan-filter", "tx-udp-segmentation")
rng = random.Random(SEED)
print(f"# SEED={SEED}, {MINUTES} minutes")


def rings():
    run(f"ethtool -G {NIC} rx {rng.randrange(6, 513) * 8} tx {rng.randrange(6, 513) * 8}")


def mtu():
    run(f"ip link set {NIC} mtu {rng.choice((1280, 1499, 1500, 1501, 4000, 9000, 16110))}")


def switch():
    run(f"ethtool -K {NIC} {rng.choice(SWITCHES)} {rng.choice(('on', 'off'))}", fails=True)


def moderation():
    run(f"ethtool -C {NIC} adaptive-rx {rng.choice(('on', 'off'))} rx-usecs {rng.randrange(0, 400)}", fails=True)


def down_up():
    down()
    time.sleep(rng.random() / 5)
    run(f"ip link set {NIC} up")


def mode():
    run(f"ip link set {NIC} {rng.choice(('promisc', 'allmulticast'))} {rng.choice(('on', 'off'))}")


def cable():
    for _ in range(rng.randrange(1, 4)):
        qmp("set_link", name="nic0", up=False)
        time.sleep(rng.random() / 2)
        qmp("set_link", name="nic0", up=True)


def stop_transmitter():
    """The bus master bit, bit 2 of the command register, cleared for a while."""
    with open(CONFIG, "r+b", buffering=0) as file:
        file.seek(4)
        command = file.read(1)[0]
        for value in (command & ~4, command | 4):
            file.seek(4)
            file.write(bytes((value,)))
            time.sleep(rng.random() * 3)


def vlan():
    number = rng.randrange(1, 4095)
    run(f"ip link add link {NIC} name v{number} type vlan id {number}")
    run(f"ip link set v{number} up")
    run(f"ip link del v{number}")


def xdp():
    program = bpf.prog(bpf.fixed(bpf.PASS))
    try:
        bpf.attach(NIC, program)
        time.sleep(rng.random() / 5)
        bpf.detach(NIC)
    except OSError:
        # Refused at this MTU.
        pass
    finally:
        os.close(program)


def groups():
    for verb in ("add", "del"):
        for n in range(rng.randrange(1, 30)):
            run(f"ip maddress {verb} 01:00:5e:00:01:{n:02x} dev {NIC}", fails=True)


def renegotiate():
    run(f"ethtool -r {NIC}")


ACTIONS = (rings, mtu, switch, moderation, down_up, mode, cable, stop_transmitter, vlan, xdp, groups, renegotiate)
done = {action.__name__: 0 for action in ACTIONS}


def baseline():
    """As it was at the start, so that the memory can be compared."""
    run(f"ip link set {NIC} promisc off allmulticast off mtu 1500")
    for name in SWITCHES:
        run(f"ethtool -K {NIC} {name} on", fails=True)
    run(f"ethtool -G {NIC} rx 256 tx 256", fails=True)
    up()
    time.sleep(2 * SLOW)


def memory():
    """(unreclaimable slab, free memory, all memory) in kB."""
    with open("/proc/sys/vm/drop_caches", "w", encoding="utf-8") as file:
        file.write("3")
    time.sleep(1)
    with open("/proc/meminfo", encoding="utf-8") as file:
        fields = dict(line.split(":") for line in file)
    # With what each processor keeps for its next allocations, as memory_free in lib.sh.
    with open("/proc/zoneinfo", encoding="ascii") as file:
        words = [line.split() for line in file]
    free = 4 * sum(int(pages) for name, pages, *_ in (word for word in words if len(word) > 1) if name in ("nr_free_pages", "count:"))
    return int(fields["SUnreclaim"].split()[0]), free, int(fields["MemTotal"].split()[0])


def noise():
    """What KASAN keeps of it; see memory_kept in lib.sh."""
    with open("/proc/kallsyms", encoding="ascii") as file:
        return memory()[2] // 32 + 4096 if " kasan_quarantine_put\n" in file.read() else 0


STREAMS = "while :; do iperf3 --bidir -t 1000 -c 10.9.0.2; sleep 0.2; done"


def traffic():
    """Pings both ways, and streams both ways that begin anew when they broke."""
    silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return [background("ping -q -i 0.01 10.9.0.2"), background("ping -q -i 0.01 -s 3000 10.9.0.2"),
            background("ping -q -i 0.01 10.9.0.1", "peer"),
            subprocess.Popen(["setsid", "sh", "-c", STREAMS], **silent)]


def stop(clients):
    for client in clients:
        if client.args[0] == "setsid":
            os.killpg(client.pid, signal.SIGKILL)
        client.kill()
        client.wait()


def counters():
    return [stat(NIC, name) for name in ("rx_packets", "tx_packets", "rx_bytes", "tx_bytes")]


def act(name):
    """One of the actions; what is wrong afterwards, as text."""
    before = counters()
    try:
        name()
    except (RuntimeError, OSError) as err:
        return f"{name.__name__}: {err}"
    done[name.__name__] += 1
    if rng.random() < 0.5:
        # The next one comes while this one's effects last.
        return ""
    if not answers(seconds=20):
        return f"{name.__name__}: no answer after it"
    if any(now < then for now, then in zip(counters(), before)):
        return f"{name.__name__}: a counter went back, {before}, {counters()}"
    return ""


pair()
run("ip link set peer0 mtu 9000", "peer")
run("iperf3 -s -D", "peer")
for one in ACTIONS:
    # Each once, so that what is allocated at first use is there.
    act(one)
baseline()
check("each action once", answers() and ping_all(100))
slab, free, _ = memory()
clients = traffic()
wrong = []
end = time.monotonic() + MINUTES * 60
while time.monotonic() < end and len(wrong) < 5:
    trouble = act(rng.choice(ACTIONS))
    if trouble:
        wrong.append(trouble)
stop(clients)
print("# " + ", ".join(f"{name} {count}" for name, count in done.items()))
same(f"{sum(done.values())} actions in {MINUTES} minutes under traffic, SEED={SEED}", [], wrong)
baseline()
check("it works afterwards", answers(seconds=20) and ping_all(200), run(f"ip -s link show {NIC}"))
slab_grown, free_lost, extra = memory()[0] - slab, free - memory()[1], noise()
check(f"unreclaimable slab grows by less than {4096 + extra} kB", slab_grown < 4096 + extra, f"{slab_grown} kB")
check(f"free memory shrinks by less than {8192 + extra} kB", free_lost < 8192 + extra, f"{free_lost} kB")
finish()
