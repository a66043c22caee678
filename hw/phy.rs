// SPDX-License-Identifier: GPL-2.0

//! The copper PHY, a Marvell 88E1000 on the chip's MDI bus (manual sections 8.3, 11 and 13.4.7;
//! registers of IEEE 802.3 clause 22).
//!
//! Contexts: everything here works in atomic context too, but an access takes some 60 us on real
//! hardware. Two users at a time must be kept apart by the caller.

use kernel::{
    io::poll::read_poll_timeout_atomic,
    num::Bounded,
    prelude::*,
    time::Delta, //
};

use super::{
    check_present,
    regs::{
        MDIC,
        STATUS, //
    },
    Regs, //
};

mod autoneg;
mod regs;

pub(crate) use autoneg::*;
pub(crate) use regs::*;

/// Address of the built-in PHY (13.4.7).
const PHY_ADDRESS: Bounded<u32, 5> = Bounded::<u32, 5>::new::<1>();

/// Speed of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speed {
    /// 10 Mb/s.
    Mbps10,
    /// 100 Mb/s.
    Mbps100,
    /// 1000 Mb/s.
    Mbps1000,
}

impl Speed {
    /// Returns the speed in Mb/s.
    pub(crate) const fn mbps(self) -> u32 {
        match self {
            Self::Mbps10 => 10,
            Self::Mbps100 => 100,
            Self::Mbps1000 => 1000,
        }
    }
}

/// Duplex of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duplex {
    /// One at a time.
    Half,
    /// Both ways at once.
    Full,
}

/// A link that is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// Speed.
    pub(crate) speed: Speed,
    /// Duplex.
    pub(crate) duplex: Duplex,
}

/// Runs one cycle on the MDI bus (13.4.7): two heavy accesses or more.
fn cycle(io: impl Regs, command: MDIC) -> Result<u16> {
    io.write_reg(command);
    // TIMEOUT: a cycle is 64 bits at 1 MHz or faster, 64 us; 2 ms leaves room for a slow bus.
    let done = read_poll_timeout_atomic(
        || check_present(io.read(MDIC)),
        |mdic| mdic.ready(),
        Delta::from_micros(10),
        200,
    )?;
    if done.error() {
        return Err(EIO);
    }
    Ok(done.data().into())
}

/// Reads the PHY register at `address`.
///
/// # Errors
///
/// `EINVAL` if there is no such address, `EIO` if the PHY reports an error, `ENODEV` if the device
/// is gone, `ETIMEDOUT` if it does not answer.
pub(crate) fn read_raw(io: impl Regs, address: u8) -> Result<u16> {
    let address = Bounded::try_new(u32::from(address)).ok_or(EINVAL)?;
    cycle(io, MDIC::read_op(PHY_ADDRESS, address))
}

/// Writes `data` to the PHY register at `address`.
///
/// # Errors
///
/// As [`read_raw`].
pub(crate) fn write_raw(io: impl Regs, address: u8, data: u16) -> Result {
    let address = Bounded::try_new(u32::from(address)).ok_or(EINVAL)?;
    cycle(io, MDIC::write_op(PHY_ADDRESS, address, data)).map(|_| ())
}

/// Reads a PHY register.
///
/// # Errors
///
/// As [`read_raw`].
pub(crate) fn read<R: PhyReg>(io: impl Regs) -> Result<R> {
    read_raw(io, R::ADDRESS).map(R::from)
}

/// Writes a PHY register.
///
/// # Errors
///
/// As [`read_raw`].
pub(crate) fn write<R: PhyReg>(io: impl Regs, value: R) -> Result {
    write_raw(io, R::ADDRESS, value.into())
}

/// Checks that the PHY is a Marvell 88E1000 or a close relative, and returns its two id words.
///
/// Four heavy accesses. 82540EM and 82545EM have 0x01410c2x (88E1011), the 82544GC 0x01410c3x or
/// 0x01410c5x.
///
/// # Errors
///
/// `ENODEV` if it is another one; else as [`read_raw`].
pub(crate) fn identify(io: impl Regs) -> Result<u32> {
    let id1 = read::<PhyId1>(io)?;
    let id2 = read::<PhyId2>(io)?;
    if id1.into_raw() != 0x0141 || id2.id().get() != 0x03 {
        return Err(ENODEV);
    }
    Ok(u32::from(id1.into_raw()) << 16 | u32::from(id2.into_raw()))
}

