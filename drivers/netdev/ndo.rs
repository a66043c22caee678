// SPDX-License-Identifier: GPL-2.0

//! The functions that the network core calls: `struct net_device_ops`, `struct netdev_stat_ops`
//! and NAPI's poll.
//!
//! # Soundness
//!
//! All of these are installed only in devices that [`super::registration`] made, so the
//! `struct net_device` is a `Device<T>`. Which lock the core holds in each is written at the
//! functions, from `Documentation/networking/netdevices.rst`: RTNL for what gets an [`Rtnl`], the
//! device having no instance lock that could take its place; the queue's transmit lock for
//! `ndo_start_xmit`; NAPI's SCHED bit for a poll with a budget. The others get no more than a
//! `&Device`.
//!
//! One [`Rtnl`] at a time is what RTNL and the absence of nesting make of that: none of the C
//! functions that this crate calls with an [`Rtnl`] in hand calls an operation of the same device
//! before it returns. The carrier's changes and deferred work come in their own time.
//!
//! A packet that `ndo_start_xmit` returns as busy stays the core's. It is looked at whether it is
//! the one that came, as a driver could give back another.

use super::{
    addr::AddrList,
    bindings,
    context::{
        schedule_work,
        try_tx_lock,
        NapiContext,
        Rtnl,
        TxContext, //
    },
    device::Device,
    driver::{
        Driver,
        Events,
        PacketView, //
    },
    lifecycle,
    xdp,
    EthAddr,
    Features,
    SkBuff, //
};
use core::{
    marker::PhantomData,
    mem::{
        zeroed,
        ManuallyDrop, //
    },
    ptr::NonNull, //
};
use kernel::{
    error::from_result,
    prelude::*, //
};

/// Returns the operations of a device driven by `T`.
pub(super) fn ops<T: Driver>() -> &'static bindings::net_device_ops {
    &Table::<T>::OPS
}

/// Returns the queue statistics operations of a device driven by `T`.
pub(super) fn stat_ops<T: Driver>() -> &'static bindings::netdev_stat_ops {
    &Table::<T>::STAT_OPS
}

struct Table<T: Driver>(PhantomData<T>);

/// `$field: Some($function)` if the driver implements `$has`.
macro_rules! optional {
    ($has:expr, $function:expr) => {
        if $has {
            Some($function)
        } else {
            None
        }
    };
}

impl<T: Driver> Table<T> {
    const OPS: bindings::net_device_ops = bindings::net_device_ops {
        ndo_open: Some(open::<T>),
        ndo_stop: Some(stop::<T>),
        ndo_start_xmit: Some(start_xmit::<T>),
        ndo_features_check: optional!(T::HAS_FEATURES_CHECK, features_check::<T>),
        ndo_set_rx_mode_async: Some(set_rx_mode::<T>),
        ndo_work: Some(work::<T>),
        ndo_set_mac_address: Some(set_mac_address::<T>),
        ndo_validate_addr: Some(bindings::eth_validate_addr),
        ndo_eth_ioctl: optional!(T::HAS_MII_READ, eth_ioctl::<T>),
        ndo_change_mtu: Some(change_mtu::<T>),
        ndo_tx_timeout: Some(tx_timeout::<T>),
        ndo_get_stats64: Some(get_stats64::<T>),
        // Called without a look at whether they are there, if the feature is on.
        ndo_vlan_rx_add_vid: Some(vlan_rx_add_vid::<T>),
        ndo_vlan_rx_kill_vid: Some(vlan_rx_kill_vid::<T>),
        ndo_fix_features: optional!(T::HAS_FIX_FEATURES, fix_features::<T>),
        ndo_set_features: optional!(T::HAS_SET_FEATURES, set_features::<T>),
        ndo_bpf: optional!(T::HAS_XDP_CHECK, xdp::bpf::<T>),
        ndo_xdp_xmit: optional!(T::HAS_XDP_XMIT, xdp::xmit::<T>),
        // SAFETY: All fields are pointers to functions or to constants, null where unused.
        ..unsafe { zeroed() }
    };

    const STAT_OPS: bindings::netdev_stat_ops = bindings::netdev_stat_ops {
        get_queue_stats_rx: Some(get_queue_stats_rx::<T>),
        get_queue_stats_tx: Some(get_queue_stats_tx::<T>),
        get_base_stats: Some(get_base_stats::<T>),
    };
}

