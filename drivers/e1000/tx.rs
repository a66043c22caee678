// SPDX-License-Identifier: GPL-2.0

//! The transmit queue.
//!
//! It belongs to the kernel's transmit lock: whoever has `&mut Queue` holds it.
//!
//! # Completion
//!
//! QEMU sends what a doorbell offers before the write of TDT retires, so that DD is there right
//! after it and the packets are freed in place ([`Queue::ring_doorbell`]): no interrupt, no
//! register read. A device that takes its time makes the queue fall back, for as long as the
//! interface is up, to what the manual has: the write-back interrupts (TXDW), and NAPI reclaims.

mod frames;
mod gather;

use self::gather::Gather;
use crate::{
    adapter::{
        Adapter,
        Config, //
    },
    hw::{
        desc::{
            ContextFields,
            Descriptors,
            TxDesc,
            TxFlags, //
        },
        queue,
        regs,
        ring::Ring,
        Regs, //
    },
    netdev::{
        dma::{
            CopyBuffers,
            TxMapping,
            COPY_SIZE, //
        },
        netdev_warn,
        xdp::Frame,
        DropReason,
        Events,
        SkBuff,
        TxContext, //
    },
    offload::{
        self,
        Plan,
        MIN_FRAME, //
    },
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::Coherent,
    prelude::*,
    sync::{
        atomic::Relaxed,
        barrier::{
            dma_mb,
            Read, //
        },
    },
};

/// Descriptors that one packet may take: a context, and what [`offload::check`] allows for the
/// linear part and frags. More in a ring that has them, for the largest segmentations.
const MAX_DESCRIPTORS: u16 = 24;
const MAX_DESCRIPTORS_LARGE: u16 = 56;

/// From how many descriptors on a ring is large.
const LARGE: u16 = 128;

/// Longest packet, in bytes, that waits for others; a segmentation is longer.
const GATHERED: usize = 2048;

/// What is freed when it has been sent.
enum Packet {
    Skb(SkBuff),
    Frame(#[expect(dead_code, reason = "for its drop")] Frame),
}

/// What belongs to a descriptor in flight.
struct Slot<'bound> {
    map: Option<TxMapping<'bound>>,
    /// In a packet's last descriptor.
    packet: Option<Packet>,
    /// In the first descriptor of a batch: the last, which reports.
    batch_end: u16,
}

/// Descriptors with what they point to.
pub(crate) struct Queue<'bound> {
    dev: &'bound Device<Bound>,
    ring: Ring,
    descs: Descriptors,
    slots: KVVec<Slot<'bound>>,
    /// A place for a short packet for each descriptor.
    copies: CopyBuffers,
    /// Where the batch begins that the device hasn't been told of; the ring's next to use if
    /// there is none.
    batch: u16,
    /// The last descriptor of the last packet in it.
    last: u16,
    max_segment: usize,
    /// Free descriptors below which the queue is stopped, and from which it is started.
    stop_below: u16,
    /// The contexts that the device has: for checksums, and for segmentation.
    contexts: [Option<ContextFields>; 2],
    stopped: bool,
    /// Whether write-backs may interrupt later.
    delayed: bool,
    /// XDP frames in flight.
    frames: u16,
    gather: Gather,
    /// The oldest descriptor in flight when the watchdog looked last, and how often it has been
    /// the same.
    stuck: (u16, u32),
}

impl<'bound> Queue<'bound> {
    /// Allocates the ring. Touches no register.
    pub(crate) fn new(adapter: &Adapter<'bound>, config: &Config) -> Result<Self> {
        let count = usize::from(config.tx.get());
        let dev: &'bound Device<Bound> = adapter.pdev.as_ref();
        let mut slots = KVVec::with_capacity(count, GFP_KERNEL)?;

        for _ in 0..count {
            slots.push(
                Slot {
                    map: None,
                    packet: None,
                    batch_end: 0,
                },
                GFP_KERNEL,
            )?;
        }
        Ok(Self {
            dev,
            ring: Ring::new(config.tx),
            descs: Coherent::zeroed_slice(dev, count, GFP_KERNEL)?,
            slots,
            copies: CopyBuffers::new(dev, count)?,
            batch: 0,
            last: 0,
            max_segment: adapter.model.max_tx_segment() as usize,
            stop_below: if config.tx.get() < LARGE {
                MAX_DESCRIPTORS
            } else {
                MAX_DESCRIPTORS_LARGE
            },
            contexts: [None, None],
            stopped: false,
            delayed: false,
            frames: 0,
            gather: Gather::new(),
            stuck: (0, 0),
        })
    }

    /// Gives the ring to the device.
    pub(crate) fn start(&mut self, adapter: &Adapter<'_>) {
        queue::set_tx_ring(&adapter.bar, self.descs.dma_address(), self.ring.size());
        queue::enable_tx(&adapter.bar, true);
        self.contexts = [None, None];
        adapter
            .max_descriptors
            .store(self.stop_below.into(), Relaxed);
    }

