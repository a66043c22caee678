// SPDX-License-Identifier: GPL-2.0

//! Flow control by PAUSE frames (manual sections 13.4.8 to 13.4.12, 13.4.23, 13.4.24).
//!
//! QEMU has none of these registers; `CTRL.RFCE` and `CTRL.TFCE` it stores.

use kernel::{
    num::Bounded,
    prelude::*, //
};

use super::{
    check_present,
    phy::Advertise,
    regs::{
        CTRL,
        FCAH,
        FCAL,
        FCRTH,
        FCRTL,
        FCT,
        FCTTV,
        PBA, //
    },
    Regs, //
};

/// Low part of the address of PAUSE frames, 01:80:c2:00:00:01, low byte first.
const ADDRESS_LOW: u32 = 0x00c2_8001;

/// Returns whether the chip has flow control: whether it still holds what [`FlowControl::apply`]
/// gives it in any case. One heavy access.
pub(crate) fn is_present(io: impl Regs) -> bool {
    io.read(FCAL).into_raw() == ADDRESS_LOW
}

/// Which PAUSE frames are obeyed and sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FlowControl {
    /// Stop sending when told so.
    pub(crate) rx: bool,
    /// Tell the partner to stop when the packet buffer fills.
    pub(crate) tx: bool,
}

impl FlowControl {
    /// Neither.
    pub(crate) const NONE: Self = Self {
        rx: false,
        tx: false,
    };

    /// Returns what IEEE 802.3 table 28B-3 makes of what both ends offered.
    pub(crate) const fn negotiated(local: Advertise, partner: Advertise) -> Self {
        if local.pause && partner.pause {
            return Self { rx: true, tx: true };
        }
        if !(local.asym_pause && partner.asym_pause) {
            return Self::NONE;
        }
        Self {
            rx: local.pause,
            tx: partner.pause,
        }
    }

    /// Sets the chip's flow control: one heavy access and eight light ones.
    ///
    /// XOFF is sent when less than a frame of `max_frame` bytes fits into the packet buffer's
    /// receive part, XON again a frame below that.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the device is gone.
    pub(crate) fn apply(self, io: impl Regs, max_frame: u32) -> Result {
        let ctrl = check_present(io.read(CTRL))?.kept();

        io.write_reg(FCAL::from_raw(ADDRESS_LOW));
        io.write_reg(FCAH::from_raw(0x0000_0100));
        // The Ethertype.
        io.write_reg(FCT::from_raw(0x8808));

        // In units of 8 bytes.
        let (high, low) = if self.tx {
            Self::thresholds(max_frame)
        } else {
            (0, 0)
        };
        io.write_reg(FCTTV::zeroed().with_ttv(u16::MAX));
        io.write_reg(
            FCRTL::zeroed()
                .with_rtl(Bounded::from_expr(low & 0x1fff))
                .with_xone(self.tx),
        );
        io.write_reg(FCRTH::zeroed().with_rth(Bounded::from_expr(high & 0x1fff)));
        io.write_reg(ctrl.with_rfce(self.rx).with_tfce(self.tx));
        Ok(())
    }

    /// Returns the high and the low threshold, in units of 8 bytes.
    fn thresholds(max_frame: u32) -> (u32, u32) {
        let buffer = u32::from(PBA::for_frame(max_frame).rxa()).wrapping_mul(1024);
        let high = buffer.saturating_sub(max_frame);
        let low = high.saturating_sub(max_frame).max(8);
        (high / 8, low / 8)
    }
}

#[kunit_tests(e1000_hw_flow)]
mod tests {
    use super::*;
    use crate::hw::fake::FakeChip;

    #[test]
    fn negotiation() {
        // Local pause and asym, partner's, result rx and tx: all of table 28B-3.
        for (local, partner, rx, tx) in [
            ((false, false), (true, true), false, false),
            ((false, true), (false, true), false, false),
            ((false, true), (true, false), false, false),
            ((false, true), (true, true), false, true),
            ((true, false), (false, true), false, false),
            ((true, false), (true, false), true, true),
            ((true, false), (true, true), true, true),
            ((true, true), (false, false), false, false),
            ((true, true), (false, true), true, false),
            ((true, true), (true, false), true, true),
            ((true, true), (true, true), true, true),
        ] {
            let offer = |(pause, asym_pause)| Advertise {
                pause,
                asym_pause,
                ..Advertise::ALL
            };
            assert_eq!(
                FlowControl::negotiated(offer(local), offer(partner)),
                FlowControl { rx, tx }
            );
        }
    }

    #[test]
    fn thresholds_fit() {
        for max_frame in [64, 1518, 1522, 8192, 8193, 16128] {
            let (high, low) = FlowControl::thresholds(max_frame);
            assert!(low < high);
            assert!(low > 0);
            assert!(high <= 0x1fff);
        }
    }

    #[test]
    fn registers() -> Result {
        let chip = FakeChip::new()?;
        let both = FlowControl { rx: true, tx: true };
        both.apply(&chip, 1522)?;
        assert_eq!(chip.get(0) & 0x1800_0000, 0x1800_0000);
        assert_eq!(chip.get(0x2168), 47630 & !7);
        FlowControl::NONE.apply(&chip, 1522)?;
        assert_eq!(chip.get(0) & 0x1800_0000, 0);
        assert_eq!(chip.get(0x2168), 0);
        Ok(())
    }
}