/// Forces speed and duplex, without auto-negotiation and with straight crossover.
///
/// # Errors
///
/// `EINVAL` for 1000 Mb/s, which exists with auto-negotiation only; else as [`read_raw`].
pub(crate) fn force(io: impl Regs, link: Link) -> Result {
    if link.speed == Speed::Mbps1000 {
        return Err(EINVAL);
    }
    // The M88 does not find out the crossover while speed is forced.
    write(io, read::<Pscr>(io)?.with_const_crossover::<0>())?;
    let bmcr = read::<Bmcr>(io)?;
    // The M88 takes a change of these bits only together with its reset.
    write(
        io,
        bmcr.forced(link)
            .with_power_down(false)
            .with_isolate(false)
            .with_loopback(false)
            .with_reset(true),
    )?;
    wait_reset(io)?;
    // The reset sets the clock back to 2.5 MHz, and the MAC wants to see its own carrier.
    write(io, read::<Epscr>(io)?.with_const_tx_clock::<7>())?;
    write(io, read::<Pscr>(io)?.with_crs_on_tx(true))
}

/// Returns whether speed and duplex are forced to `link` already.
///
/// # Errors
///
/// As [`read_raw`].
pub(crate) fn is_forced(io: impl Regs, link: Link) -> Result<bool> {
    let bmcr = read::<Bmcr>(io)?;
    let wanted = bmcr
        .forced(link)
        .with_power_down(false)
        .with_isolate(false)
        .with_loopback(false);
    Ok(bmcr == wanted)
}

/// Waits for a PHY reset to end.
fn wait_reset(io: impl Regs) -> Result {
    // TIMEOUT: IEEE 802.3 22.2.4.1.1 gives a reset 500 ms, the M88 takes microseconds; 100 cycles
    // of at least 64 us and 50 us apart.
    read_poll_timeout_atomic(
        || read::<Bmcr>(io),
        |bmcr| !bmcr.reset(),
        Delta::from_micros(50),
        100,
    )
    .map(|_| ())
}

/// Resets the PHY, keeping its settings (clause 22). Takes the link down.
///
/// # Errors
///
/// As [`read_raw`].
pub(crate) fn reset(io: impl Regs) -> Result {
    let bmcr = read::<Bmcr>(io)?;
    write(io, bmcr.with_reset(true))?;
    wait_reset(io)
}

/// Turns the PHY's power down mode on or off.
///
/// # Errors
///
/// As [`read_raw`].
pub(crate) fn power_down(io: impl Regs, down: bool) -> Result {
    let bmcr = read::<Bmcr>(io)?;
    if bmcr.power_down() == down {
        return Ok(());
    }
    write(io, bmcr.with_power_down(down))
}

/// Turns the PHY's loopback on, at 1000 Mb/s full duplex, or off, with auto-negotiation
/// (self-test).
///
/// # Errors
///
/// As [`read_raw`].
pub(crate) fn loopback(io: impl Regs, on: bool) -> Result {
    let bmcr = read::<Bmcr>(io)?;
    if on {
        let link = Link {
            speed: Speed::Mbps1000,
            duplex: Duplex::Full,
        };
        write(io, bmcr.forced(link).with_loopback(true))
    } else {
        write(io, bmcr.with_loopback(false))?;
        restart_autoneg(io)
    }
}

/// Returns the link as the MAC has it, or `None` while it is down: one heavy access.
///
/// # Errors
///
/// `ENODEV` if the device is gone.
pub(crate) fn link(io: impl Regs) -> Result<Option<Link>> {
    let status = check_present(io.read(STATUS))?;
    Ok(status.link_up().then(|| status.link()))
}

/// Returns the link as the PHY resolved it, or `None` while it is down: two heavy accesses.
///
/// For checking on real hardware; QEMU's PHY always resolves to 1000 Mb/s full duplex.
///
/// # Errors
///
/// As [`read_raw`].
pub(crate) fn resolve(io: impl Regs) -> Result<Option<Link>> {
    let pssr = read::<Pssr>(io)?;
    if !pssr.link() || !pssr.resolved() {
        return Ok(None);
    }
    Ok(Some(Link {
        speed: match pssr.speed().get() {
            0 => Speed::Mbps10,
            1 => Speed::Mbps100,
            _ => Speed::Mbps1000,
        },
        duplex: if pssr.full_duplex() {
            Duplex::Full
        } else {
            Duplex::Half
        },
    }))
}

/// Crossover of the cable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crossover {
    /// Straight.
    Mdi,
    /// Crossed.
    MdiX,
    /// The PHY finds out; at 1000 Mb/s there is nothing else.
    Auto,
}

/// Returns how crossover is set.
///
/// # Errors
///
/// As [`read_raw`].
pub(crate) fn crossover(io: impl Regs) -> Result<Crossover> {
    Ok(match read::<Pscr>(io)?.crossover().get() {
        0 => Crossover::Mdi,
        1 => Crossover::MdiX,
        _ => Crossover::Auto,
    })
}

/// Returns whether the PHY has crossed over; meaningful while the link is up.
///
/// # Errors
///
/// As [`read_raw`].
pub(crate) fn is_crossed(io: impl Regs) -> Result<bool> {
    Ok(read::<Pssr>(io)?.mdix())
}

