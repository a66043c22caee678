// SPDX-License-Identifier: GPL-2.0

//! Link settings, flow control and the reason of a missing link, in ethtool's terms.

use crate::{
    adapter::Adapter,
    hw::phy::{
        self,
        Advertise,
        Crossover,
        Duplex,
        Link,
        Speed, //
    },
    link::{
        self,
        Config,
        Settings, //
    },
    mii::PHY_ADDRESS,
    netdev::{
        ethtool::{
            self,
            LinkDown,
            LinkModes,
            LinkRequest,
            LinkSettings,
            Pause,
            Port, //
        },
        netif_info_limited,
        Features,
        Rtnl, //
    },
};
use kernel::prelude::*;

/// The modes of which some must be offered.
const MODES: LinkModes = LinkModes::HALF_10
    .with(LinkModes::FULL_10)
    .with(LinkModes::HALF_100)
    .with(LinkModes::FULL_100)
    .with(LinkModes::FULL_1000);

/// What the device can do.
const SUPPORTED: LinkModes = MODES
    .with(LinkModes::AUTONEG)
    .with(LinkModes::TP)
    .with(LinkModes::PAUSE)
    .with(LinkModes::ASYM_PAUSE);

/// Returns the modes of an offer.
fn to_modes(offer: Advertise) -> LinkModes {
    LinkModes::NONE
        .with_if(LinkModes::HALF_10, offer.half10)
        .with_if(LinkModes::FULL_10, offer.full10)
        .with_if(LinkModes::HALF_100, offer.half100)
        .with_if(LinkModes::FULL_100, offer.full100)
        .with_if(LinkModes::FULL_1000, offer.full1000)
        .with_if(LinkModes::PAUSE, offer.pause)
        .with_if(LinkModes::ASYM_PAUSE, offer.asym_pause)
}

/// Returns the offer of speeds and duplexes that the modes are; what they say of PAUSE is left
/// out, as it has a setting of its own.
fn to_offer(modes: LinkModes) -> Advertise {
    Advertise {
        half10: modes.contains(LinkModes::HALF_10),
        full10: modes.contains(LinkModes::FULL_10),
        half100: modes.contains(LinkModes::HALF_100),
        full100: modes.contains(LinkModes::FULL_100),
        full1000: modes.contains(LinkModes::FULL_1000),
        ..Advertise::ALL
    }
}

/// Returns the link and how it comes about. The speed of a negotiated link is what the MAC says;
/// that of a forced one is as it was forced, link or not, as who changes another setting gives it
/// back. (QEMU's MAC says 1000 Mb/s whatever is forced.)
pub(super) fn get(dev: &mut Rtnl<'_, Adapter<'_>>) -> Result<LinkSettings> {
    let bar = &dev.shared().bar;
    let config = dev.control().link;
    let link = phy::link(bar)?;
    let autoneg = matches!(config.settings, Settings::Auto(_));
    // While speed is forced there is no word from the partner. QEMU is born with a link that
    // nobody negotiated.
    let partner = if autoneg && (link.is_some() || phy::progress(bar)?.complete) {
        to_modes(phy::partner(bar)?).with(LinkModes::AUTONEG)
    } else {
        LinkModes::NONE
    };

    let shown = match config.settings {
        Settings::Auto(_) => link,
        Settings::Forced(link) => Some(link),
    };

    Ok(LinkSettings {
        link: shown.map(|link| {
            (
                link.speed.mbps(),
                match link.duplex {
                    Duplex::Half => ethtool::Duplex::Half,
                    Duplex::Full => ethtool::Duplex::Full,
                },
            )
        }),
        autoneg,
        supported: SUPPORTED,
        advertised: to_modes(config.with_pause(config.offer))
            .with(LinkModes::TP)
            .with_if(LinkModes::AUTONEG, autoneg),
        partner,
        port: Port::TwistedPair,
        phy_address: PHY_ADDRESS,
        crossover: match config.crossover {
            Crossover::Mdi => ethtool::Crossover::Mdi,
            Crossover::MdiX => ethtool::Crossover::MdiX,
            Crossover::Auto => ethtool::Crossover::Auto,
        },
        crossed: link.and_then(|_| phy::is_crossed(bar).ok()),
    })
}

/// Changes how the link comes about.
pub(super) fn set(dev: &mut Rtnl<'_, Adapter<'_>>, request: &LinkRequest) -> Result {
    let old = dev.control().link;

    match wanted(old, request) {
        Ok(config) => configure(dev, config),
        Err(why) => {
            netif_info_limited!(DRV, dev.device(), "link settings refused: {why}\n");
            Err(EINVAL)
        }
    }
}

