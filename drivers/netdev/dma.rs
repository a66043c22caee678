// SPDX-License-Identifier: GPL-2.0

//! Streaming DMA mappings of single buffers, towards the device.
//!
//! Documentation: [`Documentation/core-api/dma-api.rst`](srctree/Documentation/core-api/dma-api.rst)
//!
//! # Soundness
//!
//! A [`TxMapping`] borrows the bound device, so it is unmapped before the driver is unbound, and
//! drops at most once; one that is forgotten leaves its entry in the IOMMU. It does not keep the
//! mapped memory alive: a device that reads freed memory sends stale bytes, but cannot break the
//! kernel's memory, as the mapping's direction lets it read only.
//!
//! Memory that a device may write to is the kernel crate's [`Coherent`] and
//! [`page_pool`](super::page_pool)'s pages. That it does so only while they are owned is the
//! driver's care, here as there: an address is a number, and what a driver writes to registers is
//! not unsafe.

use super::{
    bindings,
    xdp::Frame,
    SkBuff, //
};
use kernel::{
    device::{
        Bound,
        Core,
        Device, //
    },
    dma::{
        Coherent,
        Device as _,
        DmaMask, //
    },
    pci,
    prelude::*, //
};

/// Returns the C view of a device.
pub(super) fn device_as_ptr(dev: &Device<Bound>) -> *mut bindings::device {
    // CAST: `Device` is a transparent wrapper of `struct device`, which both sets of bindings
    // have.
    core::ptr::from_ref(dev)
        .cast::<bindings::device>()
        .cast_mut()
}

/// Lets `dev` use 64-bit DMA addresses, or 32-bit ones where the platform has no others. Fails with
/// `EIO` if neither is possible.
///
/// # Safety
///
/// Nobody may be allocating DMA memory for the device, or mapping any, meanwhile.
pub(super) unsafe fn set_mask_64_or_32(dev: &pci::Device<Core<'_>>) -> Result {
    // SAFETY: By the safety requirements.
    unsafe { dev.dma_set_mask_and_coherent(DmaMask::new::<64>()) }.or_else(|_| {
        // SAFETY: As above.
        unsafe { dev.dma_set_mask_and_coherent(DmaMask::new::<32>()) }
    })
}

/// A buffer mapped for the device to read.
///
/// # Invariants
///
/// `addr` is a mapping of `len` bytes made for `dev` with `DMA_TO_DEVICE`, not yet undone.
#[must_use = "dropped, the mapping is undone"]
pub(crate) struct TxMapping<'a> {
    dev: &'a Device<Bound>,
    addr: bindings::dma_addr_t,
    len: usize,
}

impl<'a> TxMapping<'a> {
    /// Maps the linear part of `skb`. Atomic context is fine.
    ///
    /// Fails with `ENOMEM` if the mapping can't be made (no bounce buffer, no IOVA).
    #[inline]
    pub(crate) fn head(dev: &'a Device<Bound>, skb: &SkBuff) -> Result<Self> {
        let len = skb.head_len();

        // SAFETY: `dev` is bound, and the linear part is `len` bytes of directly mapped memory.
        let addr = unsafe {
            bindings::netdev_helper_dma_map_tx(device_as_ptr(dev), skb.head_ptr().cast(), len)
        };

        Self::checked(dev, addr, len)
    }

    /// Maps frag `index` of `skb`. Atomic context is fine.
    ///
    /// Fails with `EINVAL` if there is no such frag, else like [`Self::head`].
    #[inline]
    pub(crate) fn frag(dev: &'a Device<Bound>, skb: &SkBuff, index: usize) -> Result<Self> {
        let frag = skb.frag(index).ok_or(EINVAL)?;

        // SAFETY: `dev` is bound, and `frag` is a valid frag of a valid buffer.
        let addr = unsafe { bindings::netdev_helper_skb_frag_map(device_as_ptr(dev), frag) };

        Self::checked(dev, addr, frag.len as usize)
    }

    /// Maps a part of `frame`. Atomic context is fine.
    ///
    /// Fails with `EINVAL` if there is no such part, else like [`Self::head`].
    pub(crate) fn xdp(dev: &'a Device<Bound>, frame: &Frame, part: usize) -> Result<Self> {
        let len = frame.part_len(part);
        let addr = match part.checked_sub(1) {
            // SAFETY: `dev` is bound, and the first part is `len` bytes of directly mapped memory.
            None => unsafe {
                bindings::netdev_helper_dma_map_tx(device_as_ptr(dev), frame.head_ptr(), len)
            },
            Some(index) => {
                let frag = frame.frag(index).ok_or(EINVAL)?;

                // SAFETY: `dev` is bound, and `frag` is a valid frag of a valid frame.
                unsafe { bindings::netdev_helper_skb_frag_map(device_as_ptr(dev), frag) }
            }
        };

        Self::checked(dev, addr, len)
    }

