// SPDX-License-Identifier: GPL-2.0

//! Socket buffers.
//!
//! C header: [`include/linux/skbuff.h`](srctree/include/linux/skbuff.h)
//!
//! # Soundness
//!
//! A [`SkBuff`] is a reference to its buffer that ends once: it cannot be copied, every way to
//! hand the buffer on takes it by value, and dropping it frees it. There is one for each time that
//! the stack hands the buffer over, which is once, but for pktgen, which has one packet sent many
//! times at once. The fields read here (`len`, `data`, the checksum and VLAN fields, the shared
//! info) change only through whom the packet was handed to: whatever changes more makes sure that
//! there is no other. A packet to be received, [`RxSkBuff`], has no other owner by its type.
//!
//! The headers may be shared with clones (a packet socket, TCP's retransmit queue); whatever
//! writes to them first makes them private, and so do the other holders.
//!
//! A packet that is kept may outlive its device, to which it holds no reference: nothing here
//! follows that pointer, but for [`SkBuff::tx_timestamp`], which compares it first, and
//! [`NapiContext::receive`](super::NapiContext::receive), which sets it.
//!
//! A [`PacketView`](super::PacketView) lends out a packet that is not handed over; no more than
//! reading is possible.

mod received;

pub(crate) use self::received::RxSkBuff;

use super::{
    bindings,
    driver::Driver,
    TxContext, //
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull,
    slice, //
};
use kernel::{
    error::to_result,
    prelude::*, //
};

/// Why a packet is dropped (`enum skb_drop_reason`,
/// [`include/net/dropreason-core.h`](srctree/include/net/dropreason-core.h)).
#[derive(Clone, Copy)]
pub(crate) struct DropReason(bindings::skb_drop_reason);

impl DropReason {
    /// Nothing better fits.
    pub(crate) const NOT_SPECIFIED: Self =
        Self(bindings::skb_drop_reason_SKB_DROP_REASON_NOT_SPECIFIED);
    /// No memory.
    pub(crate) const NOMEM: Self = Self(bindings::skb_drop_reason_SKB_DROP_REASON_NOMEM);
    /// The device or its ring is not ready.
    pub(crate) const DEV_READY: Self = Self(bindings::skb_drop_reason_SKB_DROP_REASON_DEV_READY);
    /// Segmentation in software failed.
    pub(crate) const SKB_GSO_SEG: Self =
        Self(bindings::skb_drop_reason_SKB_DROP_REASON_SKB_GSO_SEG);
}

/// What the stack asks the device to compute: the ones' complement sum from `start` to the end of
/// the packet, stored at `start + offset`. Bytes from the start of the frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checksum {
    pub(crate) start: usize,
    pub(crate) offset: usize,
}

/// The kind of segmentation that a packet asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum GsoKind {
    /// TCP over IPv4.
    TcpV4,
    /// TCP over IPv6.
    TcpV6,
    /// UDP, one datagram a segment.
    UdpL4,
    /// Anything else.
    Other,
}

/// What a packet that is to be segmented asks for.
#[derive(Clone, Copy)]
pub(crate) struct Gso {
    /// Payload bytes a segment.
    pub(crate) size: usize,
    /// Number of segments.
    pub(crate) segs: usize,
    /// Which protocol.
    pub(crate) kind: GsoKind,
}

/// An owned socket buffer.
///
/// It should end in one of the functions that take it by value. If it is dropped after all, it is
/// freed with the reason "not specified".
///
/// # Invariants
///
/// The pointer is valid, and the value owns one reference to the buffer it points to.
#[must_use = "dropped, the packet is freed"]
#[repr(transparent)]
pub(crate) struct SkBuff(NonNull<bindings::sk_buff>);

// SAFETY: A socket buffer is not tied to a CPU or a task.
unsafe impl Send for SkBuff {}

impl SkBuff {
    /// # Safety
    ///
    /// `skb` must be valid, and the caller hands its ownership over.
    pub(super) unsafe fn from_raw(skb: NonNull<bindings::sk_buff>) -> Self {
        // INVARIANT: By the safety requirements.
        Self(skb)
    }

