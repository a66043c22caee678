// SPDX-License-Identifier: GPL-2.0

//! Where a ring keeps the pages of its descriptors.
//!
//! # Soundness
//!
//! A page is shared with no more than one packet: it is lent only while there is a [`Buffer`] in
//! the slot, all of it ours, and is one again only when ours is the last share. The shares are
//! counted in the page (`pp_ref_count`), and every way to free a packet ends one, as it has
//! `pp_recycle` set. No page is added to a packet that has not, nor to one with other owners or
//! clones, which look at its frags with no lock: an [`RxSkBuff`] is neither.
//!
//! Who has a packet may take more references to its page (`splice()`, GRO, a clone), and gives up
//! the share after that; so a page of which all shares are ours, but not all references, goes to
//! its pool, which gives it back to the system.
//!
//! A slot may hold a page of another pool than the one it is renewed from: it then goes back to its
//! own, to which it points, as that may have unmapped it.

use super::{
    super::{
        bindings,
        driver::Driver,
        NapiContext,
        RxSkBuff, //
    },
    Buffer,
    Consumer,
    PagePool,
    CAPACITY, //
};
use core::{
    marker::PhantomData,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::prelude::*;

/// The place for a descriptor's page: empty, with a [`Buffer`] in it, or with our share of a page
/// that is lent to a packet.
///
/// A page that becomes a packet stays here as well, split in two shares (as
/// `page_pool_fragment_page()` counts them). Mostly the packet has been freed when the descriptor
/// is to be filled again; then the page is ours alone and goes to the device once more, and has
/// neither been put into the pool nor been taken out of it.
///
/// # Invariants
///
/// The page of a [`Buffer`]; or, with [`NO_BUFFER`] set in the address, nothing, or an order-0 page
/// out of a page pool with `PP_FLAG_DMA_MAP`, one share of which is ours. The device that the page
/// is mapped for is valid for `'bound`.
#[repr(transparent)]
pub(crate) struct Slot<'bound>(*mut bindings::page, PhantomData<&'bound ()>);

/// A bit that the address of a page's description does not have: set if there is no buffer, so that
/// one look tells. The C helpers know it as `PP_NO_BUFFER`.
const NO_BUFFER: usize = 1;

// SAFETY: A page is not tied to a task.
unsafe impl Send for Slot<'_> {}

impl<'bound> Slot<'bound> {
    /// Nothing in it.
    // INVARIANT: Just the bit.
    pub(crate) const EMPTY: Self = Self(ptr::without_provenance_mut(NO_BUFFER), PhantomData);

    /// Returns the page that is there, of which all or a share is ours.
    fn page(&self) -> Option<NonNull<bindings::page>> {
        NonNull::new(self.0.map_addr(|addr| addr & !NO_BUFFER))
    }

    #[inline]
    fn buffer(&self) -> Option<NonNull<bindings::page>> {
        if self.0.addr() & NO_BUFFER != 0 {
            return None;
        }
        // SAFETY: By the type invariants it is a page without that bit.
        Some(unsafe { NonNull::new_unchecked(self.0) })
    }

    /// Returns whether there is a buffer in it.
    #[inline]
    pub(crate) fn has_buffer(&self) -> bool {
        self.buffer().is_some()
    }

    /// Takes the buffer, if there is one, and leaves nothing.
    pub(crate) fn take(&mut self) -> Option<Buffer<'bound>> {
        let page = self.buffer()?;

