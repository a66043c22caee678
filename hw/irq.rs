// SPDX-License-Identifier: GPL-2.0

//! Interrupt causes, masks and moderation (manual sections 3.4.3 (transmit), 3.2.7 (receive) and
//! 13.4.17 to 13.4.21).

use kernel::{
    bitfield,
    prelude::*, //
};

use super::{
    regs,
    Regs, //
};

bitfield! {
    /// A set of interrupt causes, as `ICR`, `ICS`, `IMS` and `IMC` hold it (13.4.17).
    pub(crate) struct Causes(u32) {
        /// Transmit descriptor written back.
        0:0 txdw => bool;
        /// Transmit queue empty.
        1:1 txqe => bool;
        /// Link status change.
        2:2 lsc => bool;
        /// Receive sequence error.
        3:3 rxseq => bool;
        /// Receive descriptors fell to the threshold of `RCTL.RDMTS`.
        4:4 rxdmt0 => bool;
        /// Receiver overrun: no descriptor or no room in the FIFO.
        6:6 rxo => bool;
        /// Receive timer: packets were received.
        7:7 rxt0 => bool;
        /// MDIO access complete.
        9:9 mdac => bool;
        /// Receiving /C/ ordered sets (TBI mode).
        10:10 rxcfg => bool;
        /// PHY interrupt.
        12:12 phyint => bool;
        /// General purpose interrupts of the software definable pins 6 and 7.
        14:13 gpi;
        /// Transmit descriptors fell to the low threshold.
        15:15 txd_low => bool;
        /// Small packet received.
        16:16 srpd => bool;
    }
}

impl Causes {
    /// No cause.
    pub(crate) const NONE: Self = Self::from_raw(0);
    /// Every cause, for masking all.
    pub(crate) const ALL: Self = Self::from_raw(u32::MAX);
    /// Transmit descriptor written back.
    pub(crate) const TXDW: Self = Self::from_raw(Self::TXDW_MASK);
    /// Link status change.
    pub(crate) const LSC: Self = Self::from_raw(Self::LSC_MASK);
    /// Receive descriptors fell to the threshold.
    pub(crate) const RXDMT0: Self = Self::from_raw(Self::RXDMT0_MASK);
    /// Receiver overrun.
    pub(crate) const RXO: Self = Self::from_raw(Self::RXO_MASK);
    /// Receive timer.
    pub(crate) const RXT0: Self = Self::from_raw(Self::RXT0_MASK);
    /// Receive: timer, threshold, overrun, sequence error.
    pub(crate) const RX: Self =
        Self::from_raw(Self::RXT0_MASK | Self::RXDMT0_MASK | Self::RXO_MASK | Self::RXSEQ_MASK);

    /// Returns whether no cause is in the set: the interrupt was not this chip's.
    #[inline(always)]
    pub(crate) const fn is_empty(self) -> bool {
        self.into_raw() == 0
    }

    /// Returns whether the register read all ones: the device is gone.
    #[inline(always)]
    pub(crate) const fn is_gone(self) -> bool {
        super::is_gone(self.into_raw())
    }

    /// Returns whether the two sets have a cause in common.
    #[inline(always)]
    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.into_raw() & other.into_raw() != 0
    }

    /// Returns whether the receiver wants service.
    #[inline(always)]
    pub(crate) const fn rx(self) -> bool {
        self.intersects(Self::RX)
    }

    /// Returns the causes of this set that are in `other` too.
    #[inline(always)]
    pub(crate) const fn and(self, other: Self) -> Self {
        Self::from_raw(self.into_raw() & other.into_raw())
    }

    /// Returns the causes of this set that are not in `other`.
    #[inline(always)]
    pub(crate) const fn without(self, other: Self) -> Self {
        Self::from_raw(self.into_raw() & !other.into_raw())
    }

    /// Returns the causes of both sets; like `|`, for constants.
    #[inline(always)]
    pub(crate) const fn with(self, other: Self) -> Self {
        Self::from_raw(self.into_raw() | other.into_raw())
    }
}

/// Reads and clears all pending causes and lowers the interrupt line: one heavy access.
///
/// Check [`Causes::is_gone`] before anything else.
#[inline(always)]
pub(crate) fn take(io: impl Regs) -> Causes {
    io.read(regs::ICR).causes()
}

/// Lets `causes` interrupt: one heavy access.
///
/// A pending one interrupts at once. Rewriting the current mask changes nothing, and is the
/// cheapest way to make KVM deliver the light writes it queues.
#[inline(always)]
pub(crate) fn unmask(io: impl Regs, causes: Causes) {
    io.write_reg(regs::IMS::zeroed().with_causes(causes));
}

