// SPDX-License-Identifier: GPL-2.0

//! The receive queue.

pub(crate) mod xdp;

use crate::{
    adapter::{
        Adapter,
        Config, //
    },
    hw::{
        desc::{
            Descriptors,
            RxDesc,
            RxWriteback, //
        },
        queue,
        ring::Ring, //
    },
    moderation::Moderator,
    netdev::{
        page_pool::{
            Buffer,
            Filled,
            PagePool, //
        },
        xdp::{
            Buff,
            Program,
            TxFrame, //
        },
        Device,
        DisabledNapi,
        DropReason,
        Features,
        NapiContext,
        SkBuff, //
    },
};
use kernel::{
    dma::Coherent,
    prelude::*,
    sync::{
        atomic::Relaxed,
        barrier::{
            dma_mb,
            Read,
            Write, //
        },
    },
};

/// Bytes the device may write to one buffer; what `RxMode::DEFAULT` sets.
pub(crate) const BUFFER_SIZE: usize = 2048;

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
struct Watched {
    interrupts: u32,
    packets: u64,
    /// How often in a row there was a hole.
    holes: u32,
    /// Whether buffers were offered of which the device is not known to have heard.
    rang: bool,
}

/// A frame of which not all descriptors have been seen.
enum Partial {
    /// None.
    None,
    /// Its first part is the packet's linear part, the others its frags.
    Packet(SkBuff),
    /// It is dropped up to its end.
    Dropped,
}

/// Descriptors with their buffers, and where driver and device are in them.
pub(crate) struct Queue {
    ring: Ring,
    descs: Descriptors,
    /// The buffer of each descriptor in flight.
    buffers: KVVec<Option<Buffer>>,
    /// Where a device that does not stop in time writes to.
    spare: Buffer,
    partial: Partial,
    /// What there is of a frame for an XDP program.
    unfinished: Option<Buff>,
    /// What programs want sent, at the end of the poll or when there is no more room in it.
    replies: KVec<TxFrame>,
    max_frame: usize,
    /// Descriptors consumed since the device surely saw a tail.
    unflushed: u16,
    /// [`Interrupts::count`](crate::adapter::Interrupts::count) at that time.
    flushed_at: u32,
    watched: Watched,
    pub(crate) moderator: Moderator,
    // Dropped last: the buffers go back to it.
    pool: PagePool,
}