    /// Chooses whether the interrupts of write-backs are delayed by the chip's timers.
    pub(crate) fn set_delayed(&mut self, delayed: bool) {
        self.delayed = delayed;
    }

    /// Takes a packet; see [`Driver::xmit`](crate::netdev::Driver::xmit).
    #[inline]
    pub(crate) fn xmit(
        &mut self,
        ctx: &TxContext<'_, Adapter<'bound>>,
        skb: SkBuff,
    ) -> Result<(), SkBuff> {
        let room = self.ring.unused();

        if room < self.stop_below && !self.make_room(ctx) {
            return Err(skb);
        }
        let len = skb.len();

        if skb.is_plain() && (MIN_FRAME..=self.max_segment).contains(&len) {
            if self.queue_plain(ctx, skb, len) {
                // One descriptor of those that were left.
                let full = room <= self.stop_below;

                if ctx.sent(len) && !self.hold(ctx) || full {
                    self.finish_batch(ctx);
                }
            }
        } else {
            self.xmit_any(ctx, skb);
        }
        Ok(())
    }

    /// Takes a packet of any kind.
    #[inline(never)]
    fn xmit_any(&mut self, ctx: &TxContext<'_, Adapter<'bound>>, skb: SkBuff) {
        // The device sends a short frame as it is. Padding that fails frees the packet.
        let Ok(mut skb) = skb.pad() else {
            return self.dropped(ctx);
        };
        let len = skb.len();
        let Ok(last) = self.queue_packet(ctx, &mut skb) else {
            skb.discard(DropReason::NOMEM);
            return self.dropped(ctx);
        };

        skb.tx_timestamp(ctx);
        if let Some(slot) = self.slots.get_mut(usize::from(last)) {
            slot.packet = Some(Packet::Skb(skb));
        }
        self.last = last;
        if ctx.sent(len) && !(len <= GATHERED && self.hold(ctx))
            || self.ring.unused() < self.stop_below
        {
            self.finish_batch(ctx);
        }
    }

    /// Accounts a packet that did not make it into the ring. What came before it may be waiting
    /// for the doorbell.
    #[cold]
    fn dropped(&mut self, ctx: &TxContext<'_, Adapter<'bound>>) {
        ctx.stats.tx.map_failed.inc();
        ctx.stats.tx.dropped.inc();
        if !ctx.more() {
            self.finish_batch(ctx);
        }
    }

    /// Fills a descriptor for a linear packet of which nothing is asked; there is one. False if
    /// the packet was dropped.
    #[inline]
    fn queue_plain(
        &mut self,
        ctx: &TxContext<'_, Adapter<'bound>>,
        mut skb: SkBuff,
        len: usize,
    ) -> bool {
        let index = self.ring.next_to_use();
        let at = usize::from(index);
        let Some(slot) = self.slots.get_mut(at) else {
            return false;
        };
        let address = if len <= COPY_SIZE {
            self.copies.copy(at, skb.head())
        } else {
            slot.map = TxMapping::head(self.dev, &skb).ok();
            slot.map.as_ref().map(TxMapping::address)
        };
        let Some(address) = address else {
            skb.discard(DropReason::NOMEM);
            self.dropped(ctx);
            return false;
        };
        let desc = TxDesc::data(
            address,
            // CAST: At most `max_segment`.
            len as u16,
            TxFlags {
                eop: true,
                ..TxFlags::default()
            },
        );

        skb.tx_timestamp(ctx);
        slot.packet = Some(Packet::Skb(skb));
        // The index is within the ring.
        let _ = desc.store(&self.descs, at);
        self.ring.produce_known();
        self.last = index;
        ctx.stats.tx.packets.inc();
        // CAST: usize to u64 keeps the value.
        ctx.stats.tx.bytes.add(len as u64);
        true
    }

    /// Counts a packet as it goes over the wire.
    #[inline]
    fn count(&self, ctx: &TxContext<'_, Adapter<'bound>>, len: usize, plan: &Plan) {
        let stats = &ctx.stats.tx;
        let (header, times) = plan.repeated;
        // CAST: usize to u64 keeps the values.
        let bytes = len.wrapping_add(header.wrapping_mul(times)) as u64;
        let packets = (times as u64).wrapping_add(1);

        stats.packets.add(packets);
        stats.bytes.add(bytes);
        if plan.flags.tse {
            stats.gso_packets.inc();
            stats.gso_bytes.add(len as u64);
            stats.gso_wire_packets.add(packets);
            stats.gso_wire_bytes.add(bytes);
        } else if plan.flags.txsm {
            stats.checksums.inc();
        }
    }

