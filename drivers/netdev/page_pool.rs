// SPDX-License-Identifier: GPL-2.0

//! Receive buffers from a page pool.
//!
//! Documentation:
//! [`Documentation/networking/page_pool.rst`](srctree/Documentation/networking/page_pool.rst)
//!
//! A [`Buffer`] is one whole page, mapped for the device, with room before the data (for an XDP
//! program and for the stack's headers) and after it (for `struct skb_shared_info`), so that the
//! page itself becomes the packet with no copy and goes back to the pool when the packet is freed.
//!
//! A ring keeps its pages in [`Slot`]s.
//!
//! # Soundness
//!
//! The pool's fast allocation cache belongs to the NAPI context of its queue: [`PagePool::alloc`]
//! takes `&mut self`, and the pool lives in [`Driver::Rx`](super::Driver::Rx), to which only NAPI
//! has access while it is enabled. A page that is out of the pool keeps the pool's memory alive
//! (`page_pool_destroy()` waits for it in the background), so a [`Buffer`] needs no reference to
//! its pool. A page given to the device must not be dropped before the device is halted or has
//! written it back; the ring that holds the buffers sees to that.

mod slot;

pub(crate) use self::slot::Slot;

use super::{
    bindings,
    context::DisabledNapi,
    dma::device_as_ptr,
    driver::Driver,
    xdp::RxQueue,
    Device as NetDevice, //
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull,
    slice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    error::from_err_ptr,
    page::PAGE_SIZE,
    prelude::*, //
};

/// Bytes before the data: XDP's headroom, which also holds the stack's `NET_SKB_PAD`.
pub(crate) const HEADROOM: usize = bindings::XDP_PACKET_HEADROOM as usize;

/// Bytes at the end of the page, for `struct skb_shared_info`.
pub(crate) const TAILROOM: usize = bindings::SKB_SHINFO_SIZE;

/// Bytes of data a [`Buffer`] can hold.
pub(crate) const CAPACITY: usize = PAGE_SIZE - HEADROOM - TAILROOM;

/// A pool of pages mapped for one device.
///
/// XDP knows it as the memory of receive queue 0, with a program or without.
pub(crate) struct PagePool {
    // Before the pool.
    rxq: RxQueue,
    pool: Pool,
}

/// A page pool.
///
/// # Invariants
///
/// The pointer is to a valid page pool with `PP_FLAG_DMA_MAP`, and this is the only one to
/// allocate from it.
struct Pool(NonNull<bindings::page_pool>);

// SAFETY: A page pool is not tied to a task; `&mut self` serialises its allocation side.
unsafe impl Send for Pool {}

impl Drop for Pool {
    fn drop(&mut self) {
        // SAFETY: The pool is valid and has no other user.
        unsafe { bindings::page_pool_destroy(self.0.as_ptr()) };
    }
}

impl PagePool {
    /// Makes a pool whose pages hold up to `max_len` bytes (at most [`CAPACITY`]) of data written
    /// by `dev`, sized for a ring of `entries`. May sleep.
    ///
    /// Fails with `ENOMEM`, or `EINVAL` for sizes that don't fit.
    pub(crate) fn new<T: Driver>(
        dev: &Device<Bound>,
        netdev: &NetDevice<T>,
        entries: usize,
        max_len: usize,
    ) -> Result<Self> {
        if max_len > CAPACITY {
            return Err(EINVAL);
        }
        let mut params = bindings::page_pool_params::default();

        // SAFETY: Both variants of the `struct_group`s are plain data with the same layout, and
        // have been zeroed.
        let (fast, slow) = unsafe {
            (
                &mut params.__bindgen_anon_1.fast,
                &mut params.__bindgen_anon_2.slow,
            )
        };
        // CAST: Both are far below 2^32.
        fast.pool_size = entries as u32;
        fast.nid = bindings::NUMA_NO_NODE;
        fast.dev = device_as_ptr(dev);
        fast.dma_dir = bindings::dma_data_direction_DMA_BIDIRECTIONAL;
        fast.max_len = max_len as u32;
        fast.offset = HEADROOM as u32;
        slow.flags = bindings::PP_FLAG_DMA_MAP | bindings::PP_FLAG_DMA_SYNC_DEV;
        slow.netdev = netdev.as_ptr();

        // SAFETY: The parameters are valid, and so is `dev`, to which the pool takes a reference.
        let pool = from_err_ptr(unsafe { bindings::page_pool_create(&params) })?;

        // INVARIANT: The pool was made just now, with PP_FLAG_DMA_MAP.
        let pool = Pool(NonNull::new(pool).ok_or(ENOMEM)?);

        Ok(Self {
            // SAFETY: The pool is valid, and dropped after; the device outlives its rings.
            rxq: unsafe { RxQueue::new(netdev.as_ptr(), pool.0)? },
            pool,
        })
    }

