// SPDX-License-Identifier: GPL-2.0

//! Packets on their way to the stack.
//!
//! # Soundness
//!
//! An [`RxSkBuff`] is made where the packet is made, of pages that were split for it, and there is
//! no way to another owner but the end of it: it is lent as a [`SkBuff`] for looking only. So its
//! fields, frags and bytes may be written to by `&mut`, and its pages' shares are counted
//! ([`page_pool::Slot`](super::super::page_pool::Slot)). One that is forgotten is a leak of its
//! pages, which the pool's counters show.

use super::{
    super::bindings,
    SkBuff, //
};
use core::{
    ops::Deref,
    ptr::NonNull, //
};

/// A packet that was made of a received frame, and that nobody else has seen yet.
///
/// It ends in [`NapiContext::receive`](super::super::NapiContext::receive), or is freed when it is
/// dropped.
///
/// # Invariants
///
/// There is no other owner of the packet, and no clone. Its pages are out of page pools, and go
/// back there when it is freed. The linear part is [`Self::MIN_HEAD`] bytes or longer.
#[must_use = "dropped, the packet is freed"]
pub(crate) struct RxSkBuff(SkBuff);

impl RxSkBuff {
    /// Shortest linear part: an Ethernet header.
    pub(crate) const MIN_HEAD: usize = bindings::ETH_HLEN as usize;

    /// # Safety
    ///
    /// `skb` must be valid, made just now, so that there is no other owner and no clone, of pages
    /// out of page pools, with `pp_recycle` set and [`Self::MIN_HEAD`] bytes in its linear part.
    /// The caller hands its ownership over.
    #[inline]
    pub(in super::super) unsafe fn from_raw(skb: NonNull<bindings::sk_buff>) -> Self {
        // INVARIANT: By the safety requirements.
        // SAFETY: They include those of `SkBuff`.
        Self(unsafe { SkBuff::from_raw(skb) })
    }

    /// Gives the packet to the C side.
    #[inline]
    pub(in super::super) fn into_raw(self) -> *mut bindings::sk_buff {
        self.0.into_raw()
    }

    /// Returns the Ethernet header.
    #[inline]
    pub(crate) fn header(&self) -> &[u8; Self::MIN_HEAD] {
        // SAFETY: By the type invariants so many bytes lie there, and there is nobody else to
        // write to them but a device that writes on, as in `page_pool::Filled::data()`.
        unsafe { &*self.0.head_ptr().cast() }
    }

    /// Attaches the tag that the device stripped.
    pub(crate) fn put_vlan_tag(&mut self, tci: u16) {
        // SAFETY: The buffer is valid and ours alone.
        unsafe { bindings::netdev_helper_skb_put_vlan(self.0.as_ptr(), tci) };
    }

    /// Says that the device verified the transport checksum.
    pub(crate) fn set_checksum_verified(&mut self) {
        // SAFETY: The buffer is valid and ours alone, the union is a `struct_group`.
        let fields = unsafe {
            (*self.0.as_ptr())
                .__bindgen_anon_4
                .__bindgen_anon_1
                .as_mut()
        };

        // CAST: The constants are 0 to 3.
        fields.set_ip_summed(bindings::CHECKSUM_UNNECESSARY as u8);
    }
}

/// For looking at it: to have the [`SkBuff`] changed might give the packet another owner.
impl Deref for RxSkBuff {
    type Target = SkBuff;

    #[inline]
    fn deref(&self) -> &SkBuff {
        &self.0
    }
}
