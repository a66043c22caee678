// SPDX-License-Identifier: GPL-2.0

//! A device's pools: which of them its NAPI is tied to, who takes pages from it, and their end.

use super::super::{
    bindings,
    context::{
        NapiContext,
        Rtnl, //
    },
    driver::Driver,
    xdp::RxQueue, //
};
use core::{
    cell::UnsafeCell,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::{
    device::Device,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Acquire,
            Atomic,
            Full,
            Release, //
        },
        Arc, //
    }, //
};

/// Who takes pages from pools: a NAPI's poll from those that are tied to that NAPI, the control
/// path from those that are tied to none.
///
/// # Safety
///
/// [`Self::napi`] must be the NAPI in whose poll the value lives. If it is null, RTNL must be held
/// for as long as the value lives, in process context.
pub(crate) unsafe trait Consumer {
    /// Returns whose pools it is.
    fn napi(&self) -> *mut bindings::napi_struct;
}

// SAFETY: The context lives in the poll of its device's NAPI.
unsafe impl<T: Driver> Consumer for NapiContext<'_, T> {
    #[inline]
    fn napi(&self) -> *mut bindings::napi_struct {
        self.napi_ptr()
    }
}

// SAFETY: RTNL is held, which is a mutex.
unsafe impl<T: Driver> Consumer for Rtnl<'_, T> {
    fn napi(&self) -> *mut bindings::napi_struct {
        ptr::null_mut()
    }
}

/// A page pool, and the receive queue that programs know it by.
///
/// # Invariants
///
/// Until it has ended: the pointer is to a valid page pool with `PP_FLAG_DMA_MAP`, of which this is
/// one user, and the queue another. While it is tied to a NAPI, that is valid, and the [`Pools`] of
/// its device have it. Ties are made and undone only under RTNL, while the NAPI is disabled. The
/// device is the one that pages are mapped for.
pub(super) struct Pool {
    raw: NonNull<bindings::page_pool>,
    rxq: RxQueue,
    /// Whether the driver has no more use for it.
    dropped: Atomic<bool>,
    ended: Atomic<bool>,
    /// `page_pool_destroy()` unmaps what is still out, so that the device must not be freed before.
    _dev: ARef<Device>,
}

// SAFETY: A page pool is not tied to a task.
unsafe impl Send for Pool {}

// SAFETY: A reference gives no more than the pointers, and fields that are read with single loads.
unsafe impl Sync for Pool {}

impl Pool {
    /// # Safety
    ///
    /// `raw` must be valid, with `PP_FLAG_DMA_MAP`, made for `dev`, and tied to no NAPI. The use of
    /// it is handed over, and ends if this fails. `netdev` must be valid.
    pub(super) unsafe fn from_raw(
        raw: NonNull<bindings::page_pool>,
        dev: &Device,
        netdev: *mut bindings::net_device,
    ) -> Result<Self> {
        // SAFETY: By the safety requirements. The queue ends first: see `end()`.
        let rxq = unsafe { RxQueue::new(netdev, raw) }.inspect_err(|_| {
            // SAFETY: By the safety requirements.
            unsafe { bindings::page_pool_destroy(raw.as_ptr()) }
        })?;

        // INVARIANT: By the safety requirements.
        Ok(Self {
            raw,
            rxq,
            dropped: Atomic::new(false),
            ended: Atomic::new(false),
            _dev: dev.into(),
        })
    }

    pub(super) fn as_ptr(&self) -> *mut bindings::page_pool {
        self.raw.as_ptr()
    }

    pub(super) fn rxq(&self) -> &RxQueue {
        &self.rxq
    }

    /// Notes that the driver has no more use for it, and does not use it from here on.
    pub(super) fn set_dropped(&self) {
        self.dropped.store(true, Release);
    }

    /// Returns the NAPI that it is tied to; null for none.
    #[inline]
    fn napi(&self) -> *mut bindings::napi_struct {
        // SAFETY: By the type invariants the pool is valid. The field is written with single
        // stores.
        unsafe { (&raw const (*self.as_ptr()).p.napi).read_volatile() }
    }

    fn is_tied(&self) -> bool {
        !self.napi().is_null()
    }