    /// Gives the buffer back to the C side.
    pub(super) fn into_raw(self) -> *mut bindings::sk_buff {
        ManuallyDrop::new(self).0.as_ptr()
    }

    /// Returns what of the buffer is copied to clones: nobody else writes to it.
    #[inline]
    fn fields(&self) -> &bindings::sk_buff__bindgen_ty_4__bindgen_ty_1 {
        // SAFETY: By the type invariants the pointer is valid. `__bindgen_anon_4` is a
        // `struct_group`: both variants have the same fields at the same offsets, and every bit
        // pattern is valid for them.
        unsafe { (*self.as_ptr()).__bindgen_anon_4.__bindgen_anon_1.as_ref() }
    }

    /// Returns how far `data` is from `head`.
    #[inline]
    fn headroom(&self) -> usize {
        let raw = self.as_ptr();

        // SAFETY: By the type invariants the pointer is valid; nobody else writes to these.
        unsafe { ((*raw).data as usize).wrapping_sub((*raw).head as usize) }
    }

    /// Returns the shared info, of which each field that is read here is read by itself: holders
    /// of clones count themselves in it.
    #[inline]
    pub(super) fn shinfo(&self) -> *const bindings::skb_shared_info {
        let raw = self.as_ptr();

        // SAFETY: `head` points to the buffer and `end` is the offset in it at which the shared
        // info lies (`skb_end_pointer()` with NET_SKBUFF_DATA_USES_OFFSET, as on all 64-bit
        // kernels), initialised when the buffer was allocated.
        #[cfg(CONFIG_64BIT)]
        unsafe {
            (*raw).head.add((*raw).end as usize).cast()
        }
        // SAFETY: The helper returns a pointer to the shared info of a valid buffer.
        #[cfg(not(CONFIG_64BIT))]
        unsafe {
            bindings::netdev_helper_skb_shinfo(raw)
        }
    }

