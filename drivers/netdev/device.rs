// SPDX-License-Identifier: GPL-2.0

//! The network device and its private area.
//!
//! # Soundness
//!
//! [`Device`] is `struct net_device` with a [`Private`] in its private area. The cells in there
//! are reached only through the contexts of [`super::context`], each of which stands for the lock
//! or state bit of the kernel that makes the access exclusive:
//!
//! - `control`, `config`, `state`: RTNL. Made mutable only through `&mut Rtnl`, of which there is
//!   one at a time: one per callback that the kernel makes under RTNL, and no function of this
//!   crate that takes `&mut Rtnl` makes the kernel call back under RTNL.
//! - `tx`: the transmit lock of queue 0, held in `ndo_start_xmit` and by the functions of
//!   [`super::context`]. Nothing that runs under it takes it again: who has a
//!   [`TxContext`](super::TxContext) has no way to, and netpoll only tries.
//! - `rx`: NAPI's SCHED bit, held in the poll function, and after `napi_disable()`. netpoll, which
//!   polls without that bit, does not touch it.
//!
//! `shared`, `irq` and `messages` are read by anybody; `T` is `Sync`. `xdp` is shared between RTNL
//! and NAPI; [`super::xdp`] has the rules. `kept` and `pools` are RTNL's ([`super::lifecycle`],
//! [`super::page_pool`]). The NAPI and the timer are the C side's.
//!
//! A context gives `&mut` access to cells by a shared reference, so `Device<T>` is invariant in `T`
//! as they are, and with it all contexts.
//!
//! Installing and removing rings takes the locks of both cells, so an access in either context
//! sees complete rings or none.
//!
//! A `&Device` comes from a callback or from a context, and is valid for as long as that: no
//! callback runs before the private area is complete or after it is dropped
//! ([`super::registration`]). The fields of `struct net_device` that are read here may be written
//! meanwhile, by single stores, and are read by single volatile loads.

use super::{
    bindings,
    dma::device_as_ptr,
    driver::{
        Driver,
        Rings, //
    },
    irq,
    page_pool,
    stats::LinkStats,
    xdp, //
};
use core::{
    cell::UnsafeCell,
    marker::PhantomData,
    mem::align_of, //
};
use kernel::{
    device::Bound,
    fmt,
    prelude::*,
    sync::atomic::Atomic,
    types::Opaque, //
};

/// How far up a device is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No rings, no interrupt; NAPI is disabled.
    Down,
    /// The rings are installed, the interrupt is requested, NAPI is enabled.
    Up,
    /// On the way from one set of rings to another: no rings, NAPI is disabled.
    Swapping,
}

/// What the private area of a device's `struct net_device` holds. The driver's data come first, and
/// are dropped first.
pub(super) struct Private<T: Driver> {
    /// The driver's shared data: complete before registration, dropped after unregistration.
    pub(super) shared: T,
    pub(super) control: UnsafeCell<KBox<T::Control>>,
    pub(super) config: UnsafeCell<T::Config>,
    /// RTNL.
    pub(super) state: UnsafeCell<State>,
    pub(super) tx: UnsafeCell<Option<T::Tx>>,
    pub(super) rx: UnsafeCell<Option<T::Rx>>,
    /// RTNL: the rings of an interface that sleeps.
    pub(super) kept: UnsafeCell<Option<Rings<T>>>,
    pub(super) xdp: xdp::Slot,
    /// Why the bus has taken the device out of the stack's reach: bits. Written under RTNL.
    pub(super) away: Atomic<u32>,
    /// RTNL.
    pub(super) pools: page_pool::Pools,
    pub(super) napi: Opaque<bindings::napi_struct>,
    pub(super) watchdog: Opaque<bindings::timer_list>,
    /// Ends the wait for more packets to transmit.
    pub(super) hold: Opaque<bindings::hrtimer>,
    /// Linux interrupt number.
    pub(super) irq: u32,
    pub(super) line: irq::Line,
    /// Classes of messages that are printed.
    pub(super) messages: Atomic<u32>,
}

