// SPDX-License-Identifier: GPL-2.0

//! What is sent.
//!
//! # Soundness
//!
//! A [`Frame`] is the only handle to its memory, and freed or given back once. Who can have it is
//! told by where it comes from: `xdp_convert_buff_to_frame()`, which leaves it to the caller, or
//! `ndo_xdp_xmit`, which leaves it to the driver if it is counted as sent. The administration lies
//! in the memory in front of the data, the shared info of one with frags behind them; nobody else
//! writes to either. Frames keep the pool that they come from, but not the device: what looks at
//! their device (`dev_rx`) is not used here.
//!
//! That the device is done with a frame before it is dropped is the driver's care, as in
//! [`dma`](super::super::dma): it reads stale bytes at worst.

use super::super::{
    bindings,
    dma::device_as_ptr, //
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
    prelude::*, //
};

/// A frame to be sent, `struct xdp_frame`, from whatever memory: its first part, which may be all
/// of it, and frags. Dropping it returns the memory to where it came from; in a hard interrupt, or
/// with interrupts off, it is lost, with a warning.
///
/// # Invariants
///
/// The frame is valid and owned.
#[must_use = "dropped, the frame is freed"]
pub(crate) struct Frame(NonNull<bindings::xdp_frame>);

// SAFETY: A frame is not tied to a task.
unsafe impl Send for Frame {}

impl Frame {
    /// # Safety
    ///
    /// `frame` must be valid, and its ownership is handed over.
    pub(super) unsafe fn from_raw(frame: NonNull<bindings::xdp_frame>) -> Self {
        // INVARIANT: By the safety requirements.
        Self(frame)
    }

    #[inline]
    fn raw(&self) -> &bindings::xdp_frame {
        // SAFETY: By the type invariants.
        unsafe { self.0.as_ref() }
    }

    fn frags(&self) -> &[bindings::skb_frag_t] {
        if self.raw().flags & bindings::xdp_buff_flags_XDP_FLAGS_HAS_FRAGS == 0 {
            return &[];
        }
        // SAFETY: By the type invariants; a frame with frags has its shared info initialised.
        let shinfo = unsafe { &*bindings::netdev_helper_xdp_frame_shinfo(self.0.as_ptr()) };

        shinfo
            .frags
            .get(..usize::from(shinfo.nr_frags))
            .unwrap_or(&[])
    }

    /// Returns the length in bytes of all parts.
    pub(crate) fn len(&self) -> usize {
        (0..self.parts()).fold(0, |len, part| len.saturating_add(self.part_len(part)))
    }

    /// Returns the number of parts, at least one.
    #[inline]
    pub(crate) fn parts(&self) -> usize {
        self.frags().len().wrapping_add(1)
    }

    /// Returns the length of a part in bytes; 0 if there is none of that number.
    #[inline]
    pub(crate) fn part_len(&self, part: usize) -> usize {
        match part.checked_sub(1) {
            None => self.raw().len as usize,
            Some(frag) => self.frag(frag).map_or(0, |frag| frag.len as usize),
        }
    }

    pub(in super::super) fn frag(&self, index: usize) -> Option<&bindings::skb_frag_t> {
        self.frags().get(index)
    }

    /// Returns the bytes of the first part.
    #[inline]
    pub(crate) fn head(&self) -> &[u8] {
        // SAFETY: By the type invariants the first part is `len` bytes from `data` on.
        unsafe { slice::from_raw_parts(self.raw().data.cast(), self.raw().len as usize) }
    }

    pub(in super::super) fn head_ptr(&self) -> *mut c_void {
        self.raw().data
    }

