// SPDX-License-Identifier: GPL-2.0

//! The LEDs at the connector (manual section 13.4.15).
//!
//! The 82544 has no `LEDCTL`; there software definable pin 0 drives one, which shines while the pin
//! is low.

use kernel::prelude::*;

use super::{
    check_present,
    model::Model,
    regs::{
        CTRL,
        LEDCTL, //
    },
    Regs, //
};

/// The LEDs while software has them.
pub(crate) struct Leds {
    model: Model,
    /// What to give back: `LEDCTL`, or for the 82544 `CTRL`.
    saved: u32,
}

impl Leds {
    /// Takes the LEDs from the chip: one heavy access.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the device is gone.
    pub(crate) fn take(io: impl Regs, model: Model) -> Result<Self> {
        let saved = if model.has_ledctl() {
            check_present(io.read(LEDCTL))?.into_raw()
        } else {
            check_present(io.read(CTRL))?.into_raw()
        };
        Ok(Self { model, saved })
    }

    /// Turns them on or off: one light access, and for the 82544 a heavy one.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the device is gone.
    pub(crate) fn switch(&self, io: impl Regs, on: bool) -> Result {
        if self.model.has_ledctl() {
            io.write_reg(LEDCTL::all(on));
        } else {
            let ctrl = check_present(io.read(CTRL))?.kept();
            io.write_reg(ctrl.with_sdp0_output(true).with_sdp0_data(!on));
        }
        Ok(())
    }

    /// Gives the LEDs back to the chip: one light access, and for the 82544 a heavy one.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the device is gone.
    pub(crate) fn give_back(self, io: impl Regs) -> Result {
        if self.model.has_ledctl() {
            io.write_reg(LEDCTL::from_raw(self.saved));
        } else {
            let saved = CTRL::from_raw(self.saved);
            let ctrl = check_present(io.read(CTRL))?.kept();
            io.write_reg(
                ctrl.with_sdp0_output(saved.sdp0_output())
                    .with_sdp0_data(saved.sdp0_data()),
            );
        }
        Ok(())
    }
}

#[kunit_tests(e1000_hw_led)]
mod tests {
    use super::*;
    use crate::hw::fake::FakeChip;

    #[test]
    fn ledctl() -> Result {
        let chip = FakeChip::new()?;
        chip.set(0xe00, 0x0706_8302);
        let leds = Leds::take(&chip, Model::I82540Em)?;
        leds.switch(&chip, true)?;
        assert_eq!(chip.get(0xe00), 0x0e0e_0e0e);
        leds.switch(&chip, false)?;
        assert_eq!(chip.get(0xe00), 0x0f0f_0f0f);
        leds.give_back(&chip)?;
        assert_eq!(chip.get(0xe00), 0x0706_8302);
        Ok(())
    }

    #[test]
    fn pin() -> Result {
        let chip = FakeChip::new()?;
        chip.set(0, 0x0000_0041);
        let leds = Leds::take(&chip, Model::I82544Gc)?;
        leds.switch(&chip, true)?;
        assert_eq!(chip.get(0), 0x0040_0041);
        leds.switch(&chip, false)?;
        assert_eq!(chip.get(0), 0x0044_0041);
        leds.give_back(&chip)?;
        assert_eq!(chip.get(0), 0x0000_0041);
        assert_eq!(chip.writes_at(0xe00), 0);

        chip.unplug();
        assert_eq!(Leds::take(&chip, Model::I82544Gc).err(), Some(ENODEV));
        Ok(())
    }
}
