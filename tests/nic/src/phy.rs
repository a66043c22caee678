// SPDX-License-Identifier: GPL-2.0
//! The built-in M88 PHY behind MDIC (manual 13.4.8 on MDIC; IEEE 802.3 clause 22
//! for registers 0-15; the PHY's own registers as far as drivers read them).

pub const BMCR: u8 = 0;
pub const BMSR: u8 = 1;
pub const GSTATUS: u8 = 10;
pub const PSSR: u8 = 17;

const BMCR_RESET: u16 = 1 << 15;
const BMCR_LOOPBACK: u16 = 1 << 14;
const BMCR_AUTONEG: u16 = 1 << 12;
const BMCR_DOWN: u16 = 1 << 11;
const BMCR_RESTART: u16 = 1 << 9;
const BMCR_FULL: u16 = 1 << 8;

/// Speed as STATUS and the PHY's own status code it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Speed {
    M10 = 0,
    M100 = 1,
    G1 = 2,
}

/// What a register write asks of the link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asks {
    Nothing,
    /// Negotiate or retrain: the link goes down and comes back later.
    Retrain,
    /// Only the state has to be looked at again.
    Look,
}

pub struct Phy {
    regs: [u16; 32],
    id2: u16,
    /// The cable is in.
    pub carrier: bool,
    /// Negotiation is over.
    pub trained: bool,
    /// BMSR keeps a lost link until it is read.
    latched_down: bool,
}

impl Phy {
    pub fn new(device: u16) -> Self {
        let id2 = if device == 0x100c { 0x0c30 } else { 0x0c20 };
        let mut phy = Self {
            regs: [0; 32],
            id2,
            carrier: true,
            trained: true,
            latched_down: false,
        };
        phy.reset();
        phy
    }

    pub fn reset(&mut self) {
        self.regs = [0; 32];
        let defaults = [
            (0, 0x1140),
            (2, 0x0141),
            (3, self.id2),
            (4, 0x0de1),
            (9, 0x0e00),
            (15, 0x3000),
            (16, 0x0068),
            (20, 0x0c60),
            (24, 0x4100),
        ];
        for (reg, value) in defaults {
            self.set(reg, value);
        }
    }

    fn get(&self, reg: u8) -> u16 {
        self.regs.get(usize::from(reg)).copied().unwrap_or(0xffff)
    }

    fn set(&mut self, reg: u8, value: u16) {
        if let Some(place) = self.regs.get_mut(usize::from(reg)) {
            *place = value;
        }
    }

    pub fn loopback(&self) -> bool {
        self.get(BMCR) & BMCR_LOOPBACK != 0
    }

    /// Whether the MAC is told that there is a link.
    pub fn link(&self) -> bool {
        let powered = self.get(BMCR) & BMCR_DOWN == 0;
        powered && (self.loopback() || self.carrier && self.trained)
    }

    /// Speed and full duplex as negotiated or forced; the partner can do everything.
    pub fn mode(&self) -> (Speed, bool) {
        let bmcr = self.get(BMCR);
        if bmcr & BMCR_AUTONEG == 0 || self.loopback() {
            let speed = match (bmcr >> 6 & 1, bmcr >> 13 & 1) {
                (1, 0) => Speed::G1,
                (0, 1) => Speed::M100,
                (0, _) => Speed::M10,
                _ => Speed::G1,
            };
            return (speed, bmcr & BMCR_FULL != 0);
        }
        let (adv, gig) = (self.get(4), self.get(9));
        match () {
            () if gig & 0x0200 != 0 => (Speed::G1, true),
            () if gig & 0x0100 != 0 => (Speed::G1, false),
            () if adv & 0x0100 != 0 => (Speed::M100, true),
            () if adv & 0x0080 != 0 => (Speed::M100, false),
            () => (Speed::M10, adv & 0x0040 != 0),
        }
    }

    /// The link went; BMSR remembers.
    pub fn lost(&mut self) {
        self.latched_down = true;
    }