    /// Fills descriptors for any packet, and returns the last one's index. On failure nothing is
    /// left of it.
    fn queue_packet(
        &mut self,
        ctx: &TxContext<'_, Adapter<'bound>>,
        skb: &mut SkBuff,
    ) -> Result<u16> {
        let plan = offload::plan(skb)?;
        let start = self.ring.next_to_use();
        let contexts = self.contexts;
        let (last, new_context) = self.try_queue_packet(skb, &plan).inspect_err(|_| {
            self.rewind(start);
            self.contexts = contexts;
        })?;

        self.count(ctx, skb.len(), &plan);
        if new_context {
            ctx.stats.tx.contexts.inc();
        }
        Ok(last)
    }

    /// Returns the last descriptor's index, and whether there is a context among them.
    fn try_queue_packet(&mut self, skb: &SkBuff, plan: &Plan) -> Result<(u16, bool)> {
        let frags = skb.nr_frags();
        let flags = plan.flags;
        let mut last = 0;
        let new_context = match plan.context {
            Some(context) => self.queue_context(context)?,
            None => false,
        };

        for part in 0..=frags {
            let map = match part.checked_sub(1) {
                None => TxMapping::head(self.dev, skb)?,
                Some(frag) => TxMapping::frag(self.dev, skb, frag)?,
            };

            last = self.queue_buffer(
                map,
                TxFlags {
                    eop: part == frags,
                    ..flags
                },
            )?;
        }
        Ok((last, new_context))
    }

    /// Gives the device a context, if it does not have it already, and returns whether it had not.
    ///
    /// The device keeps one for segmentation and one for checksums until it gets the next of
    /// their kind (manual section 3.3.6).
    fn queue_context(&mut self, context: ContextFields) -> Result<bool> {
        let [checksum, segmentation] = &mut self.contexts;
        let known = if context.tse { segmentation } else { checksum };

        if *known == Some(context) {
            return Ok(false);
        }
        let index = self.ring.produce().ok_or(ENOSPC)?;

        TxDesc::context(&context)?.store(&self.descs, index.into())?;
        *known = Some(context);
        Ok(true)
    }

    /// Fills descriptors for one mapped buffer, `flags.eop` in the last one, and returns its
    /// index.
    fn queue_buffer(&mut self, map: TxMapping<'bound>, flags: TxFlags) -> Result<u16> {
        let last = self.queue_bytes(map.address(), map.len(), flags)?;

        self.slots.get_mut(usize::from(last)).ok_or(EINVAL)?.map = Some(map);
        Ok(last)
    }

    /// The same for bytes at an address whose mapping is somebody else's care.
    fn queue_bytes(&mut self, mut address: u64, mut left: usize, flags: TxFlags) -> Result<u16> {
        loop {
            let piece = left.min(self.max_segment);
            let done = piece == left;
            let index = self.ring.produce().ok_or(ENOSPC)?;

            TxDesc::data(
                address,
                u16::try_from(piece)?,
                TxFlags {
                    eop: flags.eop && done,
                    ..flags
                },
            )
            .store(&self.descs, index.into())?;
            if done {
                return Ok(index);
            }
            address = address.wrapping_add(piece as u64);
            left = left.wrapping_sub(piece);
        }
    }

    /// Takes back the descriptors from `start` on, and undoes their mappings.
    fn rewind(&mut self, start: u16) {
        let mut index = start;

        while index != self.ring.next_to_use() {
            if let Some(slot) = self.slots.get_mut(usize::from(index)) {
                slot.map = None;
            }
            index = self.ring.size().next(index);
        }
        self.ring.rewind(start);
    }

    /// Tells the device of the batch, and stops the queue if it is full all the same.
    #[inline(never)]
    fn finish_batch(&mut self, ctx: &TxContext<'_, Adapter<'bound>>) {
        self.ring_doorbell(ctx);
        self.stop_if_full(ctx);
    }

    /// Stops the queue if the doorbell has made no room.
    fn stop_if_full(&mut self, ctx: &TxContext<'_, Adapter<'bound>>) {
        if self.ring.unused() < self.stop_below {
            // Nobody can wake the queue in between: that takes the lock, too.
            self.stopped = true;
            ctx.stop();
            ctx.stats.tx.stopped.inc();
        }
    }

