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
//! a valid device. The number is that of a vector which the bus glue frees after the registration. (A
//! driver that allocates vectors by itself, and drops them, frees those of the glue where they are
//! MSI: the core then keeps the handler, and the number may become another device's. That is for the
//! kernel crate to exclude.)
//!
//! A handler may run before the rings are there, or after; it has no access to them, and finds
//! NAPI disabled then.

use super::{
    bindings,
    context::IrqContext,
    device::{
        netdev_warn,
        Device, //
    },
    driver::Driver, //
};
use kernel::{
    error::to_result,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// What an interrupt handler found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum IrqReturn {
    /// The interrupt was not this device's. If the device asserts the line all the same, for a
    /// thousand times in a row, it is cut off for up to a second. One whose configuration space does
    /// not tell is cut off after ten thousand, for up to two if the interrupts stop with that.
    None,
    /// It was, and it is dealt with.
    Handled,
    /// The device does not answer. Its line is cut off until the rings are started again, as
    /// nobody can have it lowered.
    Gone,
}

/// How many interrupts in a row nobody of this device's asked for until it is looked whether the
/// device is it. The kernel gives up the line after 99 900 of 100 000, for all who share it.
const STRAYS: u32 = 1000;

/// How many until a device that does not say so loses the line on trial.
const TRIAL: u32 = 10 * STRAYS;

/// What is known of the interrupt line.
pub(super) struct Line {
    /// Interrupts in a row that were not this device's.
    strays: Atomic<u32>,
    /// For how many more calls of [`restore()`] the line is cut off, as the device asserts it
    /// without a cause; 0 if it is not.
    cut: Atomic<u32>,
    /// Whether it is cut off to see if the interrupts stop with that.
    trial: Atomic<bool>,
    /// Whether that it is cut off is in the log.
    reported: Atomic<bool>,
}

impl Line {
    pub(super) fn new() -> Self {
        Self {
            strays: Atomic::new(0),
            cut: Atomic::new(0),
            trial: Atomic::new(false),
            reported: Atomic::new(false),
        }
    }
}

/// Gives the device its line, which the handler may have cut off.
pub(super) fn connect<T: Driver>(dev: &Device<T>) {
    let line = &dev.private().line;

    line.cut.store(0, Relaxed);
    line.trial.store(false, Relaxed);
    intx(dev, true);
}

/// Lets the device assert its line, or not.
fn intx<T: Driver>(dev: &Device<T>, on: bool) {
    // SAFETY: The device is valid; configuration space can be accessed anywhere.
    unsafe { bindings::netdev_helper_intx(dev.as_ptr(), on) };
}

/// Gives the device its line back, if it was cut off for want of a cause: one on trial the second
/// time, as the kernel only forgets interrupts that nobody dealt with after a tenth of a second
/// without. Once a second.
pub(super) fn restore<T: Driver>(dev: &Device<T>) {
    let line = &dev.private().line;

    match line.cut.load(Relaxed) {
        0 => return,
        1 => (),
        left => {
            // If it fails, the handler gave the line back just now.
            let _ = line.cut.cmpxchg(left, left - 1, Relaxed);
            return;
        }
    }
    if !line.reported.load(Relaxed) {
        line.reported.store(true, Relaxed);
        netdev_warn!(
            dev,
            "interrupts without a cause: the line is cut off, and tried each second\n"
        );
    }
    connect(dev);
}

/// Requests the interrupt of `dev`, which may be shared.
pub(super) fn request<T: Driver>(dev: &Device<T>) -> Result {
    let ptr = dev.as_ptr();

    dev.private().line.reported.store(false, Relaxed);
    connect(dev);
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
    let ctx = unsafe { IrqContext::new(dev) };

    match T::interrupt(&ctx) {
        IrqReturn::None => stray(dev, &ctx),
        IrqReturn::Handled => {
            dev.private().line.strays.store(0, Relaxed);
            bindings::irqreturn_IRQ_HANDLED
        }
        IrqReturn::Gone => {
            intx(dev, false);
            bindings::irqreturn_IRQ_HANDLED
        }
    }
}

/// An interrupt that is not the device's by what the device says. If there are many, its
/// configuration space is asked: a device that asserts the line and gives no cause loses it. Its
/// status need not tell before PCI 2.3: then it is tried.
#[cold]
fn stray<T: Driver>(dev: &Device<T>, ctx: &IrqContext<'_, T>) -> bindings::irqreturn_t {
    let line = &dev.private().line;
    let strays = line.strays.load(Relaxed).wrapping_add(1);

    line.strays.store(strays, Relaxed);
    if line.trial.load(Relaxed) {
        // They go on: another device's.
        connect(dev);
    }
    if strays % STRAYS != 0 {
        return bindings::irqreturn_IRQ_NONE;
    }
    // SAFETY: As in `intx()`.
    if !unsafe { bindings::netdev_helper_intx_mask(dev.as_ptr()) } {
        if strays >= TRIAL {
            line.strays.store(0, Relaxed);
            line.trial.store(true, Relaxed);
            line.cut.store(2, Relaxed);
            intx(dev, false);
        }
        return bindings::irqreturn_IRQ_NONE;
    }
    line.strays.store(0, Relaxed);
    // It may have had none until just now.
    match T::interrupt(ctx) {
        IrqReturn::None => line.cut.store(1, Relaxed),
        IrqReturn::Handled => intx(dev, true),
        IrqReturn::Gone => (),
    }
    bindings::irqreturn_IRQ_HANDLED
}
