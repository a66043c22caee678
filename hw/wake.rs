// SPDX-License-Identifier: GPL-2.0

//! Waking the system from D3 (manual chapter 12, sections 13.6.1 to 13.6.3).
//!
//! QEMU has none of it, nor the PCI power management that it takes.

use kernel::prelude::*;

use super::{
    check_present,
    mac::RxMode,
    regs::{
        CTRL,
        WUC,
        WUFC,
        WUS, //
    },
    Regs, //
};

/// What wakes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wake {
    /// A change of the link.
    pub(crate) link: bool,
    /// A frame to one of the station's addresses.
    pub(crate) unicast: bool,
    /// A multicast frame that passes the filters.
    pub(crate) multicast: bool,
    /// A broadcast frame.
    pub(crate) broadcast: bool,
    /// A magic packet.
    pub(crate) magic: bool,
}

impl Wake {
    /// Nothing.
    pub(crate) const NONE: Self = Self {
        link: false,
        unicast: false,
        multicast: false,
        broadcast: false,
        magic: false,
    };

    /// Makes the chip watch for these while it sleeps (12.4): after it was stopped, before the bus
    /// puts it to sleep. The receiver is on then, without descriptors. One heavy access and five
    /// light ones.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the device is gone.
    pub(crate) fn arm(self, io: impl Regs, mode: RxMode) -> Result {
        let ctrl = check_present(io.read(CTRL))?.kept();

        io.write_reg(ctrl.with_advd3wuc(true).with_en_phy_pwr_mgmt(true));
        io.write_reg(mode.rctl());
        io.write_reg(WUS::from_raw(u32::MAX));
        io.write_reg(
            WUFC::zeroed()
                .with_lnkc(self.link)
                .with_mag(self.magic)
                .with_ex(self.unicast)
                .with_mc(self.multicast)
                .with_bc(self.broadcast),
        );
        io.write_reg(WUC::zeroed().with_pme_en(true));
        Ok(())
    }
}

#[kunit_tests(e1000_hw_wake)]
mod tests {
    use super::*;
    use crate::hw::fake::FakeChip;

    #[test]
    fn arm() -> Result {
        let chip = FakeChip::new()?;
        for (wake, wufc) in [
            (
                Wake {
                    magic: true,
                    ..Wake::NONE
                },
                0x02,
            ),
            (
                Wake {
                    link: true,
                    unicast: true,
                    multicast: true,
                    broadcast: true,
                    magic: true,
                },
                0x1f,
            ),
        ] {
            wake.arm(&chip, RxMode::DEFAULT)?;
            assert_eq!(chip.get(0x5808), wufc);
            assert_eq!(chip.get(0x5800), 2);
            assert_eq!(chip.get(0) & 0x0030_0000, 0x0030_0000);
            assert_eq!(chip.get(0x100) & 2, 2);
        }
        chip.unplug();
        assert_eq!(Wake::NONE.arm(&chip, RxMode::DEFAULT), Err(ENODEV));
        Ok(())
    }
}