    /// Returns whether `consumer` is the one that takes pages, for as long as it lives.
    ///
    /// It may be another one's poll that asks while the pool is tied or untied: then the answer is
    /// no either way.
    #[inline]
    pub(super) fn is_for(&self, consumer: &impl Consumer) -> bool {
        self.napi() == consumer.napi()
    }

    /// Ends pool and queue, unless that has been done. May sleep.
    ///
    /// # Safety
    ///
    /// Nobody must use them any more. The pool must be tied to no NAPI.
    unsafe fn end(&self) {
        if !self.ended.xchg(true, Full) {
            // SAFETY: By the type invariants both are valid, and by the safety requirements unused;
            // once, and the queue first.
            unsafe {
                self.rxq.unregister();
                bindings::page_pool_destroy(self.as_ptr());
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // SAFETY: There is no reference to it any more, neither a driver's nor a device's.
        unsafe { self.end() };
    }
}

/// The pools that were made for a device.
///
/// They end with it: also one that the driver has forgotten, the pages of which may be in packets
/// that live longer than the device is bound.
///
/// # Invariants
///
/// At most one of them is tied to a NAPI: that of the device.
pub(in super::super) struct Pools(UnsafeCell<KVec<Arc<Pool>>>);

impl Pools {
    pub(in super::super) const fn new() -> Self {
        Self(UnsafeCell::new(KVec::new()))
    }

    /// Adds a pool that was made for the device, and is tied to no NAPI.
    ///
    /// # Safety
    ///
    /// RTNL must be held.
    pub(super) unsafe fn add(&self, pool: Arc<Pool>) -> Result {
        // SAFETY: By the safety requirements.
        unsafe { self.reap() };
        // SAFETY: RTNL makes the access exclusive.
        Ok(unsafe { &mut *self.0.get() }.push(pool, GFP_KERNEL)?)
    }

    /// Ties `pool` to `napi`, and unties the one that was. One that is tied already stays as it is,
    /// and so does one that was made for another device.
    ///
    /// # Safety
    ///
    /// RTNL must be held. `napi` must be the NAPI of the device that this belongs to, valid, and
    /// disabled.
    pub(super) unsafe fn tie(&self, pool: &Arc<Pool>, napi: *mut bindings::napi_struct) {
        // SAFETY: RTNL makes the access exclusive.
        let pools = unsafe { &*self.0.get() };

        if pool.is_tied() || !pools.iter().any(|ours| Arc::ptr_eq(ours, pool)) {
            return;
        }
        // SAFETY: By the safety requirements.
        unsafe { self.untie() };
        // INVARIANT: No other is tied.
        // SAFETY: Both are valid, and the pool is tied to no NAPI.
        unsafe { bindings::page_pool_enable_direct_recycling(pool.as_ptr(), napi) };
    }

    /// Unties the pool, if there is one: the NAPI may run without it, and go.
    ///
    /// # Safety
    ///
    /// RTNL must be held, and the NAPI of the device that this belongs to be disabled.
    pub(in super::super) unsafe fn untie(&self) {
        // SAFETY: RTNL makes the access exclusive.
        let pools = unsafe { &*self.0.get() };

        if let Some(pool) = pools.iter().find(|pool| pool.is_tied()) {
            // SAFETY: The pool is valid, and so is its NAPI, which is disabled: nobody puts pages
            // into the pool's cache.
            unsafe { bindings::page_pool_disable_direct_recycling(pool.as_ptr()) };
        }
    }

    /// Ends those that the driver has dropped, but for one that is tied. May sleep.
    ///
    /// # Safety
    ///
    /// RTNL must be held.
    pub(in super::super) unsafe fn reap(&self) {
        // SAFETY: RTNL makes the access exclusive.
        let pools = unsafe { &mut *self.0.get() };

        pools.retain(|pool| {
            let stays = pool.is_tied() || !pool.dropped.load(Acquire);

            if !stays {
                // SAFETY: The driver has dropped it, perhaps just now, where it must not sleep.
                unsafe { pool.end() };
            }
            stays
        });
    }
}

impl Drop for Pools {
    fn drop(&mut self) {
        for pool in self.0.get_mut() {
            // SAFETY: Dropped with the device's private area, after the driver's data in it, by when
            // the interface is closed. What else a driver can keep for `'bound` is forgotten.
            unsafe { pool.end() };
        }
    }
}
