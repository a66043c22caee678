// SPDX-License-Identifier: GPL-2.0

//! Whether the device still delivers.

use super::Queue;
use crate::{
    adapter::Adapter,
    hw::{
        desc::RxDesc,
        queue, //
    },
    netdev::NapiContext, //
};
use kernel::sync::atomic::Relaxed;

/// What the watchdog finds.
pub(crate) enum Verdict {
    /// Nothing.
    Fine,
    /// Packets that no interrupt announced.
    NoInterrupt,
    /// A descriptor that was passed over: the device will not come back to it.
    Hole,
}

/// What the watchdog saw when it looked last.
#[derive(Default)]
pub(super) struct Watched {
    interrupts: u32,
    packets: u64,
    /// How often in a row there was a hole.
    holes: u32,
    /// Whether buffers were offered of which the device is not known to have heard.
    pub(super) rang: bool,
}

impl Queue<'_> {
    /// Judges, once a second, whether the device still delivers; `done` is how many packets this
    /// poll found.
    pub(crate) fn watch(&mut self, ctx: &NapiContext<'_, Adapter<'_>>, done: usize) -> Verdict {
        let interrupts = ctx.irq.count.load(Relaxed);
        let packets = ctx.stats.rx.packets.get();
        let quiet = interrupts == self.watched.interrupts;
        let idle = packets == self.watched.packets;

        self.watched.interrupts = interrupts;
        self.watched.packets = packets;
        if done != 0 {
            self.watched.holes = 0;
            // The kernel's or the driver's polling needs no interrupt.
            return if quiet && ctx.awaits_interrupt() {
                Verdict::NoInterrupt
            } else {
                Verdict::Fine
            };
        }
        if self.watched.rang && idle {
            // The device may not have heard of the last buffers. Asking makes a write that KVM
            // has posted arrive; one that got lost is repeated until it does.
            let tail = self.ring.next_to_use();

            self.watched.rang = queue::rx_tail(&ctx.bar) != tail;
            if self.watched.rang {
                queue::rx_doorbell(&ctx.bar, tail);
            }
        }
        // An interrupt for no packet: where does the device think it is?
        let passed = !quiet && idle && queue::rx_head(&ctx.bar) != self.ring.next_to_clean();

        if !passed && !self.has_hole() {
            self.watched.holes = 0;
            return Verdict::Fine;
        }
        self.watched.holes = self.watched.holes.saturating_add(1);
        // It may just have been writing.
        if self.watched.holes >= 2 {
            self.watched.holes = 0;
            Verdict::Hole
        } else {
            Verdict::Fine
        }
    }

    /// Returns whether the device is done with a descriptor although not with the one before.
    fn has_hole(&self) -> bool {
        let size = self.ring.size();
        let mut index = self.ring.next_to_clean();

        for _ in 0..self.ring.in_flight() {
            let done = RxDesc::read_writeback(&self.descs, index.into()).is_ok_and(|wb| wb.dd());

            if done {
                // Done with the first means no more than that there is work.
                return index != self.ring.next_to_clean();
            }
            index = size.next(index);
        }
        false
    }
}
