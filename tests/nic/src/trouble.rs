// SPDX-License-Identifier: GPL-2.0
//! Faults coming and going: what the chip as a whole does then.

use crate::eeprom::Bad;
use crate::faults::{Arm, Faults, Stream, Value, F};
use crate::irq;
use crate::nic::{Event, Nic};
use crate::phy::Asks;

impl Nic {
    /// Whether the device does not answer at all.
    pub fn gone(&self) -> bool {
        [F::Gone, F::GoneKept, F::GoneConfig]
            .iter()
            .any(|f| self.faults.on(*f))
    }

    /// Arms a fault and begins what it does by itself.
    pub fn set_fault(&mut self, fault: F, reg: Option<u32>, arm: Arm) {
        let was_gone = self.gone();
        self.armings += 1;
        self.faults.arm(
            fault,
            reg,
            Arm {
                serial: self.armings,
                ..arm
            },
        );
        if self.faults.on(fault) && Faults::info(fault).is_some_and(|i| i.level) {
            self.faults.note(fault);
        }
        if arm.ms != 0 {
            self.after(
                arm.ms.saturating_mul(1_000_000),
                Event::Expire(self.armings),
            );
        }
        let pace = arm.us.max(20).saturating_mul(1000);
        match fault {
            F::IrqStorm => self.after(pace, Event::Storm),
            F::LinkFlap => self.after(0, Event::Flap),
            _ => {}
        }
        if self.gone() && !was_gone {
            self.rx.forget();
            self.tx.forget();
        }
        self.apply_faults();
    }

    /// Disarms a fault and undoes it.
    pub fn clear_fault(&mut self, fault: F, reg: Option<u32>) {
        let was_gone = self.gone();
        self.faults.clear(fault, reg);
        if was_gone && !self.gone() {
            if matches!(fault, F::Gone | F::GoneConfig) {
                self.power_on();
            }
            self.irq.mask(false, self.faults.on(F::IrqStuck));
        }
        if fault == F::LinkFlap {
            self.wire.cable = true;
            self.phy_asks(Asks::Retrain);
        }
        self.apply_faults();
        self.look_at_line();
        self.tx_kick();
        self.rx_pump();
    }

    pub fn clear_faults(&mut self) {
        for (fault, reg, _) in self.faults.armed() {
            self.clear_fault(fault, reg);
        }
    }

    /// Level faults act through the block they belong to.
    fn apply_faults(&mut self) {
        let on = |f| self.faults.on(f);
        self.eeprom.bad = Bad {
            sum: on(F::EeSum),
            zero: on(F::EeZero),
            ones: on(F::EeOnes),
            multicast: on(F::EeMulticast),
            no_mac: on(F::EeNoMac),
        };
        self.dma.broken = on(F::DmaOff) || self.gone();
        let carrier = !on(F::LinkDown) && self.wire.cable;
        if carrier && !self.phy.carrier {
            self.phy.carrier = true;
            self.phy_asks(Asks::Retrain);
        }
        self.look_at_link();
        self.look_at_line();
    }

    /// Fuzzing: level faults come and go with a descriptor's number.
    pub fn fuzz_levels(&mut self, stream: Stream) {
        for (fault, ms) in self.faults.fuzz_level(stream) {
            self.set_fault(
                fault,
                None,
                Arm {
                    ms,
                    ..Faults::default_arm(fault)
                },
            );
        }
    }

    /// The `irq.storm` fault.
    pub fn storm(&mut self) {
        let Some(arm) = self.faults.arm_of(F::IrqStorm) else {
            return;
        };
        let causes = match arm.value {
            Value::Fixed(v) => v as u32,
            _ => irq::RXT0,
        };
        self.after(arm.us.max(20).saturating_mul(1000), Event::Storm);
        if self.gone() {
            return;
        }
        self.irq.icr |= causes & irq::ALL;
        self.irq.signal();
    }
}