        // INVARIANT: That of `EMPTY`.
        self.0 = Self::EMPTY.0;
        // SAFETY: By the type invariants the page is a buffer's, which is handed over.
        Some(unsafe { Buffer::from_raw(page) })
    }

    /// Puts a buffer in.
    pub(crate) fn put(&mut self, buffer: Buffer<'bound>) {
        // INVARIANT: The page of a buffer. What was there before is dropped.
        *self = Self(buffer.into_raw().as_ptr(), PhantomData);
    }

    /// Sees to it that there is a buffer in each of `slots`, as far as `addresses` goes, where it
    /// says at which address the device is to write. Returns in how many there is, from the first
    /// on: fewer if there is no memory, none if it is not for `consumer` to take pages from `pool`.
    ///
    /// The buffer is the one that is there, the page that was lent if nobody else has a share of it
    /// any more, or a new one from `pool`, as it always is if that page is not one of `pool`'s.
    #[inline]
    pub(crate) fn renew(
        slots: &mut [Self],
        addresses: &mut [u64],
        pool: &mut PagePool<'bound>,
        consumer: &impl Consumer,
    ) -> usize {
        if !pool.is_for(consumer) {
            return 0;
        }
        let count = slots.len().min(addresses.len());

        // INVARIANT: What the helper leaves is the bit alone, or a page of which all shares are
        // ours, without the bit.
        // CAST: A ring has fewer than 2^32 descriptors. A slot is a pointer.
        // SAFETY: The pool is valid; `&mut` makes us the only one to allocate, and nobody recycles
        // into its cache meanwhile, as just checked. Both are `count` long. By the type invariants
        // each page is from a pool, and a share of it, or all of it, is ours. Not in hard interrupt
        // context, where there is no `Consumer`.
        unsafe {
            bindings::netdev_helper_pp_renew(
                pool.as_ptr(),
                slots.as_mut_ptr().cast(),
                addresses.as_mut_ptr(),
                count as u32,
            ) as usize
        }
    }

    /// Makes the first `len` bytes of the buffer a packet: its linear part.
    ///
    /// Whatever the caller has read before is read before the data. The buffer stays if it fails:
    /// with `EINVAL` if `len` is above [`CAPACITY`] or below [`RxSkBuff::MIN_HEAD`], or if there is
    /// no buffer, `ENOMEM` without memory for the packet.
    #[inline]
    pub(crate) fn lend<T: Driver>(
        &mut self,
        ctx: &NapiContext<'_, T>,
        len: usize,
    ) -> Result<RxSkBuff> {
        let _ = ctx;
        let page = self.buffer().ok_or(EINVAL)?;

        if !(RxSkBuff::MIN_HEAD..=CAPACITY).contains(&len) {
            return Err(EINVAL);
        }
        // CAST: Below PAGE_SIZE.
        // SAFETY: By the type invariants the page is from a pool, its device valid, and exclusively
        // owned; headroom and data fit before the shared info. This is a poll: what the packet is
        // made of comes from a cache of the CPU's.
        let skb = unsafe { bindings::netdev_helper_pp_build_skb(page.as_ptr(), len as u32) };
        let skb = NonNull::new(skb).ok_or(ENOMEM)?;

        // INVARIANT: One share is the packet's now, the other is ours.
        self.0 = page.as_ptr().map_addr(|addr| addr | NO_BUFFER);
        // SAFETY: The packet is new, so that there is no other owner and no clone, and ours. It
        // recycles its page, which by the type invariants is from a pool, and is long enough.
        Ok(unsafe { RxSkBuff::from_raw(skb) })
    }

    /// Appends the first `len` bytes of the buffer to `skb`, as a frag.
    ///
    /// Whatever the caller has read before is read before the data. The buffer stays if it fails:
    /// with `EINVAL` if `len` is above [`CAPACITY`] or there is no buffer; with `ENOSPC` if `skb`
    /// has no room for another frag.
    pub(crate) fn lend_to(&mut self, skb: &mut RxSkBuff, len: usize) -> Result {
        let page = self.buffer().ok_or(EINVAL)?;

        if len > CAPACITY {
            return Err(EINVAL);
        }
        if skb.nr_frags() >= bindings::MAX_SKB_FRAGS as usize {
            return Err(ENOSPC);
        }
        // CAST: Below PAGE_SIZE.
        // SAFETY: By the type invariants the page is from a pool, its device valid, and exclusively
        // owned; headroom and data are within it. The packet is valid, ours alone with its frags,
        // recycles its pages, and has room for a frag.
        unsafe {
            bindings::netdev_helper_pp_add_frag(skb.as_ptr(), page.as_ptr(), len as u32);
        }
        // INVARIANT: One share is the packet's now, the other is ours.
        self.0 = page.as_ptr().map_addr(|addr| addr | NO_BUFFER);
        Ok(())
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if let Some(page) = self.page() {
            // SAFETY: By the type invariants the page is from a pool, and a share of it ours, which
            // ends here; all of a buffer is one. The helper looks after the context.
            unsafe { bindings::netdev_helper_pp_put(page.as_ptr()) };
        }
    }
}