/// Stops `causes` from interrupting; they stay pending: one heavy access.
#[inline(always)]
pub(crate) fn mask(io: impl Regs, causes: Causes) {
    io.write_reg(regs::IMC::zeroed().with_causes(causes));
}

/// Raises `causes` as if the chip had: one heavy access.
#[inline]
pub(crate) fn raise(io: impl Regs, causes: Causes) {
    io.write_reg(regs::ICS::zeroed().with_causes(causes));
}

/// Clears exactly `causes`, by writing ones: one heavy access.
#[inline]
pub(crate) fn acknowledge(io: impl Regs, causes: Causes) {
    io.write_reg(regs::ICR::zeroed().with_causes(causes));
}

/// Least time between two interrupts, in the units of `ITR`: 256 ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Throttle(u16);

impl Throttle {
    /// No throttling. QEMU has its floor of 128 us all the same.
    pub(crate) const OFF: Self = Self(0);
    /// The longest time that can be set, in microseconds.
    pub(crate) const MAX_USECS: u32 = 65535 * 256 / 1000;

    /// Returns the interval of `usecs` microseconds; `None` above [`Self::MAX_USECS`].
    ///
    /// Rounds up, so that [`Self::usecs`] gives back the same number.
    pub(crate) fn from_usecs(usecs: u32) -> Option<Self> {
        if usecs > Self::MAX_USECS {
            return None;
        }
        let units = usecs.checked_mul(1000)?.div_ceil(256);
        u16::try_from(units).ok().map(Self)
    }

    /// Returns the interval that allows `rate` interrupts a second, or the nearest there is.
    /// A rate of 0 means no throttling.
    pub(crate) fn from_rate(rate: u32) -> Self {
        match 1_000_000_000u32.checked_div(rate) {
            None => Self::OFF,
            Some(nanos) => Self(u16::try_from(nanos / 256).unwrap_or(u16::MAX)),
        }
    }

    /// Returns the interval in microseconds, rounded down.
    pub(crate) const fn usecs(self) -> u32 {
        // CAST: u16 to u32 keeps the value; 65535 * 256 fits.
        (self.0 as u32) * 256 / 1000
    }

    /// Returns the interrupts a second this allows; `None` if there is no limit.
    pub(crate) fn rate(self) -> Option<u32> {
        1_000_000_000u32.checked_div(u32::from(self.0) * 256)
    }

    /// Sets the chip's throttle (13.4.18): one light access.
    #[inline]
    pub(crate) fn apply(self, io: impl Regs) {
        io.write_reg(regs::ITR::zeroed().with_interval(self.0));
    }

    /// Returns whether the chip holds this throttle: one heavy access.
    pub(crate) fn is_applied(self, io: impl Regs) -> bool {
        io.read(regs::ITR).interval().get() == u32::from(self.0)
    }
}

/// A delay in the units of `RDTR`, `RADV`, `TIDV` and `TADV`: 1.024 us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delay(u16);

impl Delay {
    /// No delay.
    pub(crate) const OFF: Self = Self(0);
    /// The longest delay that can be set, in microseconds.
    pub(crate) const MAX_USECS: u32 = 65535 * 128 / 125;

    /// Returns the delay of `usecs` microseconds, rounded up to a unit; `None` above
    /// [`Self::MAX_USECS`].
    pub(crate) fn from_usecs(usecs: u32) -> Option<Self> {
        if usecs > Self::MAX_USECS {
            return None;
        }
        // 1.024 = 128 / 125.
        let units = usecs.checked_mul(125)?.div_ceil(128);
        u16::try_from(units).ok().map(Self)
    }

    /// Returns the delay of `units` times 1.024 us.
    pub(crate) const fn from_units(units: u16) -> Self {
        Self(units)
    }

    /// Returns the delay in microseconds, rounded down.
    pub(crate) const fn usecs(self) -> u32 {
        // CAST: u16 to u32 keeps the value; 65535 * 128 fits.
        (self.0 as u32) * 128 / 125
    }

    /// Returns the delay in units.
    #[inline]
    pub(crate) const fn units(self) -> u16 {
        self.0
    }
}

/// The four delay timers together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delays {
    /// Receive, after the last packet (13.4.30). 0 is the manual's advice: let `ITR` moderate.
    pub(crate) rx: Delay,
    /// Receive, after the first packet (13.4.31).
    pub(crate) rx_abs: Delay,
    /// Transmit, after the last descriptor with IDE (13.4.41).
    pub(crate) tx: Delay,
    /// Transmit, after the first write-back (13.4.44).
    pub(crate) tx_abs: Delay,
}

