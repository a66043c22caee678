// SPDX-License-Identifier: GPL-2.0

//! The receive queue.

mod refill;
mod watch;
pub(crate) mod xdp;

pub(crate) use self::watch::Verdict;

use self::watch::Watched;
use crate::{
    adapter::{
        Adapter,
        Config,
        RxStats, //
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
            PagePool,
            Slot, //
        },
        xdp::{
            Buff,
            Program,
            TxFrame, //
        },
        Counter,
        DisabledNapi,
        Features,
        NapiContext,
        Rtnl,
        RxSkBuff, //
    },
};
use kernel::{
    dma::Coherent,
    prelude::*,
    sync::atomic::Relaxed, //
};

/// Bytes the device may write to one buffer; what `RxMode::DEFAULT` sets.
pub(crate) const BUFFER_SIZE: usize = 2048;

/// What a poll received.
#[derive(Default)]
struct Tally {
    packets: usize,
    bytes: usize,
}

impl Tally {
    #[inline]
    fn add(&mut self, bytes: usize) {
        self.packets = self.packets.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(bytes);
    }
}

/// A frame of which not all descriptors have been seen.
enum Partial {
    /// None.
    None,
    /// Its first part is the packet's linear part, the others its frags.
    Packet(RxSkBuff),
    /// It is dropped up to its end.
    Dropped,
}

/// Descriptors with their buffers, and where driver and device are in them.
pub(crate) struct Queue<'bound> {
    ring: Ring,
    descs: Descriptors,
    /// The page of each descriptor: its buffer if it is in flight, later lent to the packet.
    slots: KVVec<Slot<'bound>>,
    /// Where a device that does not stop in time writes to.
    spare: Buffer<'bound>,
    partial: Partial,
    /// What there is of a frame for an XDP program.
    unfinished: Option<Buff<'bound>>,
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
    pool: PagePool<'bound>,
}

impl<'bound> Queue<'bound> {
    /// Allocates the ring and fills it. Touches no register.
    pub(crate) fn new(rtnl: &Rtnl<'_, Adapter<'bound>>, config: &Config) -> Result<Self> {
        let count = usize::from(config.rx.get());
        let dev = rtnl.shared().pdev.as_ref();
        let mut pool = PagePool::new(rtnl, dev, count, BUFFER_SIZE)?;
        let spare = pool.alloc(rtnl).ok_or(ENOMEM)?;
        let mut slots = KVVec::new();

        for _ in 0..count {
            slots.push(Slot::EMPTY, GFP_KERNEL)?;
        }
        let mut queue = Self {
            ring: Ring::new(config.rx),
            descs: Coherent::zeroed_slice(dev, count, GFP_KERNEL)?,
            slots,
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

        queue.fill(rtnl, 0);
        if queue.ring.unused() != 0 {
            return Err(ENOMEM);
        }
        Ok(queue)
    }

    /// Drops all that was received, and fills the ring anew, with what buffers there are if there
    /// is no memory. The device must not have it.
    pub(crate) fn clear(&mut self, rtnl: &Rtnl<'_, Adapter<'_>>) {
        self.partial = Partial::None;
        self.unfinished = None;
        self.replies.clear();
        self.unflushed = 0;
        self.watched = Watched::default();
        self.moderator = Moderator::new();
        self.ring = Ring::new(self.ring.size());

        // The first descriptors have those, whatever becomes of the others.
        let mut slots = self.slots.iter_mut();

        while let Some(empty) = slots.find(|slot| !slot.has_buffer()) {
            let Some(filled) = slots.rfind(|slot| slot.has_buffer()) else {
                break;
            };
            core::mem::swap(empty, filled);
        }
        self.fill(rtnl, 0);
    }

    /// Gives the ring to the device. Fails with `EIO` if it does not take it.
    pub(crate) fn start(&mut self, adapter: &Adapter<'_>, napi: &DisabledNapi<'_>) -> Result {
        self.pool.attach(napi);
        // The descriptor that is not offered yet, too: the device may be faster than the tail.
        self.offer_spare();
        queue::set_rx_ring(
            &adapter.bar,
            self.descs.dma_address(),
            self.ring.size(),
            self.ring.next_to_use(),
        )?;
        // What was waiting in the backend is received from here on.
        adapter.flush_posted_writes();
        Ok(())
    }

    /// Receives up to `budget` packets, and returns how many; `budget` if there must be another
    /// poll.
    pub(crate) fn poll(&mut self, ctx: &NapiContext<'_, Adapter<'_>>, budget: usize) -> usize {
        let features = ctx.device().features();
        let program = ctx.xdp_program();
        let interrupts = ctx.irq.count.load(Relaxed);
        let mut tally = Tally::default();
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
        'poll: while left != 0 {
            // So many until the ring is to be filled.
            let stretch = self.refill_at().saturating_sub(self.ring.unused()).max(1);

            for _ in 0..left.min(stretch.into()) {
                let Some((index, writeback)) = self.next() else {
                    break 'poll;
                };

                self.receive(ctx, features, program, index, writeback, &mut tally);
                left = left.wrapping_sub(1);
            }
            if self.ring.unused() >= self.refill_at() {
                self.refill(ctx, self.rest());
            }
        }
        if !self.replies.is_empty() {
            self.reply(ctx, true);
        }
        // CAST: usize to u64 keeps the value.
        ctx.stats.rx.packets.add(tally.packets as u64);
        ctx.stats.rx.bytes.add(tally.bytes as u64);
        if left == 0 {
            return budget;
        }
        // Memory was short. What is left may be too little for the next frame, so that the device
        // never writes one back, and an empty ring raises no interrupt from which to start again.
        if self.ring.unused() >= self.refill_at() {
            let was_empty = self.ring.is_empty();

            self.refill(ctx, 0);
            if self.ring.is_empty() {
                return budget;
            }
            // Nor does an empty ring have anybody make the access that ends the posting of the tail.
            if was_empty {
                ctx.flush_posted_writes();
            }
        }
        tally.packets
    }

