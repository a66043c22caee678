// SPDX-License-Identifier: GPL-2.0
//! Cable, negotiation, STATUS.LU and LSC (manual 8, 13.4.2).

use crate::faults::F;
use crate::irq;
use crate::nic::{Event, Nic};
use crate::phy::{Asks, Speed};
use crate::regs::{self as r, ctrl};

impl Nic {
    /// Starts what a PHY register write or a cable asks for.
    pub fn phy_asks(&mut self, asks: Asks) {
        match asks {
            Asks::Nothing => {}
            Asks::Look => self.look_at_link(),
            Asks::Retrain => {
                self.phy.trained = false;
                self.training += 1;
                self.look_at_link();
                self.after(
                    self.options.autoneg_ms.saturating_mul(1_000_000),
                    Event::Trained(self.training),
                );
            }
        }
    }

    /// STATUS.LU follows the PHY once CTRL.SLU lets it; each change is an LSC.
    pub fn look_at_link(&mut self) {
        self.phy.carrier = !self.faults.on(F::LinkDown) && self.wire.cable;
        let up = self.phy.link() && self.regs.get(r::CTRL) & ctrl::SLU != 0;
        if up != self.link {
            self.link = up;
            if !up {
                self.phy.lost();
            }
            self.raise(irq::LSC);
            if up {
                self.tx_kick();
            }
        }
    }

    /// STATUS as it reads (manual 13.4.2).
    pub fn status(&self) -> u32 {
        let ctrl = self.regs.get(r::CTRL);
        let (speed, full) = self.phy.mode();
        let speed = if ctrl & ctrl::FRCSPD != 0 {
            ctrl >> 8 & 3
        } else {
            speed as u32
        };
        let full = if ctrl & ctrl::FRCDPX != 0 {
            ctrl & 1 != 0
        } else {
            full
        };
        let asdv = if self.link { speed } else { Speed::M10 as u32 };
        u32::from(full) | u32::from(self.link) << 1 | speed << 6 | asdv << 8 | 1 << 10
    }

    /// The `link.flap` fault.
    pub fn flap(&mut self) {
        let Some(arm) = self.faults.arm_of(F::LinkFlap) else {
            return;
        };
        self.set_cable(!self.wire.cable);
        self.after(arm.us.max(100).saturating_mul(1000), Event::Flap);
    }

    /// Plugs the cable in or out.
    pub fn set_cable(&mut self, cable: bool) {
        self.wire.cable = cable;
        if cable {
            // A flapping link is trained anew quickly: what matters is that it changes.
            self.phy.trained = true;
        }
        self.look_at_link();
    }
}
