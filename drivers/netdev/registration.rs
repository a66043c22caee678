// SPDX-License-Identifier: GPL-2.0

//! Allocation and registration of a network device.
//!
//! # Soundness
//!
//! The private area is written whole before the device is registered, and dropped after the last
//! callback: `unregister_netdev()` closes the interface, which ends the interrupt, NAPI and the timers,
//! and waits for a grace period of RCU and for every reference to the device. Who calls the driver
//! otherwise has RTNL, is in such a section, or has a reference. What the C side keeps pointers to
//! (the NAPI, the timer, the tables of operations) lies in the private area or is static.
//!
//! The driver's data may borrow from the bound device, for `'a`. The registration carries that
//! lifetime and is out of a driver's reach, so that it is dropped, and dropped before; only the
//! bus glue could leak it, and hands it to the driver core.

use super::{
    bindings,
    device::{
        Device,
        Private,
        State, //
    },
    dma::device_as_ptr,
    driver::{
        Driver,
        Probed,
        Setup, //
    },
    ethtool,
    features::Features,
    irq::Line,
    lifecycle,
    ndo,
    page_pool,
    xdp, //
};
use core::{
    cell::UnsafeCell,
    marker::PhantomData,
    mem::size_of,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::{
    device::Bound,
    error::to_result,
    prelude::*,
    sync::atomic::{
        Atomic,
        Full, //
    },
    types::Opaque, //
};

/// A registered network device.
///
/// Dropping it unregisters the device, if [`Self::unregister`] has not, which closes the interface;
/// then the NAPI goes, then the driver's data, then the device. It is held by the bus glue
/// ([`super::pci`]) and never given to a driver, so that safe code cannot leak it and have callbacks
/// outlive the data they borrow.
///
/// # Invariants
///
/// `dev` is valid, and its private area holds a valid `Private<T>`. It is registered unless `over`
/// is set.
pub(super) struct Registration<'a, T: Driver> {
    dev: NonNull<bindings::net_device>,
    over: Atomic<bool>,
    _parent: PhantomData<(&'a kernel::device::Device<Bound>, T)>,
}

// SAFETY: A device may be unregistered from any task; `T` and its parts are `Send`.
unsafe impl<T: Driver> Send for Registration<'_, T> {}

impl<'a, T: Driver + ethtool::Operations + 'a> Registration<'a, T> {
    /// Allocates a device below `parent`, and registers it. May sleep; takes RTNL.
    ///
    /// From this call on the interface can be opened. Fails with `ENOMEM`, or with what
    /// `register_netdev()` returns; everything is undone then, the driver's data dropped.
    pub(super) fn new(
        parent: &'a kernel::device::Device<Bound>,
        irq: u32,
        setup: &Setup,
        probed: Probed<T>,
    ) -> Result<Self> {
        let size = c_int::try_from(size_of::<Private<T>>())?;
        // SAFETY: Takes numbers only.
        let dev = unsafe { bindings::alloc_etherdev_mqs(size, 1, 1) };
        let dev = NonNull::new(dev).ok_or(ENOMEM)?.as_ptr();

        // SAFETY: `dev` was allocated with room for a `Private<T>`, and is not visible to anybody.
        unsafe {
            Device::<T>::private_area(dev).write(Private {
                shared: probed.shared,
                control: UnsafeCell::new(probed.control),
                config: UnsafeCell::new(probed.config),
                state: UnsafeCell::new(State::Down),
                tx: UnsafeCell::new(None),
                rx: UnsafeCell::new(None),
                kept: UnsafeCell::new(None),
                xdp: xdp::Slot::new(),
                away: Atomic::new(0),
                pools: page_pool::Pools::new(),
                napi: Opaque::new(pin_init::zeroed()),
                watchdog: Opaque::new(pin_init::zeroed()),
                hold: Opaque::new(pin_init::zeroed()),
                irq,
                line: Line::new(),
                messages: Atomic::new(setup.messages.into_raw()),
            });
        }
        // SAFETY: As above; the private area is initialised now.
        let private = unsafe { &*Device::<T>::private_area(dev) };

        // SAFETY: `dev` and `parent` are valid and `dev` not registered yet; the NAPI and the
        // timers lie in the private area, zeroed.
        unsafe {
            bindings::netdev_helper_set_parent(dev, device_as_ptr(parent));
            configure::<T>(dev, setup);
            bindings::netdev_helper_napi_add(dev, private.napi.get(), Some(ndo::poll::<T>));
            bindings::netdev_helper_timer_setup(
                private.watchdog.get(),
                Some(lifecycle::watchdog::<T>),
            );
            bindings::netdev_helper_hold_setup(private.hold.get(), Some(lifecycle::held::<T>));
            bindings::netif_carrier_off(dev);
        }
        // SAFETY: `dev` is complete: whatever the stack calls from now on finds its data.
        if let Err(e) = to_result(unsafe { bindings::register_netdev(dev) }) {
            // SAFETY: `dev` is not registered, and everything in it is initialised.
            unsafe { release::<T>(dev) };
            return Err(e);
        }
        // INVARIANT: Registered just now.
        Ok(Self {
            // SAFETY: Checked above.
            dev: unsafe { NonNull::new_unchecked(dev) },
            over: Atomic::new(false),
            _parent: PhantomData,
        })
    }
}

