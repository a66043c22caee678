// SPDX-License-Identifier: GPL-2.0

//! Registers of the transmitter (manual section 13.4).

use kernel::{
    io::register,
    prelude::*, //
};

use crate::hw::model::Model;

register! {
    /// Transmit control. 13.4.33, R/W. A write is heavy.
    ///
    /// QEMU: `psp` does nothing (a short frame leaves short, so pad in software); a write runs the
    /// ring.
    pub(crate) TCTL(u32) @ 0x0400 {
        /// Transmitter enable.
        1:1 en => bool;
        /// Pad short packets to 64 bytes.
        3:3 psp => bool;
        /// Collision threshold: tries after a collision (half duplex).
        11:4 ct;
        /// Collision distance in byte times.
        21:12 cold;
        /// Send an XOFF frame; clears itself.
        22:22 swxoff => bool;
        /// Retransmit on late collision.
        24:24 rtlc => bool;
        /// No retransmission on underrun (82544 only).
        25:25 nrtu => bool;
    }

    /// Transmit inter-packet gap. 13.4.34, R/W. QEMU: none.
    pub(crate) TIPG(u32) @ 0x0410 {
        /// Back-to-back gap.
        9:0 ipgt;
        /// Non-back-to-back gap, part 1.
        19:10 ipgr1;
        /// Non-back-to-back gap, part 2.
        29:20 ipgr2;
    }

    /// Adaptive inter-frame spacing throttle. 13.4.35, R/W. QEMU: dead in 11.1.
    pub(crate) AIT(u32) @ 0x0458 {
        /// Extra gap in units of 8 ns.
        15:0 aifs;
    }

    /// Transmit descriptor base, low; 16-byte aligned. 13.4.36, R/W.
    pub(crate) TDBAL(u32) @ 0x3800 {}
    /// Transmit descriptor base, high. 13.4.37, R/W.
    pub(crate) TDBAH(u32) @ 0x3804 {}

    /// Transmit descriptor ring length in bytes; a multiple of 128. 13.4.38, R/W.
    pub(crate) TDLEN(u32) @ 0x3808 {}

    /// Transmit descriptor head: the chip's index. 13.4.39, R/W while disabled, then RO.
    pub(crate) TDH(u32) @ 0x3810 {
        /// Index of the next descriptor the chip sends.
        15:0 tdh;
    }

    /// Transmit descriptor tail: one past the last descriptor to send. 13.4.40, R/W. Heavy.
    ///
    /// QEMU: sends everything up to the tail before the store retires.
    pub(crate) TDT(u32) @ 0x3818 {
        /// Index.
        15:0 tdt;
    }

    /// Transmit interrupt delay value. 13.4.41, R/W. QEMU: none.
    pub(crate) TIDV(u32) @ 0x3820 {
        /// Delay after the last descriptor with IDE, in units of 1.024 us; must not be 0.
        15:0 delay;
    }

    /// Transmit descriptor control. 13.4.43, R/W. QEMU: storage only.
    pub(crate) TXDCTL(u32) @ 0x3828 {
        /// Prefetch threshold.
        5:0 pthresh;
        /// Host threshold.
        13:8 hthresh;
        /// Write-back threshold.
        21:16 wthresh;
        /// Granularity: thresholds count 0 = cache lines, 1 = descriptors.
        24:24 gran => bool;
        /// Low threshold for `ICR.TXD_LOW`, in units of 8 descriptors.
        31:25 lwthresh;
    }

    /// Transmit absolute interrupt delay value. 13.4.44, R/W (not the 82544).
    pub(crate) TADV(u32) @ 0x382c {
        /// Delay after the first write-back, in units of 1.024 us; 0 = off.
        15:0 delay;
    }
}

impl TCTL {
    /// Returns the value of an enabled transmitter: padding on, 15 tries, and the collision
    /// distance for full duplex (0x40) or half duplex (0x200, for 10 and 100 Mb/s) (14.5).
    pub(crate) fn operational(full_duplex: bool) -> Self {
        let tctl = Self::zeroed()
            .with_en(true)
            .with_psp(true)
            .with_const_ct::<0x0f>()
            .with_rtlc(true);
        if full_duplex {
            tctl.with_const_cold::<0x40>()
        } else {
            tctl.with_const_cold::<0x200>()
        }
    }

    /// Returns whether it is that of a transmitter that was set up and disabled since; all ones and
    /// all zeros are not.
    pub(crate) fn is_disabled(self) -> bool {
        !self.en() && self.cold() == Self::operational(true).cold()
    }
}

impl TIPG {
    /// Returns the IEEE 802.3 gap for copper: 10 (8 for the 82544), 8 and 6 (table 13-77).
    pub(crate) fn copper(model: Model) -> Self {
        let tipg = Self::zeroed()
            .with_const_ipgr1::<8>()
            .with_const_ipgr2::<6>();
        match model {
            Model::I82544Gc => tipg.with_const_ipgt::<8>(),
            _ => tipg.with_const_ipgt::<10>(),
        }
    }
}

impl TXDCTL {
    /// Returns the value that has every descriptor with RS written back whole and at once: a
    /// threshold of one, counted in descriptors (13.4.43).
    pub(crate) fn write_back_each() -> Self {
        Self::zeroed().with_gran(true).with_const_wthresh::<1>()
    }
}

impl TDT {
    /// Returns the tail with index `index`.
    #[inline(always)]
    pub(crate) fn at(index: u16) -> Self {
        Self::from_raw(u32::from(index))
    }
}