    /// Appends zeros until there are `min` bytes. Fails with `ENOSPC` if the memory ends before.
    pub(crate) fn pad(&mut self, min: usize) -> Result {
        let raw = self.raw();
        let len = raw.len as usize;

        if len >= min || self.parts() != 1 {
            return Ok(());
        }
        let missing = min.wrapping_sub(len);
        // SAFETY: By the type invariants.
        let room = unsafe { bindings::netdev_helper_xdp_frame_tailroom(raw) as usize };

        if missing > room {
            return Err(ENOSPC);
        }
        // CAST: `missing` is at most `room`, a u32.
        // SAFETY: There are `missing` bytes behind the data that belong to the frame, which is
        // ours alone.
        unsafe {
            raw.data.cast::<u8>().add(len).write_bytes(0, missing);
            self.0.as_mut().len = raw.len.wrapping_add(missing as u32);
        }
        Ok(())
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        // SAFETY: By the type invariants; the ownership ends here. The helper looks after the
        // context.
        unsafe { bindings::netdev_helper_xdp_return(self.0.as_ptr()) };
    }
}

/// A frame whose memory is a page pool's, and so is mapped for the device already.
///
/// # Invariants
///
/// All parts are in pages of page pools with `PP_FLAG_DMA_MAP`, order 0.
pub(crate) struct TxFrame(Frame);

impl TxFrame {
    /// # Safety
    ///
    /// All parts of the frame must be in order-0 pages of page pools with `PP_FLAG_DMA_MAP`.
    pub(super) unsafe fn new(frame: Frame) -> Self {
        // INVARIANT: By the safety requirements.
        Self(frame)
    }

    /// Makes a part visible to `dev`, the device that the frame was received by, and returns the
    /// address for it. `None` if there is no part of that number, if `dev` is another device, or if
    /// the pool that the frame is from has ended.
    #[inline]
    pub(crate) fn sync_for_device(&self, dev: &Device<Bound>, part: usize) -> Option<u64> {
        let dev = device_as_ptr(dev);

        let address = match part.checked_sub(1) {
            // SAFETY: By the type invariants; the helper looks whose page it is.
            None => unsafe {
                bindings::netdev_helper_pp_sync_head(dev, self.0.head_ptr(), self.0.raw().len)
            },
            // SAFETY: The same.
            Some(index) => unsafe {
                bindings::netdev_helper_pp_sync_frag(dev, self.0.frag(index)?)
            },
        };

        // DMA_MAPPING_ERROR.
        (address != bindings::dma_addr_t::MAX).then_some(address)
    }

    /// Appends zeros until there are `min` bytes; see [`Frame::pad`].
    pub(crate) fn pad(&mut self, min: usize) -> Result {
        self.0.pad(min)
    }

    /// Returns the frame, to be kept until it is sent.
    pub(crate) fn into_frame(self) -> Frame {
        self.0
    }
}

impl core::ops::Deref for TxFrame {
    type Target = Frame;

    fn deref(&self) -> &Frame {
        &self.0
    }
}

/// Frames that somebody else wants sent. Those that are not stay with that somebody.
pub(crate) struct Frames<'a> {
    frames: &'a [*mut bindings::xdp_frame],
    sent: usize,
}

impl<'a> Frames<'a> {
    /// # Safety
    ///
    /// The frames must be valid; the ownership of the first [`Self::sent`] is handed over.
    pub(super) unsafe fn new(frames: &'a [*mut bindings::xdp_frame]) -> Self {
        Self { frames, sent: 0 }
    }

    /// Has `send` take one frame after the other, until it gives one back or there are no more.
    /// Another frame that it gives back is dropped.
    pub(crate) fn send(&mut self, mut send: impl FnMut(Frame) -> Result<(), Frame>) {
        while let Some(raw) = self.frames.get(self.sent).copied().and_then(NonNull::new) {
            // SAFETY: Valid, and handed over if it is counted below.
            match send(unsafe { Frame::from_raw(raw) }) {
                Err(frame) if frame.0 == raw => {
                    // The caller keeps it.
                    let _ = ManuallyDrop::new(frame);
                    break;
                }
                // What comes back is another frame: the caller must not keep the one it gave.
                Ok(()) | Err(_) => self.sent = self.sent.wrapping_add(1),
            }
        }
    }

    /// Returns how many have been sent.
    pub(crate) fn sent(&self) -> usize {
        self.sent
    }

    /// Returns how many have not.
    pub(crate) fn left(&self) -> usize {
        self.frames.len().wrapping_sub(self.sent)
    }
}