    fn as_ptr(&self) -> *mut bindings::page_pool {
        self.pool.0.as_ptr()
    }

    pub(super) fn rxq(&self) -> &RxQueue {
        &self.rxq
    }

    /// Ties the pool to the NAPI that is about to use it, so that pages freed in its context go
    /// straight back to the cache. `napi` proves that NAPI is disabled now.
    pub(crate) fn attach(&mut self, napi: &DisabledNapi<'_>) {
        // SAFETY: The pool and the NAPI are valid; the NAPI is disabled, and the pool is
        // destroyed before the NAPI is deleted.
        unsafe { bindings::page_pool_enable_direct_recycling(self.pool.0.as_ptr(), napi.as_ptr()) };
    }

    /// Takes a page, synced for the device. Atomic context is fine.
    #[inline]
    pub(crate) fn alloc(&mut self) -> Option<Buffer> {
        // SAFETY: The pool is valid, and `&mut self` makes us the only one to allocate.
        let page = unsafe { bindings::netdev_helper_pp_alloc(self.pool.0.as_ptr()) };

        // INVARIANT: The page comes from a pool that maps its pages.
        NonNull::new(page).map(|page| Buffer { page })
    }
}

/// One page of a [`PagePool`], owned.
///
/// # Invariants
///
/// `page` is an order-0 page out of a page pool with `PP_FLAG_DMA_MAP`, and owned.
pub(crate) struct Buffer {
    page: NonNull<bindings::page>,
}

// SAFETY: A page is not tied to a task.
unsafe impl Send for Buffer {}

impl Buffer {
    /// Returns the address at which the device is to write.
    #[inline]
    pub(crate) fn address(&self) -> u64 {
        // SAFETY: By the type invariants the page is valid and mapped.
        let addr = unsafe { bindings::netdev_helper_pp_dma_addr(self.page.as_ptr()) };

        addr.wrapping_add(HEADROOM as u64)
    }

    /// # Safety
    ///
    /// `page` must be an order-0 page out of a page pool with `PP_FLAG_DMA_MAP`, and its
    /// ownership is handed over.
    pub(super) unsafe fn from_raw(page: NonNull<bindings::page>) -> Self {
        // INVARIANT: By the safety requirements.
        Self { page }
    }

    pub(super) fn into_raw(self) -> NonNull<bindings::page> {
        ManuallyDrop::new(self).page
    }

    pub(super) fn page(&self) -> *mut bindings::page {
        self.page.as_ptr()
    }

    #[inline]
    pub(super) fn cpu(&self) -> *mut u8 {
        // SAFETY: By the type invariants the page is valid; pages of a pool are never highmem.
        unsafe { bindings::netdev_helper_page_address(self.page.as_ptr()).cast() }
    }

    /// Makes what the device wrote, `len` bytes, visible to the CPU: it is read after whatever the
    /// caller has read before.
    ///
    /// Returns `None` if `len` is above [`CAPACITY`].
    #[inline]
    pub(crate) fn received(self, len: usize) -> Option<Filled> {
        if len > CAPACITY {
            return None;
        }
        // CAST: Bounded by the check above.
        // SAFETY: By the type invariants the page is from a pool, and `len` is within it.
        unsafe { bindings::netdev_helper_pp_sync_for_cpu(self.page.as_ptr(), 0, len as u32) };

        // INVARIANT: `len` was checked.
        Some(Filled { buf: self, len })
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the page is from a pool and owned; it goes back here.
        unsafe { bindings::netdev_helper_pp_put(self.page.as_ptr(), false) };
    }
}

/// A buffer with data in it.
///
/// # Invariants
///
/// The first `len` bytes after [`HEADROOM`] were written by the device and synced for the CPU;
/// `len` is at most [`CAPACITY`].
pub(crate) struct Filled {
    buf: Buffer,
    len: usize,
}

impl Filled {
    /// Returns the data.
    ///
    /// The device has given the buffer back. One that writes on regardless changes bytes, which
    /// are valid in any state; nothing is decided on them twice.
    #[inline]
    pub(crate) fn data(&self) -> &[u8] {
        // SAFETY: By the type invariants the bytes lie in the page, which was initialised when
        // the kernel allocated or the device filled it.
        unsafe { slice::from_raw_parts(self.buf.cpu().add(HEADROOM), self.len) }
    }

    /// Shortens the data to its first `len` bytes.
    #[inline]
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    pub(super) fn into_parts(self) -> (Buffer, usize) {
        (self.buf, self.len)
    }

    /// Gives the buffer back, to be handed to the device again.
    ///
    /// The CPU has only read from it.
    #[inline]
    pub(crate) fn into_buffer(self) -> Buffer {
        self.buf
    }
}
