// SPDX-License-Identifier: GPL-2.0

//! The state of the link.

use crate::{
    adapter::{
        Adapter,
        Bar, //
    },
    hw::{
        flow::FlowControl,
        is_gone,
        phy::{
            self,
            Advertise,
            Duplex,
            Link, //
        },
        regs::STATUS,
        Regs, //
    },
    netdev::{
        netdev_err,
        netdev_info,
        Rtnl, //
    },
};
use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};

/// What the PHY is told of the link.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settings {
    /// Negotiate, offering these modes.
    Auto(Advertise),
    /// This mode and no negotiation.
    Forced(Link),
}

impl Settings {
    /// What the PHY does by itself.
    pub(crate) const DEFAULT: Self = Self::Auto(Advertise::ALL);

    /// Tells the PHY. The link goes down and comes back after half a second or more.
    ///
    /// Fails with `ETIMEDOUT` or `EIO` if the PHY does not answer.
    pub(crate) fn apply(self, bar: &Bar<'_>) -> Result {
        match self {
            Self::Auto(offer) => {
                phy::advertise(bar, offer)?;
                phy::restart_autoneg(bar)
            }
            Self::Forced(link) => phy::force(bar, link),
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

/// Takes note, once, that the device reads as all ones.
pub(crate) fn set_gone(dev: &mut Rtnl<'_, Adapter<'_>>) {
    dev.shared().gone.store(true, Relaxed);
    if !dev.control().gone_reported {
        dev.control().gone_reported = true;
        netdev_err!(dev.device(), "the device is gone\n");
    }
    dev.device().carrier_off();
}

/// Brings the carrier up to date with the device, and says so if it changed.
pub(crate) fn update(dev: &mut Rtnl<'_, Adapter<'_>>) -> Presence {
    let shared = dev.shared();
    let netdev = dev.device();
    let status = Regs::read(&shared.bar, STATUS);

    if is_gone(status.into_raw()) {
        set_gone(dev);
        return Presence::Gone;
    }
    if shared.gone.load(Relaxed) {
        shared.gone.store(false, Relaxed);
        if dev.control().gone_reported {
            dev.control().gone_reported = false;
            netdev_info!(netdev, "the device is back\n");
        }
        return Presence::Back;
    }
    let up = status.link_up();

    if up == netdev.carrier_ok() {
        return Presence::Here;
    }
    shared.stats.link_changes.inc();
    if up {
        let link = status.link();

        netdev.carrier_on();
        netdev_info!(
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
        netdev.carrier_off();
        netdev_info!(netdev, "NIC Link is Down\n");
    }
    Presence::Here
}
