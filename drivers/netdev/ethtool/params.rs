// SPDX-License-Identifier: GPL-2.0

//! Rings, channels, interrupt moderation and flow control.
//!
//! # Soundness
//!
//! That of [`super`]: plain structures of the caller's, read or written for the length of a call.

use super::{
    super::bindings,
    extack::Extack,
    table::rtnl,
    Operations, //
};
use kernel::{
    error::from_result,
    prelude::*, //
};

/// Enters the callbacks of this file into the table.
pub(super) const fn install<T: Operations>(ops: &mut bindings::ethtool_ops) {
    ops.supported_coalesce_params = T::COALESCE.into_raw();
    ops.get_ringparam = Some(get_ringparam::<T>);
    ops.set_ringparam = Some(set_ringparam::<T>);
    ops.get_channels = Some(get_channels);
    ops.set_channels = Some(set_channels);
    ops.get_coalesce = optional!(T::HAS_COALESCE, get_coalesce::<T>);
    ops.set_coalesce = optional!(T::HAS_SET_COALESCE, set_coalesce::<T>);
    ops.get_pauseparam = optional!(T::HAS_PAUSE, get_pauseparam::<T>);
    ops.set_pauseparam = optional!(T::HAS_SET_PAUSE, set_pauseparam::<T>);
}

/// Sizes of the rings, in descriptors.
#[derive(Clone, Copy)]
pub(crate) struct RingParam {
    /// Receive descriptors.
    pub(crate) rx: u32,
    /// Transmit descriptors.
    pub(crate) tx: u32,
}

extern "C" fn get_ringparam<T: Operations>(
    dev: *mut bindings::net_device,
    ring: *mut bindings::ethtool_ringparam,
    _kernel_ring: *mut bindings::kernel_ethtool_ringparam,
    _extack: *mut bindings::netlink_ext_ack,
) {
    // SAFETY: Called under RTNL.
    let rings = T::rings(&mut unsafe { rtnl(dev) });
    // SAFETY: The caller's own.
    let ring = unsafe { &mut *ring };

    ring.rx_max_pending = T::MAX_RINGS.rx;
    ring.tx_max_pending = T::MAX_RINGS.tx;
    ring.rx_pending = rings.rx;
    ring.tx_pending = rings.tx;
}

extern "C" fn set_ringparam<T: Operations>(
    dev: *mut bindings::net_device,
    ring: *mut bindings::ethtool_ringparam,
    _kernel_ring: *mut bindings::kernel_ethtool_ringparam,
    extack: *mut bindings::netlink_ext_ack,
) -> c_int {
    // SAFETY: The caller's own.
    let (ring, mut extack) = unsafe { (&*ring, Extack::new(extack)) };

    from_result(|| {
        // The core checked against a maximum of 0, but for requests by ioctl of old kernels.
        if ring.rx_mini_pending != 0 || ring.rx_jumbo_pending != 0 {
            return extack.refuse(c"there are no mini or jumbo rings", EINVAL);
        }
        let rings = RingParam {
            rx: ring.rx_pending,
            tx: ring.tx_pending,
        };

        // SAFETY: Called under RTNL.
        T::set_rings(&mut unsafe { rtnl(dev) }, rings, &mut extack).map(|()| 0)
    })
}

/// Every device of this crate has one transmit and one receive queue, served by one interrupt.
extern "C" fn get_channels(
    _dev: *mut bindings::net_device,
    channels: *mut bindings::ethtool_channels,
) {
    // SAFETY: The caller's own.
    let channels = unsafe { &mut *channels };

    channels.max_combined = 1;
    channels.combined_count = 1;
}

/// The core has refused more than the maximum, less than one, and turned away what changes
/// nothing.
extern "C" fn set_channels(
    _dev: *mut bindings::net_device,
    channels: *mut bindings::ethtool_channels,
) -> c_int {
    // SAFETY: The caller's own.
    let channels = unsafe { &*channels };

    match (
        channels.combined_count,
        channels.rx_count,
        channels.tx_count,
        channels.other_count,
    ) {
        (1, 0, 0, 0) => 0,
        _ => EINVAL.to_errno(),
    }
}

/// What of [`Coalesce`] a driver can set.
#[derive(Clone, Copy)]
pub(crate) struct CoalesceParams(u32);

