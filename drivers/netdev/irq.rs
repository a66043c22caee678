// SPDX-License-Identifier: GPL-2.0

//! The interrupt of a network device.
//!
//! The kernel crate's `irq::Registration` takes a name fixed at compile time; a network device's
//! interrupt is named by the interface.
//!
//! # Soundness
//!
//! The cookie is the `struct net_device`. The interrupt is requested when the device goes up and
//! freed when it goes down ([`super::lifecycle`]), which it is before it is unregistered, or both
//! in one call for a self-test. `free_irq()` waits for running handlers, so a handler always sees
//! a valid device. The number is that of a vector which the bus glue frees after the registration.
//!
//! A handler may run before the rings are there, or after; it has no access to them, and finds
//! NAPI disabled then.

use super::{
    bindings,
    context::IrqContext,
    device::Device,
    driver::Driver, //
};
use kernel::{
    error::to_result,
    prelude::*, //
};

/// What an interrupt handler found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum IrqReturn {
    /// The interrupt was not this device's.
    None,
    /// It was, and it is dealt with.
    Handled,
    /// The device does not answer. Its line is cut off until the rings are started again, as
    /// nobody can have it lowered.
    Gone,
}

/// Requests the interrupt of `dev`, which may be shared.
pub(super) fn request<T: Driver>(dev: &Device<T>) -> Result {
    let ptr = dev.as_ptr();

    // CAST: One bit.
    // SAFETY: The handler expects a `Device<T>` as its cookie; the name lives in the device.
    to_result(unsafe {
        bindings::request_threaded_irq(
            dev.private().irq,
            Some(handler::<T>),
            None,
            bindings::IRQF_SHARED as c_ulong,
            (&raw const (*ptr).name).cast(),
            ptr.cast(),
        )
    })
}

/// Frees the interrupt of `dev` once no handler runs any more. May sleep.
pub(super) fn free<T: Driver>(dev: &Device<T>) {
    // SAFETY: The caller requested it with this cookie.
    unsafe { bindings::free_irq(dev.private().irq, dev.as_ptr().cast()) };
}

/// Waits for handlers that are running. May sleep.
pub(super) fn synchronize<T: Driver>(dev: &Device<T>) {
    // SAFETY: The number is that of a valid interrupt.
    unsafe { bindings::synchronize_irq(dev.private().irq) };
}

unsafe extern "C" fn handler<T: Driver>(_irq: c_int, cookie: *mut c_void) -> bindings::irqreturn_t {
    // SAFETY: The cookie is the one of `request()`, which is freed before the device goes.
    let dev = unsafe { Device::<T>::from_raw(cookie.cast()) };

    // SAFETY: This is the handler.
    match T::interrupt(&unsafe { IrqContext::new(dev) }) {
        IrqReturn::None => bindings::irqreturn_IRQ_NONE,
        IrqReturn::Handled => bindings::irqreturn_IRQ_HANDLED,
        IrqReturn::Gone => {
            // SAFETY: The device is valid; configuration space can be accessed anywhere.
            unsafe { bindings::netdev_helper_intx(dev.as_ptr(), false) };
            bindings::irqreturn_IRQ_HANDLED
        }
    }
}
