// SPDX-License-Identifier: GPL-2.0

//! Buffers for the ring.

use super::Queue;
use crate::{
    adapter::Adapter,
    hw::{
        desc::RxDesc,
        queue, //
    },
    netdev::{
        page_pool::{
            Consumer,
            Slot, //
        },
        NapiContext, //
    },
};
use kernel::sync::barrier::{
    dma_mb,
    Write, //
};

/// Descriptors that get their buffers in one go.
const AT_A_TIME: usize = 32;

impl Queue<'_> {
    /// Returns how many descriptors are left as they are when the others are filled: those that
    /// were received last, the packets of which are still on their way.
    #[inline]
    pub(super) fn rest(&self) -> u16 {
        self.ring.size().get() / 8
    }

    /// Returns how many descriptors must wait for a buffer until they are filled, a quarter of the
    /// ring at a time.
    #[inline]
    pub(super) fn refill_at(&self) -> u16 {
        (self.ring.size().get() / 4).wrapping_add(self.rest())
    }

    /// Puts a buffer into the free descriptors except `rest`, as far as there is memory.
    pub(super) fn fill(&mut self, consumer: &impl Consumer, rest: u16) -> usize {
        let wanted = usize::from(self.ring.unused().saturating_sub(rest));
        let mut addresses = [0; AT_A_TIME];
        let mut filled = 0usize;

        while filled < wanted {
            let first = usize::from(self.ring.next_to_use());
            // Up to the end of the ring.
            let slots = self.slots.get_mut(first..).unwrap_or_default();
            let count = wanted.wrapping_sub(filled).min(slots.len());
            let slots = slots.get_mut(..count).unwrap_or_default();
            let renewed = Slot::renew(slots, &mut addresses, &mut self.pool, consumer);
            let filled_in = addresses.get(..renewed).unwrap_or_default();

            for (offset, address) in filled_in.iter().enumerate() {
                // Also clears what was written back: QEMU leaves bits standing.
                // The index is within the ring.
                let _ = RxDesc::new(*address).store(&self.descs, first.wrapping_add(offset));
            }
            // CAST: At most AT_A_TIME.
            self.ring.produce_run(filled_in.len() as u16);
            filled = filled.wrapping_add(filled_in.len());
            if filled_in.is_empty() {
                break;
            }
        }
        filled
    }

    /// Fills the ring except for `rest` descriptors, and tells the device.
    #[inline(never)]
    pub(super) fn refill(&mut self, ctx: &NapiContext<'_, Adapter<'_>>, rest: u16) {
        let filled = self.fill(ctx, rest);

        if self.ring.unused() > rest {
            ctx.stats.rx.alloc_failed.inc();
        }
        if filled == 0 {
            return;
        }
        // The descriptors are in memory before the device learns of them: `writel` orders it
        // after all earlier writes to memory.
        queue::rx_doorbell(&ctx.bar, self.ring.next_to_use());
        ctx.stats.rx.doorbells.inc();
        self.watched.rang = true;

        // KVM posts that write until the next access that leaves the guest, such as the
        // interrupt handler's. A poll that goes on without must make one before the device runs
        // out of the descriptors that it knows of.
        // CAST: At most the size of the ring.
        self.unflushed = self.unflushed.saturating_add(filled as u16);
        if self.unflushed >= self.ring.size().get() / 2 {
            self.unflushed = 0;
            ctx.flush_posted_writes();
        }
    }

    /// Gives each descriptor without a buffer the spare one, as `queue::stop_rx` and
    /// `queue::set_rx_ring` want it.
    pub(crate) fn offer_spare(&mut self) {
        for (index, slot) in self.slots.iter().enumerate() {
            if !slot.has_buffer() {
                // The index is within the ring.
                let _ = RxDesc::new(self.spare.address()).store(&self.descs, index);
            }
        }
        // Before the device is told anything.
        dma_mb(Write);
    }
}
