// SPDX-License-Identifier: GPL-2.0

//! Up, down, and the swap of the rings in between.
//!
//! # Soundness
//!
//! The rings lie in cells that the transmit lock and NAPI own. They are put in and taken out
//! here only: the transmit side under its lock, the receive side while NAPI is disabled (as it is
//! from `netif_napi_add()` on until the first `napi_enable()`).
//!
//! NAPI is enabled in [`State::Up`] and disabled in the others; all changes are made here, under
//! RTNL, and each function begins with a look at the state. So it does not matter who calls them
//! in which order: the stack, the bus for sleep and errors, or the driver from a function that one
//! of these called.
//!
//! The rings of an interface that the bus takes away for a while are kept ([`suspend`]), so that it
//! comes back also without memory; under RTNL, until the next `open()` takes them, or `stop()`.
//!
//! A page pool is tied to the NAPI by [`Driver::start`], and untied where rings are taken out,
//! also by an `open()` that fails.
//!
//! The watchdog timer runs only while NAPI is enabled. It arms itself, which `timer_delete_sync()`
//! stands, and reaches the transmit side by its lock.
//!
//! That the device no longer writes to memory that rings had when they are dropped is what
//! [`Driver::halt`] is for. If the driver finds that the device does not heed it, or that it does
//! not take new ones, the device masters the bus no more until a [`Driver::start`] has succeeded.

use super::{
    bindings,
    context::{
        schedule_work,
        with_tx_lock,
        with_tx_lock_softirq,
        DisabledNapi,
        Rtnl, //
    },
    device::{
        Device,
        Private,
        State, //
    },
    driver::{
        Driver,
        Rings, //
    },
    irq, //
};
use core::ptr;
use kernel::prelude::*;

/// `ndo_open`, and undoes [`suspend`]. On failure nothing is left behind. Fails with `EBUSY` if the
/// device is up.
pub(super) fn open<T: Driver>(rtnl: &mut Rtnl<'_, T>) -> Result {
    let dev = rtnl.device();

    if rtnl.state() != State::Down {
        return Err(EBUSY);
    }
    let mut rings = match take_kept(rtnl) {
        Some(mut rings) => {
            T::empty(rtnl, &mut rings);
            rings
        }
        None => {
            let config = rtnl.config().clone();

            build(rtnl, &config)?
        }
    };

    // SAFETY: The device is down, so NAPI is disabled, until `resume()` below. RTNL is held.
    let napi = unsafe { DisabledNapi::new(dev) };

    start(rtnl, &mut rings, &napi);
    install(dev, rings);
    if let Err(e) = irq::request(dev) {
        drop(take_halted(rtnl));
        reap(rtnl);
        return Err(e);
    }
    let napi = dev.private().napi.get();

    // CAST: Interrupt numbers are small.
    // SAFETY: The NAPI is valid and has no interrupt yet.
    unsafe { bindings::netdev_helper_napi_set_irq(napi, dev.private().irq as c_int) };
    rtnl.set_state(State::Up);
    resume(dev);
    link_queues(dev, napi);
    T::opened(rtnl);
    Ok(())
}

/// `ndo_stop`.
pub(super) fn stop<T: Driver>(rtnl: &mut Rtnl<'_, T>) {
    drop(close(rtnl));
    drop(take_kept(rtnl));
    reap(rtnl);
}

/// As [`stop`], but keeps the rings for the next [`open`].
pub(super) fn suspend<T: Driver>(rtnl: &mut Rtnl<'_, T>) {
    if let Some(rings) = close(rtnl) {
        // SAFETY: RTNL is held, and `rtnl` the only context of it.
        unsafe { *rtnl.device().private().kept.get() = Some(rings) };
    }
}

/// Takes the rings that were kept, which are halted.
fn take_kept<T: Driver>(rtnl: &mut Rtnl<'_, T>) -> Option<Rings<T>> {
    // SAFETY: RTNL is held, and `rtnl` the only context of it.
    unsafe { (*rtnl.device().private().kept.get()).take() }
}

/// Takes an interface down, and returns its rings, halted; none if it is not up.
fn close<T: Driver>(rtnl: &mut Rtnl<'_, T>) -> Option<Rings<T>> {
    let dev = rtnl.device();

    if rtnl.state() != State::Up {
        return None;
    }
    link_queues(dev, ptr::null_mut());
    quiesce(dev);
    // SAFETY: The NAPI is valid and disabled.
    unsafe { bindings::netdev_helper_napi_set_irq(dev.private().napi.get(), -1) };
    irq::free(dev);
    dev.carrier_off();
    rtnl.set_state(State::Down);
    take_halted(rtnl)
}

/// Builds rings; if that fails nothing is left behind.
fn build<T: Driver>(rtnl: &mut Rtnl<'_, T>, config: &T::Config) -> Result<Rings<T>> {
    T::build(rtnl, config).inspect_err(|_| reap(rtnl))
}

