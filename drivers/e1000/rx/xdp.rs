// SPDX-License-Identifier: GPL-2.0

//! The receive queue while an XDP program is attached.

use super::{
    count_group,
    count_lost,
    describe,
    Partial,
    Queue,
    Tally,
    BUFFER_SIZE, //
};
use crate::{
    adapter::{
        Adapter,
        OVERHEAD, //
    },
    hw::desc::RxWriteback,
    netdev::{
        ethtool::Extack,
        page_pool::{
            Buffer,
            Slot, //
        },
        xdp::{
            Buff,
            Program,
            Reason,
            TxFrame,
            Verdict, //
        },
        Features,
        NapiContext, //
    },
};
use kernel::prelude::*;

/// Frames that are sent under one lock: as many as NAPI receives in a poll.
pub(super) const BULK: usize = 64;

/// Largest MTU for which every frame fits one buffer.
const MAX_MTU: usize = BUFFER_SIZE - OVERHEAD;

// The message below says it.
static_assert!(MAX_MTU == 2026);

/// Returns whether `prog` can deal with all frames of an interface with that MTU.
pub(crate) fn fits(prog: Program<'_>, mtu: usize) -> bool {
    mtu <= MAX_MTU || prog.has_frags()
}

/// Refuses a program that could not deal with all frames.
pub(crate) fn check(prog: Program<'_>, mtu: usize, extack: &mut Extack<'_>) -> Result {
    if fits(prog, mtu) {
        return Ok(());
    }
    extack.refuse(
        c"with an MTU above 2026 bytes frames take several buffers: the program must be loaded \
          with BPF_F_XDP_HAS_FRAGS",
        EINVAL,
    )
}

impl<'bound> Queue<'bound> {
    /// Deals with one descriptor. A frame that the program keeps from the stack is a packet received
    /// all the same.
    #[inline(never)]
    pub(super) fn receive_xdp(
        &mut self,
        ctx: &NapiContext<'_, Adapter<'_>>,
        features: Features,
        program: Program<'_>,
        index: usize,
        writeback: RxWriteback,
        tally: &mut Tally,
    ) {
        let unfinished = self.unfinished.take();

        match self.collect(ctx, features, unfinished, index, &writeback) {
            Some(buff) if writeback.eop() => {
                let back = self.run(ctx, features, program, &writeback, buff, tally);

                if let (Some(buffer), Some(slot)) = (back, self.slots.get_mut(index)) {
                    slot.put(buffer);
                }
            }
            Some(buff) => self.unfinished = Some(buff),
            None if writeback.eop() => (),
            None => self.partial = Partial::Dropped,
        }
    }

    /// Adds one buffer to what there is of a frame, counting what is wrong with it.
    fn collect(
        &mut self,
        ctx: &NapiContext<'_, Adapter<'_>>,
        features: Features,
        unfinished: Option<Buff<'bound>>,
        index: usize,
        writeback: &RxWriteback,
    ) -> Option<Buff<'bound>> {
        let stats = &ctx.stats.rx;
        let before = unfinished.as_ref().map_or(0, Buff::len);
        let len = self.check(ctx, features, before, 1, writeback)?;
        let buffer = self.slots.get_mut(index).and_then(Slot::take);
        let Some(filled) = buffer.and_then(|buffer| buffer.received(len)) else {
            stats.bad_descriptors.inc();
            return None;
        };

        match unfinished {
            None => Some(Buff::new(filled)),
            Some(buff) => buff
                .append(filled)
                .inspect_err(|_| stats.length_errors.inc())
                .ok(),
        }
    }

    /// Hands a complete frame to the program, and to whom that says. Returns the first buffer of
    /// one that goes nowhere.
    fn run(
        &mut self,
        ctx: &NapiContext<'_, Adapter<'_>>,
        features: Features,
        program: Program<'_>,
        writeback: &RxWriteback,
        buff: Buff<'bound>,
        tally: &mut Tally,
    ) -> Option<Buffer<'bound>> {
        let stats = &ctx.stats.xdp;
        let len = buff.len();

        tally.add(len);
        count_group(ctx, buff.head());
        match buff.run(ctx, program, &self.pool) {
            Verdict::Pass(buff) => {
                stats.pass.inc();
                pass(ctx, features, writeback, len, buff);
            }
            Verdict::Tx(frame) => self.queue_reply(ctx, frame),
            Verdict::Redirected => stats.redirect.inc(),
            Verdict::Lost(reason, buff) => {
                match reason {
                    Reason::Drop => stats.drop.inc(),
                    Reason::Aborted => stats.aborted.inc(),
                    Reason::TxFailed => stats.tx_failed.inc(),
                    Reason::RedirectFailed => stats.redirect_failed.inc(),
                }
                return Some(buff.into_buffer());
            }
        }
        None
    }

    /// Keeps a frame that is to be sent back until there are enough of them.
    fn queue_reply(&mut self, ctx: &NapiContext<'_, Adapter<'_>>, frame: TxFrame) {
        if self.replies.len() >= BULK {
            self.reply(ctx, false);
        }
        // There is room now, so nothing is allocated.
        if self.replies.push(frame, GFP_ATOMIC).is_err() {
            ctx.stats.xdp.tx_failed.inc();
        }
    }

    /// Sends what programs want sent back, and tells the device of it if `flush` is set.
    #[inline(never)]
    pub(super) fn reply(&mut self, ctx: &NapiContext<'_, Adapter<'_>>, flush: bool) {
        let stats = &ctx.stats.xdp;
        let replies = &mut self.replies;

        ctx.with_tx(|tx_ctx, tx| {
            for frame in replies.drain_all() {
                match tx.xmit_own(tx_ctx, frame) {
                    Ok(()) => stats.tx.inc(),
                    Err(_) => stats.tx_failed.inc(),
                }
            }
            if flush {
                tx.flush_frames(tx_ctx);
            }
        });
        // The interface is going down.
        self.replies.clear();
    }

    /// The program went away in the middle of a frame: the rest of it takes the ordinary way.
    #[cold]
    pub(super) fn finish_without_program(&mut self, ctx: &NapiContext<'_, Adapter<'_>>) {
        if let Some(buff) = self.unfinished.take() {
            self.partial = match buff.into_skb(ctx) {
                Ok(skb) => Partial::Packet(skb),
                Err(err) => {
                    count_lost(ctx, err, |rx| &rx.length_errors);
                    Partial::Dropped
                }
            };
        }
    }
}

/// Hands a frame to the stack, of which `len` bytes had been received.
fn pass(
    ctx: &NapiContext<'_, Adapter<'_>>,
    features: Features,
    writeback: &RxWriteback,
    len: usize,
    buff: Buff<'_>,
) {
    let received = buff.is_in_place(len);

    match buff.into_skb(ctx) {
        Ok(mut skb) => {
            describe(ctx, features, writeback, received, &mut skb);
            ctx.receive(skb);
        }
        Err(err) => count_lost(ctx, err, |rx| &rx.length_errors),
    }
}
