// SPDX-License-Identifier: GPL-2.0

//! The control path.
//!
//! # Soundness
//!
//! What [`Rtnl`] gives is borrowed from it as RTNL gives it: by `&mut self` where it is to be
//! exclusive. See [`super`] for how there is only one.

use super::{
    with_tx_lock,
    NotThreadSafe,
    TxContext, //
};
use crate::netdev::{
    bindings,
    device::{
        Device,
        State, //
    },
    driver::Driver,
    lifecycle,
    xdp, //
};
use core::marker::PhantomData;
use kernel::prelude::*;

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
    pub(in crate::netdev) unsafe fn new(dev: &'a Device<T>) -> Self {
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

    pub(in crate::netdev) fn set_config(&mut self, config: T::Config) {
        // SAFETY: RTNL is held, and `self` is the only `Rtnl` of the device.
        unsafe { *self.dev.private().config.get() = config };
    }

    /// Returns whether the interface is up, its rings running or about to be replaced.
    pub(crate) fn is_up(&self) -> bool {
        self.state() != State::Down
    }

    pub(in crate::netdev) fn state(&self) -> State {
        // SAFETY: RTNL is held; `state` is written only through `&mut self`.
        unsafe { *self.dev.private().state.get() }
    }

    pub(in crate::netdev) fn set_state(&mut self, state: State) {
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
        lifecycle::reconfigure(self, config)
    }

    /// Halts the device, runs `between`, and starts the same rings anew, emptied: what was in them
    /// is lost. It takes no memory, so that a reset does not depend on there being any.
    ///
    /// While the interface is down `between` is all there is. Fails with `EBUSY` where the rings
    /// are being replaced or started already.
    pub(crate) fn restart(&mut self, between: impl FnOnce(&mut Self)) -> Result {
        lifecycle::restart(self, between)
    }

    /// Has the device master the bus no more until rings are started: for one that is not known to
    /// have let go of memory that is about to be freed.
    pub(crate) fn cut_off(&mut self) {
        lifecycle::dma(self.dev, false);
    }

    /// Runs `f` on the transmit side, under its lock; `None` if the interface is down.
    pub(crate) fn with_tx<R>(
        &mut self,
        f: impl FnOnce(&TxContext<'_, T>, &mut T::Tx) -> R,
    ) -> Option<R> {
        with_tx_lock(self.dev, f)
    }
}
