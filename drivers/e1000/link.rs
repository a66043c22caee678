// SPDX-License-Identifier: GPL-2.0

//! The link: how it is to come about, and what became of it.

use crate::{
    adapter::{
        Adapter,
        Bar, //
    },
    hw::{
        flow::FlowControl,
        is_gone,
        mac,
        model,
        phy::{
            self,
            Advertise,
            Crossover,
            Duplex,
            Link,
            Speed, //
        },
        queue,
        regs::STATUS,
        Regs, //
    },
    netdev::{
        ethtool::Pause,
        netdev_err,
        netdev_info,
        netif_info,
        Events,
        Features,
        Rtnl, //
    },
};
use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};

/// What the PHY is told of speed and duplex.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settings {
    /// Negotiate, offering these modes. What is offered of PAUSE is not said here.
    Auto(Advertise),
    /// This mode and no negotiation.
    Forced(Link),
}

impl Settings {
    /// Returns what makes for `link`; `None` if there is no such mode.
    ///
    /// 1000BASE-T takes negotiation (IEEE 802.3, 40.5.1), so nothing else is offered then.
    pub(crate) fn for_mode(link: Link) -> Option<Self> {
        match (link.speed, link.duplex) {
            (Speed::Mbps1000, Duplex::Half) => None,
            (Speed::Mbps1000, Duplex::Full) => Some(Self::Auto(Advertise {
                half10: false,
                full10: false,
                half100: false,
                full100: false,
                ..Advertise::ALL
            })),
            _ => Some(Self::Forced(link)),
        }
    }
}

/// Whether the device is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// As ever.
    Here,
    /// Not now.
    Gone,
    /// Again, and it may have forgotten everything.
    Back,
}

/// Why a device is of no use: it reads as all ones.
pub(crate) const NOT_THERE: &str = "the device is gone";
/// Why a device is of no use: what is written to it is not there when it is read.
pub(crate) const NOT_HEEDING: &str = "the device does not keep its settings";

/// Takes note that the device is of no use, for now, and says why, once.
pub(crate) fn set_gone(dev: &mut Rtnl<'_, Adapter<'_>>, why: &str) {
    dev.shared().gone.store(true, Relaxed);
    if !dev.control().gone_reported {
        dev.control().gone_reported = true;
        netdev_err!(dev.device(), "{why}\n");
    }
    dev.device().carrier_off();
}

/// How the link is to come about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) settings: Settings,
    /// What was offered last, or would be.
    pub(crate) offer: Advertise,
    /// Counts while the link is negotiated; the PHY wants it straight while speed is forced.
    pub(crate) crossover: Crossover,
    /// What is asked for of flow control.
    pub(crate) pause: Pause,
}

impl Config {
    /// Makes a configuration with flow control to be negotiated.
    pub(crate) fn new(settings: Settings, flow: FlowControl) -> Self {
        Self {
            settings,
            offer: match settings {
                Settings::Auto(offer) => offer,
                Settings::Forced(_) => Advertise::ALL,
            },
            crossover: Crossover::Auto,
            pause: Pause {
                autoneg: true,
                rx: flow.rx,
                tx: flow.tx,
            },
        }
    }

    /// Returns `modes` with what is to be offered of PAUSE.
    ///
    /// To obey PAUSE frames alone cannot be offered. So one who would do that offers both, and
    /// sees what the partner makes of it (IEEE 802.3 table 28B-3).
    pub(crate) fn with_pause(&self, modes: Advertise) -> Advertise {
        Advertise {
            pause: self.pause.rx,
            asym_pause: self.pause.rx || self.pause.tx,
            ..modes
        }
    }

    /// Has the device do what this says. Writes nothing that is so already; what it writes takes
    /// the link down for half a second or more.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the device is gone, `ETIMEDOUT` or `EIO` if the PHY does not answer.
    pub(crate) fn program(&self, bar: &Bar<'_>) -> Result {
        match self.settings {
            Settings::Auto(modes) => {
                mac::force_link(bar, None)?;
                phy::set_crossover(bar, self.crossover)?;
                let changed = phy::advertise(bar, self.with_pause(modes))?;

                if changed || !phy::is_negotiating(bar)? {
                    phy::restart_autoneg(bar)?;
                }
            }
            Settings::Forced(link) => {
                mac::force_link(bar, Some(link))?;
                if !phy::is_forced(bar, link)? {
                    phy::force(bar, link)?;
                }
            }
        }
        Ok(())
    }
}

/// Changes how the link comes about. If the device does not take it, the old way is kept.
///
/// # Errors
///
/// `EBUSY` while the PHY is in loopback; else as [`Config::program`].
pub(crate) fn configure(dev: &mut Rtnl<'_, Adapter<'_>>, config: Config) -> Result {
    let bar = &dev.shared().bar;

    if dev.device().features().contains(Features::LOOPBACK) {
        return Err(EBUSY);
    }
    let old = core::mem::replace(&mut dev.control().link, config);

    if let Err(e) = config.program(bar) {
        dev.control().link = old;
        let _ = old.program(bar);
        return Err(e);
    }
    if dev.is_up() {
        check(dev);
        // With the link up all the while, there may be something new about it.
        if dev.device().carrier_ok() {
            control_flow(dev);
        }
    }
    Ok(())
}

