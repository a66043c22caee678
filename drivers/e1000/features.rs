// SPDX-License-Identifier: GPL-2.0

//! What `ethtool -k` shows, and what switching it does.

use crate::{
    adapter::Adapter,
    hw::{
        mac::{
            self,
            Bits, //
        },
        phy, //
    },
    netdev::{
        netdev_info,
        Features,
        Rtnl, //
    },
};
use kernel::prelude::*;

/// Offloads that packets of a VLAN device on top get as well.
pub(crate) const VLAN: Features = Features::SG
    .union(Features::HW_CSUM)
    .union(Features::TSO)
    .union(Features::GSO_UDP_L4);

/// On from the start.
pub(crate) const DEFAULT: Features = VLAN
    .union(Features::VLAN_TX)
    .union(Features::VLAN_RX)
    .union(Features::VLAN_FILTER)
    .union(Features::RXCSUM);

/// What can be switched.
pub(crate) const SWITCHABLE: Features = DEFAULT.union(Features::RXALL).union(Features::LOOPBACK);

/// `ndo_fix_features`: one bit of the device (CTRL.VME) both inserts and strips tags.
pub(crate) fn fix(features: Features) -> Features {
    if features.contains(Features::VLAN_RX) {
        features
    } else {
        features & !Features::VLAN_TX
    }
}

/// `ndo_set_features`: only what changes is written.
///
/// The checksum and segmentation switches are the stack's alone: it then does not ask.
pub(crate) fn set(dev: &mut Rtnl<'_, Adapter<'_>>, features: Features) -> Result {
    let bar = &dev.shared().bar;
    let changed = dev.device().features() ^ features;
    let mut written = false;

    // First, as it may fail: then nothing is changed.
    if changed.contains(Features::LOOPBACK) {
        let on = features.contains(Features::LOOPBACK);

        phy::loopback(bar, on)?;
        if !on {
            // The loopback ends in a negotiation.
            dev.control().link.program(bar)?;
        }
        netdev_info!(
            dev.device(),
            "PHY loopback is {}\n",
            if on { "on" } else { "off" }
        );
    }
    if changed.contains(Features::VLAN_RX) {
        mac::set_vlan_mode(bar, features.contains(Features::VLAN_RX))?;
        written = true;
    }
    if changed.contains(Features::VLAN_FILTER) {
        // The core then takes away or adds all VLANs, the features as they were or new.
        dev.control().vlan_filter = features.contains(Features::VLAN_FILTER);
        written |= filter_vlans(dev);
    }
    if changed.contains(Features::RXALL) {
        let control = dev.control();

        control.rx_mode.store_bad = features.contains(Features::RXALL);
        written |= control.filters.control.apply(bar, control.rx_mode);
    }
    dev.shared().flush_if(written);
    Ok(())
}

/// Gives the device the VLANs that are to be received: those that are wanted, or all. The filter
/// itself stays on, as switching it takes a write of `RCTL`. Returns whether anything was written.
fn filter_vlans(dev: &mut Rtnl<'_, Adapter<'_>>) -> bool {
    let bar = &dev.shared().bar;
    let control = dev.control();
    let bits = if control.vlan_filter {
        control.vlans
    } else {
        Bits::ALL
    };

    control.filters.vlans.commit(bar, &bits) != 0
}

/// `ndo_vlan_rx_add_vid` and `ndo_vlan_rx_kill_vid`.
///
/// VLAN 0 stays: the core takes it away when the interface goes down, and adds it again only if
/// there is a VLAN module then. Frames with a priority but no VLAN are wanted all the same.
pub(crate) fn set_vlan(dev: &mut Rtnl<'_, Adapter<'_>>, vid: u16, on: bool) {
    dev.control().vlans.assign(vid, on || vid == 0);
    let written = filter_vlans(dev);

    dev.shared().flush_if(written);
}

/// Programs the switches of a device that has lost them.
pub(crate) fn restore(dev: &mut Rtnl<'_, Adapter<'_>>) -> Result {
    let bar = &dev.shared().bar;
    let features = dev.device().features();

    mac::set_vlan_mode(bar, features.contains(Features::VLAN_RX))?;
    filter_vlans(dev);
    if features.contains(Features::LOOPBACK) {
        phy::loopback(bar, true)?;
    }
    Ok(())
}