    /// Tells the device of the batch, if there is one, and frees what it has sent by then.
    fn ring_doorbell(&mut self, ctx: &TxContext<'_, Adapter<'bound>>) {
        let next = self.ring.next_to_use();

        if self.batch == next {
            return;
        }
        // Only the last descriptor of the batch reports. Its index is within the ring.
        if let Ok(desc) = TxDesc::load(&self.descs, self.last.into()) {
            let _ = desc
                .with_rs()
                .with_ide(self.delayed)
                .store(&self.descs, self.last.into());
        }
        if let Some(slot) = self.slots.get_mut(usize::from(self.batch)) {
            slot.batch_end = self.last;
        }
        self.batch = next;

        // The descriptors are in memory before the device learns of them: `writel` orders it
        // after all earlier writes to memory.
        queue::tx_doorbell(&ctx.bar, next);
        ctx.stats.tx.doorbells.inc();

        if self.reclaim(ctx) {
            ctx.stats.tx.reclaimed_inline.inc();
        } else {
            ctx.stats.tx.deferred.inc();
            if ctx.enable_tx_interrupt() {
                // The write-back may have come while nobody listened.
                self.reclaim(ctx);
            }
        }
    }

    /// Tries to get free descriptors, for a packet that came although the queue should have been
    /// stopped; stops it if there are none.
    #[cold]
    fn make_room(&mut self, ctx: &TxContext<'_, Adapter<'bound>>) -> bool {
        self.ring_doorbell(ctx);
        self.reclaim(ctx);
        self.stop_if_full(ctx);
        if self.stopped {
            ctx.stats.tx.busy.inc();
        }
        !self.stopped
    }

    /// Frees what the device has sent, and returns whether that is all it was told of.
    pub(crate) fn reclaim(&mut self, ctx: &TxContext<'_, Adapter<'bound>>) -> bool {
        let budget = ctx.free_budget();
        let mut packets = 0usize;
        let mut bytes = 0usize;

        // netpoll comes with interrupts off; NAPI reclaims after it.
        if self.frames != 0 && !budget.may_free_frames() {
            return false;
        }
        while self.ring.next_to_clean() != self.batch {
            let mut index = self.ring.next_to_clean();
            let Some(end) = self
                .slots
                .get(usize::from(index))
                .map(|slot| slot.batch_end)
            else {
                break;
            };
            // DD counts only in a descriptor that is in flight and was asked to report.
            if !TxDesc::is_done(&self.descs, end.into()).unwrap_or(false) {
                break;
            }
            // The device has read all of the batch before it wrote DD.
            dma_mb(Read);

            while let Some(slot) = self.slots.get_mut(usize::from(index)) {
                slot.map = None;
                match slot.packet.take() {
                    Some(Packet::Skb(skb)) => {
                        packets = packets.wrapping_add(1);
                        bytes = bytes.wrapping_add(skb.len());
                        budget.consume(skb);
                    }
                    Some(Packet::Frame(_)) => self.frames = self.frames.wrapping_sub(1),
                    None => (),
                }
                if index == end {
                    break;
                }
                index = self.ring.size().next(index);
            }
            self.ring.consume_through(end);
        }
        if packets != 0 {
            ctx.completed(packets, bytes);
        }
        if self.stopped && self.ring.unused() >= self.stop_below {
            self.stopped = false;
            ctx.wake();
            ctx.stats.tx.woken.inc();
        }
        self.ring.next_to_clean() == self.batch
    }

    /// Looks, once a second, whether the device is stuck.
    pub(crate) fn watchdog(&mut self, ctx: &TxContext<'_, Adapter<'bound>>) -> Option<Events> {
        let oldest = self.ring.next_to_clean();

        if self.reclaim(ctx) || oldest != self.ring.next_to_clean() || self.stuck.0 != oldest {
            self.stuck = (self.ring.next_to_clean(), 0);
            return None;
        }
        self.stuck.1 = self.stuck.1.saturating_add(1);
        match self.stuck.1 {
            2 => {
                // It may have missed the doorbell, or been switched off.
                queue::enable_tx(&ctx.bar, true);
                queue::tx_doorbell(&ctx.bar, self.batch);
                None
            }
            3 => {
                ctx.stats.tx.hangs.inc();
                self.report(ctx);
                Some(Events::RESET)
            }
            _ => None,
        }
    }

    /// Says what there is to know about a transmitter that is stuck. It is reset afterwards, so
    /// this is seen once every few seconds at most.
    #[cold]
    fn report(&self, ctx: &TxContext<'_, Adapter<'bound>>) {
        let clean = self.ring.next_to_clean();
        let end = self
            .slots
            .get(usize::from(clean))
            .map_or(0, |slot| slot.batch_end);
        let desc = TxDesc::load(&self.descs, end.into()).map_or([0, 0], TxDesc::to_raw);

        netdev_warn!(
            ctx.device(),
            "Detected Tx Unit Hang: TDH {:#x} next_to_use {:#x} next_to_clean {:#x} waiting for {:#x} \
             ({:016x} {:016x}) TCTL {:#x} STATUS {:#x}\n",
            queue::tx_head(&ctx.bar),
            self.ring.next_to_use(),
            clean,
            end,
            desc[0],
            desc[1],
            Regs::read(&ctx.bar, regs::TCTL).into_raw(),
            Regs::read(&ctx.bar, regs::STATUS).into_raw()
        );
    }
}