    #[inline]
    fn checked(dev: &'a Device<Bound>, addr: bindings::dma_addr_t, len: usize) -> Result<Self> {
        // DMA_MAPPING_ERROR.
        if addr == bindings::dma_addr_t::MAX {
            return Err(ENOMEM);
        }
        // INVARIANT: The mapping was made just now.
        Ok(Self { dev, addr, len })
    }

    /// Returns the address for the device.
    #[inline]
    pub(crate) fn address(&self) -> u64 {
        self.addr
    }

    /// Returns the length in bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl Drop for TxMapping<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariants the mapping exists; it ends here.
        unsafe {
            bindings::netdev_helper_dma_unmap_tx(device_as_ptr(self.dev), self.addr, self.len)
        };
    }
}

/// Bytes that a [`CopyBuffers`] slot holds.
pub(crate) const COPY_SIZE: usize = 256;

/// Slots that lie in one piece of memory: 32 KiB, of a size that is to be had (no more than
/// `PAGE_ALLOC_COSTLY_ORDER`).
const SLOTS: usize = 128;

/// Memory that the device reads at any time, for packets so short that copying them costs less
/// than mapping and unmapping, and for such as cannot be mapped.
///
/// # Invariants
///
/// Each slot is [`COPY_SIZE`] bytes of one of `pieces`, which no other slot has.
pub(crate) struct CopyBuffers {
    slots: KVVec<CopySlot>,
    /// What the slots are in.
    pieces: KVec<Coherent<[[u8; COPY_SIZE]]>>,
}

/// Where a slot is for the CPU and for the device.
#[derive(Clone, Copy)]
struct CopySlot {
    at: *mut u8,
    address: u64,
}

// SAFETY: The memory is the buffers' own, and not tied to a task.
unsafe impl Send for CopyBuffers {}

impl CopyBuffers {
    /// Allocates `count` slots. May sleep; fails with `ENOMEM`.
    pub(crate) fn new(dev: &Device<Bound>, count: usize) -> Result<Self> {
        let mut this = Self {
            slots: KVVec::with_capacity(count, GFP_KERNEL)?,
            pieces: KVec::with_capacity(count.div_ceil(SLOTS), GFP_KERNEL)?,
        };

        while this.slots.len() < count {
            let slots = count.wrapping_sub(this.slots.len()).min(SLOTS);
            let piece: Coherent<[[u8; COPY_SIZE]]> =
                Coherent::zeroed_slice(dev, slots, GFP_KERNEL)?;

            for n in 0..slots {
                let offset = n.wrapping_mul(COPY_SIZE);

                // INVARIANT: Within the piece, and it is the only one there.
                this.slots.push(
                    CopySlot {
                        at: piece.as_mut_ptr().cast::<u8>().wrapping_add(offset),
                        // CAST: usize to u64 keeps the value.
                        address: piece.dma_address().wrapping_add(offset as u64),
                    },
                    GFP_KERNEL,
                )?;
            }
            this.pieces.push(piece, GFP_KERNEL)?;
        }
        Ok(this)
    }

    /// Copies `data` to slot `index`, and returns the address for the device; `None` if it
    /// doesn't fit or there is no such slot.
    #[inline]
    pub(crate) fn copy(&mut self, index: usize, data: &[u8]) -> Option<u64> {
        if data.len() > COPY_SIZE {
            return None;
        }
        let slot = self.slots.get(index)?;

        // SAFETY: By the type invariants the slot is valid, and `data` fits. `&mut self` makes this
        // the only writer; the device only reads, and sees stale bytes at worst if it does so now.
        unsafe { core::ptr::copy_nonoverlapping(data.as_ptr(), slot.at, data.len()) };
        Some(slot.address)
    }

    /// Copies what `skb` has from `offset` on to slot `index`, as much as fits, and returns the
    /// address for the device and how many bytes they are. Atomic context is fine.
    ///
    /// `None` if there is no such slot, or no such byte, or one that the CPU cannot read.
    pub(crate) fn copy_part(
        &mut self,
        index: usize,
        skb: &SkBuff,
        offset: usize,
    ) -> Option<(u64, usize)> {
        let len = skb.len().checked_sub(offset)?.min(COPY_SIZE);
        let slot = self.slots.get(index)?;
        // CAST: Both are at most the length of a packet, which is far below 2^31.
        // SAFETY: The packet is valid, and the C side looks for the bytes in it; for the slot the
        // above holds as well.
        let copied = unsafe {
            bindings::skb_copy_bits(skb.as_ptr(), offset as i32, slot.at.cast(), len as i32)
        };

        (copied == 0 && len != 0).then_some((slot.address, len))
    }
}
