// SPDX-License-Identifier: GPL-2.0

//! In which context a driver is called, and what it may touch there.
//!
//! # Soundness
//!
//! Each context is made only by the callbacks and functions of this crate, while what it stands
//! for holds (see [`super::device`]), and is lent to the driver for one call. None can be copied,
//! stored beyond the call or sent to another task. What a context gives access to is borrowed from
//! it: exclusively where it is data, so that a driver has it once.
//!
//! An [`Rtnl`] is lent on, to what the driver has run under it and to its own functions, always as
//! the one `&mut` that there is. A [`TxContext`] has no way to an [`Rtnl`] or to the transmit lock.
//! A [`NapiContext`] has one to the lock, by `&self`: to take it under itself is a deadlock, as
//! with any spinlock, and no second access. (Where spinlocks are locks, that is: [`super`] does not
//! build for a kernel without `CONFIG_SMP`.)
//!
//! Misuse of BQL ([`TxContext::completed`] for bytes that were not [`sent`](TxContext::sent)) ends
//! in a `BUG()` of the core's, not in undefined behaviour.

mod irq;
mod napi;
mod rtnl;
mod tx;

pub(crate) use self::{
    irq::IrqContext,
    napi::{
        DisabledNapi,
        NapiContext,
        Polling, //
    },
    rtnl::Rtnl,
    tx::TxContext, //
};

pub(super) use self::tx::{
    try_tx_lock,
    with_tx_lock,
    with_tx_lock_softirq, //
};

use super::{
    bindings,
    device::Device,
    driver::{
        Driver,
        Events, //
    }, //
};
use core::marker::PhantomData;

/// Makes a type neither `Send` nor `Sync`.
type NotThreadSafe = PhantomData<*mut ()>;

/// Returns whether timers expire when they are due. On a kernel without high resolution they wait
/// for the next tick, which is milliseconds away: [`TxContext::hold`] and [`Polling`] with them.
pub(crate) fn has_precise_timers() -> bool {
    // SAFETY: Reads a number.
    unsafe { bindings::netdev_helper_precise_timers() }
}

impl<T: Driver> Device<T> {
    /// Has [`Driver::work`] called in process context. Comes to nothing, with a warning, in hard
    /// interrupt context and with interrupts off, as netpoll has them where it transmits.
    pub(crate) fn schedule_work(&self, events: Events) {
        schedule_work(self, events);
    }
}

/// See [`Device::schedule_work`].
pub(super) fn schedule_work<T: Driver>(dev: &Device<T>, events: Events) {
    // SAFETY: The device is valid. Work is dropped when the device is unregistered, and refused
    // from then on. The helper looks after the context.
    unsafe { bindings::netdev_helper_work_sched(dev.as_ptr(), events.0) };
}