/// Sets the crossover, with the PHY reset that takes; does nothing if it is set so.
///
/// # Errors
///
/// As [`read_raw`].
pub(crate) fn set_crossover(io: impl Regs, crossover: Crossover) -> Result {
    let old = read::<Pscr>(io)?;
    let new = match crossover {
        Crossover::Mdi => old.with_const_crossover::<0>(),
        Crossover::MdiX => old.with_const_crossover::<1>(),
        Crossover::Auto => old.with_const_crossover::<3>(),
    };
    if old == new {
        return Ok(());
    }
    write(io, new)?;
    reset(io)
}

#[kunit_tests(e1000_hw_phy)]
mod tests {
    use super::*;
    use crate::hw::fake::FakeChip;

    #[test]
    fn identity() -> Result {
        let chip = FakeChip::new()?;
        assert_eq!(identify(&chip)?, 0x0141_0c20);
        assert_eq!(chip.accesses(), 4);

        for (id1, id2, good) in [
            (0x0141, 0x0c20, true),
            (0x0141, 0x0c30, true),
            (0x0141, 0x0c50, true),
            (0x0140, 0x0c20, false),
            (0x0142, 0x0c20, false),
            (0x0141, 0x0800, false),
            (0x0141, 0x1000, false),
            (0xffff, 0xffff, false),
            (0, 0, false),
        ] {
            chip.set_phy(2, id1);
            chip.set_phy(3, id2);
            assert_eq!(identify(&chip).is_ok(), good);
        }
        Ok(())
    }

    #[test]
    fn addresses() -> Result {
        let chip = FakeChip::new()?;
        write_raw(&chip, 31, 0x1234)?;
        assert_eq!(read_raw(&chip, 31)?, 0x1234);
        assert_eq!(read_raw(&chip, 32), Err(EINVAL));
        assert_eq!(write_raw(&chip, 255, 0), Err(EINVAL));
        Ok(())
    }

    #[test]
    fn stuck_or_gone() -> Result {
        let chip = FakeChip::new()?;
        chip.freeze();
        assert_eq!(read_raw(&chip, 0), Err(ETIMEDOUT));
        chip.unplug();
        assert_eq!(read_raw(&chip, 0), Err(ENODEV));
        assert_eq!(link(&chip), Err(ENODEV));
        Ok(())
    }

    #[test]
    fn forced() -> Result {
        let chip = FakeChip::new()?;
        for (speed, duplex, bmcr) in [
            (Speed::Mbps10, Duplex::Half, 0x0000),
            (Speed::Mbps10, Duplex::Full, 0x0100),
            (Speed::Mbps100, Duplex::Half, 0x2000),
            (Speed::Mbps100, Duplex::Full, 0x2100),
        ] {
            let link = Link { speed, duplex };
            assert_eq!(is_forced(&chip, link), Ok(false));
            force(&chip, link)?;
            assert_eq!(is_forced(&chip, link), Ok(true));
            assert_eq!(chip.phy(0), bmcr);
            assert_eq!(crossover(&chip)?, Crossover::Mdi);
            assert_eq!(chip.phy(20), 0x0070);
        }
        let giga = Link {
            speed: Speed::Mbps1000,
            duplex: Duplex::Full,
        };
        assert_eq!(force(&chip, giga), Err(EINVAL));
        Ok(())
    }

    #[test]
    fn loopback_bit() -> Result {
        let chip = FakeChip::new()?;
        loopback(&chip, true)?;
        assert_eq!(chip.phy(0), 0x4140);
        loopback(&chip, false)?;
        assert!(Bmcr::from(chip.phy(0)).autoneg());
        assert!(!Bmcr::from(chip.phy(0)).loopback());
        Ok(())
    }

    #[test]
    fn resolution() -> Result {
        let chip = FakeChip::new()?;
        for (pssr, expected) in [
            (0x0000, None),
            (0xac00, Some((Speed::Mbps1000, Duplex::Full))),
            (0x6c00, Some((Speed::Mbps100, Duplex::Full))),
            (0x4c00, Some((Speed::Mbps100, Duplex::Half))),
            (0x0c00, Some((Speed::Mbps10, Duplex::Half))),
            (0xa800, None),
            (0xa400, None),
        ] {
            chip.set_phy(17, pssr);
            let expected = expected.map(|(speed, duplex)| Link { speed, duplex });
            assert_eq!(resolve(&chip)?, expected);
        }
        Ok(())
    }

    #[test]
    fn crossing() -> Result {
        let chip = FakeChip::new()?;
        for setting in [Crossover::MdiX, Crossover::Mdi, Crossover::Auto] {
            set_crossover(&chip, setting)?;
            assert_eq!(crossover(&chip)?, setting);
        }
        let before = chip.accesses();
        set_crossover(&chip, Crossover::Auto)?;
        assert_eq!(chip.accesses() - before, 2);
        Ok(())
    }
}