#[allow(dead_code, reason = "a driver that adapts sets them")]
impl CoalesceParams {
    /// Nothing.
    pub(crate) const NONE: Self = Self(0);
    /// [`Coalesce::rx_usecs`].
    pub(crate) const RX_USECS: Self = Self(bindings::ETHTOOL_COALESCE_RX_USECS);
    /// [`Coalesce::tx_usecs`].
    pub(crate) const TX_USECS: Self = Self(bindings::ETHTOOL_COALESCE_TX_USECS);
    /// [`Coalesce::adaptive_rx`].
    pub(crate) const ADAPTIVE_RX: Self = Self(bindings::ETHTOOL_COALESCE_USE_ADAPTIVE_RX);
    /// [`Coalesce::adaptive_tx`].
    pub(crate) const ADAPTIVE_TX: Self = Self(bindings::ETHTOOL_COALESCE_USE_ADAPTIVE_TX);

    /// Returns the union.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn into_raw(self) -> u32 {
        self.0
    }
}

/// Moderation of interrupts.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Coalesce {
    /// How long an interrupt for received packets may be delayed, in microseconds.
    pub(crate) rx_usecs: u32,
    /// The same for transmitted ones.
    pub(crate) tx_usecs: u32,
    /// The driver chooses for receiving.
    pub(crate) adaptive_rx: bool,
    /// The driver chooses for transmission.
    pub(crate) adaptive_tx: bool,
}

extern "C" fn get_coalesce<T: Operations>(
    dev: *mut bindings::net_device,
    coalesce: *mut bindings::ethtool_coalesce,
    _kernel_coalesce: *mut bindings::kernel_ethtool_coalesce,
    extack: *mut bindings::netlink_ext_ack,
) -> c_int {
    // SAFETY: The caller's own.
    let (coalesce, mut extack) = unsafe { (&mut *coalesce, Extack::new(extack)) };

    from_result(|| {
        // SAFETY: Called under RTNL.
        let now = T::coalesce(&mut unsafe { rtnl(dev) }, &mut extack)?;

        coalesce.rx_coalesce_usecs = now.rx_usecs;
        coalesce.tx_coalesce_usecs = now.tx_usecs;
        coalesce.use_adaptive_rx_coalesce = now.adaptive_rx.into();
        coalesce.use_adaptive_tx_coalesce = now.adaptive_tx.into();
        Ok(0)
    })
}

extern "C" fn set_coalesce<T: Operations>(
    dev: *mut bindings::net_device,
    coalesce: *mut bindings::ethtool_coalesce,
    _kernel_coalesce: *mut bindings::kernel_ethtool_coalesce,
    extack: *mut bindings::netlink_ext_ack,
) -> c_int {
    // SAFETY: The caller's own.
    let (coalesce, mut extack) = unsafe { (&*coalesce, Extack::new(extack)) };
    let wanted = Coalesce {
        rx_usecs: coalesce.rx_coalesce_usecs,
        tx_usecs: coalesce.tx_coalesce_usecs,
        adaptive_rx: coalesce.use_adaptive_rx_coalesce != 0,
        adaptive_tx: coalesce.use_adaptive_tx_coalesce != 0,
    };

    from_result(|| {
        // SAFETY: Called under RTNL.
        T::set_coalesce(&mut unsafe { rtnl(dev) }, wanted, &mut extack).map(|()| 0)
    })
}

/// Which PAUSE frames are asked for (IEEE 802.3 annex 31B).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pause {
    /// What is offered is negotiated with the partner; else it is done whatever the partner does.
    pub(crate) autoneg: bool,
    /// Obey them.
    pub(crate) rx: bool,
    /// Send them.
    pub(crate) tx: bool,
}

extern "C" fn get_pauseparam<T: Operations>(
    dev: *mut bindings::net_device,
    pause: *mut bindings::ethtool_pauseparam,
) {
    // SAFETY: Called under RTNL.
    let now = T::pause(&mut unsafe { rtnl(dev) });
    // SAFETY: The caller's own.
    let pause = unsafe { &mut *pause };

    pause.autoneg = now.autoneg.into();
    pause.rx_pause = now.rx.into();
    pause.tx_pause = now.tx.into();
}

extern "C" fn set_pauseparam<T: Operations>(
    dev: *mut bindings::net_device,
    pause: *mut bindings::ethtool_pauseparam,
) -> c_int {
    // SAFETY: The caller's own.
    let pause = unsafe { &*pause };
    let wanted = Pause {
        autoneg: pause.autoneg != 0,
        rx: pause.rx_pause != 0,
        tx: pause.tx_pause != 0,
    };

    // SAFETY: Called under RTNL.
    from_result(|| T::set_pause(&mut unsafe { rtnl(dev) }, wanted).map(|()| 0))
}