    /// Takes the next descriptor that the device is done with.
    #[inline]
    fn next(&mut self) -> Option<(usize, RxWriteback)> {
        if self.ring.is_empty() {
            return None;
        }
        let index = usize::from(self.ring.next_to_clean());
        let writeback = RxDesc::read_writeback(&self.descs, index).ok()?;

        if !writeback.dd() {
            return None;
        }
        // The device writes the buffer before DD; it is read only after what has been read here.
        // Length and status came with DD in one load.
        self.ring.consume();
        Some((index, writeback))
    }

    /// Deals with one descriptor.
    #[inline]
    fn receive(
        &mut self,
        ctx: &NapiContext<'_, Adapter<'_>>,
        features: Features,
        program: Option<Program<'_>>,
        index: usize,
        writeback: RxWriteback,
        tally: &mut Tally,
    ) {
        if !matches!(self.partial, Partial::None) {
            // A frame that began without the program ends without it.
            return self.receive_rest(ctx, features, index, writeback, tally);
        }
        if let Some(program) = program {
            return self.receive_xdp(ctx, features, program, index, writeback, tally);
        }
        match self.begin(ctx, features, index, &writeback) {
            Some(skb) if writeback.eop() => finish(ctx, features, &writeback, skb, tally),
            None if writeback.eop() => (),
            begun => self.partial = begun.map_or(Partial::Dropped, Partial::Packet),
        }
    }

    /// Makes a packet of the first buffer of a frame, counting what is wrong with it.
    #[inline]
    fn begin(
        &mut self,
        ctx: &NapiContext<'_, Adapter<'_>>,
        features: Features,
        index: usize,
        writeback: &RxWriteback,
    ) -> Option<RxSkBuff> {
        let len = self.check(ctx, features, 0, RxSkBuff::MIN_HEAD, writeback)?;

        match self.slots.get_mut(index)?.lend(ctx, len) {
            Ok(skb) => Some(skb),
            Err(err) => {
                count_lost(ctx, err, |rx| &rx.bad_descriptors);
                None
            }
        }
    }