impl Queue {
    /// Allocates the ring and fills it. Touches no register.
    pub(crate) fn new<'bound>(
        adapter: &Adapter<'bound>,
        netdev: &Device<Adapter<'bound>>,
        config: &Config,
    ) -> Result<Self> {
        let count = usize::from(config.rx.get());
        let dev = adapter.pdev.as_ref();
        let mut pool = PagePool::new(dev, netdev, count, BUFFER_SIZE)?;
        let spare = pool.alloc().ok_or(ENOMEM)?;
        let mut buffers = KVVec::new();

        for _ in 0..count {
            buffers.push(None, GFP_KERNEL)?;
        }
        let mut queue = Self {
            ring: Ring::new(config.rx),
            descs: Coherent::zeroed_slice(dev, count, GFP_KERNEL)?,
            buffers,
            spare,
            partial: Partial::None,
            unfinished: None,
            replies: KVec::with_capacity(xdp::BULK, GFP_KERNEL)?,
            max_frame: 0,
            unflushed: 0,
            flushed_at: 0,
            watched: Watched::default(),
            moderator: Moderator::new(),
            pool,
        };

        queue.fill();
        if queue.ring.unused() != 0 {
            return Err(ENOMEM);
        }
        Ok(queue)
    }

    /// Gives the ring to the device.
    pub(crate) fn start(&mut self, adapter: &Adapter<'_>, napi: &DisabledNapi<'_>) {
        self.pool.attach(napi);
        // The descriptor that is not offered yet, too: the device may be faster than the tail.
        self.offer_spare();
        queue::set_rx_ring(
            &adapter.bar,
            self.descs.dma_address(),
            self.ring.size(),
            self.ring.next_to_use(),
        );
        // What was waiting in the backend is received from here on.
        adapter.flush_posted_writes();
    }

    /// Gives each descriptor without a buffer the spare one, as `queue::stop_rx` and
    /// `queue::set_rx_ring` want it.
    pub(crate) fn offer_spare(&mut self) {
        for (index, buffer) in self.buffers.iter().enumerate() {
            if buffer.is_none() {
                // The index is within the ring.
                let _ = RxDesc::new(self.spare.address()).store(&self.descs, index);
            }
        }
        // Before the device is told anything.
        dma_mb(Write);
    }

    /// Receives up to `budget` packets, and returns how many; `budget` if there must be another
    /// poll.
    pub(crate) fn poll(&mut self, ctx: &NapiContext<'_, Adapter<'_>>, budget: usize) -> usize {
        let features = ctx.device().features();
        let program = ctx.xdp_program();
        let batch = self.ring.size().get() / 4;
        let interrupts = ctx.irq.count.load(Relaxed);
        let mut packets = 0usize;
        let mut left = budget;

        self.max_frame = ctx.max_frame.load(Relaxed);
        if program.is_none() && self.unfinished.is_some() {
            self.finish_without_program(ctx);
        }
        if interrupts != self.flushed_at {
            self.flushed_at = interrupts;
            self.unflushed = 0;
        }
        // Each descriptor counts here, whatever is in it, so that a device that makes no packets
        // of them cannot keep us.
        while left != 0 {
            let Some((writeback, buffer)) = self.next() else {
                break;
            };

            if self.receive(ctx, features, program, writeback, buffer) {
                packets = packets.wrapping_add(1);
            }
            if self.ring.unused() >= batch {
                self.refill(ctx);
            }
            left = left.wrapping_sub(1);
        }
        if !self.replies.is_empty() {
            self.reply(ctx, true);
        }
        if left == 0 {
            return budget;
        }
        // An empty ring raises no interrupt from which to start again.
        if self.ring.is_empty() {
            self.refill(ctx);
            if self.ring.is_empty() {
                return budget;
            }
        }
        packets
    }

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
            return if quiet {
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

    /// Takes the next descriptor that the device is done with, and its buffer.
    #[inline]
    fn next(&mut self) -> Option<(RxWriteback, Buffer)> {
        if self.ring.is_empty() {
            return None;
        }
        let index = usize::from(self.ring.next_to_clean());
        let writeback = RxDesc::read_writeback(&self.descs, index).ok()?;

        if !writeback.dd() {
            return None;
        }
        // The device writes the buffer before DD: read it only after. Length and status came with
        // DD in one load.
        dma_mb(Read);
        self.ring.consume();
        self.buffers
            .get_mut(index)
            .and_then(Option::take)
            .map(|buffer| (writeback, buffer))
    }

    /// Deals with one descriptor, and returns whether it completed a packet for the stack.
    #[inline]
    fn receive(
        &mut self,
        ctx: &NapiContext<'_, Adapter<'_>>,
        features: Features,
        program: Option<Program<'_>>,
        writeback: RxWriteback,
        buffer: Buffer,
    ) -> bool {
        if let Some(program) = program {
            // A frame that began without the program ends without it.
            if matches!(self.partial, Partial::None) {
                return self.receive_xdp(ctx, features, program, writeback, buffer);
            }
        }
        let partial = core::mem::replace(&mut self.partial, Partial::None);

        match self.assemble(ctx, features, partial, &writeback, buffer) {
            Partial::Packet(skb) if writeback.eop() => finish(ctx, features, &writeback, skb),
            Partial::None | Partial::Dropped if writeback.eop() => false,
            unfinished => {
                self.partial = unfinished;
                false
            }
        }
    }

    /// Adds one buffer to what there is of the frame, counting what is wrong with it.
    #[inline]
    fn assemble(
        &self,
        ctx: &NapiContext<'_, Adapter<'_>>,
        features: Features,
        partial: Partial,
        writeback: &RxWriteback,
        buffer: Buffer,
    ) -> Partial {
        let stats = &ctx.stats.rx;
        let before = match &partial {
            Partial::Packet(skb) => skb.len(),
            Partial::None => 0,
            Partial::Dropped => return Partial::Dropped,
        };
        let Some(filled) = self.check(ctx, features, before, writeback, buffer) else {
            return Partial::Dropped;
        };

        match partial {
            Partial::Packet(mut skb) => {
                if filled.append_to(&mut skb).is_err() {
                    stats.length_errors.inc();
                    return Partial::Dropped;
                }
                Partial::Packet(skb)
            }
            _ => match filled.into_skb() {
                Some(skb) => Partial::Packet(skb),
                None => {
                    stats.dropped_no_memory.inc();
                    Partial::Dropped
                }
            },
        }
    }

    /// Looks whether a buffer can be part of a frame of which there are `before` bytes, and counts
    /// what is wrong with it.
    #[inline]
    fn check(
        &self,
        ctx: &NapiContext<'_, Adapter<'_>>,
        features: Features,
        before: usize,
        writeback: &RxWriteback,
        buffer: Buffer,
    ) -> Option<Filled> {
        let stats = &ctx.stats.rx;
        let len = usize::from(writeback.len());

        if len == 0 || len > BUFFER_SIZE {
            stats.bad_descriptors.inc();
            return None;
        }
        if writeback.frame_error() && !features.contains(Features::RXALL) {
            stats.crc_errors.inc();
            return None;
        }
        if before.saturating_add(len) > self.max_frame {
            stats.length_errors.inc();
            return None;
        }
        let filled = buffer.received(len);

        if filled.is_none() {
            stats.bad_descriptors.inc();
        }
        filled
    }

    /// Puts a buffer into every free descriptor, as far as there is memory.
    fn fill(&mut self) -> usize {
        let mut filled = 0usize;

        while self.ring.unused() != 0 {
            let Some(buffer) = self.pool.alloc() else {
                break;
            };
            let Some(index) = self.ring.produce() else {
                break;
            };
            let index = usize::from(index);

            // Also clears what was written back: QEMU leaves bits standing.
            // The index is within the ring.
            let _ = RxDesc::new(buffer.address()).store(&self.descs, index);
            if let Some(slot) = self.buffers.get_mut(index) {
                *slot = Some(buffer);
            }
            filled = filled.wrapping_add(1);
        }
        filled
    }

    /// Fills the ring and tells the device.
    #[inline(never)]
    fn refill(&mut self, ctx: &NapiContext<'_, Adapter<'_>>) {
        let filled = self.fill();

        if self.ring.unused() != 0 {
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
}

/// Hands a complete frame to the stack; false if it is none.
#[inline]
fn finish(
    ctx: &NapiContext<'_, Adapter<'_>>,
    features: Features,
    writeback: &RxWriteback,
    mut skb: SkBuff,
) -> bool {
    let stats = &ctx.stats.rx;
    let len = skb.len();

    describe(ctx, features, writeback, true, &mut skb);
    count_group(ctx, skb.head());
    match ctx.receive(skb) {
        Ok(()) => {
            stats.packets.inc();
            // CAST: usize to u64 keeps the value.
            stats.bytes.add(len as u64);
            true
        }
        Err(skb) => {
            stats.length_errors.inc();
            skb.discard(DropReason::DEV_HDR);
            false
        }
    }
}

/// Tells the stack what the device found out of a packet; of its checksum only if the packet is
/// the one that was `received`.
#[inline]
fn describe(
    ctx: &NapiContext<'_, Adapter<'_>>,
    features: Features,
    writeback: &RxWriteback,
    received: bool,
    skb: &mut SkBuff,
) {
    if features.contains(Features::VLAN_RX) {
        if let Some(tci) = writeback.vlan() {
            skb.put_vlan_tag(tci);
        }
    }
    if received && features.contains(Features::RXCSUM) && writeback.csum_good() {
        ctx.stats.rx.checksum_good.inc();
        skb.set_checksum_verified();
    }
}

/// Counts frames for more than one station.
#[inline]
fn count_group(ctx: &NapiContext<'_, Adapter<'_>>, frame: &[u8]) {
    // The group bit; broadcasts have it as well.
    if frame.first().copied().unwrap_or(0) & 1 != 0 {
        if frame.starts_with(&[0xff; 6]) {
            ctx.stats.rx.broadcast.inc();
        } else {
            ctx.stats.rx.multicast.inc();
        }
    }
}
