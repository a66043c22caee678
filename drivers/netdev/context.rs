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
//! with any spinlock, and no second access.
//!
//! Misuse of BQL ([`TxContext::completed`] for bytes that were not [`sent`](TxContext::sent)) ends
//! in a `BUG()` of the core's, not in undefined behaviour.

use super::{
    bindings,
    device::{
        Device,
        State, //
    },
    driver::{
        Driver,
        Events, //
    },
    lifecycle,
    page_pool::Tie,
    xdp,
    SkBuff, //
};
use core::{
    cell::Cell,
    marker::PhantomData,
    ops::Deref, //
};
use kernel::prelude::*;

/// Makes a type neither `Send` nor `Sync`.
type NotThreadSafe = PhantomData<*mut ()>;

/// RTNL is held: the control path, in process context.
pub(crate) struct Rtnl<'a, T: Driver> {
    dev: &'a Device<T>,
    _not_send: NotThreadSafe,
}

impl<'a, T: Driver> Rtnl<'a, T> {
    /// # Safety
    ///
    /// RTNL must be held for `'a`, and there must be no other `Rtnl` of this device meanwhile.
    #[inline]
    pub(super) unsafe fn new(dev: &'a Device<T>) -> Self {
        // SAFETY: Takes nothing, touches nothing.
        debug_assert!(unsafe { bindings::netdev_helper_rtnl_locked() });
        Self {
            dev,
            _not_send: PhantomData,
        }
    }

    /// Returns the device.
    pub(crate) fn device(&self) -> &'a Device<T> {
        self.dev
    }

    /// Returns the driver's shared data, for as long as the call lasts.
    pub(crate) fn shared(&self) -> &'a T {
        self.dev.shared()
    }

    /// Returns the data of the control path.
    pub(crate) fn control(&mut self) -> &mut T::Control {
        // SAFETY: RTNL is held, and `self` is the only `Rtnl` of the device.
        unsafe { &mut *self.dev.private().control.get() }
    }

    /// Returns what the rings are, or will be, built from.
    pub(crate) fn config(&self) -> &T::Config {
        // SAFETY: RTNL is held; `config` is written only through `&mut self`.
        unsafe { &*self.dev.private().config.get() }
    }

    pub(super) fn set_config(&mut self, config: T::Config) {
        // SAFETY: RTNL is held, and `self` is the only `Rtnl` of the device.
        unsafe { *self.dev.private().config.get() = config };
    }

    /// Returns whether the interface is up, its rings running or about to be replaced.
    pub(crate) fn is_up(&self) -> bool {
        self.state() != State::Down
    }

    pub(super) fn state(&self) -> State {
        // SAFETY: RTNL is held; `state` is written only through `&mut self`.
        unsafe { *self.dev.private().state.get() }
    }

    pub(super) fn set_state(&mut self, state: State) {
        // SAFETY: RTNL is held, and `self` is the only `Rtnl` of the device.
        unsafe { *self.dev.private().state.get() = state };
    }

    /// Returns the XDP program that is attached, if any.
    pub(crate) fn xdp_program(&self) -> Option<xdp::Program<'_>> {
        // SAFETY: RTNL is held; the program is replaced only under it.
        unsafe { self.dev.private().xdp.get() }
    }

    /// Replaces the rings by ones built from `config`.
    ///
    /// The new rings are built first; if that fails the old ones go on running and the error is
    /// returned. While the interface is down only the configuration is kept. Fails with `EBUSY`
    /// where the rings are being replaced already.
    pub(crate) fn reconfigure(&mut self, config: T::Config) -> Result {
        lifecycle::reconfigure(self, config, |_| ())
    }

    /// The same, with `between` run while the device is halted and no ring installed.
    pub(crate) fn reconfigure_with(
        &mut self,
        config: T::Config,
        between: impl FnOnce(&mut Self),
    ) -> Result {
        lifecycle::reconfigure(self, config, between)
    }

    /// Runs `f` on the transmit side, under its lock; `None` if the interface is down.
    pub(crate) fn with_tx<R>(
        &mut self,
        f: impl FnOnce(&TxContext<'_, T>, &mut T::Tx) -> R,
    ) -> Option<R> {
        with_tx_lock(self.dev, f)
    }
}