    /// Returns the length of the packet in bytes, frags included.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        // SAFETY: By the type invariants the pointer is valid; nobody else writes to it.
        unsafe { (*self.as_ptr()).len as usize }
    }

    /// Returns how many bytes lie in the linear part.
    #[inline]
    pub(crate) fn head_len(&self) -> usize {
        let raw = self.as_ptr();

        // SAFETY: By the type invariants the pointer is valid; nobody else writes to these.
        unsafe { (*raw).len.wrapping_sub((*raw).data_len) as usize }
    }

    /// Returns the linear part.
    #[inline]
    pub(crate) fn head(&self) -> &[u8] {
        // SAFETY: The linear part is `head_len()` initialised bytes from `data` on. Clones may
        // share it, but writers of shared data make a copy first.
        unsafe { slice::from_raw_parts(self.head_ptr(), self.head_len()) }
    }

    #[inline]
    pub(super) fn head_ptr(&self) -> *mut u8 {
        // SAFETY: By the type invariants the pointer is valid; nobody else writes to it.
        unsafe { (*self.as_ptr()).data }
    }

    /// Returns the number of frags.
    #[inline]
    pub(crate) fn nr_frags(&self) -> usize {
        // SAFETY: The shared info is valid; nobody else writes to this.
        usize::from(unsafe { (*self.shinfo()).nr_frags })
    }

    pub(super) fn frag(&self, index: usize) -> Option<&bindings::skb_frag_t> {
        // SAFETY: The shared info is valid; nobody else writes to the frags.
        let frags = unsafe { &(*self.shinfo()).frags };

        frags
            .get(..self.nr_frags())
            .and_then(|frags| frags.get(index))
    }

    /// Returns the length of frag `index` in bytes; 0 if there is none.
    #[inline]
    pub(crate) fn frag_len(&self, index: usize) -> usize {
        self.frag(index).map_or(0, |frag| frag.len as usize)
    }

    /// Returns what the device is asked to sum up, if anything.
    #[inline]
    pub(crate) fn checksum(&self) -> Option<Checksum> {
        let fields = self.fields();

        if u32::from(fields.ip_summed()) != bindings::CHECKSUM_PARTIAL {
            return None;
        }
        // SAFETY: With CHECKSUM_PARTIAL the pair is the valid half of the union; all bit
        // patterns are valid in any case.
        let (start, offset) = unsafe {
            let csum = &fields.__bindgen_anon_1.__bindgen_anon_1;

            (csum.csum_start, csum.csum_offset)
        };

        // `csum_start` counts from `head`, the frame begins at `data`.
        Some(Checksum {
            start: usize::from(start).checked_sub(self.headroom())?,
            offset: usize::from(offset),
        })
    }

    /// Returns the tag control information of the 802.1Q tag that the device is to insert.
    #[inline]
    pub(crate) fn vlan_tag(&self) -> Option<u16> {
        // SAFETY: The union is the tag and its protocol, or both as one number.
        let (all, tci) = unsafe {
            let vlan = &self.fields().__bindgen_anon_2;

            (vlan.vlan_all, vlan.__bindgen_anon_1.vlan_tci)
        };

        (all != 0).then_some(tci)
    }

    /// Returns what segmentation the packet asks for, if any.
    #[inline]
    pub(crate) fn gso(&self) -> Option<Gso> {
        let shinfo = self.shinfo();
        // SAFETY: The shared info is valid; nobody else writes to these.
        let (size, segs, gso_type) =
            unsafe { ((*shinfo).gso_size, (*shinfo).gso_segs, (*shinfo).gso_type) };

        if size == 0 {
            return None;
        }
        // CAST: The same bits.
        let is = |kind: i32| gso_type & kind as u32 != 0;
        let kind = if is(bindings::SKB_GSO_TCPV4) {
            GsoKind::TcpV4
        } else if is(bindings::SKB_GSO_TCPV6) {
            GsoKind::TcpV6
        } else if is(bindings::SKB_GSO_UDP_L4) {
            GsoKind::UdpL4
        } else {
            GsoKind::Other
        };

        Some(Gso {
            size: size.into(),
            segs: segs.into(),
            kind,
        })
    }

    /// Returns where the network header starts, in bytes from the start of the frame.
    pub(crate) fn network_offset(&self) -> Option<usize> {
        self.header_offset(self.fields().network_header)
    }

    /// Returns where the transport header starts, in bytes from the start of the frame.
    pub(crate) fn transport_offset(&self) -> Option<usize> {
        self.header_offset(self.fields().transport_header)
    }

    fn header_offset(&self, from_head: u16) -> Option<usize> {
        usize::from(from_head).checked_sub(self.headroom())
    }

    /// Returns the Ethernet protocol of the packet, in host order.
    pub(crate) fn protocol(&self) -> u16 {
        u16::from_be(self.fields().protocol)
    }

    /// Makes the headers, the first `len` bytes, linear and private.
    ///
    /// Any context. Fails with `ENOMEM`, or `EBUSY` if the packet is not the driver's alone.
    pub(crate) fn make_headers_private(&mut self) -> Result {
        // SAFETY: The buffer is valid and ours.
        to_result(unsafe { bindings::netdev_helper_skb_cow_head(self.0.as_ptr(), 0) })
    }

    /// Returns whether the packet's last bytes are its frame check sequence, so that the device is
    /// not to append one (`SO_NOFCS`).
    #[inline]
    pub(crate) fn has_fcs(&self) -> bool {
        self.fields().no_fcs() != 0
    }

    /// Returns whether the packet is just bytes: linear, and nothing asked of the device.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        let fields = self.fields();
        // SAFETY: The union is the tag and its protocol, or both as one number.
        let tagged = unsafe { fields.__bindgen_anon_2.vlan_all != 0 };

        !tagged
            && u32::from(fields.ip_summed()) != bindings::CHECKSUM_PARTIAL
            && !self.has_fcs()
            // SAFETY: Both pointers are valid; nobody else writes to these.
            && unsafe { (*self.as_ptr()).data_len == 0 && (*self.shinfo()).gso_size == 0 }
    }

    /// Prepares the IPv4 and TCP headers for a device that adds each segment's length itself.
    ///
    /// Returns `EINVAL` if the headers are not where IPv4 and TCP have them.
    pub(crate) fn prepare_tso4(&mut self) -> Result {
        self.check_ipv4_l4(20)?;
        self.make_headers_private()?;
        // SAFETY: `check_ipv4_l4()` made sure that an IPv4 and a TCP header lie in the linear
        // part, which is private now.
        unsafe { bindings::netdev_helper_skb_prepare_tso4(self.0.as_ptr()) };
        Ok(())
    }

    /// The same for IPv4 and UDP.
    pub(crate) fn prepare_uso4(&mut self) -> Result {
        self.check_ipv4_l4(8)?;
        self.make_headers_private()?;
        // SAFETY: As above, with a UDP header.
        unsafe { bindings::netdev_helper_skb_prepare_uso4(self.0.as_ptr()) };
        Ok(())
    }

    fn check_ipv4_l4(&self, l4_len: usize) -> Result {
        let l3 = self.network_offset().ok_or(EINVAL)?;
        let l4 = self.transport_offset().ok_or(EINVAL)?;

        if l3.saturating_add(20) > l4 || l4.saturating_add(l4_len) > self.head_len() {
            return Err(EINVAL);
        }
        Ok(())
    }

    /// Moves everything into the linear part. Atomic context is fine. Fails with `ENOMEM`, or
    /// `EBUSY` if the packet is not the driver's alone.
    pub(crate) fn linearize(&mut self) -> Result {
        // SAFETY: The buffer is valid and ours.
        to_result(unsafe { bindings::netdev_helper_skb_linearize(self.0.as_ptr()) })
    }

    /// Pads a short frame with zeros to the minimum of 60 bytes.
    ///
    /// If there is no memory for it the frame is freed (by the C side, with its reason) and
    /// `ENOMEM` returned.
    #[inline]
    pub(crate) fn pad(self) -> Result<Self> {
        if self.len() >= bindings::ETH_ZLEN as usize {
            return Ok(self);
        }
        // SAFETY: The buffer is valid and handed over; what comes back, if anything, is ours.
        let skb = unsafe { bindings::netdev_helper_skb_pad(self.into_raw()) };

        // INVARIANT: As just said.
        NonNull::new(skb).map(Self).ok_or(ENOMEM)
    }

    /// Takes the software transmit timestamp, if one is asked for, and returns whether that is so.
    /// To be called right before the device is told.
    #[inline]
    pub(crate) fn tx_timestamp<T: Driver>(&mut self, ctx: &TxContext<'_, T>) -> bool {
        // Of what `skb_tx_timestamp()` does, hardware timestamps are for devices with a PHY of
        // phylib's; the rest is behind these flags.
        // SAFETY: The shared info is valid; nobody else writes to this.
        let flags = u32::from(unsafe { (*self.shinfo()).tx_flags });

        let asked = flags & (bindings::SKBTX_SW_TSTAMP | bindings::SKBTX_BPF) != 0;

        if asked {
            // SAFETY: The buffer is valid and ours; its device is looked at only if it is the
            // context's, which is valid.
            unsafe {
                bindings::netdev_helper_skb_tx_timestamp(self.0.as_ptr(), ctx.device().as_ptr())
            };
        }
        asked
    }

    /// Frees a packet that is lost, saying why. Any context.
    pub(crate) fn discard(self, reason: DropReason) {
        // SAFETY: The buffer is valid and its ownership ends here.
        unsafe { bindings::netdev_helper_skb_free(self.into_raw(), reason.0) };
    }

    #[inline]
    pub(super) fn as_ptr(&self) -> *mut bindings::sk_buff {
        self.0.as_ptr()
    }
}

impl Drop for SkBuff {
    fn drop(&mut self) {
        // SAFETY: The buffer is valid and its ownership ends here.
        unsafe { bindings::netdev_helper_skb_free(self.0.as_ptr(), DropReason::NOT_SPECIFIED.0) };
    }
}
