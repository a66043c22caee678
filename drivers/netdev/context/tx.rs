// SPDX-License-Identifier: GPL-2.0

//! The transmit path, and the lock that makes it.
//!
//! # Soundness
//!
//! The transmit side is lent together with a [`TxContext`] by the three functions here and by
//! `ndo_start_xmit`, all of which hold the lock meanwhile. See [`super`] for why it is not taken
//! again under itself.

use crate::netdev::{
    bindings,
    device::Device,
    driver::Driver,
    SkBuff, //
};
use core::{
    marker::PhantomData,
    ops::Deref, //
};
use kernel::prelude::*;

/// Runs `f` under the transmit lock. Not in hard interrupt context, not under the lock.
pub(in crate::netdev) fn with_tx_lock<T: Driver, R>(
    dev: &Device<T>,
    f: impl FnOnce(&TxContext<'_, T>, &mut T::Tx) -> R,
) -> Option<R> {
    let txq = dev.txq();

    // SAFETY: `txq` is the queue of a valid device, its lock not held by us: nothing that runs
    // under it can reach this function.
    unsafe { bindings::netdev_helper_tx_lock_bh(txq) };
    // SAFETY: The lock is held.
    let ctx = unsafe { TxContext::new(dev) };
    // SAFETY: The lock is held, so the access is exclusive.
    let tx = unsafe { &mut *dev.private().tx.get() };
    let result = tx.as_mut().map(|tx| f(&ctx, tx));

    // SAFETY: Taken above.
    unsafe { bindings::netdev_helper_tx_unlock_bh(txq) };
    result
}

/// The same in softirq context, where bottom halves are disabled already.
pub(in crate::netdev) fn with_tx_lock_softirq<T: Driver, R>(
    dev: &Device<T>,
    f: impl FnOnce(&TxContext<'_, T>, &mut T::Tx) -> R,
) -> Option<R> {
    let txq = dev.txq();

    // SAFETY: `txq` is the queue of a valid device, its lock not held by us.
    unsafe { bindings::netdev_helper_tx_lock(txq) };
    // SAFETY: The lock is held.
    let ctx = unsafe { TxContext::new(dev) };
    // SAFETY: The lock is held, so the access is exclusive.
    let tx = unsafe { &mut *dev.private().tx.get() };
    let result = tx.as_mut().map(|tx| f(&ctx, tx));

    // SAFETY: Taken above.
    unsafe { bindings::netdev_helper_tx_unlock(txq) };
    result
}

/// Runs `f` under the transmit lock if it is free. Softirq context.
pub(in crate::netdev) fn try_tx_lock<T: Driver, R>(
    dev: &Device<T>,
    f: impl FnOnce(&TxContext<'_, T>, &mut T::Tx) -> R,
) -> Option<R> {
    let txq = dev.txq();

    // SAFETY: `txq` is the queue of a valid device.
    if !unsafe { bindings::netdev_helper_tx_trylock(txq) } {
        return None;
    }
    // SAFETY: The lock is held.
    let ctx = unsafe { TxContext::new(dev) };
    // SAFETY: The lock is held, so the access is exclusive.
    let tx = unsafe { &mut *dev.private().tx.get() };
    let result = tx.as_mut().map(|tx| f(&ctx, tx));

    // SAFETY: Taken above.
    unsafe { bindings::netdev_helper_tx_unlock(txq) };
    result
}

/// The transmit lock of the queue is held. Bottom halves are disabled, but for netpoll: it sends with
/// interrupts off, and where it polls they are off, or on PREEMPT_RT neither.
pub(crate) struct TxContext<'a, T: Driver> {
    dev: &'a Device<T>,
    txq: *mut bindings::netdev_queue,
}

impl<'a, T: Driver> TxContext<'a, T> {
    /// # Safety
    ///
    /// The transmit lock of queue 0 must be held for as long as the value lives.
    #[inline]
    pub(in crate::netdev) unsafe fn new(dev: &'a Device<T>) -> Self {
        Self {
            dev,
            txq: dev.txq(),
        }
    }

    /// Returns the device.
    #[inline]
    pub(crate) fn device(&self) -> &Device<T> {
        self.dev
    }

    /// Accounts `bytes` handed to the device, and returns whether to tell the device now: false
    /// if the stack has more packets coming (`netdev_xmit_more()`) and the queue isn't stopped.
    #[inline]
    pub(crate) fn sent(&self, bytes: usize) -> bool {
        // CAST: A packet is shorter than 2^32 bytes.
        // SAFETY: The queue is valid and its lock is held.
        unsafe { bindings::netdev_helper_tx_sent(self.txq, bytes as u32) }
    }

    /// Returns whether the stack has more packets coming in this call.
    #[inline]
    pub(crate) fn more(&self) -> bool {
        // SAFETY: Reads a flag of the CPU's, or the task's, and nothing else.
        unsafe { bindings::netdev_helper_xmit_more() }
    }

    /// Returns whether the device may be told of a packet later: the queue takes more, and timers
    /// run.
    #[inline]
    pub(crate) fn may_hold(&self) -> bool {
        // SAFETY: The queue is valid and its lock is held.
        unsafe { bindings::netdev_helper_tx_may_hold(self.txq) }
    }

    /// Has [`Driver::release`] called in `ns` nanoseconds, or a little later. A call that is due
    /// already is put off.
    #[inline]
    pub(crate) fn hold(&self, ns: u32) {
        // SAFETY: The timer was set up before the device was registered. It is cancelled after
        // transmission was disabled.
        unsafe { bindings::netdev_helper_hold_start(self.dev.private().hold.get(), ns.into()) };
    }

    /// Accounts packets and bytes that the device is done with. The bytes must be those given
    /// to [`Self::sent`].
    #[inline]
    pub(crate) fn completed(&self, packets: usize, bytes: usize) {
        // CAST: Both are bounded by the ring.
        // SAFETY: The queue is valid and its lock is held.
        unsafe { bindings::netdev_helper_tx_completed(self.txq, packets as u32, bytes as u32) };
    }

    /// Tells the stack's watchdog that the queue moves, for frames that the stack knows nothing of.
    #[inline]
    pub(crate) fn touch(&self) {
        // SAFETY: The queue is valid and its lock is held.
        unsafe { bindings::netdev_helper_tx_touch(self.txq) };
    }

    /// Returns how packets that were transmitted are to be freed now.
    #[inline]
    pub(crate) fn free_budget(&self) -> FreeBudget<'_> {
        FreeBudget {
            // SAFETY: Takes nothing, touches nothing.
            budget: unsafe { bindings::netdev_helper_free_budget() },
            _context: PhantomData,
        }
    }

    /// Stops the queue: the stack keeps its packets until [`Self::wake`].
    ///
    /// Both run under the same lock, so no wake-up can be lost between them.
    #[inline]
    pub(crate) fn stop(&self) {
        // SAFETY: The queue is valid.
        unsafe { bindings::netdev_helper_tx_stop(self.txq) };
    }

    /// Returns whether the driver stopped the queue.
    #[inline]
    pub(crate) fn is_stopped(&self) -> bool {
        // SAFETY: The queue is valid.
        unsafe { bindings::netdev_helper_tx_stopped(self.txq) }
    }

    /// Starts the queue again and has the stack bring its packets.
    #[inline]
    pub(crate) fn wake(&self) {
        // SAFETY: The queue is valid.
        unsafe { bindings::netdev_helper_tx_wake(self.txq) };
    }
}

/// How transmitted packets are freed in a [`TxContext`]: in bulk, or one by one where the stack
/// sends for netpoll.
pub(crate) struct FreeBudget<'a> {
    budget: c_int,
    _context: PhantomData<&'a *mut ()>,
}

impl FreeBudget<'_> {
    /// Returns whether interrupts are on, as the drop of an [`xdp::Frame`] wants it, and bottom
    /// halves off.
    #[inline]
    pub(crate) fn may_free_frames(&self) -> bool {
        self.budget > 0
    }

    /// Frees a packet that was transmitted.
    #[inline]
    pub(crate) fn consume(&self, skb: SkBuff) {
        // SAFETY: The packet is valid and its ownership ends here. The budget is above 0 only
        // with bottom halves disabled and interrupts on, as the context was when it was taken.
        unsafe { bindings::napi_consume_skb(skb.into_raw(), self.budget) };
    }
}

impl<T: Driver> Deref for TxContext<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.dev.shared()
    }
}
