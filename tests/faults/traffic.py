# SPDX-License-Identifier: GPL-2.0
"""In the guest: frames with a pattern, UDP, TCP and ping between the NIC and its peer.

Everything that is sent carries its number, its length and bytes that follow
from these, so that what comes out at the other end is known for what it is:
good, a repetition, cut, grown, changed, or nothing that anybody sent.
"""

import collections
import fcntl
import os
import select
import socket
import struct
import subprocess
import termios
import threading
import time

ETHERTYPE = 0x88B5  # for local experiments
MAGIC = b"e1kf"
HEAD = struct.Struct("!4sBxHI")  # magic, direction, length of all this, number
TO_NIC, TO_PEER = 0x52, 0x54
SHORTEST = 46
OUR_IP, PEER_IP = "10.9.0.1", "10.9.0.2"
UDP_PORT, TCP_PORT = 7001, 7002
SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING = 263, 8, 4
PACKET_IGNORE_OUTGOING = 23
TP_STATUS_VLAN_VALID = 1 << 4
CLONE_NEWNET = 0x40000000

# Long enough that no two numbers in use at a time share their bytes.
BLOCK = bytes((n * 167 + (n >> 8) * 59 + (n >> 11) * 7) & 0xFF for n in range(1 << 16))
FRAME_SIZES = (46, 50, 120, 500, 1000, 1500)
UDP_SIZES = (12, 100, 700, 1472, 4000)
FRAGMENT_SECONDS = 3


def pattern(number, length):
    at = number * 8191 % (len(BLOCK) - 2048)
    body = BLOCK[at:at + length]
    while len(body) < length:
        body += BLOCK[:length - len(body)]
    return body


def packet(direction, number, length):
    length = max(length, HEAD.size)
    return HEAD.pack(MAGIC, direction, length, number) + pattern(number, length - HEAD.size)


def look(data, direction):
    """What this is: its number and its kind. Zeros that fill a frame up to the shortest are its sender's."""
    if len(data) < HEAD.size:
        return None, "alien"
    magic, way, length, number = HEAD.unpack_from(data)
    if magic != MAGIC or way != direction or length < HEAD.size:
        return None, "alien"
    body = data[HEAD.size:length]
    if body != pattern(number, length - HEAD.size)[:len(body)]:
        return number, "corrupt"
    if len(data) < length:
        return number, "short"
    if any(data[length:]) or len(data) > max(length, SHORTEST):
        return number, "grown"
    return number, "good"


def interface():
    """The interface of the NIC in slot 4."""
    try:
        return os.listdir("/sys/bus/pci/devices/0000:00:04.0/net")[0]
    except (OSError, IndexError):
        return ""


def sh(command):
    subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=20, check=False)


def address_of(name, prefix=""):
    text = subprocess.run(f"{prefix} cat /sys/class/net/{name}/address", shell=True, stdout=subprocess.PIPE,
                          timeout=20, check=False).stdout.decode().strip()
    return bytes.fromhex(text.replace(":", ""))


class Inside:
    """A with block inside the peer's namespace: for the sockets made there."""

    def __enter__(self):
        self.back = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open("/run/netns/peer", os.O_RDONLY)
        os.setns(there, CLONE_NEWNET)
        os.close(there)

    def __exit__(self, *_):
        os.setns(self.back, CLONE_NEWNET)
        os.close(self.back)


def raw_socket(name, protocol):
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    made.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    made.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    made.bind((name, protocol))
    made.setblocking(False)
    return made


def udp_socket(ip, port):
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    made.bind((ip, port))
    made.setblocking(False)
    return made


def unsent_of(sock):
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0" * 4))[0]


