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
mod packet;
mod watch;

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
        ring::Ring, //
    },
    netdev::{
        dma::{
            CopyBuffers,
            TxMapping,
            COPY_SIZE, //
        },
        xdp::Frame,
        SkBuff,
        TxContext, //
    },
    offload::MIN_FRAME,
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

/// Descriptors that one packet may take: a context, and what
/// [`offload::check`](crate::offload::check) allows for the linear part and frags. More in a ring
/// that has them, for the largest segmentations.
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

    /// Drops all that is in the ring, which is as new afterwards. The device must not have it.
    pub(crate) fn clear(&mut self) {
        for (index, slot) in self.slots.iter_mut().enumerate() {
            // The index is within the ring.
            let _ = TxDesc::EMPTY.store(&self.descs, index);
            slot.map = None;
            slot.packet = None;
        }
        self.ring = Ring::new(self.ring.size());
        self.batch = 0;
        self.last = 0;
        self.stopped = false;
        self.frames = 0;
        self.gather = Gather::new();
        self.stuck = (0, 0);
    }

    /// Gives the ring to the device. Fails with `EIO` if it does not take it.
    pub(crate) fn start(&mut self, adapter: &Adapter<'_>) -> Result {
        queue::set_tx_ring(&adapter.bar, self.descs.dma_address(), self.ring.size())?;
        queue::enable_tx(&adapter.bar, true);
        self.contexts = [None, None];
        adapter
            .max_descriptors
            .store(self.stop_below.into(), Relaxed);
        Ok(())
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
    /// that could not be, and the packet went as any other does.
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
            self.xmit_any(ctx, skb);
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

        if skb.tx_timestamp(ctx) {
            self.gather.stamped = true;
        }
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
        self.gather.stamped = false;

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

        // netpoll must not free them; NAPI reclaims after it.
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
}
