// SPDX-License-Identifier: GPL-2.0

//! What a program runs on.
//!
//! # Soundness
//!
//! A [`Buff`] owns its page and those of its frags, and each way out of [`Buff::run`] says who
//! owns them afterwards: the value in the [`Verdict`], or nobody here. Programs reach the frame by
//! helpers that the verifier and `struct xdp_buff` bound: between `data_hard_start` and the shared
//! info, which is at the end of `frame_sz` bytes. All pages are wholly the frame's, so that the
//! room behind a frag's data is, too.
//!
//! `rxq` points to the queue of a pool that is borrowed for the run, and is used by nothing but the
//! run, the conversion to a frame and the redirection, all of which are in [`Buff::run`]. It is set
//! anew for each. The queue names the device, which is the one whose NAPI polls: its pool is tied
//! to that NAPI.
//!
//! Where a frame cannot be redirected, the core puts its pages into the cache of their pool, with
//! no lock (`xdp_return_frame_rx_napi()`). A poll may do that, as the pool of them all is tied to
//! its NAPI: the first page is looked at before each run, the others when they are added.
//!
//! Packets are made in softirq context, of which a [`NapiContext`] is the proof: they come from a
//! cache of the CPU's. Pages go back to their pools in any context, but are lost in a hard interrupt
//! and where interrupts are off ([`page_pool`](super::super::page_pool)).

use super::{
    super::{
        bindings,
        driver::Driver,
        page_pool::{
            Buffer,
            Filled,
            PagePool,
            HEADROOM, //
        },
        NapiContext,
        RxSkBuff, //
    },
    Frame,
    Program,
    TxFrame, //
};
use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ptr::NonNull,
    slice, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

/// A received frame, `struct xdp_buff`: one page of a page pool, and more as its frags.
///
/// # Invariants
///
/// `page` is a page of a page pool, owned; `raw` describes data within it, before the shared info
/// at its end, in which the frags are: owned pages of page pools. The devices that they are mapped
/// for are valid for `'bound`.
#[must_use = "dropped, its pages go back to their pools"]
pub(crate) struct Buff<'bound> {
    raw: bindings::xdp_buff,
    page: NonNull<bindings::page>,
    _bound: PhantomData<&'bound ()>,
}

// SAFETY: Pages are not tied to a task.
unsafe impl Send for Buff<'_> {}

/// What became of a frame.
pub(crate) enum Verdict<'bound> {
    /// `XDP_PASS`: it is for the stack, changed or not.
    Pass(Buff<'bound>),
    /// `XDP_TX`: it is to be sent back.
    Tx(TxFrame),
    /// `XDP_REDIRECT`: it has gone elsewhere.
    Redirected,
    /// It goes nowhere; its page is best used again: [`Buff::into_buffer`].
    Lost(Reason, Buff<'bound>),
}

/// Why a frame goes nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// `XDP_DROP`.
    Drop,
    /// `XDP_ABORTED`, or a verdict that is none.
    Aborted,
    /// `XDP_TX` failed: the program took the room that a frame needs.
    TxFailed,
    /// `XDP_REDIRECT` failed: no target, or its queue is full.
    RedirectFailed,
}

impl<'bound> Buff<'bound> {
    /// Makes a frame of the first buffer received for it.
    pub(crate) fn new(filled: Filled<'bound>) -> Self {
        let (buffer, len) = filled.into_parts();
        let hard_start = buffer.cpu();
        // SAFETY: HEADROOM and `len` are within the page, by the invariants of `Filled`.
        let (data, data_end) =
            unsafe { (hard_start.add(HEADROOM), hard_start.add(HEADROOM + len)) };
        let mut raw = bindings::xdp_buff {
            data: data.cast(),
            data_end: data_end.cast(),
            data_meta: data.cast(),
            data_hard_start: hard_start.cast(),
            ..pin_init::zeroed()
        };

        // CAST: 2^12 to 2^16. Writing a field of a union is safe.
        raw.__bindgen_anon_1.__bindgen_anon_1 = bindings::xdp_buff__bindgen_ty_1__bindgen_ty_1 {
            frame_sz: PAGE_SIZE as u32,
            flags: 0,
        };
        // INVARIANT: As computed from the buffer.
        Self {
            raw,
            page: buffer.into_raw(),
            _bound: PhantomData,
        }
    }

