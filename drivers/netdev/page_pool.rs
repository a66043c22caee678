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
//! A pool has one user of its allocation side, by `&mut` [`PagePool`], but its cache has others:
//! once the pool is tied to a NAPI, whoever frees a page on the CPU on which that NAPI is due, in
//! softirq context, puts it there with no lock (`page_pool_napi_local()`). So pages are taken by
//! the poll of that very NAPI, beside which nothing of the sort runs; or, while the pool is tied to
//! none, under RTNL, without which it cannot be tied. [`Consumer`] says which of them it is that
//! asks, and each call looks once whether it is the right one. XDP frames that could not be
//! redirected are put there, too, by the poll that ran the program: a poll runs one only on pages
//! of the pool that is tied to its NAPI ([`Buff`](super::xdp::Buff)).
//!
//! A driver can keep its pool where it wants, exchange it with another's, or forget it. What the
//! NAPI and the pool know of each other does not depend on it: the device has a reference of its
//! own to each of its pools ([`Pools`]), and unties the one that is tied to its NAPI before that runs
//! with other rings or none, or is deleted. Both are done under RTNL, while NAPI is disabled, which
//! it becomes only when nobody is between the look at the NAPI and the cache. The C side counts the
//! users of a pool, of which the last one ends it: [`RxQueue`] is one, [`Pool`] the other. A pool
//! that is forgotten ends with the device.
//!
//! A pool refers to its network device. It is made only for one that is registered, so that the
//! core has it refer to another one when that is unregistered (`page_pool_unreg_netdev()`). To the
//! device that it maps pages for [`Pool`] holds a reference. The [`RxQueue`]'s pointer is followed
//! only by polls of the device that it points to ([`super::xdp`]).
//!
//! A page that is out of the pool keeps the pool's memory alive (`page_pool_destroy()` waits for it
//! in the background, but unmaps it at once), so a [`Buffer`] needs no reference to its pool. Its
//! address is of use only while there is the pool; [`Slot::renew`] gives up pages of another, and the
//! C side syncs none of a pool that has ended: what such a page holds may not be what the device
//! wrote. It does not keep the device alive, which the pool's memory points to and which is asked to sync what it
//! wrote: so pools, and what their pages are in until they are a packet's or a frame's, do not
//! outlive the time that the device is bound (`'bound`).
//!
//! A buffer can be dropped anywhere: in a hard interrupt, which may be one in the middle of what the
//! softirq below does to the cache, and with interrupts off, where the pool's lock would have softirqs
//! run under locks of the caller's, the page is lost instead of put back, with a warning.
//!
//! A page given to the device must not be dropped before the device is halted or has written it
//! back; the ring that holds the buffers sees to that. A device that writes on changes bytes of
//! somebody else's, which no abstraction can know ([`super::lifecycle`]).

mod slot;
mod tie;

pub(super) use self::tie::Pools;
pub(crate) use self::{
    slot::Slot,
    tie::Consumer, //
};

use self::tie::Pool;

use super::{
    bindings,
    context::{
        DisabledNapi,
        NapiContext,
        Rtnl, //
    },
    dma::device_as_ptr,
    driver::Driver,
    xdp::RxQueue, //
};
use core::{
    marker::PhantomData,
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
    prelude::*,
    sync::Arc, //
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
pub(crate) struct PagePool<'bound> {
    pool: Arc<Pool>,
    _bound: PhantomData<&'bound ()>,
}

impl<'bound> PagePool<'bound> {
    /// Makes a pool whose pages hold up to `max_len` bytes (at most [`CAPACITY`]) of data written
    /// by `dev`, sized for a ring of `entries`. May sleep.
    ///
    /// Fails with `ENOMEM`, with `EINVAL` for sizes that don't fit or if `dev` is not the network
    /// device's parent, or with `ENODEV` while the network device is being unregistered.
    pub(crate) fn new<T: Driver>(
        rtnl: &Rtnl<'_, T>,
        dev: &'bound Device<Bound>,
        entries: usize,
        max_len: usize,
    ) -> Result<Self> {
        let netdev = rtnl.device();

        // From then on the core would not see that the pool refers to it.
        if !netdev.is_registered() {
            return Err(ENODEV);
        }
        if max_len > CAPACITY || !netdev.is_of(dev) {
            return Err(EINVAL);
        }
        let mut params: bindings::page_pool_params = pin_init::zeroed();

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

        // SAFETY: The parameters are valid, and so is `dev`, which stays so for as long as the pool:
        // see below.
        let pool = from_err_ptr(unsafe { bindings::page_pool_create(&params) })?;

        let raw = NonNull::new(pool).ok_or(ENOMEM)?;
        // SAFETY: The pool was made just now, with PP_FLAG_DMA_MAP and without a NAPI.
        let pool = unsafe { Pool::from_raw(raw, dev, netdev.as_ptr())? };
        let this = Self {
            pool: Arc::new(pool, GFP_KERNEL)?,
            _bound: PhantomData,
        };

        // SAFETY: RTNL is held.
        unsafe { netdev.private().pools.add(this.pool.clone())? };
        Ok(this)
    }

    pub(super) fn as_ptr(&self) -> *mut bindings::page_pool {
        self.pool.as_ptr()
    }