/// A network device driven by `T`.
///
/// # Invariants
///
/// The `struct net_device` is valid, and its private area holds a valid `Private<T>`.
#[repr(transparent)]
pub(crate) struct Device<T: Driver> {
    dev: Opaque<bindings::net_device>,
    /// Invariant in `T`, as the cells are: of a device taken for one with data that live shorter
    /// the transmit side could be given something that does.
    _driver: PhantomData<*mut T>,
}

// SAFETY: A network device is not tied to a task, and its data are `Send`.
unsafe impl<T: Driver> Send for Device<T> {}

// SAFETY: The methods on `&Device` may be called from anywhere concurrently; `T` is `Sync`.
unsafe impl<T: Driver> Sync for Device<T> {}

impl<T: Driver> Device<T> {
    /// # Safety
    ///
    /// `dev` must be valid for `'a`, and its private area must hold a valid `Private<T>`.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(dev: *mut bindings::net_device) -> &'a Self {
        // SAFETY: By the safety requirements; `Device` is a transparent wrapper.
        unsafe { &*dev.cast() }
    }

    #[inline]
    pub(super) fn as_ptr(&self) -> *mut bindings::net_device {
        self.dev.get()
    }

    /// Returns the private area of `dev`, which may not be initialised yet.
    ///
    /// # Safety
    ///
    /// `dev` must be valid and have been allocated with room for a `Private<T>`.
    #[inline]
    pub(super) unsafe fn private_area(dev: *mut bindings::net_device) -> *mut Private<T> {
        const {
            assert!(align_of::<Private<T>>() <= bindings::PRIV_ALIGN);
        }
        // SAFETY: `priv`, at this offset, is the flexible array at the end of `net_device`.
        unsafe { dev.byte_add(bindings::PRIV_OFFSET) }.cast()
    }

    #[inline]
    pub(super) fn private(&self) -> &Private<T> {
        // SAFETY: By the type invariants. The cells inside are `UnsafeCell`s and `Opaque`s.
        unsafe { &*Self::private_area(self.as_ptr()) }
    }

    /// Returns the driver's shared data.
    #[inline]
    pub(crate) fn shared(&self) -> &T {
        &self.private().shared
    }

    /// Returns the maximum transmission unit in bytes, without the link layer's header.
    #[inline]
    pub(crate) fn mtu(&self) -> usize {
        // SAFETY: `dev` is valid; the field is written under RTNL and may be read at any time.
        unsafe { (&raw const (*self.as_ptr()).mtu).read_volatile() as usize }
    }

    /// Returns the features that are switched on.
    #[inline]
    pub(crate) fn features(&self) -> super::Features {
        // SAFETY: As above.
        super::Features::from_raw(unsafe { (&raw const (*self.as_ptr()).features).read_volatile() })
    }

    /// Returns whether the device is registered, and not being unregistered. Stable only under
    /// RTNL.
    pub(super) fn is_registered(&self) -> bool {
        // SAFETY: As above.
        let state = unsafe { (&raw const (*self.as_ptr()).reg_state).read_volatile() };

        u32::from(state) == bindings::netdev_reg_state_NETREG_REGISTERED
    }

    /// Returns whether `dev` is the bus device that it belongs to.
    pub(super) fn is_of(&self, dev: &kernel::device::Device<Bound>) -> bool {
        // SAFETY: As above; it is set before the device is registered.
        let parent = unsafe { (*self.as_ptr()).dev.parent };

        parent == device_as_ptr(dev)
    }

    #[inline]
    fn flags(&self) -> u32 {
        // SAFETY: As above.
        unsafe { (&raw const (*self.as_ptr()).flags).read_volatile() }
    }

    /// Returns whether all frames are wanted (`IFF_PROMISC`).
    pub(crate) fn is_promiscuous(&self) -> bool {
        self.flags() & bindings::net_device_flags_IFF_PROMISC != 0
    }

    /// Returns whether all multicast frames are wanted (`IFF_ALLMULTI`).
    pub(crate) fn is_all_multicast(&self) -> bool {
        self.flags() & bindings::net_device_flags_IFF_ALLMULTI != 0
    }

    /// Returns the station address in use. Stable only under RTNL: else it may be part of one and
    /// part of the next.
    pub(crate) fn address(&self) -> super::EthAddr {
        // SAFETY: `dev` is valid; the pointer is set at allocation and never changes.
        let at = unsafe { (*self.as_ptr()).dev_addr };

        super::EthAddr(core::array::from_fn(|n| {
            // SAFETY: `at` points to at least `addr_len`, six, bytes, which may be written to
            // meanwhile.
            unsafe { at.add(n).read_volatile() }
        }))
    }

    /// Returns whether the link is up as far as the stack knows.
    #[inline]
    pub(crate) fn carrier_ok(&self) -> bool {
        // SAFETY: `dev` is valid.
        let state = unsafe { (&raw const (*self.as_ptr()).state).read_volatile() };

        state & (1 << bindings::netdev_state_t___LINK_STATE_NOCARRIER) == 0
    }

    /// Tells the stack that the link is up. Any context.
    pub(crate) fn carrier_on(&self) {
        // SAFETY: `dev` is valid.
        unsafe { bindings::netif_carrier_on(self.as_ptr()) };
    }

    /// Tells the stack that the link is down. Any context.
    pub(crate) fn carrier_off(&self) {
        // SAFETY: `dev` is valid.
        unsafe { bindings::netif_carrier_off(self.as_ptr()) };
    }

    pub(super) fn txq(&self) -> *mut bindings::netdev_queue {
        // SAFETY: `dev` is valid and `_tx` points to its first queue, set at allocation.
        unsafe { (*self.as_ptr())._tx }
    }

    /// Prints a message with the names of the driver, the bus device and the interface.
    ///
    /// Used by [`netdev_info!`] and its siblings. Any context.
    pub(crate) fn print(&self, level: Level, args: fmt::Arguments<'_>) {
        // SAFETY: `%pA` takes a `fmt::Arguments`; `dev` and the strings are valid. Of a level two
        // bytes are looked at, which each has.
        unsafe {
            bindings::netdev_printk(
                level.kern().as_char_ptr(),
                self.as_ptr(),
                c"%pA".as_char_ptr(),
                core::ptr::from_ref(&args).cast::<c_void>(),
            )
        };
    }

    pub(super) fn stats64(&self, storage: &mut bindings::rtnl_link_stats64) {
        T::stats64(self, &mut LinkStats::new(storage));
    }
}