    /// Deals with a descriptor that goes on with a frame.
    #[inline(never)]
    fn receive_rest(
        &mut self,
        ctx: &NapiContext<'_, Adapter<'_>>,
        features: Features,
        index: usize,
        writeback: RxWriteback,
        tally: &mut Tally,
    ) {
        let partial = core::mem::replace(&mut self.partial, Partial::None);

        if let Partial::Packet(skb) = partial {
            match self.append(ctx, features, skb, index, &writeback) {
                Some(skb) if writeback.eop() => {
                    return finish(ctx, features, &writeback, skb, tally);
                }
                Some(skb) => {
                    self.partial = Partial::Packet(skb);
                    return;
                }
                None => (),
            }
        }
        if !writeback.eop() {
            self.partial = Partial::Dropped;
        }
    }

    /// Adds one buffer to what there is of a frame, counting what is wrong with it.
    fn append(
        &mut self,
        ctx: &NapiContext<'_, Adapter<'_>>,
        features: Features,
        mut skb: RxSkBuff,
        index: usize,
        writeback: &RxWriteback,
    ) -> Option<RxSkBuff> {
        let len = self.check(ctx, features, skb.len(), 1, writeback)?;

        match self.slots.get_mut(index)?.lend_to(&mut skb, len) {
            Ok(()) => Some(skb),
            Err(_) => {
                ctx.stats.rx.length_errors.inc();
                None
            }
        }
    }

    /// Looks whether a buffer can be part of a frame of which there are `before` bytes, and counts
    /// what is wrong with it. Returns how many bytes are in it: at least `least`, which is not 0.
    #[inline]
    fn check(
        &self,
        ctx: &NapiContext<'_, Adapter<'_>>,
        features: Features,
        before: usize,
        least: usize,
        writeback: &RxWriteback,
    ) -> Option<usize> {
        let len = usize::from(writeback.len());

        if !(least..=BUFFER_SIZE).contains(&len) {
            return refuse(ctx, |rx| {
                if len == 0 || len > BUFFER_SIZE {
                    &rx.bad_descriptors
                } else if writeback.frame_error() && !is_wanted(features) {
                    &rx.crc_errors
                } else {
                    &rx.length_errors
                }
            });
        }
        if writeback.frame_error() && !is_wanted(features) {
            return refuse(ctx, |rx| &rx.crc_errors);
        }
        if before.saturating_add(len) > self.max_frame {
            return refuse(ctx, |rx| &rx.length_errors);
        }
        Some(len)
    }
}

/// Returns whether frames that are damaged are wanted.
#[cold]
fn is_wanted(features: Features) -> bool {
    features.contains(Features::RXALL)
}

/// Counts a buffer that cannot be part of a frame.
#[cold]
fn refuse(
    ctx: &NapiContext<'_, Adapter<'_>>,
    counter: impl FnOnce(&RxStats) -> &Counter,
) -> Option<usize> {
    counter(&ctx.stats.rx).inc();
    None
}

/// Counts a frame that could not be made a packet: for want of memory, or by that counter.
#[cold]
fn count_lost(
    ctx: &NapiContext<'_, Adapter<'_>>,
    err: Error,
    otherwise: impl FnOnce(&RxStats) -> &Counter,
) {
    let rx = &ctx.stats.rx;

    if err == ENOMEM {
        rx.dropped_no_memory.inc();
    } else {
        otherwise(rx).inc();
    }
}

/// Hands a complete frame to the stack.
#[inline(always)]
fn finish(
    ctx: &NapiContext<'_, Adapter<'_>>,
    features: Features,
    writeback: &RxWriteback,
    mut skb: RxSkBuff,
    tally: &mut Tally,
) {
    let len = skb.len();

    describe(ctx, features, writeback, true, &mut skb);
    count_group(ctx, skb.header());
    ctx.receive(skb);
    tally.add(len);
}

/// Tells the stack what the device found out of a packet; of its checksum only if the packet is
/// the one that was `received`.
#[inline]
fn describe(
    ctx: &NapiContext<'_, Adapter<'_>>,
    features: Features,
    writeback: &RxWriteback,
    received: bool,
    skb: &mut RxSkBuff,
) {
    // Whatever the switch says by now: the tag is no longer in the frame.
    if let Some(tci) = writeback.vlan() {
        skb.put_vlan_tag(tci);
    }
    if received && writeback.csum_good() && features.contains(Features::RXCSUM) {
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