    #[inline]
    fn is_for(&self, consumer: &impl Consumer) -> bool {
        self.pool.is_for(consumer)
    }

    /// Returns the queue that it is the memory of, if pages are taken by that NAPI.
    #[inline]
    pub(super) fn rxq<T: Driver>(&self, ctx: &NapiContext<'_, T>) -> Option<&RxQueue> {
        self.is_for(ctx).then(|| self.pool.rxq())
    }

    /// Ties the pool to the NAPI that is about to use it, so that pages freed in its context go
    /// straight back to the cache. `napi` proves that NAPI is disabled now.
    ///
    /// That lasts until the interface goes down or gets other rings, and ends for the pool that was
    /// tied to it. It comes to nothing if the pool was not made for the device of the NAPI.
    pub(crate) fn attach(&mut self, napi: &DisabledNapi<'_>) {
        // SAFETY: `napi` proves it, and has its device's pools.
        unsafe { napi.pools().tie(&self.pool, napi.as_ptr()) };
    }

    /// Takes a page, synced for the device. None if there is no memory, or if it is not for
    /// `consumer` to take one.
    #[inline]
    pub(crate) fn alloc(&mut self, consumer: &impl Consumer) -> Option<Buffer<'bound>> {
        if !self.is_for(consumer) {
            return None;
        }
        // SAFETY: The pool is valid; `&mut self` makes us the only one to allocate, and nobody
        // recycles into its cache meanwhile, as just checked.
        let page = unsafe { bindings::netdev_helper_pp_alloc(self.as_ptr()) };

        // INVARIANT: The page comes from a pool that maps its pages, for a device bound for `'bound`.
        NonNull::new(page).map(|page| Buffer {
            page,
            _bound: PhantomData,
        })
    }
}

impl Drop for PagePool<'_> {
    fn drop(&mut self) {
        // The device has it end, with the next rings or without any.
        self.pool.set_dropped();
    }
}

/// One page of a [`PagePool`], owned.
///
/// # Invariants
///
/// `page` is an order-0 page out of a page pool with `PP_FLAG_DMA_MAP`, and owned. The device that it
/// is mapped for is valid for `'bound`.
#[must_use = "dropped, the page goes back to its pool"]
pub(crate) struct Buffer<'bound> {
    page: NonNull<bindings::page>,
    _bound: PhantomData<&'bound ()>,
}

// SAFETY: A page is not tied to a task.
unsafe impl Send for Buffer<'_> {}

impl<'bound> Buffer<'bound> {
    /// Returns the address at which the device is to write.
    #[inline]
    pub(crate) fn address(&self) -> u64 {
        // SAFETY: By the type invariants the page is valid; the address was noted when it was mapped.
        let addr = unsafe { bindings::netdev_helper_pp_dma_addr(self.page.as_ptr()) };

        addr.wrapping_add(HEADROOM as u64)
    }

    /// # Safety
    ///
    /// `page` must be an order-0 page out of a page pool with `PP_FLAG_DMA_MAP` for a device that is
    /// valid for `'bound`, and its ownership is handed over.
    pub(super) unsafe fn from_raw(page: NonNull<bindings::page>) -> Self {
        // INVARIANT: By the safety requirements.
        Self {
            page,
            _bound: PhantomData,
        }
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
    pub(crate) fn received(self, len: usize) -> Option<Filled<'bound>> {
        if len > CAPACITY {
            return None;
        }
        // CAST: Bounded by the check above.
        // SAFETY: By the type invariants the page is from a pool and its device valid, and `len` is
        // within the page.
        unsafe { bindings::netdev_helper_pp_sync_for_cpu(self.page.as_ptr(), len as u32) };

        // INVARIANT: `len` was checked.
        Some(Filled { buf: self, len })
    }
}

impl Drop for Buffer<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the page is from a pool and owned; it goes back here. The
        // helper looks after the context.
        unsafe { bindings::netdev_helper_pp_put(self.page.as_ptr()) };
    }
}

/// A buffer with data in it.
///
/// # Invariants
///
/// The first `len` bytes after [`HEADROOM`] were written by the device and synced for the CPU;
/// `len` is at most [`CAPACITY`].
pub(crate) struct Filled<'bound> {
    buf: Buffer<'bound>,
    len: usize,
}

impl<'bound> Filled<'bound> {
    /// Returns the data.
    ///
    /// The device has given the buffer back. One that writes on regardless changes bytes, which
    /// are valid in any state; nothing is decided on them twice.
    #[inline]
    pub(crate) fn data(&self) -> &[u8] {
        // SAFETY: By the type invariants the bytes lie in the page, the device has given it back,
        // and bytes of memory that the kernel has mapped are valid whatever they are.
        unsafe { slice::from_raw_parts(self.buf.cpu().add(HEADROOM), self.len) }
    }

    /// Shortens the data to its first `len` bytes.
    #[inline]
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    pub(super) fn into_parts(self) -> (Buffer<'bound>, usize) {
        (self.buf, self.len)
    }

    /// Gives the buffer back, to be handed to the device again.
    ///
    /// The CPU has only read from it.
    #[inline]
    pub(crate) fn into_buffer(self) -> Buffer<'bound> {
        self.buf
    }
}