    pub fn read(&mut self, reg: u8) -> u16 {
        let (link, done) = (self.link(), self.carrier && self.trained);
        match reg {
            BMSR => {
                let up = link && !std::mem::take(&mut self.latched_down);
                0x7949 | u16::from(up) << 2 | u16::from(done) << 5
            }
            5 if done => 0x45e1,
            6 if done => 0x000f,
            GSTATUS if done => 0x3c00,
            5 | 6 | GSTATUS => 0,
            PSSR => {
                let (speed, full) = self.mode();
                let status = u16::from(link) << 10 | u16::from(done) << 11;
                // Resolved speed and duplex, MDI-X as wired, 50-80 m of cable.
                status
                    | if done {
                        (speed as u16) << 14 | u16::from(full) << 13 | 0x0080
                    } else {
                        0
                    }
            }
            19 => {
                let events = self.get(19);
                self.set(19, 0);
                events
            }
            reg => self.get(reg),
        }
    }

    pub fn write(&mut self, reg: u8, value: u16) -> Asks {
        match reg {
            BMCR if value & BMCR_RESET != 0 => {
                // Speed, duplex and negotiation are kept; the bit clears itself.
                self.set(
                    BMCR,
                    value & !(BMCR_RESET | BMCR_RESTART | BMCR_LOOPBACK | BMCR_DOWN),
                );
                Asks::Retrain
            }
            BMCR => {
                let old = self.get(BMCR);
                self.set(BMCR, value & !BMCR_RESTART);
                let changed = (old ^ value) & (BMCR_AUTONEG | BMCR_DOWN | BMCR_FULL | 0x2040) != 0;
                match () {
                    () if value & BMCR_DOWN != 0 => Asks::Look,
                    () if value & BMCR_RESTART != 0 || changed && value & BMCR_LOOPBACK == 0 => {
                        Asks::Retrain
                    }
                    () => Asks::Look,
                }
            }
            BMSR | 2 | 3 | 5 | 6 | GSTATUS | 15 | PSSR | 19 | 21 => Asks::Nothing,
            reg => {
                self.set(reg, value);
                Asks::Nothing
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifies_itself() {
        for (device, low) in [(0x100e, 0x0c20), (0x100f, 0x0c20), (0x100c, 0x0c30)] {
            let mut phy = Phy::new(device);
            assert_eq!((phy.read(2), phy.read(3)), (0x0141, low));
        }
    }

    #[test]
    fn link_loss_is_latched_until_read() {
        let mut phy = Phy::new(0x100e);
        assert_eq!(phy.read(BMSR), 0x796d);
        phy.carrier = false;
        phy.lost();
        assert_eq!(phy.read(BMSR) & 0x24, 0);
        phy.carrier = true;
        phy.lost();
        assert_eq!(phy.read(BMSR) & 4, 0);
        assert_eq!(phy.read(BMSR) & 4, 4);
    }

    #[test]
    fn negotiates_the_best_advertised_mode() {
        let mut phy = Phy::new(0x100e);
        assert_eq!(phy.mode(), (Speed::G1, true));
        phy.write(9, 0);
        assert_eq!(phy.mode(), (Speed::M100, true));
        phy.write(4, 0x0021);
        assert_eq!(phy.mode(), (Speed::M10, false));
        assert_eq!(phy.write(BMCR, 0x1340), Asks::Retrain);
        assert_eq!(phy.read(BMCR), 0x1140, "restart clears itself");
        phy.write(BMCR, 0x2100);
        assert_eq!(phy.mode(), (Speed::M100, true));
    }

    #[test]
    fn loopback_has_link_without_a_cable_and_power_down_has_none() {
        let mut phy = Phy::new(0x100e);
        phy.carrier = false;
        phy.write(BMCR, 0x4140);
        assert!(phy.link() && phy.loopback());
        phy.carrier = true;
        phy.write(BMCR, 0x1940);
        assert!(!phy.link());
        for reg in 0..=255 {
            phy.read(reg);
            phy.write(reg, 0xffff);
        }
    }
}
