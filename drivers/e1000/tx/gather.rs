// SPDX-License-Identifier: GPL-2.0

//! A common doorbell for packets that follow each other.
//!
//! The stack says when it has more packets (`netdev_xmit_more()`), but only of those in its queue,
//! and where the device sends before the doorbell returns there is never a queue. Each doorbell
//! leaves the guest, and has the host send a single frame. So a packet that follows another one
//! soon is not told of at once: the doorbell waits for [`MOST`] of them, or for a timer.
//!
//! One that may be an answer, or be waited for by somebody who will answer, is told of at once:
//! the first two after something was received, and the first after a pause. So are segmentations,
//! which are a batch by themselves, and everything while the stack's queue is stopped (BQL),
//! which waits for completions, and a packet that has been given a timestamp.
//!
//! If the timer finds the one packet that started it, there were no others to wait for; then the
//! next ones do not wait, twice as many each time.
//!
//! `ethtool -C adaptive-tx off` ends it.

use super::Queue;
use crate::{
    adapter::Adapter,
    netdev::TxContext, //
};
use kernel::{
    sync::atomic::Relaxed,
    time::{
        Instant,
        Monotonic, //
    }, //
};

/// How long a packet waits at most, in nanoseconds, but for what softirqs are late.
const WAIT_NS: u32 = 50_000;

/// Packets further apart than this, in nanoseconds, do not follow each other.
const SOON_NS: i64 = 200_000;

/// Descriptors that wait at most.
const MOST: u16 = 16;

/// Packets that do not wait after a first wait in vain, and after many.
const VAIN_LEAST: u16 = 16;
const VAIN_MOST: u16 = 256;

/// What is known of the packets that came before.
pub(super) struct Gather {
    /// When the last of them went, if nothing was received since.
    last: Option<Instant<Monotonic>>,
    /// Packets received by then.
    received: u64,
    /// Whether the timer is due.
    due: bool,
    /// Whether the batch has a packet that has been given the time at which it goes.
    pub(super) stamped: bool,
    /// How many packets are not to wait, and how many the next time.
    pass: u16,
    vain: u16,
}

impl Gather {
    pub(super) fn new() -> Self {
        Self {
            last: None,
            received: 0,
            due: false,
            stamped: false,
            pass: 0,
            vain: VAIN_LEAST,
        }
    }
}

impl<'bound> Queue<'bound> {
    /// Returns whether the doorbell for what is in the batch may wait, and sees to it that it
    /// does not wait for long. Only for a batch that leaves room in the ring.
    pub(super) fn hold(&mut self, ctx: &TxContext<'_, Adapter<'bound>>) -> bool {
        if !ctx.gather.load(Relaxed) || self.gather.stamped {
            return false;
        }
        let received = ctx.stats.rx.packets.get();
        let gather = &mut self.gather;

        if received != gather.received {
            gather.received = received;
            gather.last = None;
            return false;
        }
        if gather.pass != 0 {
            gather.pass = gather.pass.wrapping_sub(1);
            return false;
        }
        let waiting = self
            .ring
            .size()
            .distance(self.batch, self.ring.next_to_use());

        if waiting >= MOST || !ctx.may_hold() {
            return false;
        }
        if gather.due {
            return true;
        }
        let now = Instant::now();
        let soon = gather
            .last
            .replace(now)
            .is_some_and(|last| (now - last).as_nanos() < SOON_NS);

        if soon {
            gather.due = true;
            ctx.hold(WAIT_NS);
        }
        soon
    }

    /// Tells the device of what waits: the wait is over.
    pub(crate) fn release(&mut self, ctx: &TxContext<'_, Adapter<'bound>>) {
        let waiting = self
            .ring
            .size()
            .distance(self.batch, self.ring.next_to_use());
        let gather = &mut self.gather;

        gather.due = false;
        match waiting {
            0 => return,
            1 => {
                gather.pass = gather.vain;
                gather.vain = gather.vain.saturating_mul(2).min(VAIN_MOST);
            }
            _ => {
                gather.vain = VAIN_LEAST;
                gather.last = Some(Instant::now());
            }
        }
        self.ring_doorbell(ctx);
    }
}
