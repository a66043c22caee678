# SPDX-License-Identifier: GPL-2.0
"""An AF_XDP socket in copy mode."""

import ctypes
import mmap
import socket
import struct

AF_XDP, SOL_XDP = 44, 283
OFFSETS, RX_RING, TX_RING, UMEM_REG, FILL_RING, COMPLETION_RING = 1, 2, 3, 4, 5, 6
RX_PLACE, TX_PLACE, FILL_PLACE, COMPLETION_PLACE = 0, 0x80000000, 0x100000000, 0x180000000
COPY, ZEROCOPY = 1 << 1, 1 << 2
FRAME_SIZE = 2048

_libc = ctypes.CDLL(None, use_errno=True)


class Socket:
    """Its memory has room for so many frames (a power of two)."""

    def __init__(self, frames):
        self.frames = frames
        self.memory = mmap.mmap(-1, frames * FRAME_SIZE)
        where = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        self.sock = socket.socket(AF_XDP, socket.SOCK_RAW, 0)
        self.sock.setsockopt(SOL_XDP, UMEM_REG, struct.pack("<QQIIII", where, frames * FRAME_SIZE, FRAME_SIZE, 0, 0, 0))
        for ring in (RX_RING, TX_RING, FILL_RING, COMPLETION_RING):
            self.sock.setsockopt(SOL_XDP, ring, struct.pack("<i", frames))
        # producer, consumer, descriptors, flags: of RX, TX, fill, completion.
        self.offsets = struct.unpack("<16Q", self.sock.getsockopt(SOL_XDP, OFFSETS, 128))

    def fileno(self):
        return self.sock.fileno()

    def bind(self, interface, flags):
        """0, or not."""
        return _libc.bind(self.fileno(), struct.pack("<HHIII", AF_XDP, flags, socket.if_nametoindex(interface), 0, 0), 16)

    def _ring(self, which, place, size):
        """One of the four rings, of entries of that size; where the producer's number is, and the entries."""
        producer, _, entries, _ = self.offsets[4 * which:4 * which + 4]
        return mmap.mmap(self.fileno(), entries + size * self.frames, offset=place), producer, entries

    def offer(self, number):
        """Let the kernel fill the first so many frames."""
        ring, producer, entries = self._ring(2, FILL_PLACE, 8)
        ring[entries:entries + 8 * number] = struct.pack(f"<{number}Q", *range(0, number * FRAME_SIZE, FRAME_SIZE))
        ring[producer:producer + 4] = struct.pack("<I", number)

    def received(self):
        """All frames that came since the socket was made."""
        ring, producer, entries = self._ring(0, RX_PLACE, 16)
        produced, = struct.unpack("<I", ring[producer:producer + 4])
        found = []
        for at in range(entries, entries + 16 * produced, 16):
            address, length, _ = struct.unpack("<QII", ring[at:at + 16])
            found.append(self.memory[address:address + length])
        return found

    def send(self, frames):
        """Send them from the last places of the memory, once in the socket's life; the addresses of those."""
        ring, producer, entries = self._ring(1, TX_PLACE, 16)
        places = [(self.frames - 1 - number) * FRAME_SIZE for number in range(len(frames))]
        for number, (place, data) in enumerate(zip(places, frames)):
            self.memory[place:place + len(data)] = data
            ring[entries + 16 * number:entries + 16 * (number + 1)] = struct.pack("<QII", place, len(data), 0)
        ring[producer:producer + 4] = struct.pack("<I", len(frames))
        return places

    def push(self):
        """Have the kernel send some of what waits: copy mode does nothing without."""
        _libc.sendto(self.fileno(), None, 0, socket.MSG_DONTWAIT, None, 0)

    def completed(self):
        """The addresses of all frames that were sent since the socket was made."""
        ring, producer, entries = self._ring(3, COMPLETION_PLACE, 8)
        produced, = struct.unpack("<I", ring[producer:producer + 4])
        return list(struct.unpack(f"<{produced}Q", ring[entries:entries + 8 * produced]))

    def close(self):
        self.sock.close()
