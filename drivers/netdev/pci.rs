// SPDX-License-Identifier: GPL-2.0

//! PCI drivers whose device is a network device.
//!
//! [`kernel::pci::Adapter`] knows probe and remove; this glue adds shutdown, power management and
//! error recovery, and keeps the [`Registration`] out of the driver's hands.
//!
//! # Soundness
//!
//! The driver's data of a bound PCI device is a [`Bound`]: the registration, then the interrupt
//! vector. `remove` unregisters; the driver core drops the data after that, in that order, and before
//! the device's resources (the `'bound` borrows inside the network device's data) end. The callbacks
//! below run between a successful probe and remove, which the device's lock keeps apart, so that the
//! data is there; while it isn't (a probe that failed), the core does not call them. They may come in
//! any order, as an error does not wait for sleep to be over: the device is back when no [`Reason`]
//! is left for which it went, and never after shutdown.
//!
//! [`Glue`], of which a [`Bound`] could be made that the driver core knows nothing of, is this file's.

#![allow(
    clippy::redundant_closure,
    reason = "the name of a function is not general enough over the lifetime of Driver::Net"
)]

use super::{
    bindings,
    context::Rtnl,
    dma,
    driver::{
        Driver as NetDriver,
        Probed,
        Setup, //
    },
    ethtool,
    lifecycle,
    registration::Registration, //
};
use core::{
    marker::PhantomData,
    mem::zeroed, //
};
use kernel::{
    bindings as kbindings,
    device,
    driver,
    error::{
        from_result,
        to_result, //
    },
    irq::IrqRequest,
    pci,
    prelude::*,
    sync::atomic::Relaxed,
    types::Opaque, //
};

/// A driver of network devices on PCI.
pub(crate) trait Driver: Sized + 'static {
    /// What the table of devices says about each.
    type IdInfo: 'static;

    /// The network driver.
    type Net<'bound>: NetDriver + ethtool::Operations + 'bound;

    /// The devices supported.
    const ID_TABLE: pci::IdTable<Self::IdInfo>;

    /// Kinds of interrupt the device can raise.
    fn irq_types() -> pci::IrqTypes;

    /// Brings the device to a known state and makes the network driver's data.
    ///
    /// The device's memory is enabled, and it may have DMA addresses of 64 bits, or of 32 where the
    /// platform has no others. Bus mastering is not enabled: see [`set_master`](
    /// pci::Device::set_master).
    fn probe<'bound>(
        dev: &'bound pci::Device<device::Core<'_>>,
        info: Option<&'bound Self::IdInfo>,
    ) -> Result<(Setup, Probed<Self::Net<'bound>>)>;

    /// The device is there, registered as a network device.
    fn registered(dev: &super::Device<Self::Net<'_>>) {
        let _ = dev;
    }
}

/// The driver's data of a bound device.
pub(crate) struct Bound<'bound, T: Driver> {
    // Dropped first: it has the interrupt.
    registration: Registration<'bound, T::Net<'bound>>,
    _vectors: pci::IrqVectorRegistration<'bound>,
}

/// Makes a [`Driver`] a `kernel::pci::Driver`.
struct Glue<T: Driver>(PhantomData<T>);

/// Returns the C view of a PCI device.
fn as_ptr<Ctx: device::DeviceContext>(dev: &pci::Device<Ctx>) -> *mut bindings::pci_dev {
    // CAST: `pci::Device` is a transparent wrapper of `struct pci_dev`.
    core::ptr::from_ref(dev)
        .cast::<bindings::pci_dev>()
        .cast_mut()
}

impl<T: Driver> pci::Driver for Glue<T> {
    type IdInfo = T::IdInfo;
    type Data<'bound> = Bound<'bound, T>;

    const ID_TABLE: pci::IdTable<Self::IdInfo> = T::ID_TABLE;

