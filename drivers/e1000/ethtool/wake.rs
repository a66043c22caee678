// SPDX-License-Identifier: GPL-2.0

//! Wake-on-LAN.
//!
//! It takes a chip that can (the C driver and Intel except the 82545EM), and a bus that carries
//! the signal: without PCI power management, as under QEMU, nothing is supported.

use crate::{
    adapter::Adapter,
    hw::{
        model::Model,
        wake, //
    },
    netdev::{
        ethtool::{
            Wake,
            WakeEvents, //
        },
        Rtnl, //
    },
};
use kernel::prelude::*;

/// What the chip can tell apart.
const EVENTS: WakeEvents = WakeEvents::PHY
    .with(WakeEvents::UNICAST)
    .with(WakeEvents::MULTICAST)
    .with(WakeEvents::BROADCAST)
    .with(WakeEvents::MAGIC);

fn to_events(wake: wake::Wake) -> WakeEvents {
    WakeEvents::NONE
        .with_if(WakeEvents::PHY, wake.link)
        .with_if(WakeEvents::UNICAST, wake.unicast)
        .with_if(WakeEvents::MULTICAST, wake.multicast)
        .with_if(WakeEvents::BROADCAST, wake.broadcast)
        .with_if(WakeEvents::MAGIC, wake.magic)
}

/// Returns what can wake the system, and what shall.
pub(super) fn get(dev: &mut Rtnl<'_, Adapter<'_>>) -> Wake {
    let able = dev.shared().model != Model::I82545Em && dev.can_wake();

    Wake {
        supported: if able { EVENTS } else { WakeEvents::NONE },
        enabled: to_events(dev.control().wake),
    }
}

/// Changes what wakes the system. It counts from the next time that the device goes to sleep.
pub(super) fn set(dev: &mut Rtnl<'_, Adapter<'_>>, events: WakeEvents) -> Result {
    let wake = wake::Wake {
        link: events.contains(WakeEvents::PHY),
        unicast: events.contains(WakeEvents::UNICAST),
        multicast: events.contains(WakeEvents::MULTICAST),
        broadcast: events.contains(WakeEvents::BROADCAST),
        magic: events.contains(WakeEvents::MAGIC),
    };

    dev.set_wake(wake != wake::Wake::NONE)?;
    dev.control().wake = wake;
    Ok(())
}
