// SPDX-License-Identifier: GPL-2.0

//! ethtool operations.
//!
//! C header: [`include/linux/ethtool.h`](srctree/include/linux/ethtool.h)
//!
//! # Soundness
//!
//! The operations are called under RTNL on a registered device ([`super::ndo`] has the argument);
//! the structures passed are the caller's own for the length of the call.

use super::{
    bindings,
    context::Rtnl,
    device::Device,
    driver::Driver, //
};
use core::{
    marker::PhantomData,
    mem::zeroed,
    slice, //
};
use kernel::{
    error::from_result,
    prelude::*, //
};

/// Bytes of a string in a string set.
const GSTRING_LEN: usize = bindings::ETH_GSTRING_LEN as usize;

/// Sizes of the rings, in descriptors.
#[derive(Clone, Copy)]
pub(crate) struct RingParam {
    /// Receive descriptors.
    pub(crate) rx: u32,
    /// Transmit descriptors.
    pub(crate) tx: u32,
}

/// Where the reason of a refusal goes: netlink's extended acknowledgement.
pub(crate) struct Extack<'a> {
    raw: *mut bindings::netlink_ext_ack,
    _raw: PhantomData<&'a mut bindings::netlink_ext_ack>,
}

impl Extack<'_> {
    fn new(raw: *mut bindings::netlink_ext_ack) -> Self {
        Self {
            raw,
            _raw: PhantomData,
        }
    }

    /// Sets the message that the user sees.
    pub(crate) fn set(&mut self, message: &'static CStr) {
        // SAFETY: `raw` is null or valid for the call, and the message is static.
        unsafe { bindings::netdev_helper_extack(self.raw, message.as_char_ptr()) };
    }

    /// Sets the message and returns `error`.
    pub(crate) fn refuse<R>(&mut self, message: &'static CStr, error: Error) -> Result<R> {
        self.set(message);
        Err(error)
    }
}

/// The ethtool operations of a driver.
#[vtable]
pub(crate) trait Operations: Driver {
    /// Names of the driver's own statistics, at most 31 bytes each.
    const STATISTICS: &'static [&'static str] = &[];

    /// The largest rings, in descriptors.
    const MAX_RINGS: RingParam;

    /// Fills the driver's own statistics, in the order of [`Self::STATISTICS`].
    fn statistics(dev: &mut Rtnl<'_, Self>, values: &mut [u64]) {
        let _ = (dev, values);
    }

    /// Returns the sizes of the rings.
    fn rings(dev: &mut Rtnl<'_, Self>) -> RingParam;

    /// Changes the sizes of the rings, live if the interface is up.
    fn set_rings(dev: &mut Rtnl<'_, Self>, rings: RingParam, extack: &mut Extack<'_>) -> Result;
}

/// Returns the operations of a device driven by `T`.
pub(super) fn ops<T: Operations>() -> &'static bindings::ethtool_ops {
    &Table::<T>::OPS
}

struct Table<T: Operations>(PhantomData<T>);

impl<T: Operations> Table<T> {
    const OPS: bindings::ethtool_ops = bindings::ethtool_ops {
        get_link: Some(bindings::ethtool_op_get_link),
        get_ringparam: Some(get_ringparam::<T>),
        set_ringparam: Some(set_ringparam::<T>),
        get_strings: Some(get_strings::<T>),
        get_sset_count: Some(get_sset_count::<T>),
        get_ethtool_stats: Some(get_ethtool_stats::<T>),
        get_ts_info: Some(bindings::ethtool_op_get_ts_info),
        // SAFETY: All fields are numbers or pointers to functions, zero where unused.
        ..unsafe { zeroed() }
    };
}

/// # Safety
///
/// `dev` must be driven by `T`, and the core must have called under RTNL.
unsafe fn rtnl<'a, T: Driver>(dev: *mut bindings::net_device) -> Rtnl<'a, T> {
    // SAFETY: By the safety requirements.
    unsafe { Rtnl::new(Device::from_raw(dev)) }
}

unsafe extern "C" fn get_ringparam<T: Operations>(
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

unsafe extern "C" fn set_ringparam<T: Operations>(
    dev: *mut bindings::net_device,
    ring: *mut bindings::ethtool_ringparam,
    _kernel_ring: *mut bindings::kernel_ethtool_ringparam,
    extack: *mut bindings::netlink_ext_ack,
) -> c_int {
    // SAFETY: The caller's own.
    let ring = unsafe { &*ring };
    let mut extack = Extack::new(extack);

    from_result(|| {
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

unsafe extern "C" fn get_strings<T: Operations>(
    _dev: *mut bindings::net_device,
    set: u32,
    data: *mut u8,
) {
    if set != bindings::ethtool_stringset_ETH_SS_STATS {
        return;
    }
    // SAFETY: The caller allocated what `get_sset_count()` asked for.
    let data = unsafe { slice::from_raw_parts_mut(data, T::STATISTICS.len() * GSTRING_LEN) };

    for (slot, name) in data.chunks_exact_mut(GSTRING_LEN).zip(T::STATISTICS) {
        slot.fill(0);
        // The last byte stays zero.
        for (to, from) in slot.iter_mut().take(GSTRING_LEN - 1).zip(name.bytes()) {
            *to = from;
        }
    }
}

unsafe extern "C" fn get_sset_count<T: Operations>(
    _dev: *mut bindings::net_device,
    set: c_int,
) -> c_int {
    match u32::try_from(set) {
        // CAST: A few dozen.
        Ok(bindings::ethtool_stringset_ETH_SS_STATS) => T::STATISTICS.len() as c_int,
        _ => EOPNOTSUPP.to_errno(),
    }
}

unsafe extern "C" fn get_ethtool_stats<T: Operations>(
    dev: *mut bindings::net_device,
    _stats: *mut bindings::ethtool_stats,
    data: *mut u64,
) {
    // SAFETY: The caller allocated what `get_sset_count()` asked for.
    let data = unsafe { slice::from_raw_parts_mut(data, T::STATISTICS.len()) };

    // SAFETY: Called under RTNL.
    T::statistics(&mut unsafe { rtnl(dev) }, data);
}
