// SPDX-License-Identifier: GPL-2.0

//! The PHY's registers for `SIOCGMIIREG` and `SIOCSMIIREG` (mii-tool and the like).
//!
//! What is written has its effect, and what it says of the link is remembered: a reset or
//! `ethtool -s` goes on from there.

use crate::{
    adapter::Adapter,
    hw::phy::{
        self,
        Anar,
        Bmcr,
        Crossover,
        Duplex,
        Gbcr,
        Link,
        PhyReg,
        Pscr,
        Speed, //
    },
    link::{
        self,
        Config,
        Settings, //
    },
    netdev::{
        Features,
        Rtnl, //
    },
};
use kernel::prelude::*;

/// Address of the PHY.
pub(crate) const PHY_ADDRESS: u8 = 1;

/// Reads a register. `ENODEV` for another PHY, `EIO` for a register that the PHY has not.
pub(crate) fn read(dev: &mut Rtnl<'_, Adapter<'_>>, phy: u8, reg: u8) -> Result<u16> {
    if phy != PHY_ADDRESS {
        return Err(ENODEV);
    }
    phy::read_raw(&dev.shared().bar, reg)
}

/// Writes a register.
///
/// # Errors
///
/// `ENODEV` for another PHY, `EIO` for a register that the PHY has not, `EINVAL` for a mode that
/// does not exist, `EBUSY` while the PHY is in loopback for `NETIF_F_LOOPBACK`.
pub(crate) fn write(dev: &mut Rtnl<'_, Adapter<'_>>, phy: u8, reg: u8, value: u16) -> Result {
    let bar = &dev.shared().bar;

    if phy != PHY_ADDRESS {
        return Err(ENODEV);
    }
    match reg {
        Bmcr::ADDRESS => write_control(dev, Bmcr::from(value)),
        Anar::ADDRESS | Gbcr::ADDRESS => {
            phy::write_raw(bar, reg, value)?;
            // It counts from the next restart on, which may come by BMCR.
            adopt_offer(dev)
        }
        Pscr::ADDRESS => {
            // Has no effect before a reset, which this makes where it must.
            let crossover = match Pscr::from(value).crossover().get() {
                0 => Crossover::Mdi,
                1 => Crossover::MdiX,
                _ => Crossover::Auto,
            };

            phy::write_raw(bar, reg, value)?;
            phy::reset(bar)?;
            dev.control().link.crossover = crossover;
            Ok(())
        }
        _ => phy::write_raw(bar, reg, value),
    }
}

/// Writes the control register, and remembers what it says of the link.
fn write_control(dev: &mut Rtnl<'_, Adapter<'_>>, bmcr: Bmcr) -> Result {
    let bar = &dev.shared().bar;

    if dev.device().features().contains(Features::LOOPBACK) {
        return Err(EBUSY);
    }
    // The link is not asked for: just as the user says, until something else is.
    if bmcr.power_down() || bmcr.isolate() || bmcr.loopback() {
        dev.control().linkless = None;
        return phy::write(bar, bmcr);
    }
    let old = dev.control().link;
    let settings = if bmcr.autoneg() {
        Settings::Auto(old.offer)
    } else {
        forced(bmcr)?
    };
    let offer = match settings {
        Settings::Auto(offer) => offer,
        Settings::Forced(_) => old.offer,
    };
    let config = Config {
        settings,
        offer,
        ..old
    };

    if bmcr.reset() {
        phy::reset(bar)?;
    }
    link::configure(dev, config)?;
    if bmcr.autoneg() && bmcr.restart_autoneg() {
        phy::restart_autoneg(bar)?;
        if dev.is_up() {
            link::check(dev);
        }
    }
    Ok(())
}

/// Returns what a control register without auto-negotiation asks for.
fn forced(bmcr: Bmcr) -> Result<Settings> {
    let duplex = if bmcr.full_duplex() {
        Duplex::Full
    } else {
        Duplex::Half
    };
    let speed = match (bmcr.speed_msb(), bmcr.speed_lsb()) {
        (false, false) => Speed::Mbps10,
        (false, true) => Speed::Mbps100,
        (true, _) => Speed::Mbps1000,
    };

    Settings::for_mode(Link { speed, duplex }).ok_or(EINVAL)
}

/// Makes the modes that the PHY offers those that the driver wants it to. Flow control has its
/// own setting.
fn adopt_offer(dev: &mut Rtnl<'_, Adapter<'_>>) -> Result {
    let offer = phy::advertised(&dev.shared().bar)?;

    // A PHY that offers nothing is the user's own doing, and not kept.
    if offer.is_empty() {
        return Ok(());
    }
    let link = &mut dev.control().link;

    link.offer = offer;
    if let Settings::Auto(modes) = &mut link.settings {
        *modes = offer;
    }
    Ok(())
}
