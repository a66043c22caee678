// SPDX-License-Identifier: GPL-2.0

//! Nothing outlives what it is made from.

use crate::driver::prelude::*;
use kernel::{
    device,
    sync::aref::ARef, //
};

/// the device is not kept beyond the call
fn keep_device<'a>(rtnl: &Rtnl<'a, Sample<'static>>) -> Option<&'static Device<Sample<'static>>> {
    #[cfg(misuse)]
    return Some(rtnl.device()); //~ lifetime may not live long enough
    None
}

/// nor is the device kept beyond a poll
fn keep_polled<'a>(ctx: &'a NapiContext<'a, Sample<'static>>) -> Option<&'static Sample<'static>> {
    #[cfg(misuse)]
    return Some(ctx.device().shared()); //~ lifetime may not live long enough
    None
}

/// the driver's data are not kept beyond the call
fn keep_shared<'a>(rtnl: &Rtnl<'a, Sample<'static>>) -> Option<&'static Sample<'static>> {
    #[cfg(misuse)]
    return Some(rtnl.shared()); //~ lifetime may not live long enough
    None
}

/// the driver's data are not kept by who sees the device registered
fn keep_registered<'bound>(
    dev: &Device<Sample<'bound>>,
    kept: &mut Option<&'bound Sample<'bound>>,
) {
    #[cfg(misuse)]
    {
        *kept = Some(dev.shared()); //~ E0621 explicit lifetime required in the type of `dev`
    }
}

/// a poll does not put what it has borrowed where the transmit side's own borrows are
fn shorten<'long: 'short, 'short>(
    ctx: &'short NapiContext<'short, Sample<'long>>,
    dev: &'short device::Device<device::Bound>,
    skb: &SkBuff,
) {
    #[cfg(misuse)]
    let ctx: &NapiContext<'_, Sample<'short>> = ctx; //~ lifetime may not live long enough
    #[cfg(misuse)]
    ctx.with_tx(|_, tx| tx.mapping = TxMapping::head(dev, skb).ok());
}

/// the device is not taken for one with data that live shorter
fn shorten_device<'long: 'short, 'short>(
    dev: &'short Device<Sample<'long>>,
) -> Option<&'short Device<Sample<'short>>> {
    #[cfg(misuse)]
    return Some(dev); //~ lifetime may not live long enough
    None
}

/// the device is not moved out of its place
fn move_device(rtnl: &Rtnl<'_, Sample<'_>>) {
    #[cfg(misuse)]
    let dev = *rtnl.device(); //~ E0507 cannot move out of a shared reference
}

/// the device is not exchanged with another
fn exchange<'a>(mut one: &'a Device<Sample<'a>>, mut other: &'a Device<Sample<'a>>) {
    #[cfg(misuse)]
    core::mem::swap::<Device<Sample<'_>>>(one, other); //~ E0308 arguments to this function are incorrect
}

/// a mapping does not outlive the driver's bond with the device
fn keep_mapping(dev: &device::Device<device::Bound>, skb: &SkBuff) -> Option<TxMapping<'static>> {
    #[cfg(misuse)]
    return TxMapping::head(dev, skb).ok(); //~ lifetime may not live long enough
    None
}

/// nothing is mapped for a device that may not be bound
fn map_unbound(dev: &ARef<device::Device>, skb: &SkBuff) {
    #[cfg(misuse)]
    let _ = TxMapping::head(dev, skb); //~ E0308 mismatched types
}

/// no pages are mapped for a device that may not be bound
fn pool_unbound(rtnl: &Rtnl<'_, Sample<'_>>, dev: &ARef<device::Device>) {
    #[cfg(misuse)]
    let _ = PagePool::new(rtnl, dev, 256, 2048); //~ E0308 mismatched types
}

/// a pool does not outlive the driver's bond with the device
fn keep_pool(
    rtnl: &Rtnl<'_, Sample<'_>>,
    dev: &device::Device<device::Bound>,
) -> Option<PagePool<'static>> {
    #[cfg(misuse)]
    return PagePool::new(rtnl, dev, 256, 2048).ok(); //~ lifetime may not live long enough
    None
}

/// nor does a page that was taken from it
fn keep_page<'a>(rtnl: &Rtnl<'_, Sample<'a>>, pool: &mut PagePool<'a>) -> Option<Buffer<'static>> {
    #[cfg(misuse)]
    return pool.alloc(rtnl); //~ lifetime may not live long enough
    None
}

/// nor a slot that is filled from it
fn keep_slots<'a>(
    rtnl: &Rtnl<'_, Sample<'a>>,
    slots: &mut [Slot<'static>],
    pool: &mut PagePool<'a>,
) {
    #[cfg(misuse)]
    Slot::renew(slots, &mut [0; 8], pool, rtnl); //~ E0521 borrowed data escapes outside of function
}

/// nor what the device has written
fn keep_filled<'a>(buffer: Buffer<'a>) -> Option<Filled<'static>> {
    #[cfg(misuse)]
    return buffer.received(64); //~ lifetime may not live long enough
    None
}

/// nor a frame for a program
fn keep_frame<'a>(filled: Filled<'a>) -> Option<xdp::Buff<'static>> {
    #[cfg(misuse)]
    return Some(xdp::Buff::new(filled)); //~ lifetime may not live long enough
    None
}

/// a program is not kept beyond the poll
fn keep_program(ctx: &NapiContext<'_, Sample<'_>>, kept: &mut Option<xdp::Program<'static>>) {
    #[cfg(misuse)]
    {
        *kept = ctx.xdp_program(); //~ E0521 borrowed data escapes outside of function
    }
}

/// a program that is only to be judged is not kept
fn keep_judged(prog: xdp::Program<'_>, kept: &mut Option<xdp::Program<'static>>) {
    #[cfg(misuse)]
    {
        *kept = Some(prog); //~ lifetime may not live long enough
    }
}

/// lists of addresses are not kept
fn keep_addresses(uc: AddrList<'_>, kept: &mut Option<AddrList<'static>>) {
    #[cfg(misuse)]
    {
        *kept = Some(uc); //~ lifetime may not live long enough
    }
}

/// others' frames are not kept
fn keep_frames<'a>(
    frames: &'a mut xdp::Frames<'_>,
    kept: &mut Option<&'static mut xdp::Frames<'static>>,
) {
    #[cfg(misuse)]
    {
        *kept = Some(frames); //~ lifetime may not live long enough
    }
}

/// statistics are not filled in after the call
fn keep_statistics<'a>(
    stats: &'a mut LinkStats<'_>,
    kept: &mut Option<&'static mut LinkStats<'static>>,
) {
    #[cfg(misuse)]
    {
        *kept = Some(stats); //~ lifetime may not live long enough
    }
}
