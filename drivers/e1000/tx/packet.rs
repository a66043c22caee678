// SPDX-License-Identifier: GPL-2.0

//! Packets of any kind: in pieces, with checksums, segmentation or a tag.

use super::{
    Packet,
    Queue,
    GATHERED, //
};
use crate::{
    adapter::Adapter,
    hw::desc::{
        ContextFields,
        TxDesc,
        TxFlags, //
    },
    netdev::{
        dma::TxMapping,
        DropReason,
        SkBuff,
        TxContext, //
    },
    offload::{
        self,
        Plan, //
    },
};
use kernel::prelude::*;

impl<'bound> Queue<'bound> {
    /// Takes a packet of any kind.
    #[inline(never)]
    pub(super) fn xmit_any(&mut self, ctx: &TxContext<'_, Adapter<'bound>>, skb: SkBuff) {
        // The device sends a short frame as it is. Padding that fails frees the packet.
        let Ok(mut skb) = skb.pad() else {
            return self.dropped(ctx);
        };
        let len = skb.len();
        let Ok(last) = self.queue_packet(ctx, &mut skb) else {
            skb.discard(DropReason::NOMEM);
            return self.dropped(ctx);
        };

        if skb.tx_timestamp(ctx) {
            self.gather.stamped = true;
        }
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
        // Of each packet on the wire.
        if plan.flags.txsm {
            stats.checksums.add(packets);
        }
        if plan.flags.tse {
            stats.gso_packets.inc();
            stats.gso_bytes.add(len as u64);
            stats.gso_wire_packets.add(packets);
            stats.gso_wire_bytes.add(bytes);
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
        let (last, new_context) = self.try_queue_packet(ctx, skb, &plan).inspect_err(|_| {
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
    fn try_queue_packet(
        &mut self,
        ctx: &TxContext<'_, Adapter<'bound>>,
        skb: &SkBuff,
        plan: &Plan,
    ) -> Result<(u16, bool)> {
        let flags = TxFlags {
            no_fcs: skb.has_fcs(),
            ..plan.flags
        };
        let new_context = match plan.context {
            Some(context) => self.queue_context(context)?,
            None => false,
        };

        let start = self.ring.next_to_use();
        let last = match self.queue_mapped(skb, flags) {
            Err(err) if err == ENOMEM => {
                self.rewind(start);
                self.queue_copied(ctx, skb, flags)?
            }
            queued => queued?,
        };

        Ok((last, new_context))
    }

    /// Fills descriptors for the bytes of a packet where they are.
    #[inline]
    fn queue_mapped(&mut self, skb: &SkBuff, flags: TxFlags) -> Result<u16> {
        let frags = skb.nr_frags();
        let mut last = 0;

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
        Ok(last)
    }

    /// Fills descriptors for a copy of a packet that cannot be mapped, as far as the ring has room.
    ///
    /// Received packets may hold all that can be mapped, and whoever has them may wait for what is
    /// sent here.
    #[cold]
    fn queue_copied(
        &mut self,
        ctx: &TxContext<'_, Adapter<'bound>>,
        skb: &SkBuff,
        flags: TxFlags,
    ) -> Result<u16> {
        let mut offset = 0;

        loop {
            let at = self.ring.next_to_use().into();
            let (address, len) = self.copies.copy_part(at, skb, offset).ok_or(ENOMEM)?;

            offset = offset.saturating_add(len);

            let eop = offset == skb.len();
            let last = self.queue_bytes(address, len, TxFlags { eop, ..flags })?;

            if eop {
                ctx.stats.tx.copied.inc();
                return Ok(last);
            }
        }
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
    pub(super) fn queue_buffer(&mut self, map: TxMapping<'bound>, flags: TxFlags) -> Result<u16> {
        let last = self.queue_bytes(map.address(), map.len(), flags)?;

        self.slots.get_mut(usize::from(last)).ok_or(EINVAL)?.map = Some(map);
        Ok(last)
    }

    /// The same for bytes at an address whose mapping is somebody else's care.
    pub(super) fn queue_bytes(
        &mut self,
        mut address: u64,
        mut left: usize,
        flags: TxFlags,
    ) -> Result<u16> {
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
    pub(super) fn rewind(&mut self, start: u16) {
        let mut index = start;

        while index != self.ring.next_to_use() {
            if let Some(slot) = self.slots.get_mut(usize::from(index)) {
                slot.map = None;
            }
            index = self.ring.size().next(index);
        }
        self.ring.rewind(start);
    }
}