class Net:
    """Both ends, and what went over them."""

    def __init__(self, name):
        self.interface = name
        self.number = int(time.monotonic() * 1000) & 0xFFFFF
        self.mac = address_of(name)
        peer_mac = address_of("peer0", "ip netns exec peer")
        for line in (
                f"ip addr replace {OUR_IP}/24 dev {name}",
                f"sysctl -qw net.ipv6.conf.{name}.disable_ipv6=1",
                # A datagram of which a fragment got lost holds the pages of the others for so long.
                f"sysctl -qw net.ipv4.ipfrag_time={FRAGMENT_SECONDS}",
                f"ip link set {name} up",
                f"ip neigh replace {PEER_IP} lladdr {peer_mac.hex(':')} dev {name} nud permanent",
                "ip netns exec peer sysctl -qw net.ipv6.conf.peer0.disable_ipv6=1",
                f"ip -n peer addr replace {PEER_IP}/24 dev peer0",
                "ip -n peer link set peer0 up",
                f"ip -n peer neigh replace {OUR_IP} lladdr {self.mac.hex(':')} dev peer0 nud permanent"):
            sh(line)
        kind = struct.pack("!H", ETHERTYPE)
        self.to_peer = peer_mac + self.mac + kind
        self.to_nic = self.mac + peer_mac + kind
        self.peer_mac = peer_mac
        self.nic_raw = raw_socket(name, 3)  # ETH_P_ALL
        self.nic_udp = udp_socket(OUR_IP, UDP_PORT)
        with Inside():
            self.peer_raw = raw_socket("peer0", ETHERTYPE)
            self.peer_udp = udp_socket(PEER_IP, UDP_PORT)
            self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind((PEER_IP, TCP_PORT))
            self.listener.listen(16)
        self.sockets = [self.nic_raw, self.nic_udp, self.peer_raw, self.peer_udp]
        self.server = threading.Thread(target=self.serve_tcp, daemon=True)
        self.server.start()
        # By way: numbers under way, numbers seen, kinds counted.
        self.under_way = {"rx": {}, "tx": {}, "udp": {}}
        self.done = {way: collections.deque(maxlen=4096) for way in self.under_way}
        self.done_set = {way: set() for way in self.under_way}
        self.kinds = collections.Counter()
        self.examples = {}
        self.threads = []

    def close(self):
        for thread in self.threads:
            thread.join(10)
        # What waits in accept() keeps the port until it is woken.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.server.join(10)
        for sock in [*self.sockets, self.listener]:
            sock.close()

    def unsent(self):
        return sum(unsent_of(sock) for sock in (self.nic_raw, self.nic_udp))

    # Sending.

    def send(self, way, size):
        """One packet; false if the kernel has no room for it."""
        self.number += 1
        try:
            if way == "rx":
                self.peer_raw.send(self.to_nic + packet(TO_NIC, self.number, size))
            elif way == "tx":
                self.nic_raw.send(self.to_peer + packet(TO_PEER, self.number, size))
            else:
                self.nic_udp.sendto(packet(TO_PEER, self.number, size), (PEER_IP, UDP_PORT))
        except OSError:
            self.kinds[f"{way}.refused"] += 1
            return False
        self.under_way[way][self.number] = size
        self.kinds[f"{way}.sent"] += 1
        return True

    # Receiving.

    def note(self, way, data, direction, extra=""):
        number, kind = look(data, direction)
        if kind == "good" and number in self.done_set[way]:
            kind = "again"
        elif kind == "good" and number not in self.under_way[way]:
            kind = "late"
        elif kind == "good" and extra:
            kind = extra
        if kind in ("good", "late") or number in self.under_way[way] and kind == extra:
            self.under_way[way].pop(number, None)
            if len(self.done[way]) == self.done[way].maxlen:
                self.done_set[way].discard(self.done[way][0])
            self.done[way].append(number)
            self.done_set[way].add(number)
        self.kinds[f"{way}.{kind}"] += 1
        if kind not in ("good", "late"):
            self.examples.setdefault(f"{way}.{kind}", data[:48].hex())

    def take_nic_raw(self):
        data, control, _, address = self.nic_raw.recvmsg(1 << 17, 256)
        if address[2] == PACKET_OUTGOING:
            return
        extra = ""
        for level, kind, value in control:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA) and struct.unpack_from("=I", value)[0] & TP_STATUS_VLAN_VALID:
                extra = "vlan"
        ethertype = data[12:14]
        if ethertype == struct.pack("!H", ETHERTYPE) and data[:12] == self.to_nic[:12]:
            self.note("rx", data[14:], TO_NIC, extra)
        elif data[6:12] != self.peer_mac or ethertype not in (b"\x08\x00", b"\x08\x06"):
            self.kinds["rx.alien"] += 1
            self.examples.setdefault("rx.alien", f"{len(data)}: {data[:48].hex()}")
        elif extra:
            self.kinds["rx.vlan"] += 1

    def take_peer_raw(self):
        data = self.peer_raw.recv(1 << 17)
        self.note("tx", data[14:], TO_PEER)

    def take_nic_udp(self):
        data = self.nic_udp.recv(1 << 17)
        self.note("udp", data, TO_PEER)

    def take_peer_udp(self):
        data, address = self.peer_udp.recvfrom(1 << 17)
        _, kind = look(data, TO_PEER)
        self.kinds[f"echo.{kind}"] += 1
        self.peer_udp.sendto(data, address)

    def drain(self, seconds):
        """Take what comes, for as long as there is something under way, at most this long."""
        takers = {self.nic_raw: self.take_nic_raw, self.nic_udp: self.take_nic_udp,
                  self.peer_raw: self.take_peer_raw, self.peer_udp: self.take_peer_udp}
        end = time.monotonic() + seconds
        while True:
            left = max(0, end - time.monotonic())
            ready = select.select(self.sockets, [], [], left)[0]
            for sock in ready:
                for _ in range(64):
                    try:
                        takers[sock]()
                    except BlockingIOError:
                        break
                    except OSError:
                        self.kinds["socket.error"] += 1
                        break
            if time.monotonic() >= end or not any(self.under_way.values()):
                return

    def forget(self):
        """Give up what is under way; it may still come, late."""
        for numbers in self.under_way.values():
            numbers.clear()

    # TCP.

    def serve_tcp(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.echo, args=(connection,), daemon=True).start()

    @staticmethod
    def echo(connection):
        with connection:
            connection.settimeout(5)
            try:
                while data := connection.recv(1 << 16):
                    connection.sendall(data)
            except OSError:
                pass

    def tcp(self, size, seconds):
        """Send and get back; true if all of it came back as it was."""
        end = time.monotonic() + seconds
        want = pattern(self.number, size)
        got = bytearray()
        with socket.socket() as sock:
            try:
                sock.settimeout(seconds)
                sock.connect((PEER_IP, TCP_PORT))
                sock.setblocking(False)
                at = 0
                while len(got) < size and time.monotonic() < end:
                    readable, writable, _ = select.select([sock], [sock] if at < size else [], [], end - time.monotonic())
                    if writable:
                        at += sock.send(want[at:at + 65536])
                    if readable:
                        data = sock.recv(1 << 16)
                        if not data:
                            break
                        got += data
            except (OSError, ValueError):
                pass
            finally:
                # Nothing of it is to linger.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if bytes(got) != want[:len(got)]:
            self.kinds["tcp.corrupt"] += 1
            return False
        self.kinds["tcp.good" if len(got) == size else "tcp.broken"] += 1
        return len(got) == size

    @staticmethod
    def ping(count, seconds):
        done = subprocess.run(
            ["ping", "-q", "-c", str(count), "-i", "0.01", "-s", "1000", "-p", "a55a0ff0", "-W", "1", "-w", str(seconds),
             PEER_IP],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds + 5, check=False)
        return done.returncode == 0 and f" {count} received".encode() in done.stdout and b"wrong data" not in done.stdout

    # What the host asks for.

    def round(self, seconds, frames=FRAME_SIZES, datagrams=UDP_SIZES):
        """One of each size, every way; true if all arrived."""
        for size in frames:
            self.send("rx", size)
            self.send("tx", size)
        for size in datagrams:
            self.send("udp", size)
        self.drain(seconds)
        complete = not any(self.under_way.values())
        self.forget()
        return complete

    def attempts(self, seconds, tcp=True):
        """Traffic for so long, whatever becomes of it."""
        end = time.monotonic() + seconds
        threads = self.threads = []
        if tcp:
            threads[:] = [threading.Thread(target=self.tcp, args=(100_000, seconds), daemon=True),
                          threading.Thread(target=self.ping, args=(20, max(1, int(seconds))), daemon=True)]
            for thread in threads:
                thread.start()
        rounds = 0
        while time.monotonic() < end:
            self.round(0.1)
            rounds += 1
        for thread in threads:
            thread.join(seconds + 5)
        return {"rounds": rounds}

    def recover(self, seconds):
        """Wait until two rounds, a ping and a TCP connection go through; the time that it took."""
        start = time.monotonic()
        why = ""
        while (left := start + seconds - time.monotonic()) > 0:
            if not self.round(min(0.4, left)):
                why = "frames or datagrams"
                continue
            if not self.round(min(0.4, left)):
                why = "frames or datagrams, the second time"
                continue
            if not self.tcp(50_000, min(2, left)):
                why = "TCP"
                continue
            if not self.ping(3, 1):
                why = "ping"
                continue
            return {"seconds": round(time.monotonic() - start, 2), "why": ""}
        return {"seconds": None, "why": why}

    def burst(self, frames, seconds, sizes):
        """So many frames from the peer as fast as they go, then what came of them."""
        before = self.kinds["rx.good"]
        start = time.monotonic()
        for n in range(frames):
            while not self.send("rx", sizes[n % len(sizes)] - 14):
                select.select([], [self.peer_raw], [], 0.05)
                if time.monotonic() - start > seconds:
                    break
        self.drain(max(0.1, start + seconds - time.monotonic()))
        missing = len(self.under_way["rx"])
        self.forget()
        return {"sent": frames, "received": self.kinds["rx.good"] - before, "missing": missing,
                "seconds": round(time.monotonic() - start, 2)}

    def take_seen(self):
        seen, self.kinds = dict(self.kinds), collections.Counter()
        examples, self.examples = self.examples, {}
        return {"kinds": seen, "examples": examples}
