// SPDX-License-Identifier: GPL-2.0

//! Registers of the receiver (manual section 13.4) and of its filters (13.5).

use kernel::{
    io::register,
    prelude::*, //
};

register! {
    /// Receive control. 13.4.22, R/W.
    ///
    /// QEMU: *every* write, even of the same value, stops the receiver for 1.0 s; so compare first
    /// (`mac::RxControl`). `lbm`, `dpf`, `pmcf` and `cfien` do nothing.
    pub(crate) RCTL(u32) @ 0x0100 {
        /// Receiver enable.
        1:1 en => bool;
        /// Store bad packets.
        2:2 sbp => bool;
        /// Unicast promiscuous.
        3:3 upe => bool;
        /// Multicast promiscuous.
        4:4 mpe => bool;
        /// Long packet reception: frames of more than 1522 bytes.
        5:5 lpe => bool;
        /// Loopback mode; 0 = none, 3 = TBI.
        7:6 lbm;
        /// `RXDMT0` when free descriptors fall to: 0 = 1/2, 1 = 1/4, 2 = 1/8 of the ring.
        9:8 rdmts;
        /// Multicast offset: the hash is bits 47:36, 46:35, 45:34 or 43:32 of the address.
        13:12 mo;
        /// Broadcast accept mode.
        15:15 bam => bool;
        /// Buffer size: 2048, 1024, 512, 256; with `bsex` times 16 (and not 0).
        17:16 bsize;
        /// VLAN filter enable.
        18:18 vfe => bool;
        /// Canonical form indicator enable.
        19:19 cfien => bool;
        /// Canonical form indicator value to accept.
        20:20 cfi => bool;
        /// Discard PAUSE frames.
        22:22 dpf => bool;
        /// Pass MAC control frames.
        23:23 pmcf => bool;
        /// Buffer size extension.
        25:25 bsex => bool;
        /// Strip the Ethernet CRC.
        26:26 secrc => bool;
    }

    /// Receive descriptor base, low; 16-byte aligned. 13.4.25, R/W.
    pub(crate) RDBAL(u32) @ 0x2800 {}
    /// Receive descriptor base, high. 13.4.26, R/W.
    pub(crate) RDBAH(u32) @ 0x2804 {}

    /// Receive descriptor ring length in bytes; a multiple of 128. 13.4.27, R/W.
    pub(crate) RDLEN(u32) @ 0x2808 {}

    /// Receive descriptor head: the chip's index. 13.4.28, R/W while disabled, then RO.
    pub(crate) RDH(u32) @ 0x2810 {
        /// Index of the next descriptor the chip fills.
        15:0 rdh;
    }

    /// Receive descriptor tail: one past the last descriptor the chip may fill. 13.4.29, R/W.
    pub(crate) RDT(u32) @ 0x2818 {
        /// Index.
        15:0 rdt;
    }

    /// Receive interrupt delay timer. 13.4.30, R/W.
    ///
    /// QEMU: only a non-zero value matters, and lets `RADV` count. `fpd` does nothing.
    pub(crate) RDTR(u32) @ 0x2820 {
        /// Delay after the last packet, in units of 1.024 us.
        15:0 delay;
        /// Flush partial descriptor block: interrupt now (WO).
        31:31 fpd => bool;
    }

    /// Receive descriptor control. 13.4.46, R/W. QEMU: none.
    pub(crate) RXDCTL(u32) @ 0x2828 {
        /// Prefetch threshold.
        5:0 pthresh;
        /// Host threshold.
        13:8 hthresh;
        /// Write-back threshold.
        21:16 wthresh;
        /// Granularity: thresholds count 0 = cache lines, 1 = descriptors.
        24:24 gran => bool;
    }

    /// Receive interrupt absolute delay timer. 13.4.31, R/W (not the 82544).
    pub(crate) RADV(u32) @ 0x282c {
        /// Delay after the first packet, in units of 1.024 us; 0 = off.
        15:0 delay;
    }

    /// Receive checksum control. 13.4.47, R/W.
    ///
    /// QEMU: none; always acts as if both offloads were on.
    pub(crate) RXCSUM(u32) @ 0x5000 {
        /// Start of the packet checksum.
        7:0 pcss;
        /// IP checksum offload.
        8:8 ipofld => bool;
        /// TCP/UDP checksum offload.
        9:9 tuofld => bool;
    }
}

/// Size of each receive buffer (13.4.22, `RCTL.BSIZE` and `RCTL.BSEX`).
///
/// The chip fills the buffer to this size and goes on in the next descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RxBufferSize {
    /// 2048 bytes.
    B2048,
    /// 4096 bytes.
    B4096,
    /// 8192 bytes.
    B8192,
    /// 16384 bytes.
    B16384,
}

impl RxBufferSize {
    /// Returns the size in bytes.
    #[inline]
    pub(crate) const fn bytes(self) -> u32 {
        match self {
            Self::B2048 => 2048,
            Self::B4096 => 4096,
            Self::B8192 => 8192,
            Self::B16384 => 16384,
        }
    }

    /// Returns the smallest size that holds `bytes`, or the largest there is.
    pub(crate) const fn holding(bytes: u32) -> Self {
        match bytes {
            0..=2048 => Self::B2048,
            2049..=4096 => Self::B4096,
            4097..=8192 => Self::B8192,
            _ => Self::B16384,
        }
    }
}

impl RCTL {
    /// Returns the value with the receive buffer size set.
    pub(crate) fn with_buffer_size(self, size: RxBufferSize) -> Self {
        match size {
            RxBufferSize::B2048 => self.with_bsex(false).with_const_bsize::<0>(),
            RxBufferSize::B16384 => self.with_bsex(true).with_const_bsize::<1>(),
            RxBufferSize::B8192 => self.with_bsex(true).with_const_bsize::<2>(),
            RxBufferSize::B4096 => self.with_bsex(true).with_const_bsize::<3>(),
        }
    }
}

impl RDT {
    /// Returns the tail with index `index`.
    #[inline(always)]
    pub(crate) fn at(index: u16) -> Self {
        Self::from_raw(u32::from(index))
    }
}

impl RXDCTL {
    /// Returns the value that has every receive descriptor written back at once (13.4.46).
    pub(crate) fn write_back_each() -> Self {
        Self::zeroed().with_gran(true).with_const_wthresh::<1>()
    }
}

register! {
    /// Multicast table array: 4096 bits, one per hash value. 13.5.1, R/W.
    pub(crate) MTA(u32)[128] @ 0x5200 {}

    /// Receive address, bytes 0-3. 13.5.2, R/W.
    pub(crate) RAL(u32)[16, stride = 8] @ 0x5400 {}

    /// Receive address, bytes 4-5 and whether the entry counts. 13.5.3, R/W.
    ///
    /// Writing it with `av` makes the entry live, so `RAL` comes first; for a change clear `av`
    /// before.
    pub(crate) RAH(u32)[16, stride = 8] @ 0x5404 {
        /// Bytes 4 and 5 of the address, byte 4 lowest.
        15:0 rah;
        /// Compare with: 0 = destination, 1 = source address.
        17:16 asel;
        /// Address valid.
        31:31 av => bool;
    }

    /// VLAN filter table array: 4096 bits, one per VLAN id. 13.5.4, R/W.
    pub(crate) VFTA(u32)[128] @ 0x5600 {}
}
