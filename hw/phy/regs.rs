// SPDX-License-Identifier: GPL-2.0

//! Registers of the PHY: IEEE 802.3 clause 22, clause 40 and the M88E1000's own (manual section
//! 11).

use kernel::bitfield;

use super::{
    Duplex,
    Link,
    Speed, //
};

/// A register of the PHY.
pub(crate) trait PhyReg: Copy + From<u16> + Into<u16> {
    /// Its address.
    const ADDRESS: u8;
}

/// Implements [`PhyReg`].
macro_rules! phy_regs {
    ($($name:ident @ $address:literal;)*) => {
        $(
            impl PhyReg for $name {
                const ADDRESS: u8 = $address;
            }
        )*
    };
}

phy_regs! {
    Bmcr @ 0;
    Bmsr @ 1;
    PhyId1 @ 2;
    PhyId2 @ 3;
    Anar @ 4;
    Anlpar @ 5;
    Aner @ 6;
    Gbcr @ 9;
    Gbsr @ 10;
    Pscr @ 16;
    Pssr @ 17;
    Epscr @ 20;
}

bitfield! {
    /// Control (PHY_CTRL). R/W.
    pub(crate) struct Bmcr(u16) {
        /// Speed selection, high bit.
        6:6 speed_msb => bool;
        /// Full duplex.
        8:8 full_duplex => bool;
        /// Restart auto-negotiation; clears itself.
        9:9 restart_autoneg => bool;
        /// Electrically isolated.
        10:10 isolate => bool;
        /// Power down.
        11:11 power_down => bool;
        /// Auto-negotiation enable.
        12:12 autoneg => bool;
        /// Speed selection, low bit.
        13:13 speed_lsb => bool;
        /// Loopback.
        14:14 loopback => bool;
        /// Reset; clears itself.
        15:15 reset => bool;
    }
}

impl Bmcr {
    /// Returns the value with speed and duplex forced and auto-negotiation off.
    pub(super) fn forced(self, link: Link) -> Self {
        self.with_autoneg(false)
            .with_full_duplex(link.duplex == Duplex::Full)
            .with_speed_msb(link.speed == Speed::Mbps1000)
            .with_speed_lsb(link.speed == Speed::Mbps100)
    }
}

bitfield! {
    /// Status (PHY_STATUS). RO; link status latches low.
    pub(crate) struct Bmsr(u16) {
        /// Link status; 0 is remembered until read.
        2:2 link => bool;
        /// Able to negotiate.
        3:3 autoneg_able => bool;
        /// Auto-negotiation complete.
        5:5 autoneg_complete => bool;
    }
}

bitfield! {
    /// PHY identifier 1 (PHY_ID). RO.
    pub(crate) struct PhyId1(u16) {
        15:0 id;
    }
}

bitfield! {
    /// PHY identifier 2 (EPHY_ID). RO.
    pub(crate) struct PhyId2(u16) {
        3:0 revision;
        9:4 model;
        15:10 id;
    }
}

bitfield! {
    /// Auto-negotiation advertisement. R/W.
    pub(crate) struct Anar(u16) {
        /// 1 = IEEE 802.3.
        4:0 selector;
        /// 10BASE-T half duplex.
        5:5 half10 => bool;
        /// 10BASE-T full duplex.
        6:6 full10 => bool;
        /// 100BASE-TX half duplex.
        7:7 half100 => bool;
        /// 100BASE-TX full duplex.
        8:8 full100 => bool;
        /// PAUSE.
        10:10 pause => bool;
        /// Asymmetric PAUSE.
        11:11 asym_pause => bool;
    }
}

impl Anar {
    /// Returns the value with only what is offered left.
    pub(super) fn offers(self) -> Self {
        Self::from_raw(self.into_raw() & 0x0fff)
    }
}

bitfield! {
    /// Auto-negotiation link partner ability. RO.
    pub(crate) struct Anlpar(u16) {
        /// 10BASE-T half duplex.
        5:5 half10 => bool;
        /// 10BASE-T full duplex.
        6:6 full10 => bool;
        /// 100BASE-TX half duplex.
        7:7 half100 => bool;
        /// 100BASE-TX full duplex.
        8:8 full100 => bool;
        /// PAUSE.
        10:10 pause => bool;
        /// Asymmetric PAUSE.
        11:11 asym_pause => bool;
    }
}

bitfield! {
    /// Auto-negotiation expansion. RO. QEMU: constant 0.
    pub(crate) struct Aner(u16) {
        /// The partner takes part in auto-negotiation.
        0:0 partner_able => bool;
    }
}

bitfield! {
    /// 1000BASE-T control. R/W.
    pub(crate) struct Gbcr(u16) {
        /// 1000BASE-T half duplex.
        8:8 half1000 => bool;
        /// 1000BASE-T full duplex.
        9:9 full1000 => bool;
        /// Master, if `manual_master`.
        11:11 master => bool;
        /// Set the role by hand.
        12:12 manual_master => bool;
    }
}

bitfield! {
    /// 1000BASE-T status. RO.
    pub(crate) struct Gbsr(u16) {
        /// The partner can do 1000BASE-T half duplex.
        10:10 half1000 => bool;
        /// The partner can do 1000BASE-T full duplex.
        11:11 full1000 => bool;
        /// This end is master.
        14:14 master => bool;
    }
}

bitfield! {
    /// M88 PHY specific control (PSCR). R/W; crossover changes take a PHY reset.
    pub(crate) struct Pscr(u16) {
        /// Crossover: 0 = MDI, 1 = MDI-X, 3 = automatic.
        6:5 crossover;
        /// Assert CRS on transmit.
        11:11 crs_on_tx => bool;
    }
}

bitfield! {
    /// M88 PHY specific status (PSSR). RO. QEMU: link, speed and duplex bits are fixed.
    pub(crate) struct Pssr(u16) {
        /// MDI-X (else MDI).
        6:6 mdix => bool;
        /// Cable length class.
        9:7 cable_length;
        /// Link, now.
        10:10 link => bool;
        /// Speed and duplex are resolved.
        11:11 resolved => bool;
        /// Full duplex.
        13:13 full_duplex => bool;
        /// Speed: 0 = 10, 1 = 100, 2 = 1000 Mb/s.
        15:14 speed;
    }
}

bitfield! {
    /// M88 extended PHY specific control. R/W. QEMU: storage only.
    pub(crate) struct Epscr(u16) {
        /// Transmit clock of the MAC interface: 6 = 2.5 MHz, 7 = 25 MHz.
        6:4 tx_clock;
    }
}