/// Returns the flow control that what is asked for comes to.
fn resolve(dev: &mut Rtnl<'_, Adapter<'_>>, link: Link) -> FlowControl {
    let bar = &dev.shared().bar;
    let Config {
        settings, pause, ..
    } = dev.control().link;

    // IEEE 802.3 annex 31B: only for full duplex.
    if link.duplex == Duplex::Half || !dev.shared().has_flow_control {
        return FlowControl::NONE;
    }
    match settings {
        Settings::Auto(modes) if pause.autoneg => match phy::partner(bar) {
            Ok(partner) => FlowControl::negotiated(dev.control().link.with_pause(modes), partner),
            Err(_) => FlowControl::NONE,
        },
        _ => FlowControl {
            rx: pause.rx,
            tx: pause.tx,
        },
    }
}

/// Brings flow control and collision distance in line with the link, which is up.
fn control_flow(dev: &mut Rtnl<'_, Adapter<'_>>) {
    let bar = &dev.shared().bar;
    let Ok(Some(link)) = phy::link(bar) else {
        return;
    };
    let flow = resolve(dev, link);

    if flow != dev.control().flow {
        if let Err(e) = flow.apply(bar, model::MAX_FRAME) {
            netdev_err!(dev.device(), "cannot set flow control: {e:?}\n");
            return;
        }
        dev.control().flow = flow;
    }
    // The transmitter is started for full duplex.
    if link.duplex == Duplex::Half {
        queue::enable_tx(bar, false);
    }
}

/// How often the link is looked at before [`persist`] acts: once a second.
const PATIENCE: u32 = 5;

/// Sets the PHY up once more, if there has been no link since a reset for some time: what was read
/// of it then may have been wrong, and with it what was written. One that is right is left alone.
fn persist(dev: &mut Rtnl<'_, Adapter<'_>>) {
    let bar = &dev.shared().bar;
    let loopback = dev.device().features().contains(Features::LOOPBACK);
    let control = dev.control();

    if let Some(looks) = &mut control.linkless {
        *looks = looks.wrapping_add(1);
        if *looks % PATIENCE == 0 && !loopback {
            // It will be tried again.
            let _ = control.link.program(bar);
        }
    }
}

/// As [`update`], for those who have nothing to do with a device that comes back.
pub(crate) fn check(dev: &mut Rtnl<'_, Adapter<'_>>) {
    if update(dev) == Presence::Back {
        dev.device().schedule_work(Events::RESET);
    }
}

/// Says that the device is back, once it is.
pub(crate) fn report_back(dev: &mut Rtnl<'_, Adapter<'_>>) {
    if !dev.shared().gone.load(Relaxed) && dev.control().gone_reported {
        dev.control().gone_reported = false;
        netdev_info!(dev.device(), "the device is back\n");
    }
}

/// Brings the carrier up to date with the device, and says so if it changed.
pub(crate) fn update(dev: &mut Rtnl<'_, Adapter<'_>>) -> Presence {
    let shared = dev.shared();
    let netdev = dev.device();
    let status = Regs::read(&shared.bar, STATUS);

    if is_gone(status.into_raw()) {
        set_gone(dev, NOT_THERE);
        return Presence::Gone;
    }
    if shared.gone.load(Relaxed) {
        // Until it has been initialised anew.
        return Presence::Back;
    }
    let up = status.link_up();

    if up {
        dev.control().linkless = None;
    } else {
        persist(dev);
    }
    if up == netdev.carrier_ok() {
        return Presence::Here;
    }
    shared.stats.link_changes.inc();
    if up {
        let link = match dev.control().link.settings {
            Settings::Auto(_) => status.link(),
            Settings::Forced(link) => link,
        };

        control_flow(dev);
        netdev.carrier_on();
        netif_info!(
            LINK,
            netdev,
            "NIC Link is Up {} Mbps {} Duplex, Flow Control: {}\n",
            link.speed.mbps(),
            match link.duplex {
                Duplex::Full => "Full",
                Duplex::Half => "Half",
            },
            match dev.control().flow {
                FlowControl { rx: true, tx: true } => "RX/TX",
                FlowControl {
                    rx: true,
                    tx: false,
                } => "RX",
                FlowControl {
                    rx: false,
                    tx: true,
                } => "TX",
                FlowControl {
                    rx: false,
                    tx: false,
                } => "None",
            }
        );
    } else {
        shared.stats.link_losses.inc();
        netdev.carrier_off();
        netif_info!(LINK, netdev, "NIC Link is Down\n");
    }
    Presence::Here
}