    fn probe<'bound>(
        dev: &'bound pci::Device<device::Core<'_>>,
        info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        // SAFETY: The device is being probed; it is disabled again when it is unbound.
        to_result(unsafe { bindings::pcim_enable_device(as_ptr(dev)) })
            .inspect_err(|e| dev_err!(dev, "cannot be enabled: {e:?}\n"))?;

        let vectors = dev
            .alloc_irq_vectors(1, 1, T::irq_types())
            .inspect_err(|e| dev_err!(dev, "no interrupt: {e:?}\n"))?;
        let irq = IrqRequest::from(vectors.index(0)?).irq();

        // SAFETY: The device is being probed, and the driver has not been called yet: nobody else
        // has it as `Bound`, which all allocation and mapping needs.
        unsafe { dma::set_mask_64_or_32(dev) }
            .inspect_err(|e| dev_err!(dev, "no usable DMA addressing: {e:?}\n"))?;
        let (setup, probed) = T::probe(dev, info)?;

        // What a slot that was reset gets back. The core's own copy is of before the driver.
        // SAFETY: The device is valid, its configuration space accessible.
        to_result(unsafe { bindings::pci_save_state(as_ptr(dev)) })
            .inspect_err(|e| dev_err!(dev, "state cannot be saved: {e:?}\n"))?;
        let registration = Registration::new(dev.as_ref(), irq, &setup, probed)
            .inspect_err(|e| dev_err!(dev, "cannot be registered: {e:?}\n"))?;

        T::registered(registration.device());
        Ok(Bound {
            registration,
            _vectors: vectors,
        })
    }

    fn unbind<'bound>(dev: &'bound pci::Device<device::Core<'_>>, this: Pin<&Bound<'bound, T>>) {
        let _ = dev;
        // Closes the interface, and with it stops the device's DMA. Not left to the drop of the data:
        // by then the PCI core no longer keeps the device, and the bridges above it, from sleep.
        this.registration.unregister();
    }
}

/// The adapter for `kernel::module_driver!`.
pub(crate) struct Adapter<T: Driver>(PhantomData<T>);

// SAFETY: The same layout as that of the adapter it delegates to.
unsafe impl<T: Driver> driver::DriverLayout for Adapter<T> {
    type DriverType = kbindings::pci_driver;
    type DriverData<'bound> = Bound<'bound, T>;
    const DEVICE_DRIVER_OFFSET: usize =
        <pci::Adapter<Glue<T>> as driver::DriverLayout>::DEVICE_DRIVER_OFFSET;
}

// SAFETY: Registers and unregisters through the adapter it delegates to.
unsafe impl<T: Driver> driver::RegistrationOps for Adapter<T> {
    unsafe fn register(
        pdrv: &Opaque<Self::DriverType>,
        name: &'static CStr,
        module: &'static ThisModule,
    ) -> Result {
        // SAFETY: The fields may be set before the registration; the tables are static.
        unsafe {
            (*pdrv.get()).shutdown = Some(shutdown::<T>);
            (*pdrv.get()).err_handler = &Tables::<T>::ERRORS;
            (*pdrv.get()).driver.pm = &Tables::<T>::PM;
        }
        // SAFETY: By the safety requirements of this function.
        unsafe { <pci::Adapter<Glue<T>> as driver::RegistrationOps>::register(pdrv, name, module) }
    }

    unsafe fn unregister(pdrv: &Opaque<Self::DriverType>) {
        // SAFETY: By the safety requirements of this function.
        unsafe { <pci::Adapter<Glue<T>> as driver::RegistrationOps>::unregister(pdrv) }
    }
}

struct Tables<T: Driver>(PhantomData<T>);

impl<T: Driver> Tables<T> {
    const PM: kbindings::dev_pm_ops = kbindings::dev_pm_ops {
        suspend: Some(suspend::<T>),
        resume: Some(resume::<T>),
        freeze: Some(suspend::<T>),
        thaw: Some(resume::<T>),
        poweroff: Some(suspend::<T>),
        restore: Some(resume::<T>),
        // SAFETY: All fields are pointers to functions, null where unused.
        ..unsafe { zeroed() }
    };