/// Takes the rings out, halted.
fn take_halted<T: Driver>(rtnl: &mut Rtnl<'_, T>) -> Option<Rings<T>> {
    uninstall(rtnl.device()).map(|mut rings| {
        halt(rtnl, &mut rings);
        rings
    })
}

/// Has the pools end that were dropped with rings.
fn reap<T: Driver>(rtnl: &Rtnl<'_, T>) {
    // SAFETY: RTNL is held.
    unsafe { rtnl.device().private().pools.reap() };
}

/// Swaps the rings for ones built from `config`; see [`Rtnl::reconfigure`].
pub(super) fn reconfigure<T: Driver>(rtnl: &mut Rtnl<'_, T>, config: T::Config) -> Result {
    match rtnl.state() {
        State::Down => {
            // They are of the old one.
            drop(take_kept(rtnl));
            reap(rtnl);
            rtnl.set_config(config);
            return Ok(());
        }
        // From one of the driver's functions called below: NAPI would be disabled twice, and
        // enabled where the caller has it disabled.
        State::Swapping => return Err(EBUSY),
        State::Up => (),
    }
    let rings = build(rtnl, &config)?;
    let old = take(rtnl);

    rtnl.set_config(config);
    put(rtnl, Some(rings));
    // Halted, and untied from the NAPI. Last, as thousands of buffers take their time.
    drop(old);
    reap(rtnl);
    Ok(())
}

/// Starts the rings anew; see [`Rtnl::restart`].
pub(super) fn restart<'a, T: Driver>(
    rtnl: &mut Rtnl<'a, T>,
    between: impl FnOnce(&mut Rtnl<'a, T>),
) -> Result {
    match rtnl.state() {
        State::Down => {
            between(rtnl);
            return Ok(());
        }
        State::Swapping => return Err(EBUSY),
        State::Up => (),
    }
    let mut rings = take(rtnl);

    between(rtnl);
    if let Some(rings) = &mut rings {
        T::empty(rtnl, rings);
    }
    put(rtnl, rings);
    Ok(())
}

/// Takes the rings, halted, from an interface that is up.
fn take<T: Driver>(rtnl: &mut Rtnl<'_, T>) -> Option<Rings<T>> {
    let dev = rtnl.device();

    rtnl.set_state(State::Swapping);
    quiesce(dev);
    irq::synchronize(dev);
    take_halted(rtnl)
}

/// Undoes [`take`], with these rings or others. There are none only if there were none before.
fn put<T: Driver>(rtnl: &mut Rtnl<'_, T>, rings: Option<Rings<T>>) {
    let dev = rtnl.device();

    if let Some(mut rings) = rings {
        // SAFETY: `take()` disabled NAPI, and `resume()` comes below. RTNL is held.
        let napi = unsafe { DisabledNapi::new(dev) };

        start(rtnl, &mut rings, &napi);
        install(dev, rings);
    }
    rtnl.set_state(State::Up);
    irq::connect(dev);
    resume(dev);
}

/// Lets the device go. One that was cut off from memory gets that back once it has taken the rings,
/// not before: it may still have those of earlier. One that does not take them is cut off.
fn start<T: Driver>(rtnl: &mut Rtnl<'_, T>, rings: &mut Rings<T>, napi: &DisabledNapi<'_>) {
    let started = T::start(rtnl, rings, napi);

    dma(rtnl.device(), started);
}

/// Stops the device; one that does not heed that is cut off from memory.
fn halt<T: Driver>(rtnl: &mut Rtnl<'_, T>, rings: &mut Rings<T>) {
    if !T::halt(rtnl, rings) {
        dma(rtnl.device(), false);
    }
}

/// Lets the device reach memory, or not. Under RTNL.
pub(super) fn dma<T: Driver>(dev: &Device<T>, on: bool) {
    // SAFETY: The device is valid; process context.
    unsafe { bindings::netdev_helper_dma(dev.as_ptr(), on) };
}

/// Stops everything that reaches the rings, and the device's interrupts.
fn quiesce<T: Driver>(dev: &Device<T>) {
    // SAFETY: The device is valid and up; process context.
    unsafe {
        bindings::netdev_helper_tx_disable(dev.as_ptr());
        bindings::hrtimer_cancel(dev.private().hold.get());
    }
    // What was held back, if anything was. Whoever holds more by then, for frames that the stack
    // knows nothing of, has it released while the rings are there or finds none.
    with_tx_lock(dev, T::release);
    // SAFETY: As above.
    unsafe {
        bindings::timer_delete_sync(dev.private().watchdog.get());
        bindings::napi_disable(dev.private().napi.get());
    }
    // After NAPI, of which no poll begins any more; one may be about to end.
    dev.shared().irq_disable();
}

/// Undoes [`quiesce`].
fn resume<T: Driver>(dev: &Device<T>) {
    // SAFETY: The device is valid and its NAPI disabled.
    unsafe { bindings::napi_enable(dev.private().napi.get()) };
    dev.shared().irq_enable();
    // SAFETY: The device is valid; packets that wait in the qdisc are fetched.
    unsafe { bindings::netdev_helper_tx_wake(dev.txq()) };
    arm_watchdog(dev);
}

