// SPDX-License-Identifier: GPL-2.0

//! Who has no lock has no access to what the lock protects.

use crate::driver::prelude::*;

/// the interrupt handler has no access to the transmit side
fn from_interrupt(ctx: &IrqContext<'_, Sample<'_>>) {
    #[cfg(misuse)]
    ctx.with_tx(|_, tx| tx.packet = None); //~ E0599 no method named `with_tx` found for reference `&IrqContext
}

/// who has but the device has no access to the transmit side
fn from_device(dev: &Device<Sample<'_>>) {
    #[cfg(misuse)]
    dev.with_tx(|_, tx| tx.packet = None); //~ E0599 no method named `with_tx` found for reference `&Device
}

/// the transmit lock is not taken by who has it
fn from_xmit(ctx: &TxContext<'_, Sample<'_>>) {
    #[cfg(misuse)]
    ctx.with_tx(|_, tx| tx.packet = None); //~ E0599 no method named `with_tx` found for reference `&TxContext
}

/// the transmit lock is not taken twice under RTNL
fn twice(rtnl: &mut Rtnl<'_, Sample<'_>>) {
    //~v E0501 cannot borrow `*rtnl` as mutable
    rtnl.with_tx(|_, tx| {
        #[cfg(misuse)]
        rtnl.with_tx(|_, tx| tx.packet = None);
        tx.packet = None;
    });
}

/// the rings are not replaced under the transmit lock
fn replaced(rtnl: &mut Rtnl<'_, Sample<'_>>, config: Config) {
    //~v E0501 cannot borrow `*rtnl` as mutable
    rtnl.with_tx(|_, tx| {
        #[cfg(misuse)]
        rtnl.reconfigure(config);
        tx.packet = None;
    });
}

/// a reader of statistics has no access to the control path's data
fn from_statistics(dev: &Device<Sample<'_>>) -> usize {
    #[cfg(misuse)]
    return dev.control().changes; //~ E0599 no method named `control` found for reference `&Device
    0
}

/// a poll has no access to the control path's data
fn from_poll(ctx: &NapiContext<'_, Sample<'_>>) -> usize {
    #[cfg(misuse)]
    return ctx.control().changes; //~ E0599 no method named `control` found for reference `&NapiContext
    0
}

/// a poll does not replace the rings
fn replaced_in_poll(ctx: &NapiContext<'_, Sample<'_>>, config: Config) {
    #[cfg(misuse)]
    ctx.reconfigure(config); //~ E0599 no method named `reconfigure` found for reference `&NapiContext
}

/// the control path's data are borrowed once
fn borrowed_once(rtnl: &mut Rtnl<'_, Sample<'_>>) {
    let control = rtnl.control();
    #[cfg(misuse)]
    let other = rtnl.control(); //~ E0499 cannot borrow `*rtnl` as mutable more than once
    #[cfg(misuse)]
    {
        other.changes = 1;
    }
    control.changes = 1;
}

/// the configuration is not looked at after it was replaced
fn old_config(rtnl: &mut Rtnl<'_, Sample<'_>>, config: Config) -> usize {
    let old = rtnl.config();
    let entries = old.entries;
    let _ = rtnl.reconfigure(config); //~ E0502 cannot borrow `*rtnl` as mutable
    #[cfg(misuse)]
    let entries = old.entries;
    entries
}

/// a program is not looked at after RTNL's context could have replaced it
fn old_program(rtnl: &mut Rtnl<'_, Sample<'_>>) -> bool {
    let program = rtnl.xdp_program();
    let has_frags = program.is_some_and(|program| program.has_frags());

    rtnl.control().changes = 1; //~ E0502 cannot borrow `*rtnl` as mutable
    #[cfg(misuse)]
    let has_frags = program.is_some_and(|program| program.has_frags());
    has_frags
}

/// a page pool is not tied to a NAPI that is running
fn attach_in_poll(ctx: &NapiContext<'_, Sample<'_>>, rx: &mut Rx<'_>) {
    #[cfg(misuse)]
    rx.pool.attach(ctx); //~ E0308 mismatched types
}

/// a page pool has one user at a time
fn shared_pool(ctx: &NapiContext<'_, Sample<'_>>, pool: &PagePool<'_>) {
    #[cfg(misuse)]
    let page = pool.alloc(ctx); //~ E0596 cannot borrow `*pool` as mutable
}

/// no page is taken under the transmit lock
fn taken_in_xmit(ctx: &TxContext<'_, Sample<'_>>, pool: &mut PagePool<'_>) {
    #[cfg(misuse)]
    let page = pool.alloc(ctx); //~ E0277 the trait bound `TxContext<'_, Sample<'_>>: Consumer` is not satisfied
}

/// no page is taken in an interrupt
fn taken_in_interrupt(ctx: &IrqContext<'_, Sample<'_>>, pool: &mut PagePool<'_>) {
    #[cfg(misuse)]
    let page = pool.alloc(ctx); //~ E0277 the trait bound `IrqContext<'_, Sample<'_>>: Consumer` is not satisfied
}

/// no page is taken by who has but the device
fn taken_anywhere(dev: &Device<Sample<'_>>, pool: &mut PagePool<'_>) {
    #[cfg(misuse)]
    let page = pool.alloc(dev); //~ E0277 the trait bound `Device<Sample<'_>>: Consumer` is not satisfied
}

/// slots are not filled under the transmit lock
fn renewed_in_xmit<'a>(
    ctx: &TxContext<'_, Sample<'_>>,
    slots: &mut [Slot<'a>],
    pool: &mut PagePool<'a>,
) {
    let mut addresses = [0; 16];

    #[cfg(misuse)]
    Slot::renew(slots, &mut addresses, pool, ctx); //~ E0277 the trait bound `TxContext<'_, Sample<'_>>: Consumer` is not satisfied
}

/// a page pool is not made without RTNL
fn made_in_poll(ctx: &NapiContext<'_, Sample<'_>>) {
    #[cfg(misuse)]
    let pool = PagePool::new(ctx, ctx.dev, 256, 2048); //~ E0308 mismatched types
}
