// SPDX-License-Identifier: GPL-2.0

//! Receive filters: which addresses, and whether all.

use crate::{
    adapter::{
        Adapter,
        Bar,
        Control, //
    },
    hw::mac::{
        self,
        Bits, //
    },
    netdev::{
        AddrList,
        EthAddr,
        Rtnl, //
    },
};
use kernel::prelude::*;

/// Programs the filters from the interface's flags and lists.
///
/// Unicast addresses go to the exact entries first, as the table is for multicast only; what is
/// left of the entries takes multicast addresses, the rest of those the table. If there are too
/// many unicast addresses all are let in; groups and VLANs are still filtered. Nothing is written
/// that the device has already.
pub(crate) fn set_rx_mode(
    dev: &mut Rtnl<'_, Adapter<'_>>,
    uc: AddrList<'_>,
    mc: AddrList<'_>,
) -> Result {
    let netdev = dev.device();
    let bar = &dev.shared().bar;
    let promisc = netdev.is_promiscuous();
    let control = dev.control();
    // The first entry is the station address.
    let entries = mac::RECEIVE_ADDRESSES - 1;
    let too_many = uc.len() > entries;
    let mut wanted = [None; mac::RECEIVE_ADDRESSES - 1];
    let mut slots = wanted.iter_mut();
    let mut hash = Bits::NONE;

    if !too_many {
        for (addr, slot) in uc.iter().zip(slots.by_ref()) {
            *slot = Some(addr);
        }
    }
    if netdev.is_all_multicast() {
        hash = Bits::ALL;
    } else {
        for addr in mc.iter() {
            match slots.next() {
                Some(slot) => *slot = Some(addr),
                None => hash.insert(mac::multicast_hash(&addr.0)),
            }
        }
    }

    let mut written = false;

    for (n, (now, wanted)) in control.addresses.iter_mut().skip(1).zip(wanted).enumerate() {
        if *now == wanted {
            continue;
        }
        let n = n.wrapping_add(1);

        match wanted {
            Some(addr) => mac::set_address(bar, n, &addr.0)?,
            None => mac::clear_address(bar, n)?,
        }
        *now = wanted;
        written = true;
    }
    control.multicast = hash;
    written |= control.filters.multicast.commit(bar, &hash) != 0;
    control.rx_mode.promisc = promisc;
    control.rx_mode.all_unicast = too_many;
    written |= control.filters.control.apply(bar, control.rx_mode);
    dev.shared().flush_if(written);
    Ok(())
}

/// Programs the filters of a device that has lost them.
pub(crate) fn restore(bar: &Bar<'_>, control: &mut Control) -> Result {
    for (n, addr) in control.addresses.iter().enumerate() {
        match addr {
            Some(addr) => mac::set_address(bar, n, &addr.0)?,
            None => mac::clear_address(bar, n)?,
        }
    }
    control.filters.multicast.commit(bar, &control.multicast);
    Ok(())
}

/// Gives the device another station address.
pub(crate) fn set_station_address(dev: &mut Rtnl<'_, Adapter<'_>>, addr: EthAddr) -> Result {
    mac::set_address(&dev.shared().bar, 0, &addr.0)?;
    let [station, ..] = &mut dev.control().addresses;

    *station = Some(addr);
    dev.shared().flush_posted_writes();
    Ok(())
}