impl<T: Driver> Registration<'_, T> {
    /// Returns the device.
    pub(super) fn device(&self) -> &Device<T> {
        // SAFETY: By the type invariants.
        unsafe { Device::from_raw(self.dev.as_ptr()) }
    }

    /// Unregisters the device, which closes the interface; once. May sleep, takes RTNL.
    ///
    /// After it there are no callbacks any more.
    pub(super) fn unregister(&self) {
        // INVARIANT: It is set before the device is unregistered.
        if !self.over.xchg(true, Full) {
            // SAFETY: By the type invariants the device is registered; process context.
            unsafe { bindings::unregister_netdev(self.dev.as_ptr()) };
        }
    }
}

/// Sets the fields of a device that is not registered yet.
///
/// # Safety
///
/// `dev` must be valid and not visible to anybody.
unsafe fn configure<T: Driver + ethtool::Operations>(
    dev: *mut bindings::net_device,
    setup: &Setup,
) {
    let no_fcs = if setup.no_fcs {
        bindings::IFF_SUPP_NOFCS
    } else {
        0
    };

    // SAFETY: By the safety requirements the access is exclusive.
    unsafe {
        (*dev).netdev_ops = ndo::ops::<T>();
        (*dev).ethtool_ops = ethtool::ops::<T>();
        (*dev).stat_ops = ndo::stat_ops::<T>();
        (*dev).hw_features = (setup.hw_features & Features::KNOWN).into_raw();
        (*dev).features |= (setup.features & Features::KNOWN).into_raw();
        (*dev).vlan_features = (setup.vlan_features & Features::KNOWN).into_raw();
        // The kernel takes the feature's word for that there is a function.
        (*dev).xdp_features = if T::HAS_XDP_XMIT {
            T::XDP.into_raw()
        } else {
            T::XDP.without(xdp::Support::XMIT).into_raw()
        };
        (*dev).min_mtu = setup.min_mtu;
        (*dev).max_mtu = setup.max_mtu;
        // CAST: A few thousand.
        (*dev).watchdog_timeo = kernel::time::msecs_to_jiffies(setup.watchdog_msecs) as c_int;
        (*dev).__bindgen_anon_1.__bindgen_anon_1.set_priv_flags(
            (*dev).__bindgen_anon_1.__bindgen_anon_1.priv_flags()
                | (bindings::IFF_UNICAST_FLT | bindings::IFF_LIVE_ADDR_CHANGE | no_fcs) as c_ulong,
        );
        if setup.tso_max_size != 0 {
            bindings::netif_set_tso_max_size(dev, setup.tso_max_size);
        }
        bindings::dev_addr_mod(
            dev,
            0,
            setup.address.0.as_ptr().cast(),
            setup.address.0.len(),
        );
        // CAST: The constants are 0 to 3.
        if setup.address_is_random {
            (*dev).addr_assign_type = bindings::NET_ADDR_RANDOM as u8;
        }
    }
}

/// Frees a device that is not registered (any more), and the driver's data in it.
///
/// # Safety
///
/// `dev` must be valid, its private area initialised, and nobody may be using it.
unsafe fn release<T: Driver>(dev: *mut bindings::net_device) {
    // SAFETY: By the safety requirements.
    unsafe {
        let private = Device::<T>::private_area(dev);

        bindings::timer_shutdown_sync((*private).watchdog.get());
        // Nobody starts it any more: the rings are gone.
        bindings::hrtimer_cancel((*private).hold.get());
        bindings::netdev_helper_napi_del((*private).napi.get());
        ptr::drop_in_place(private);
        bindings::free_netdev(dev);
    }
}

impl<T: Driver> Drop for Registration<'_, T> {
    fn drop(&mut self) {
        self.unregister();
        // SAFETY: No callback runs any more and none will.
        unsafe { release::<T>(self.dev.as_ptr()) };
    }
}
