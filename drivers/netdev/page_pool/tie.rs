// SPDX-License-Identifier: GPL-2.0

//! Which NAPI a pool is tied to, and who takes pages from it.

use super::super::{
    bindings,
    context::{
        NapiContext,
        Rtnl, //
    },
    driver::Driver, //
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
    sync::{
        aref::ARef,
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

/// A page pool.
///
/// # Invariants
///
/// The pointer is to a valid page pool with `PP_FLAG_DMA_MAP`, of which this is one user. While it
/// is tied to a NAPI, that is valid, and the [`Tie`] of its device refers to this. Ties are made and
/// undone only under RTNL, while the NAPI is disabled. The device is the one that pages are mapped
/// for.
pub(super) struct Pool {
    raw: NonNull<bindings::page_pool>,
    /// `page_pool_destroy()` unmaps what is still out, so that the device must not be freed before.
    _dev: ARef<Device>,
}

// SAFETY: A page pool is not tied to a task.
unsafe impl Send for Pool {}

// SAFETY: A reference gives no more than the pointer, and a field that is read with single loads.
unsafe impl Sync for Pool {}

impl Pool {
    /// # Safety
    ///
    /// `raw` must be valid, with `PP_FLAG_DMA_MAP`, made for `dev`, and tied to no NAPI. The use of
    /// it is handed over.
    pub(super) unsafe fn from_raw(raw: NonNull<bindings::page_pool>, dev: &Device) -> Self {
        // INVARIANT: By the safety requirements.
        Self {
            raw,
            _dev: dev.into(),
        }
    }

    pub(super) fn as_ptr(&self) -> *mut bindings::page_pool {
        self.raw.as_ptr()
    }

    /// Returns the NAPI that it is tied to; null for none.
    #[inline]
    fn napi(&self) -> *mut bindings::napi_struct {
        // SAFETY: By the type invariants the pool is valid. The field is written with single
        // stores.
        unsafe { (&raw const (*self.as_ptr()).p.napi).read_volatile() }
    }

    /// Returns whether `consumer` is the one that takes pages, for as long as it lives.
    ///
    /// It may be another one's poll that asks while the pool is tied or untied: then the answer is
    /// no either way.
    #[inline]
    pub(super) fn is_for(&self, consumer: &impl Consumer) -> bool {
        self.napi() == consumer.napi()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // It is tied to no NAPI, as there is no reference to it any more.
        // SAFETY: By the type invariants the pool is valid, and this use of it ends here.
        unsafe { bindings::page_pool_destroy(self.as_ptr()) };
    }
}

/// Where a device keeps the pool that is tied to its NAPI.
///
/// # Invariants
///
/// A pool in it is tied to the NAPI of the device.
pub(in super::super) struct Tie(UnsafeCell<Option<Arc<Pool>>>);

impl Tie {
    pub(in super::super) const fn new() -> Self {
        Self(UnsafeCell::new(None))
    }

    /// Ties `pool` to `napi`, and unties the one that was. One that is tied already stays as it is.
    ///
    /// # Safety
    ///
    /// RTNL must be held. `napi` must be the NAPI of the device that this belongs to, valid, and
    /// disabled.
    pub(super) unsafe fn tie(&self, pool: &Arc<Pool>, napi: *mut bindings::napi_struct) {
        if !pool.napi().is_null() {
            return;
        }
        // SAFETY: By the safety requirements.
        unsafe { self.untie() };
        // INVARIANT: It is tied below.
        // SAFETY: RTNL makes the access exclusive.
        unsafe { *self.0.get() = Some(pool.clone()) };
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
        let Some(pool) = (unsafe { (*self.0.get()).take() }) else {
            return;
        };

        // SAFETY: The pool is valid, and so is its NAPI, which is disabled: nobody puts pages into
        // the pool's cache.
        unsafe { bindings::page_pool_disable_direct_recycling(pool.as_ptr()) };
    }
}
