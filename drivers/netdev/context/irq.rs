// SPDX-License-Identifier: GPL-2.0

//! The interrupt handler.
//!
//! # Soundness
//!
//! [`IrqContext`] gives nothing exclusive. That the NAPI it schedules is valid is said in
//! [`irq`](crate::netdev::irq): the interrupt is freed before the device goes.

use super::{
    napi::Polling,
    NotThreadSafe, //
};
use crate::netdev::{
    bindings,
    device::Device,
    driver::Driver, //
};
use core::{
    marker::PhantomData,
    ops::Deref, //
};

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
    pub(in crate::netdev) unsafe fn new(dev: &'a Device<T>) -> Self {
        Self {
            dev,
            _not_send: PhantomData,
        }
    }

    /// Returns how the NAPI will poll on after a poll that found something.
    #[inline]
    pub(crate) fn polling(&self) -> Polling {
        Polling::of(self.dev)
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