/// Runs `f` with the device's RTNL context.
///
/// # Safety
///
/// `dev` must be driven by `T`, and the core must have called under RTNL.
unsafe fn with_rtnl<T: Driver, R>(
    dev: *mut bindings::net_device,
    f: impl FnOnce(&mut Rtnl<'_, T>) -> R,
) -> R {
    // SAFETY: By the safety requirements. The core does not nest its calls under RTNL for one
    // device, as nothing in here calls back into it in a way that would.
    let mut rtnl = unsafe { Rtnl::new(Device::<T>::from_raw(dev)) };

    f(&mut rtnl)
}

unsafe extern "C" fn open<T: Driver>(dev: *mut bindings::net_device) -> c_int {
    // SAFETY: Called under RTNL.
    from_result(|| unsafe { with_rtnl::<T, _>(dev, lifecycle::open) }.map(|()| 0))
}

unsafe extern "C" fn stop<T: Driver>(dev: *mut bindings::net_device) -> c_int {
    // SAFETY: Called under RTNL.
    unsafe { with_rtnl::<T, _>(dev, lifecycle::stop) };
    0
}

unsafe extern "C" fn start_xmit<T: Driver>(
    raw: *mut bindings::sk_buff,
    dev: *mut bindings::net_device,
) -> bindings::netdev_tx_t {
    // SAFETY: The device is ours; the packet is valid and handed over.
    let (dev, skb) = unsafe {
        (
            Device::<T>::from_raw(dev),
            SkBuff::from_raw(NonNull::new_unchecked(raw)),
        )
    };
    // SAFETY: Called with the queue's transmit lock held.
    let ctx = unsafe { TxContext::new(dev) };
    // SAFETY: The lock makes the access exclusive.
    let tx = unsafe { &mut *dev.private().tx.get() };

    let Some(tx) = tx else {
        skb.discard(super::DropReason::DEV_READY);
        return bindings::netdev_tx_NETDEV_TX_OK;
    };
    match T::xmit(&ctx, tx, skb) {
        // The core keeps it.
        Err(skb) if skb.as_ptr() == raw => {
            skb.into_raw();
            bindings::netdev_tx_NETDEV_TX_BUSY
        }
        // What comes back is another packet: the core must not keep the one that it gave.
        Ok(()) | Err(_) => bindings::netdev_tx_NETDEV_TX_OK,
    }
}

unsafe extern "C" fn features_check<T: Driver>(
    skb: *mut bindings::sk_buff,
    dev: *mut bindings::net_device,
    features: bindings::netdev_features_t,
) -> bindings::netdev_features_t {
    // SAFETY: The packet is valid.
    let features = unsafe { bindings::netdev_helper_features_check(skb, features) };
    // SAFETY: The device is ours; the packet is valid, and `ManuallyDrop` leaves it to the core.
    let (dev, skb) = unsafe {
        (
            Device::<T>::from_raw(dev),
            ManuallyDrop::new(SkBuff::from_raw(NonNull::new_unchecked(skb))),
        )
    };

    let kept = dev
        .shared()
        .features_check(&PacketView(&skb), Features::from_raw(features));

    // None more than there were.
    kept.into_raw() & features
}

unsafe extern "C" fn set_rx_mode<T: Driver>(
    dev: *mut bindings::net_device,
    uc: *mut bindings::netdev_hw_addr_list,
    mc: *mut bindings::netdev_hw_addr_list,
) -> c_int {
    // SAFETY: The lists are the caller's own snapshots, valid for the call.
    let (uc, mc) = unsafe { (AddrList::from_raw(uc), AddrList::from_raw(mc)) };

    from_result(|| {
        // SAFETY: Called under RTNL, as the device needs no lock of its own for operations.
        unsafe { with_rtnl::<T, _>(dev, |rtnl| T::set_rx_mode(rtnl, uc, mc)) }.map(|()| 0)
    })
}

unsafe extern "C" fn work<T: Driver>(dev: *mut bindings::net_device, events: c_ulong) {
    // SAFETY: Called under RTNL.
    unsafe { with_rtnl::<T, _>(dev, |rtnl| T::work(rtnl, Events(events))) };
}

unsafe extern "C" fn set_mac_address<T: Driver>(
    dev: *mut bindings::net_device,
    addr: *mut c_void,
) -> c_int {
    // SAFETY: `addr` is a `struct sockaddr` with an Ethernet address in its data.
    let addr = EthAddr(unsafe {
        addr.byte_add(core::mem::offset_of!(bindings::sockaddr, sa_data))
            .cast::<[u8; 6]>()
            .read()
    });

    from_result(|| {
        if !addr.is_valid() {
            return Err(EADDRNOTAVAIL);
        }
        // SAFETY: Called under RTNL.
        unsafe { with_rtnl::<T, _>(dev, |rtnl| T::set_mac_address(rtnl, addr)) }?;
        // SAFETY: The device is valid and RTNL held.
        unsafe { bindings::dev_addr_mod(dev, 0, addr.0.as_ptr().cast(), addr.0.len()) };
        Ok(0)
    })
}

unsafe extern "C" fn change_mtu<T: Driver>(dev: *mut bindings::net_device, mtu: c_int) -> c_int {
    from_result(|| {
        let mtu = u32::try_from(mtu)?;

        // SAFETY: Called under RTNL.
        unsafe { with_rtnl::<T, _>(dev, |rtnl| T::change_mtu(rtnl, mtu as usize)) }?;
        // SAFETY: The device is valid; readers without RTNL expect a single store.
        unsafe { (&raw mut (*dev).mtu).write_volatile(mtu) };
        Ok(0)
    })
}

unsafe extern "C" fn tx_timeout<T: Driver>(dev: *mut bindings::net_device, _queue: c_uint) {
    // SAFETY: The device is ours.
    let dev = unsafe { Device::<T>::from_raw(dev) };

    T::tx_timeout(dev);
    schedule_work(dev, Events::RESET);
}

unsafe extern "C" fn get_stats64<T: Driver>(
    dev: *mut bindings::net_device,
    storage: *mut bindings::rtnl_link_stats64,
) {
    // SAFETY: The device is ours; the storage is the caller's own, zeroed.
    unsafe { Device::<T>::from_raw(dev).stats64(&mut *storage) };
}

unsafe extern "C" fn vlan_rx_add_vid<T: Driver>(
    dev: *mut bindings::net_device,
    _proto: bindings::__be16,
    vid: u16,
) -> c_int {
    from_result(|| {
        // SAFETY: Called under RTNL.
        unsafe { with_rtnl::<T, _>(dev, |rtnl| T::set_vlan(rtnl, vid, true)) }.map(|()| 0)
    })
}

unsafe extern "C" fn vlan_rx_kill_vid<T: Driver>(
    dev: *mut bindings::net_device,
    _proto: bindings::__be16,
    vid: u16,
) -> c_int {
    from_result(|| {
        // SAFETY: Called under RTNL.
        unsafe { with_rtnl::<T, _>(dev, |rtnl| T::set_vlan(rtnl, vid, false)) }.map(|()| 0)
    })
}

unsafe extern "C" fn fix_features<T: Driver>(
    dev: *mut bindings::net_device,
    features: bindings::netdev_features_t,
) -> bindings::netdev_features_t {
    let known = Features::from_raw(features) & Features::KNOWN;
    let others = features & !Features::KNOWN.into_raw();

    // SAFETY: Called under RTNL.
    let fixed = unsafe { with_rtnl::<T, _>(dev, |rtnl| T::fix_features(rtnl, known)) };

    (fixed & Features::KNOWN).into_raw() | others
}

unsafe extern "C" fn set_features<T: Driver>(
    dev: *mut bindings::net_device,
    features: bindings::netdev_features_t,
) -> c_int {
    let features = Features::from_raw(features);

    from_result(|| {
        // SAFETY: Called under RTNL.
        unsafe { with_rtnl::<T, _>(dev, |rtnl| T::set_features(rtnl, features)) }.map(|()| 0)
    })
}

unsafe extern "C" fn eth_ioctl<T: Driver>(
    dev: *mut bindings::net_device,
    ifr: *mut bindings::ifreq,
    cmd: c_int,
) -> c_int {
    // SAFETY: `ifr` is the caller's copy of the request, which holds a `mii_ioctl_data`.
    let mii = unsafe { &mut *bindings::netdev_helper_mii(ifr) };

    // SAFETY: Called under RTNL.
    from_result(|| unsafe { with_rtnl::<T, _>(dev, |rtnl| mii_ioctl(rtnl, mii, cmd)) }.map(|()| 0))
}

fn mii_ioctl<T: Driver>(
    rtnl: &mut Rtnl<'_, T>,
    mii: &mut bindings::mii_ioctl_data,
    cmd: c_int,
) -> Result {
    let cmd = u32::try_from(cmd)?;

    // The kernel's generic code takes both numbers modulo 32 as well (`generic_mii_ioctl()`).
    // CAST: Five bits.
    let (phy, reg) = ((mii.phy_id & 0x1f) as u8, (mii.reg_num & 0x1f) as u8);

    match cmd {
        bindings::SIOCGMIIPHY => {
            mii.phy_id = T::PHY_ADDRESS.into();
            mii.val_out = T::mii_read(rtnl, T::PHY_ADDRESS, reg)?;
            Ok(())
        }
        bindings::SIOCGMIIREG => {
            mii.val_out = T::mii_read(rtnl, phy, reg)?;
            Ok(())
        }
        bindings::SIOCSMIIREG => T::mii_write(rtnl, phy, reg, mii.val_in),
        _ => Err(EOPNOTSUPP),
    }
}

unsafe extern "C" fn get_queue_stats_rx<T: Driver>(
    dev: *mut bindings::net_device,
    _queue: c_int,
    stats: *mut bindings::netdev_queue_stats_rx,
) {
    // SAFETY: The device is ours; the storage is the caller's own, filled with "not set".
    unsafe {
        T::queue_stats_rx(
            Device::from_raw(dev),
            &mut super::stats::QueueStatsRx::new(&mut *stats),
        )
    };
}

unsafe extern "C" fn get_queue_stats_tx<T: Driver>(
    dev: *mut bindings::net_device,
    _queue: c_int,
    stats: *mut bindings::netdev_queue_stats_tx,
) {
    // SAFETY: The device is ours; the storage is the caller's own, filled with "not set".
    unsafe {
        T::queue_stats_tx(
            Device::from_raw(dev),
            &mut super::stats::QueueStatsTx::new(&mut *stats),
        )
    };
}

/// There are no queues of earlier configurations: the counters of queue 0 are never reset. What
/// the queue reports is reported here as zero, as the core sums up only that.
unsafe extern "C" fn get_base_stats<T: Driver>(
    dev: *mut bindings::net_device,
    rx: *mut bindings::netdev_queue_stats_rx,
    tx: *mut bindings::netdev_queue_stats_tx,
) {
    // SAFETY: The device is ours; the storage is the caller's own, filled with "not set".
    let (dev, rx, tx) = unsafe { (Device::<T>::from_raw(dev), &mut *rx, &mut *tx) };
    let mut rx = super::stats::QueueStatsRx::new(rx);
    let mut tx = super::stats::QueueStatsTx::new(tx);

    T::queue_stats_rx(dev, &mut rx);
    rx.clear();
    T::queue_stats_tx(dev, &mut tx);
    tx.clear();
}

/// NAPI's poll.
pub(super) unsafe extern "C" fn poll<T: Driver>(
    napi: *mut bindings::napi_struct,
    budget: c_int,
) -> c_int {
    // SAFETY: The NAPI is that of a device of ours.
    let dev = unsafe { Device::<T>::from_raw((*napi).dev) };
    let Ok(limit @ 1..) = usize::try_from(budget) else {
        // netpoll: transmit work only, and never completed.
        try_tx_lock(dev, T::reclaim);
        return 0;
    };
    // SAFETY: NAPI polls with a budget.
    let ctx = unsafe { NapiContext::new(dev) };
    // SAFETY: NAPI's SCHED bit makes the access exclusive until `napi_complete_done()`.
    let done = match unsafe { &mut *dev.private().rx.get() } {
        Some(rx) => T::poll(&ctx, rx, limit).min(limit),
        None => 0,
    };

    ctx.flush_redirected();
    if done == limit {
        return budget;
    }
    if done == 0 {
        // If another poll is due the core keeps what GRO has for it, up to a tick. There was
        // nothing to add this time, so let the stack have it.
        // SAFETY: The NAPI is valid and ours until it is completed.
        unsafe { bindings::netdev_helper_napi_gro_flush(napi) };
    }
    // CAST: Less than `budget`.
    // SAFETY: The NAPI is valid and ours to complete.
    if unsafe { bindings::napi_complete_done(napi, done as c_int) } {
        dev.shared().poll_complete();
    } else {
        dev.shared().poll_deferred();
    }
    done as c_int
}
