// SPDX-License-Identifier: GPL-2.0

//! A context stands for a lock that is held: it is not kept, and goes to no other task.

use crate::driver::prelude::*;
use kernel::sync::Mutex;

/// Where a driver may keep something for as long as it is loaded.
struct Kept<T>(Option<T>);

fn to_another_task<T: Send>(_: T) {}

/// the transmit lock's context is not kept
fn keep_tx(ctx: &TxContext<'_, Sample<'static>>, kept: &mut Kept<&'static Sample<'static>>) {
    #[cfg(misuse)]
    {
        kept.0 = Some(ctx); //~ lifetime may not live long enough
    }
}

/// nor is it lent out of the call that has the lock
fn lend_tx(rtnl: &mut Rtnl<'_, Sample<'_>>) {
    #[cfg(misuse)]
    let ctx = rtnl.with_tx(|ctx, _| ctx); //~ lifetime may not live long enough
}

/// the transmit side is not lent out of the call that has the lock
fn lend_queue(rtnl: &mut Rtnl<'_, Sample<'_>>) {
    #[cfg(misuse)]
    let tx = rtnl.with_tx(|_, tx| tx); //~ lifetime may not live long enough
}

/// the way to free packets is not lent out of the call that has the lock
fn lend_budget(rtnl: &mut Rtnl<'_, Sample<'_>>) {
    #[cfg(misuse)]
    let budget = rtnl.with_tx(|ctx, _| ctx.free_budget()); //~ lifetime may not live long enough
}

/// NAPI's context is not kept
fn keep_napi<'a>(
    ctx: &'a NapiContext<'_, Sample<'static>>,
    kept: &mut Kept<&'static NapiContext<'static, Sample<'static>>>,
) {
    #[cfg(misuse)]
    {
        kept.0 = Some(ctx); //~ lifetime may not live long enough
    }
}

/// RTNL's context is not kept
fn keep_rtnl(
    rtnl: &mut Rtnl<'_, Sample<'static>>,
    kept: &mut Kept<&'static mut Rtnl<'static, Sample<'static>>>,
) {
    #[cfg(misuse)]
    {
        kept.0 = Some(rtnl); //~ lifetime may not live long enough
    }
}

/// RTNL's context is not copied
fn copy_rtnl<'a>(rtnl: &mut Rtnl<'a, Sample<'a>>, kept: &mut Kept<Rtnl<'a, Sample<'a>>>) {
    #[cfg(misuse)]
    {
        kept.0 = Some(*rtnl); //~ E0507 cannot move out of `*rtnl` which is behind a mutable reference
    }
}

/// the interrupt's context is not kept
fn keep_irq(ctx: &IrqContext<'_, Sample<'static>>, kept: &mut Kept<&'static Sample<'static>>) {
    #[cfg(misuse)]
    {
        kept.0 = Some(ctx); //~ lifetime may not live long enough
    }
}

/// the place for a refusal's reason is not kept
fn keep_extack<'a>(
    extack: &'a mut ethtool::Extack<'_>,
    kept: &mut Kept<&'static mut ethtool::Extack<'static>>,
) {
    #[cfg(misuse)]
    {
        kept.0 = Some(extack); //~ lifetime may not live long enough
    }
}

/// the transmit lock's context goes to no other task
fn send_tx(ctx: &TxContext<'_, Sample<'_>>) {
    #[cfg(misuse)]
    to_another_task(ctx); //~ E0277 cannot be shared between threads safely
}

/// NAPI's context goes to no other task
fn send_napi(ctx: &NapiContext<'_, Sample<'_>>) {
    #[cfg(misuse)]
    to_another_task(ctx); //~ E0277 cannot be shared between threads safely
}

/// RTNL's context goes to no other task
fn send_rtnl(rtnl: &mut Rtnl<'_, Sample<'_>>) {
    #[cfg(misuse)]
    to_another_task(rtnl); //~ E0277 cannot be sent between threads safely
}

/// the interrupt's context goes to no other task
fn send_irq(ctx: &IrqContext<'_, Sample<'_>>) {
    #[cfg(misuse)]
    to_another_task(ctx); //~ E0277 cannot be shared between threads safely
}

/// the way to free packets goes to no other task
fn send_budget(ctx: &TxContext<'_, Sample<'_>>) {
    #[cfg(misuse)]
    to_another_task(ctx.free_budget()); //~ E0277 cannot be shared between threads safely
}

/// the proof that NAPI is disabled goes to no other task
fn send_disabled(napi: &DisabledNapi<'_>) {
    #[cfg(misuse)]
    to_another_task(napi); //~ E0277 cannot be shared between threads safely
}

/// RTNL's context is not put into a static variable
mod in_static {
    use super::*;

    #[cfg(misuse)]
    static KEPT: Kept<Rtnl<'static, Sample<'static>>> = Kept(None); //~ E0277 cannot be shared between threads safely
}