/// Returns what `request` makes of the configuration, or what is wrong with it.
fn wanted(old: Config, request: &LinkRequest) -> Result<Config, &'static str> {
    if request.port != Port::TwistedPair {
        return Err("the only port is twisted pair");
    }
    let crossover = match request.crossover {
        None => old.crossover,
        Some(ethtool::Crossover::Mdi) => Crossover::Mdi,
        Some(ethtool::Crossover::MdiX) => Crossover::MdiX,
        Some(ethtool::Crossover::Auto) => Crossover::Auto,
    };
    let settings = if request.autoneg {
        negotiated(request.advertised)?
    } else {
        forced(request)?
    };

    Ok(match settings {
        Settings::Auto(offer) => Config {
            settings,
            offer,
            crossover,
            ..old
        },
        Settings::Forced(_) if crossover != Crossover::Auto => {
            return Err("MDI or MDI-X can be set only while the link is negotiated");
        }
        // What is offered is kept for later.
        Settings::Forced(_) => Config {
            settings,
            crossover,
            ..old
        },
    })
}

fn negotiated(modes: LinkModes) -> Result<Settings, &'static str> {
    if !SUPPORTED.contains(modes) {
        return Err("only 10 and 100 Mb/s half and full and 1000 Mb/s full can be advertised");
    }
    let offer = to_offer(modes);

    if offer.is_empty() {
        return Err("no mode is advertised");
    }
    Ok(Settings::Auto(offer))
}

fn forced(request: &LinkRequest) -> Result<Settings, &'static str> {
    let (speed, duplex) = match (request.speed, request.duplex) {
        (Some(speed), Some(duplex)) => (speed, duplex),
        _ => return Err("without autonegotiation speed and duplex must be given"),
    };
    let speed = match speed {
        10 => Speed::Mbps10,
        100 => Speed::Mbps100,
        1000 => Speed::Mbps1000,
        _ => return Err("the speed can be 10, 100 or 1000"),
    };
    let duplex = match duplex {
        ethtool::Duplex::Half => Duplex::Half,
        ethtool::Duplex::Full => Duplex::Full,
    };

    Settings::for_mode(Link { speed, duplex }).ok_or("1000 Mb/s is full duplex only")
}

/// As [`link::configure`], with a word on why not.
fn configure(dev: &mut Rtnl<'_, Adapter<'_>>, config: Config) -> Result {
    link::configure(dev, config).inspect_err(|e| {
        if *e == EBUSY {
            netif_info_limited!(
                DRV,
                dev.device(),
                "the link cannot be changed while loopback is on\n"
            );
        }
    })
}

/// Changes flow control. The setting is for a negotiated link; one that is forced has it as it
/// says.
pub(super) fn set_pause(dev: &mut Rtnl<'_, Adapter<'_>>, pause: Pause) -> Result {
    let config = Config {
        pause,
        ..dev.control().link
    };

    configure(dev, config)
}

/// Negotiates anew.
///
/// # Errors
///
/// `EINVAL` while speed is forced, `EBUSY` in loopback; else those of the PHY.
pub(super) fn restart(dev: &mut Rtnl<'_, Adapter<'_>>) -> Result {
    if !matches!(dev.control().link.settings, Settings::Auto(_)) {
        return Err(EINVAL);
    }
    if dev.device().features().contains(Features::LOOPBACK) {
        return Err(EBUSY);
    }
    phy::restart_autoneg(&dev.shared().bar)?;
    if dev.is_up() {
        link::check(dev);
    }
    Ok(())
}

/// Returns why there is no link, as far as the PHY knows.
pub(super) fn why_down(dev: &mut Rtnl<'_, Adapter<'_>>) -> Option<LinkDown> {
    let bar = &dev.shared().bar;
    let config = dev.control().link;

    if phy::link(bar).ok()?.is_some() {
        return None;
    }
    let Settings::Auto(modes) = config.settings else {
        return Some(LinkDown::Forced);
    };
    let progress = phy::progress(bar).ok()?;

    match (progress.complete, progress.partner) {
        (false, false) => Some(LinkDown::Alone),
        // It may yet come to something.
        (false, true) => None,
        (true, _) => {
            let partner = phy::partner(bar).ok()?;
            let both = Advertise {
                half10: modes.half10 && partner.half10,
                full10: modes.full10 && partner.full10,
                half100: modes.half100 && partner.half100,
                full100: modes.full100 && partner.full100,
                full1000: modes.full1000 && partner.full1000,
                ..Advertise::ALL
            };

            both.is_empty().then_some(LinkDown::Mismatch)
        }
    }
}