    /// Appends the next buffer. `Err` if there are too many, or if it is from another pool; all of
    /// the frame is gone then.
    pub(crate) fn append(mut self, filled: Filled<'bound>) -> Result<Self> {
        let (buffer, len) = filled.into_parts();

        // INVARIANT: The page is owned by the frags if that succeeds.
        // CAST: All are at most PAGE_SIZE.
        // SAFETY: The frame is valid; the page is from a pool and has `len` bytes of data behind
        // HEADROOM.
        let added = unsafe {
            bindings::netdev_helper_xdp_add_frag(
                &mut self.raw,
                buffer.page(),
                HEADROOM as u32,
                len as u32,
                PAGE_SIZE as u32,
            )
        };

        if !added {
            return Err(ENOSPC);
        }
        buffer.into_raw();
        Ok(self)
    }

    fn flags(&self) -> u32 {
        // SAFETY: Both halves of the union are numbers.
        unsafe { self.raw.__bindgen_anon_1.__bindgen_anon_1.flags }
    }

    fn has_frags(&self) -> bool {
        self.flags() & bindings::xdp_buff_flags_XDP_FLAGS_HAS_FRAGS != 0
    }

    /// Returns the length in bytes, frags included.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: By the type invariants.
        unsafe { bindings::netdev_helper_xdp_len(&self.raw) as usize }
    }

    /// Returns the bytes of the first buffer.
    pub(crate) fn head(&self) -> &[u8] {
        let len = (self.raw.data_end as usize).wrapping_sub(self.raw.data as usize);

        // SAFETY: By the type invariants the bytes lie in the page.
        unsafe { slice::from_raw_parts(self.raw.data.cast(), len) }
    }

    /// Runs `prog` on the frame.
    ///
    /// A frame of several buffers, for a program that cannot deal with them, is aborted, and so
    /// is one without an Ethernet header, or one that is not from `pool`, or that comes from a
    /// pool that is not tied to the NAPI of the poll.
    pub(crate) fn run<T: Driver>(
        mut self,
        ctx: &NapiContext<'_, T>,
        prog: Program<'_>,
        pool: &PagePool<'_>,
    ) -> Verdict<'bound> {
        let dev = ctx.device().as_ptr();
        let prog_ptr = prog.prog.as_ptr();

        if self.head().len() < RxSkBuff::MIN_HEAD || (self.has_frags() && !prog.has_frags()) {
            return Verdict::Lost(Reason::Aborted, self);
        }
        let Some(rxq) = pool.rxq(ctx) else {
            return Verdict::Lost(Reason::Aborted, self);
        };

        self.raw.rxq = rxq.as_ptr();

        // INVARIANT: The helpers that programs have for it keep data and frags within bounds.
        // SAFETY: The program is valid, and so are the frame and, as long as `pool` is borrowed,
        // the queue, and its device; this is NAPI's poll, and the pool is tied to that NAPI.
        let action = unsafe {
            bindings::netdev_helper_xdp_run(
                prog_ptr,
                &mut self.raw,
                self.page.as_ptr(),
                pool.as_ptr(),
            )
        };
        let reason = match action {
            bindings::xdp_action_XDP_PASS => return Verdict::Pass(self),
            bindings::xdp_action_XDP_DROP => return Verdict::Lost(Reason::Drop, self),
            bindings::xdp_action_XDP_TX => match self.into_frame() {
                Ok(frame) => return Verdict::Tx(frame),
                Err(buff) => {
                    self = buff;
                    Reason::TxFailed
                }
            },
            bindings::xdp_action_XDP_REDIRECT => {
                // If it fails there may be copies for some of several targets all the same.
                ctx.set_redirected();
                // SAFETY: As above. If that succeeds the frame is somebody else's.
                let result = unsafe { bindings::xdp_do_redirect(dev, &mut self.raw, prog_ptr) };

                if result == 0 {
                    core::mem::forget(self);
                    return Verdict::Redirected;
                }
                Reason::RedirectFailed
            }
            bindings::xdp_action_XDP_ABORTED => Reason::Aborted,
            _ => {
                // SAFETY: Device and program are valid.
                unsafe { bindings::bpf_warn_invalid_xdp_action(dev, prog_ptr, action) };
                Reason::Aborted
            }
        };

        // SAFETY: Device and program are valid.
        unsafe { bindings::netdev_helper_xdp_exception(dev, prog_ptr, action) };
        Verdict::Lost(reason, self)
    }

    /// Makes the frame one that can be sent; gives it back if there is no room for the
    /// administration of it.
    fn into_frame(mut self) -> Result<TxFrame, Self> {
        // SAFETY: The frame is valid, its `rxq` that of the run before.
        let frame = unsafe { bindings::netdev_helper_xdp_to_frame(&mut self.raw) };

        match NonNull::new(frame) {
            Some(frame) => {
                core::mem::forget(self);
                // SAFETY: The frame was made just now, from pages of a page pool.
                Ok(unsafe { TxFrame::new(Frame::from_raw(frame)) })
            }
            None => Err(self),
        }
    }

    /// Makes the frame a packet: data, frags and metadata as the program left them.
    ///
    /// Fails with `ENOMEM` if memory for the packet could not be had, or `EINVAL` if the first
    /// buffer has no Ethernet header; the pages then went back to their pool.
    pub(crate) fn into_skb<T: Driver>(self, ctx: &NapiContext<'_, T>) -> Result<RxSkBuff> {
        let _ = ctx;

        if self.head().len() < RxSkBuff::MIN_HEAD {
            return Err(EINVAL);
        }
        // SAFETY: By the type invariants; bottom halves are disabled.
        let skb = unsafe { bindings::netdev_helper_xdp_build_skb(&self.raw) };
        let skb = NonNull::new(skb).ok_or(ENOMEM)?;

        // The packet owns the pages now.
        core::mem::forget(self);
        // SAFETY: The packet is new, so that there is no other owner and no clone, and ours. It
        // recycles its pages, which by the type invariants are from pools, and is long enough.
        Ok(unsafe { RxSkBuff::from_raw(skb) })
    }

    /// Returns whether data still begin and end where they did when `len` bytes were received
    /// to one buffer.
    pub(crate) fn is_in_place(&self, len: usize) -> bool {
        let offset = (self.raw.data as usize).wrapping_sub(self.raw.data_hard_start as usize);

        offset == HEADROOM && self.len() == len
    }

    /// Gives the page back, to be handed to the device again; those of the frags go to their pools.
    pub(crate) fn into_buffer(self) -> Buffer<'bound> {
        let mut this = ManuallyDrop::new(self);

        this.put_frags();
        // SAFETY: By the type invariants the page is a pool's, and owned, and its device valid; `this`
        // is not dropped.
        unsafe { Buffer::from_raw(this.page) }
    }

    fn put_frags(&mut self) {
        if self.has_frags() {
            // SAFETY: By the type invariants. The frags are not used after this.
            unsafe { bindings::netdev_helper_xdp_put_frags(&self.raw) };
        }
    }
}

impl Drop for Buff<'_> {
    fn drop(&mut self) {
        self.put_frags();
        // SAFETY: By the type invariants the page is a pool's, and owned, and its device valid.
        drop(unsafe { Buffer::from_raw(self.page) });
    }
}
