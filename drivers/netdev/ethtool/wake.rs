// SPDX-License-Identifier: GPL-2.0

//! Wake-on-LAN, and the level of messages.
//!
//! # Soundness
//!
//! That of [`super`]. The level of messages is an atomic, and read and set without [`Rtnl`].

use super::{
    super::{
        bindings,
        context::Rtnl,
        device::Device,
        driver::Driver,
        messages::Messages, //
    },
    table::rtnl,
    Operations, //
};
use kernel::{
    error::{
        from_result,
        to_result, //
    },
    prelude::*, //
};

/// Enters the callbacks of this file into the table.
pub(super) const fn install<T: Operations>(ops: &mut bindings::ethtool_ops) {
    ops.get_wol = optional!(T::HAS_WAKE, get_wol::<T>);
    ops.set_wol = optional!(T::HAS_SET_WAKE, set_wol::<T>);
    ops.get_msglevel = Some(get_msglevel::<T>);
    ops.set_msglevel = Some(set_msglevel::<T>);
}

/// A set of events that wake the system (`WAKE_*`).
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct WakeEvents(u32);

impl WakeEvents {
    /// None.
    pub(crate) const NONE: Self = Self(0);
    /// A change of the link.
    pub(crate) const PHY: Self = Self(bindings::WAKE_PHY);
    /// A frame to the station.
    pub(crate) const UNICAST: Self = Self(bindings::WAKE_UCAST);
    /// A multicast frame.
    pub(crate) const MULTICAST: Self = Self(bindings::WAKE_MCAST);
    /// A broadcast frame.
    pub(crate) const BROADCAST: Self = Self(bindings::WAKE_BCAST);
    /// A magic packet.
    pub(crate) const MAGIC: Self = Self(bindings::WAKE_MAGIC);

    /// Returns the union.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the union if `on`, else this set.
    pub(crate) const fn with_if(self, other: Self, on: bool) -> Self {
        if on {
            self.with(other)
        } else {
            self
        }
    }

    /// Returns whether all of `other` is in this set.
    pub(crate) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What can wake the system, and what shall.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wake {
    /// What the device can do.
    pub(crate) supported: WakeEvents,
    /// What is switched on.
    pub(crate) enabled: WakeEvents,
}

impl<T: Driver> Rtnl<'_, T> {
    /// Returns whether the device could wake the system, as far as its bus goes.
    pub(crate) fn can_wake(&self) -> bool {
        // SAFETY: The device is valid.
        unsafe { bindings::netdev_helper_can_wakeup(self.device().as_ptr()) }
    }

    /// Has the bus let the device wake the system, or not.
    pub(crate) fn set_wake(&mut self, on: bool) -> Result {
        // SAFETY: The device is valid; process context.
        to_result(unsafe { bindings::netdev_helper_set_wakeup(self.device().as_ptr(), on) })
    }
}

extern "C" fn get_wol<T: Operations>(
    dev: *mut bindings::net_device,
    wol: *mut bindings::ethtool_wolinfo,
) {
    // SAFETY: Called under RTNL.
    let now = T::wake(&mut unsafe { rtnl(dev) });
    // SAFETY: The caller's own.
    let wol = unsafe { &mut *wol };

    wol.supported = now.supported.0;
    wol.wolopts = now.enabled.0;
}

extern "C" fn set_wol<T: Operations>(
    dev: *mut bindings::net_device,
    wol: *mut bindings::ethtool_wolinfo,
) -> c_int {
    // SAFETY: The caller's own.
    let events = WakeEvents(unsafe { (*wol).wolopts });

    from_result(|| {
        // SAFETY: Called under RTNL.
        let mut rtnl = unsafe { rtnl::<T>(dev) };

        if !T::wake(&mut rtnl).supported.contains(events) {
            return Err(EOPNOTSUPP);
        }
        T::set_wake(&mut rtnl, events).map(|()| 0)
    })
}

extern "C" fn get_msglevel<T: Operations>(dev: *mut bindings::net_device) -> u32 {
    // SAFETY: The device is ours.
    unsafe { Device::<T>::from_raw(dev) }.messages().into_raw()
}

extern "C" fn set_msglevel<T: Operations>(dev: *mut bindings::net_device, level: u32) {
    // SAFETY: The device is ours.
    unsafe { Device::<T>::from_raw(dev) }.set_messages(Messages::from_raw(level));
}
