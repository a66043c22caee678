// SPDX-License-Identifier: GPL-2.0

//! Auto-negotiation (IEEE 802.3 clauses 28 and 40; manual section 8.6).

use kernel::prelude::*;

use super::{
    read,
    write,
    Anar,
    Aner,
    Anlpar,
    Bmcr,
    Bmsr,
    Gbcr,
    Gbsr,
    Regs, //
};

/// What auto-negotiation offers the partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Advertise {
    /// 10BASE-T half duplex.
    pub(crate) half10: bool,
    /// 10BASE-T full duplex.
    pub(crate) full10: bool,
    /// 100BASE-TX half duplex.
    pub(crate) half100: bool,
    /// 100BASE-TX full duplex.
    pub(crate) full100: bool,
    /// 1000BASE-T full duplex; the chip has no half duplex at that speed.
    pub(crate) full1000: bool,
    /// PAUSE.
    pub(crate) pause: bool,
    /// Asymmetric PAUSE.
    pub(crate) asym_pause: bool,
}

impl Advertise {
    /// All speeds, no flow control.
    pub(crate) const ALL: Self = Self {
        half10: true,
        full10: true,
        half100: true,
        full100: true,
        full1000: true,
        pause: false,
        asym_pause: false,
    };

    /// Returns whether no speed is offered, which cannot work.
    pub(crate) const fn is_empty(self) -> bool {
        !(self.half10 || self.full10 || self.half100 || self.full100 || self.full1000)
    }
}

/// Sets what auto-negotiation offers. It counts from the next [`restart_autoneg`] on. Reads first
/// and writes only what differs; returns whether something did.
///
/// # Errors
///
/// `EINVAL` if no speed is offered; else as [`read_raw`].
pub(crate) fn advertise(io: impl Regs, offer: Advertise) -> Result<bool> {
    if offer.is_empty() {
        return Err(EINVAL);
    }
    let anar = Anar::zeroed()
        .with_const_selector::<1>()
        .with_half10(offer.half10)
        .with_full10(offer.full10)
        .with_half100(offer.half100)
        .with_full100(offer.full100)
        .with_pause(offer.pause)
        .with_asym_pause(offer.asym_pause);
    let mut changed = false;
    // The other bits, next page and remote fault, are read-only or unused: not compared.
    if read::<Anar>(io)?.offers() != anar.offers() {
        write(io, anar)?;
        changed = true;
    }

    let old = read::<Gbcr>(io)?;
    let gbcr = old.with_half1000(false).with_full1000(offer.full1000);
    if old != gbcr {
        write(io, gbcr)?;
        changed = true;
    }
    Ok(changed)
}

/// Returns what auto-negotiation offers.
///
/// # Errors
///
/// As [`read_raw`].
pub(crate) fn advertised(io: impl Regs) -> Result<Advertise> {
    let anar = read::<Anar>(io)?;
    let gbcr = read::<Gbcr>(io)?;
    Ok(Advertise {
        half10: anar.half10(),
        full10: anar.full10(),
        half100: anar.half100(),
        full100: anar.full100(),
        full1000: gbcr.full1000(),
        pause: anar.pause(),
        asym_pause: anar.asym_pause(),
    })
}

/// Returns what the partner offers; meaningful once auto-negotiation is complete.
///
/// # Errors
///
/// As [`read_raw`].
pub(crate) fn partner(io: impl Regs) -> Result<Advertise> {
    let lpa = read::<Anlpar>(io)?;
    let gbsr = read::<Gbsr>(io)?;
    Ok(Advertise {
        half10: lpa.half10(),
        full10: lpa.full10(),
        half100: lpa.half100(),
        full100: lpa.full100(),
        full1000: gbsr.full1000(),
        pause: lpa.pause(),
        asym_pause: lpa.asym_pause(),
    })
}

/// Starts auto-negotiation anew. Takes the link down: 500 ms in QEMU, seconds on a wire.
///
/// # Errors
///
/// As [`read_raw`].
pub(crate) fn restart_autoneg(io: impl Regs) -> Result {
    let bmcr = read::<Bmcr>(io)?;
    write(
        io,
        bmcr.with_autoneg(true)
            .with_restart_autoneg(true)
            .with_power_down(false)
            .with_isolate(false)
            .with_loopback(false),
    )
}

/// Returns whether auto-negotiation is on and nothing keeps the PHY from it.
///
/// # Errors
///
/// As [`read_raw`].
pub(crate) fn is_negotiating(io: impl Regs) -> Result<bool> {
    let bmcr = read::<Bmcr>(io)?;
    Ok(bmcr.autoneg() && !bmcr.power_down() && !bmcr.isolate() && !bmcr.loopback())
}

/// How far auto-negotiation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// It is complete.
    pub(crate) complete: bool,
    /// There is a partner that takes part.
    pub(crate) partner: bool,
}

/// Returns how far auto-negotiation has come.
///
/// # Errors
///
/// As [`read_raw`].
pub(crate) fn progress(io: impl Regs) -> Result<Progress> {
    Ok(Progress {
        complete: read::<Bmsr>(io)?.autoneg_complete(),
        partner: read::<Aner>(io)?.partner_able(),
    })
}

#[kunit_tests(e1000_hw_phy_autoneg)]
mod tests {
    use super::*;
    use crate::hw::fake::FakeChip;

    #[test]
    fn offers() -> Result {
        let chip = FakeChip::new()?;
        assert_eq!(advertise(&chip, Advertise::ALL), Ok(true));
        assert_eq!(chip.phy(4), 0x01e1);
        assert_eq!(chip.phy(9), 0x0e00);
        assert_eq!(advertised(&chip)?, Advertise::ALL);

        // Nothing is written if nothing changes.
        let before = chip.accesses();
        assert_eq!(advertise(&chip, Advertise::ALL), Ok(false));
        assert_eq!(chip.accesses() - before, 4);

        // A change of either register counts.
        let all_but_giga = Advertise {
            full1000: false,
            ..Advertise::ALL
        };
        assert_eq!(advertise(&chip, all_but_giga), Ok(true));
        assert_eq!(chip.phy(9), 0x0c00);

        let none = Advertise {
            half10: false,
            full10: false,
            half100: false,
            full100: false,
            full1000: false,
            ..Advertise::ALL
        };
        assert_eq!(advertise(&chip, none), Err(EINVAL));
        Ok(())
    }

    #[test]
    fn state() -> Result {
        let chip = FakeChip::new()?;
        for (bmcr, negotiating) in [
            (0x1140, true),
            (0x0140, false),
            (0x1940, false),
            (0x1540, false),
            (0x5140, false),
        ] {
            chip.set_phy(0, bmcr);
            assert_eq!(is_negotiating(&chip), Ok(negotiating));
        }
        restart_autoneg(&chip)?;
        assert_eq!(is_negotiating(&chip), Ok(true));

        for (bmsr, aner, complete, partner) in [
            (0x796d, 1, true, true),
            (0x7949, 1, false, true),
            (0x7949, 0, false, false),
        ] {
            chip.set_phy(1, bmsr);
            chip.set_phy(6, aner);
            assert_eq!(progress(&chip), Ok(Progress { complete, partner }));
        }
        Ok(())
    }
}