    const ERRORS: kbindings::pci_error_handlers = kbindings::pci_error_handlers {
        error_detected: Some(error_detected::<T>),
        slot_reset: Some(slot_reset),
        resume: Some(error_resume::<T>),
        reset_prepare: Some(reset_prepare::<T>),
        reset_done: Some(reset_done::<T>),
        // SAFETY: All fields are pointers to functions, null where unused.
        ..unsafe { zeroed() }
    };
}

/// Runs `f` on the network device of `pdev` under RTNL.
///
/// # Safety
///
/// `pdev` must be bound to a driver made of `T`, between probe and remove.
unsafe fn with_rtnl<T: Driver, R>(
    pdev: *mut kbindings::pci_dev,
    f: impl for<'a> FnOnce(&mut Rtnl<'_, T::Net<'a>>) -> R,
) -> R {
    // SAFETY: By the safety requirements; `CoreInternal` is the context of bus callbacks.
    let dev = unsafe { &*pdev.cast::<pci::Device<device::CoreInternal<'_>>>() };
    // SAFETY: By the safety requirements the data is a `Bound<T>`.
    let data = unsafe { dev.as_ref().drvdata_borrow::<Bound<'_, T>>() };

    // SAFETY: Process context, and none of the callers holds RTNL.
    unsafe { bindings::rtnl_lock() };
    // SAFETY: Locked just now.
    let mut rtnl = unsafe { Rtnl::new(data.registration.device()) };
    let result = f(&mut rtnl);

    // SAFETY: Locked above.
    unsafe { bindings::rtnl_unlock() };
    result
}

/// Why the interface is out of the stack's reach. There may be several reasons at a time: an error
/// does not wait for the machine to be awake.
#[derive(Clone, Copy)]
enum Reason {
    /// The machine sleeps.
    Sleep = 1,
    /// The bus has reported an error.
    Error = 2,
    /// Somebody has the device reset.
    Reset = 4,
    /// The machine goes off, or on with another kernel. For good.
    Off = 8,
}

/// Takes the interface out of the stack's reach and stops the device.
fn detach<N: NetDriver>(rtnl: &mut Rtnl<'_, N>, reason: Reason) {
    let dev = rtnl.device();
    let away = &dev.private().away;

    away.store(away.load(Relaxed) | reason as u32, Relaxed);
    // SAFETY: The device is valid.
    unsafe { bindings::netif_device_detach(dev.as_ptr()) };
    lifecycle::suspend(rtnl);
    N::shutdown(rtnl);
}

/// Undoes [`detach`], unless there is another reason.
///
/// An interface that does not come up again, for want of a device or of memory, is within reach all
/// the same: so it can be set down and up.
fn attach<N: NetDriver>(rtnl: &mut Rtnl<'_, N>, reason: Reason) -> Result {
    let dev = rtnl.device();
    let before = dev.private().away.load(Relaxed);
    let left = before & !(reason as u32);

    dev.private().away.store(left, Relaxed);
    if left != 0 || before == 0 {
        return Ok(());
    }
    let resumed = N::resume(rtnl);
    // SAFETY: The device is valid.
    let opened = if unsafe { bindings::netdev_helper_running(dev.as_ptr()) } {
        lifecycle::open(rtnl)
    } else {
        Ok(())
    };

    // SAFETY: The device is valid, and RTNL is held.
    unsafe {
        bindings::netif_device_attach(dev.as_ptr());
        bindings::netdev_helper_rx_mode(dev.as_ptr());
    }
    resumed.and(opened)
}

/// Returns the PCI device of which `dev` is the generic part.
///
/// # Safety
///
/// `dev` must be the `dev` field of a `struct pci_dev`.
unsafe fn to_pci_dev(dev: *mut kbindings::device) -> *mut kbindings::pci_dev {
    // SAFETY: By the safety requirements.
    unsafe { dev.byte_sub(core::mem::offset_of!(kbindings::pci_dev, dev)) }.cast()
}

unsafe extern "C" fn suspend<T: Driver>(dev: *mut kbindings::device) -> c_int {
    // SAFETY: The PCI core calls for a device bound to this driver.
    unsafe { with_rtnl::<T, _>(to_pci_dev(dev), |rtnl| detach(rtnl, Reason::Sleep)) };
    // The PCI core saves the configuration space and chooses the power state.
    0
}

unsafe extern "C" fn resume<T: Driver>(dev: *mut kbindings::device) -> c_int {
    // SAFETY: As above; the PCI core has restored power and configuration space.
    let pdev = unsafe { to_pci_dev(dev) };

    from_result(|| {
        // SAFETY: As above.
        unsafe { with_rtnl::<T, _>(pdev, |rtnl| attach(rtnl, Reason::Sleep)) }.map(|()| 0)
    })
}

unsafe extern "C" fn shutdown<T: Driver>(pdev: *mut kbindings::pci_dev) {
    // SAFETY: The PCI core calls for a device bound to this driver.
    unsafe { with_rtnl::<T, _>(pdev, |rtnl| detach(rtnl, Reason::Off)) };
    // SAFETY: The device is valid. Nothing it does reaches memory from here on, and nobody uses it.
    unsafe {
        bindings::pci_clear_master(pdev.cast());
        bindings::netdev_helper_pci_off(pdev.cast());
    }
}

unsafe extern "C" fn error_detected<T: Driver>(
    pdev: *mut kbindings::pci_dev,
    state: kbindings::pci_channel_state_t,
) -> kbindings::pci_ers_result_t {
    // SAFETY: The PCI core calls for a device bound to this driver.
    unsafe { with_rtnl::<T, _>(pdev, |rtnl| detach(rtnl, Reason::Error)) };
    if state == kbindings::pci_channel_io_perm_failure {
        return kbindings::pci_ers_result_PCI_ERS_RESULT_DISCONNECT;
    }
    kbindings::pci_ers_result_PCI_ERS_RESULT_NEED_RESET
}

unsafe extern "C" fn slot_reset(pdev: *mut kbindings::pci_dev) -> kbindings::pci_ers_result_t {
    // SAFETY: The device is valid; its slot has been reset, and it gets back what probe saved.
    unsafe { bindings::pci_restore_state(pdev.cast()) };
    kbindings::pci_ers_result_PCI_ERS_RESULT_RECOVERED
}

unsafe extern "C" fn error_resume<T: Driver>(pdev: *mut kbindings::pci_dev) {
    // SAFETY: The PCI core calls for a device bound to this driver.
    unsafe { come_back::<T>(pdev, Reason::Error) };
}

unsafe extern "C" fn reset_prepare<T: Driver>(pdev: *mut kbindings::pci_dev) {
    // SAFETY: The PCI core calls for a device bound to this driver.
    unsafe { with_rtnl::<T, _>(pdev, |rtnl| detach(rtnl, Reason::Reset)) };
}

unsafe extern "C" fn reset_done<T: Driver>(pdev: *mut kbindings::pci_dev) {
    // SAFETY: The PCI core calls for a device bound to this driver, whose configuration space it has
    // restored.
    unsafe { come_back::<T>(pdev, Reason::Reset) };
}

/// [`attach`] where the core does not ask what came of it.
///
/// # Safety
///
/// As for [`with_rtnl`].
unsafe fn come_back<T: Driver>(pdev: *mut kbindings::pci_dev, reason: Reason) {
    // SAFETY: By the safety requirements.
    if let Err(e) = unsafe { with_rtnl::<T, _>(pdev, |rtnl| attach(rtnl, reason)) } {
        // SAFETY: The device is valid.
        let dev = unsafe { &*pdev.cast::<pci::Device<device::CoreInternal<'_>>>() };

        dev_err!(dev, "does not come back after a reset: {e:?}\n");
    }
}