impl Delays {
    /// No delays. `TIDV` must not be 0, so it is one unit; without IDE it is not used.
    pub(crate) const NONE: Self = Self {
        rx: Delay::OFF,
        rx_abs: Delay::OFF,
        tx: Delay::from_units(1),
        tx_abs: Delay::OFF,
    };

    /// Returns whether transmit interrupts are delayed at all: whether descriptors are to ask for it
    /// (IDE).
    pub(crate) fn delays_tx(self) -> bool {
        self.tx != Delay::OFF && self.tx_abs != Delay::OFF
    }

    /// Sets the chip's timers: four light accesses.
    pub(crate) fn apply(self, io: impl Regs) {
        io.write_reg(regs::RDTR::zeroed().with_delay(self.rx.units()));
        io.write_reg(regs::RADV::zeroed().with_delay(self.rx_abs.units()));
        io.write_reg(regs::TIDV::zeroed().with_delay(self.tx.units().max(1)));
        io.write_reg(regs::TADV::zeroed().with_delay(self.tx_abs.units()));
    }
}

#[kunit_tests(e1000_hw_irq)]
mod tests {
    use super::*;
    use crate::hw::fake::FakeChip;

    #[test]
    fn names() {
        assert_eq!(Causes::TXDW.into_raw(), 0x01);
        assert_eq!(Causes::LSC.into_raw(), 0x04);
        assert_eq!(Causes::RX.into_raw(), 0xd8);
        assert!(Causes::from_raw(0x80).rx());
        assert!(!Causes::from_raw(0x07).rx());
        assert!(Causes::NONE.is_empty());
        assert!(Causes::ALL.is_gone());
        assert!(!Causes::from_raw(u32::MAX - 1).is_gone());
        assert_eq!(
            (Causes::TXDW | Causes::LSC).without(Causes::LSC),
            Causes::TXDW
        );
    }

    #[test]
    fn one_access_each() -> Result {
        let chip = FakeChip::new()?;

        unmask(&chip, Causes::RX | Causes::LSC);
        raise(&chip, Causes::LSC);
        assert_eq!(take(&chip), Causes::LSC);
        assert_eq!(take(&chip), Causes::NONE);
        mask(&chip, Causes::RX);
        assert_eq!(chip.accesses(), 5);
        assert_eq!(chip.get(0xd0), Causes::LSC.into_raw());

        chip.unplug();
        assert!(take(&chip).is_gone());
        Ok(())
    }

    #[test]
    fn throttle_usecs() {
        for (usecs, units) in [
            (0, 0),
            (1, 4),
            (2, 8),
            (128, 500),
            (250, 977),
            (16776, 65532),
        ] {
            let throttle = Throttle::from_usecs(usecs);
            assert_eq!(throttle, Some(Throttle(units)));
            assert_eq!(throttle.map(Throttle::usecs), Some(usecs));
        }
        assert_eq!(Throttle::MAX_USECS, 16776);
        assert_eq!(Throttle::from_usecs(16777), None);
        assert_eq!(Throttle::from_usecs(u32::MAX), None);
    }

    #[test]
    fn throttle_rate() {
        for (rate, units) in [
            (0, 0),
            (1, 65535),
            (59, 65535),
            (60, 65104),
            (4000, 976),
            (7812, 500),
            (20000, 195),
            (u32::MAX, 0),
        ] {
            assert_eq!(Throttle::from_rate(rate), Throttle(units));
        }
        assert_eq!(Throttle::OFF.rate(), None);
        assert_eq!(Throttle(500).rate(), Some(7812));
        assert_eq!(Throttle(u16::MAX).rate(), Some(59));
    }

    #[test]
    fn delays() -> Result {
        for (usecs, units) in [(0, 0), (1, 1), (2, 2), (1024, 1000), (67107, 65535)] {
            assert_eq!(Delay::from_usecs(usecs), Some(Delay(units)));
        }
        assert_eq!(Delay::MAX_USECS, 67107);
        assert_eq!(Delay::from_usecs(67108), None);
        assert_eq!(Delay(1000).usecs(), 1024);
        assert_eq!(Delay(u16::MAX).usecs(), 67107);

        let chip = FakeChip::new()?;
        Delays {
            tx: Delay::OFF,
            ..Delays::NONE
        }
        .apply(&chip);
        assert_eq!(chip.get(0x3820), 1);
        Ok(())
    }
}
