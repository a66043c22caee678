// SPDX-License-Identifier: GPL-2.0

//! NAPI: its poll, and what can be done while it is disabled.
//!
//! # Soundness
//!
//! Both types are made where what they stand for holds until they are gone: [`NapiContext`] in the
//! poll function, [`DisabledNapi`] between `napi_disable()` and `napi_enable()` under RTNL. See
//! [`super`].

use super::{
    schedule_work,
    try_tx_lock,
    with_tx_lock_softirq,
    NotThreadSafe,
    TxContext, //
};
use crate::netdev::{
    bindings,
    device::Device,
    driver::{
        Driver,
        Events, //
    },
    page_pool::Pools,
    xdp,
    RxSkBuff, //
};
use core::{
    cell::Cell,
    marker::PhantomData,
    ops::Deref, //
};

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

    /// Reads it from a NAPI.
    #[inline]
    pub(super) fn of<T: Driver>(dev: &Device<T>) -> Self {
        let napi = dev.private().napi.get();

        // SAFETY: The NAPI is valid; an administrator may write the fields at any time, by
        // single stores.
        unsafe {
            Self {
                interval_ns: (&raw const (*napi).gro_flush_timeout).read_volatile(),
                times: (&raw const (*napi).defer_hard_irqs).read_volatile(),
            }
        }
    }
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
    pub(in crate::netdev) unsafe fn new(dev: &'a Device<T>) -> Self {
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
    pub(in crate::netdev) fn napi_ptr(&self) -> *mut bindings::napi_struct {
        self.dev.private().napi.get()
    }

    /// Notes that a frame was redirected.
    #[inline]
    pub(in crate::netdev) fn set_redirected(&self) {
        self.redirected.set(true);
    }

    /// Sends what was redirected on its way. To be called before the poll returns.
    #[inline]
    pub(in crate::netdev) fn flush_redirected(&self) {
        if self.redirected.take() {
            // SAFETY: In NAPI's poll, which is where the frames were queued.
            unsafe { bindings::xdp_do_flush() };
        }
    }

    /// Hands a received frame to the stack, through GRO.
    #[inline]
    pub(crate) fn receive(&self, skb: RxSkBuff) {
        let raw = skb.into_raw();

        // SAFETY: By the type invariants the packet is ours alone and has an Ethernet header. The
        // device is valid; we are in its NAPI's poll function.
        unsafe {
            let protocol = bindings::eth_type_trans(raw, self.dev.as_ptr());

            (*raw).__bindgen_anon_4.__bindgen_anon_1.as_mut().protocol = protocol;
            // All that `napi_gro_receive()` does.
            bindings::gro_receive_skb(&raw mut (*self.dev.private().napi.get()).gro, raw);
        }
    }

    /// Returns how the NAPI polls on after a poll that found something, without interrupts.
    #[inline]
    pub(crate) fn polling(&self) -> Polling {
        Polling::of(self.dev)
    }

    /// Returns how the NAPI polls on as far as an administrator of the device goes.
    pub(crate) fn default_polling(&self) -> Polling {
        let dev = self.dev.as_ptr();

        // SAFETY: The device is valid; the fields are written by single stores.
        unsafe {
            Polling {
                interval_ns: (&raw const (*dev).gro_flush_timeout).read_volatile(),
                times: (&raw const (*dev).napi_defer_hard_irqs).read_volatile(),
            }
        }
    }

    /// Sets how the NAPI polls on, from the end of this poll (`gro_flush_timeout` and
    /// `napi_defer_hard_irqs` of `Documentation/networking/napi.rst`).
    #[inline]
    pub(crate) fn set_polling(&self, polling: Polling) {
        let napi = self.dev.private().napi.get();

        // SAFETY: As in [`Polling::of`].
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

/// NAPI is disabled, and stays so while this is borrowed.
pub(crate) struct DisabledNapi<'a> {
    napi: *mut bindings::napi_struct,
    pools: &'a Pools,
    _not_send: NotThreadSafe,
}

impl<'a> DisabledNapi<'a> {
    /// # Safety
    ///
    /// RTNL must be held, and the NAPI of `dev` be disabled, for as long as the value lives.
    pub(in crate::netdev) unsafe fn new<T: Driver>(dev: &'a Device<T>) -> Self {
        let private = dev.private();

        Self {
            napi: private.napi.get(),
            pools: &private.pools,
            _not_send: PhantomData,
        }
    }

    pub(in crate::netdev) fn as_ptr(&self) -> *mut bindings::napi_struct {
        self.napi
    }

    /// Returns the pools of its device.
    pub(in crate::netdev) fn pools(&self) -> &'a Pools {
        self.pools
    }
}