/// How important a message is.
#[derive(Clone, Copy)]
pub(crate) enum Level {
    /// `KERN_ERR`.
    Error,
    /// `KERN_WARNING`.
    Warning,
    /// `KERN_INFO`.
    Info,
}

impl Level {
    /// Returns the kernel's `KERN_*` string, which is two bytes long.
    fn kern(self) -> &'static CStr {
        match self {
            Self::Error => c"\x013",
            Self::Warning => c"\x014",
            Self::Info => c"\x016",
        }
    }
}

/// Prints at a [`Level`].
macro_rules! netdev_print {
    ($level:ident, $dev:expr, $($arg:tt)*) => {
        $dev.print($crate::netdev::Level::$level, kernel::prelude::fmt!($($arg)*))
    };
}

/// Prints at `KERN_INFO`.
macro_rules! netdev_info {
    ($dev:expr, $($arg:tt)*) => { $crate::netdev::netdev_print!(Info, $dev, $($arg)*) };
}

/// Prints at `KERN_WARNING`.
macro_rules! netdev_warn {
    ($dev:expr, $($arg:tt)*) => { $crate::netdev::netdev_print!(Warning, $dev, $($arg)*) };
}

/// Prints at `KERN_ERR`.
macro_rules! netdev_err {
    ($dev:expr, $($arg:tt)*) => { $crate::netdev::netdev_print!(Error, $dev, $($arg)*) };
}

pub(crate) use {
    netdev_err,
    netdev_info,
    netdev_print,
    netdev_warn, //
};