/// Runs `f` under the transmit lock. Not in hard interrupt context, not under the lock.
pub(super) fn with_tx_lock<T: Driver, R>(
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
pub(super) fn with_tx_lock_softirq<T: Driver, R>(
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

/// The transmit lock of the queue is held, bottom halves are disabled.
pub(crate) struct TxContext<'a, T: Driver> {
    dev: &'a Device<T>,
    txq: *mut bindings::netdev_queue,
}

impl<'a, T: Driver> TxContext<'a, T> {
    /// # Safety
    ///
    /// The transmit lock of queue 0 must be held for as long as the value lives.
    #[inline]
    pub(super) unsafe fn new(dev: &'a Device<T>) -> Self {
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
        // SAFETY: Bottom halves are disabled, so the per-CPU flag is that of this call.
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

/// How transmitted packets are freed in a [`TxContext`]: in bulk, or one by one where interrupts
/// are off (netpoll).
pub(crate) struct FreeBudget<'a> {
    budget: c_int,
    _context: PhantomData<&'a *mut ()>,
}

impl FreeBudget<'_> {
    /// Returns whether interrupts are on, as the drop of an [`xdp::Frame`] wants it.
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

/// How a NAPI goes on polling after a poll that found something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Polling {
    /// Nanoseconds between two polls.
    pub(crate) interval_ns: usize,
    /// How many polls that find nothing end it; 0 for none at all.
    pub(crate) times: u32,
}

impl Polling {
    /// Interrupts only.
    pub(crate) const OFF: Self = Self {
        interval_ns: 0,
        times: 0,
    };
}

/// Polled by NAPI: softirq context, bottom halves disabled.
pub(crate) struct NapiContext<'a, T: Driver> {
    dev: &'a Device<T>,
    /// Whether frames were redirected and wait for a flush.
    redirected: Cell<bool>,
    _not_send: NotThreadSafe,
}

impl<'a, T: Driver> NapiContext<'a, T> {
    /// # Safety
    ///
    /// The caller must be the poll function of the device's NAPI, with a budget above 0.
    #[inline]
    pub(super) unsafe fn new(dev: &'a Device<T>) -> Self {
        Self {
            dev,
            redirected: Cell::new(false),
            _not_send: PhantomData,
        }
    }

    /// Returns the device.
    #[inline]
    pub(crate) fn device(&self) -> &Device<T> {
        self.dev
    }

    /// Returns the XDP program that is attached now, if any. It may be used for the rest of the
    /// poll, even if another one is attached meanwhile.
    #[inline]
    pub(crate) fn xdp_program(&self) -> Option<xdp::Program<'_>> {
        // SAFETY: Bottom halves are disabled for as long as the context exists.
        unsafe { self.dev.private().xdp.get() }
    }

    #[inline]
    pub(super) fn napi_ptr(&self) -> *mut bindings::napi_struct {
        self.dev.private().napi.get()
    }

    /// Notes that a frame was redirected.
    #[inline]
    pub(super) fn set_redirected(&self) {
        self.redirected.set(true);
    }

    /// Sends what was redirected on its way. To be called before the poll returns.
    #[inline]
    pub(super) fn flush_redirected(&self) {
        if self.redirected.take() {
            // SAFETY: In NAPI's poll, which is where the frames were queued.
            unsafe { bindings::xdp_do_flush() };
        }
    }

    /// Hands a received frame to the stack, through GRO.
    ///
    /// Gives it back if its linear part is shorter than an Ethernet header, or if it is none that
    /// was received but one of the stack's that is sent elsewhere at the same time.
    #[inline]
    pub(crate) fn receive(&self, skb: SkBuff) -> Result<(), SkBuff> {
        if skb.head_len() < bindings::ETH_HLEN as usize || skb.is_shared() {
            return Err(skb);
        }
        // SAFETY: The packet is ours alone and has an Ethernet header; the device is valid; we are
        // in its NAPI's poll function.
        unsafe {
            let raw = skb.as_ptr();
            let protocol = bindings::eth_type_trans(raw, self.dev.as_ptr());

            (*raw).__bindgen_anon_4.__bindgen_anon_1.as_mut().protocol = protocol;
            // All that `napi_gro_receive()` does.
            bindings::gro_receive_skb(
                &raw mut (*self.dev.private().napi.get()).gro,
                skb.into_raw(),
            );
        }
        Ok(())
    }

    /// Returns how the NAPI polls on after a poll that found something, without interrupts.
    #[inline]
    pub(crate) fn polling(&self) -> Polling {
        let napi = self.dev.private().napi.get();

        // SAFETY: The NAPI is valid; an administrator may write the fields at any time, by
        // single stores.
        unsafe {
            Polling {
                interval_ns: (&raw const (*napi).gro_flush_timeout).read_volatile(),
                times: (&raw const (*napi).defer_hard_irqs).read_volatile(),
            }
        }
    }

    /// Sets how the NAPI polls on, from the end of this poll (`gro_flush_timeout` and
    /// `napi_defer_hard_irqs` of `Documentation/networking/napi.rst`).
    #[inline]
    pub(crate) fn set_polling(&self, polling: Polling) {
        let napi = self.dev.private().napi.get();

        // SAFETY: As above.
        unsafe {
            (&raw mut (*napi).gro_flush_timeout).write_volatile(polling.interval_ns);
            (&raw mut (*napi).defer_hard_irqs).write_volatile(polling.times);
        }
    }

    /// Runs `f` on the transmit side if its lock is free and the interface up.
    #[inline]
    pub(crate) fn try_tx<R>(
        &self,
        f: impl FnOnce(&TxContext<'_, T>, &mut T::Tx) -> R,
    ) -> Option<R> {
        try_tx_lock(self.dev, f)
    }

    /// Runs `f` on the transmit side under its lock, waiting for that; `None` if the interface is
    /// down. Not to be nested.
    pub(crate) fn with_tx<R>(
        &self,
        f: impl FnOnce(&TxContext<'_, T>, &mut T::Tx) -> R,
    ) -> Option<R> {
        with_tx_lock_softirq(self.dev, f)
    }

    /// Has [`Driver::work`] called in process context.
    pub(crate) fn schedule_work(&self, events: Events) {
        schedule_work(self.dev, events);
    }
}

impl<T: Driver> Deref for NapiContext<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.dev.shared()
    }
}