/// Shows which NAPI serves the queues to netdev-genl; null for none.
fn link_queues<T: Driver>(dev: &Device<T>, napi: *mut bindings::napi_struct) {
    for kind in [
        bindings::netdev_queue_type_NETDEV_QUEUE_TYPE_RX,
        bindings::netdev_queue_type_NETDEV_QUEUE_TYPE_TX,
    ] {
        // SAFETY: RTNL is held by all callers; queue 0 exists; the NAPI is valid or null.
        unsafe { bindings::netif_queue_set_napi(dev.as_ptr(), 0, kind, napi) };
    }
}

fn install<T: Driver>(dev: &Device<T>, rings: Rings<T>) {
    let private = dev.private();

    // SAFETY: The queue is valid. The packets of earlier rings are gone, and with them the
    // bytes that BQL counted; there is no ring to transmit by.
    unsafe { bindings::netdev_helper_tx_reset(dev.txq()) };
    // SAFETY: NAPI is disabled.
    unsafe { *private.rx.get() = Some(rings.rx) };
    // SAFETY: The queue is valid.
    unsafe { bindings::netdev_helper_tx_lock_bh(dev.txq()) };
    // SAFETY: The lock is held.
    unsafe { *private.tx.get() = Some(rings.tx) };
    // SAFETY: Taken above.
    unsafe { bindings::netdev_helper_tx_unlock_bh(dev.txq()) };
}

fn uninstall<T: Driver>(dev: &Device<T>) -> Option<Rings<T>> {
    let private = dev.private();

    // SAFETY: The queue is valid.
    unsafe { bindings::netdev_helper_tx_lock_bh(dev.txq()) };
    // SAFETY: The lock is held.
    let tx = unsafe { (*private.tx.get()).take() };
    // Packets wait in the qdisc, also if the driver found room for some since `quiesce()`.
    // SAFETY: The queue is valid.
    unsafe { bindings::netdev_helper_tx_stop(dev.txq()) };
    // SAFETY: Taken above.
    unsafe { bindings::netdev_helper_tx_unlock_bh(dev.txq()) };
    // SAFETY: NAPI is disabled.
    let rx = unsafe { (*private.rx.get()).take() };

    // Wherever the driver has it: it stays no longer with a NAPI that is going to run without it,
    // or to be deleted.
    // SAFETY: NAPI is disabled, and RTNL held by all callers.
    unsafe { private.pools.untie() };

    Some(Rings { tx: tx?, rx: rx? })
}

/// How often the watchdog looks, in milliseconds.
const WATCHDOG_MS: u32 = 1000;

/// Arms the watchdog timer.
fn arm_watchdog<T: Driver>(dev: &Device<T>) {
    // SAFETY: `jiffies` may change at any time, by single stores.
    let now = unsafe { (&raw const kernel::bindings::jiffies).read_volatile() };
    let at = now.wrapping_add(kernel::time::msecs_to_jiffies(WATCHDOG_MS));

    // SAFETY: The timer was set up before the device was registered.
    unsafe { bindings::mod_timer(dev.private().watchdog.get(), at) };
}

/// The function of the timer that [`TxContext::hold`](super::TxContext::hold) starts.
pub(super) unsafe extern "C" fn held<T: Driver>(
    timer: *mut bindings::hrtimer,
) -> bindings::hrtimer_restart {
    // SAFETY: The timer is the `hold` field of a `Private<T>`, as below.
    let dev = unsafe {
        let private = timer.byte_sub(core::mem::offset_of!(Private<T>, hold));

        Device::<T>::from_raw(private.byte_sub(bindings::PRIV_OFFSET).cast())
    };

    // It expires in softirq.
    with_tx_lock_softirq(dev, T::release);
    bindings::hrtimer_restart_HRTIMER_NORESTART
}

/// The watchdog timer's function.
pub(super) unsafe extern "C" fn watchdog<T: Driver>(timer: *mut bindings::timer_list) {
    // SAFETY: The timer is the `watchdog` field of a `Private<T>` (`Opaque` is transparent),
    // which lies at PRIV_OFFSET of a valid `struct net_device`.
    let dev = unsafe {
        let private = timer.byte_sub(core::mem::offset_of!(Private<T>, watchdog));

        Device::<T>::from_raw(private.byte_sub(bindings::PRIV_OFFSET).cast())
    };

    irq::restore(dev);
    if let Some(Some(events)) = with_tx_lock(dev, T::watchdog) {
        schedule_work(dev, events);
    }
    let napi = dev.private().napi.get();

    // SAFETY: The timer is deleted, waiting for this function, before the NAPI is disabled.
    unsafe {
        if bindings::napi_schedule_prep(napi) {
            bindings::__napi_schedule(napi);
        }
    }
    arm_watchdog(dev);
}