/// Runs `f` under the transmit lock if it is free. Softirq context.
pub(super) fn try_tx_lock<T: Driver, R>(
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

impl<T: Driver> Device<T> {
    /// Has [`Driver::work`] called in process context. Not in hard interrupt context.
    pub(crate) fn schedule_work(&self, events: Events) {
        schedule_work(self, events);
    }
}

/// Has [`Driver::work`] called. Not in hard interrupt context.
pub(super) fn schedule_work<T: Driver>(dev: &Device<T>, events: Events) {
    // SAFETY: The device is valid. Work is dropped when the device is unregistered, and refused
    // from then on.
    unsafe { bindings::netdev_work_sched(dev.as_ptr(), events.0) };
}

/// In the interrupt handler.
pub(crate) struct IrqContext<'a, T: Driver> {
    dev: &'a Device<T>,
    _not_send: NotThreadSafe,
}

impl<'a, T: Driver> IrqContext<'a, T> {
    /// # Safety
    ///
    /// The caller must be the interrupt handler of the device.
    #[inline]
    pub(super) unsafe fn new(dev: &'a Device<T>) -> Self {
        Self {
            dev,
            _not_send: PhantomData,
        }
    }

    /// Has the device polled. Returns false if a poll is running or due already (it will run
    /// once more then), or NAPI is disabled.
    #[inline]
    pub(crate) fn schedule_napi(&self) -> bool {
        let napi = self.dev.private().napi.get();

        // SAFETY: The NAPI is valid for as long as the interrupt is requested. Interrupts are off
        // in a handler, or the kernel is a PREEMPT_RT one, where the function sees to that.
        unsafe {
            if !bindings::napi_schedule_prep(napi) {
                return false;
            }
            bindings::__napi_schedule_irqoff(napi);
        }
        true
    }
}

impl<T: Driver> Deref for IrqContext<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.dev.shared()
    }
}

/// NAPI is disabled, and stays so while this is borrowed.
pub(crate) struct DisabledNapi<'a> {
    dev: *mut bindings::net_device,
    napi: *mut bindings::napi_struct,
    pool: &'a Tie,
    _not_send: NotThreadSafe,
}

impl<'a> DisabledNapi<'a> {
    /// # Safety
    ///
    /// RTNL must be held, and the NAPI of `dev` be disabled, for as long as the value lives.
    pub(super) unsafe fn new<T: Driver>(dev: &'a Device<T>) -> Self {
        let private = dev.private();

        Self {
            dev: dev.as_ptr(),
            napi: private.napi.get(),
            pool: &private.pool,
            _not_send: PhantomData,
        }
    }

    pub(super) fn device_ptr(&self) -> *mut bindings::net_device {
        self.dev
    }

    pub(super) fn as_ptr(&self) -> *mut bindings::napi_struct {
        self.napi
    }

    /// Returns where the pool is kept that is tied to it.
    pub(super) fn pool(&self) -> &'a Tie {
        self.pool
    }
}
