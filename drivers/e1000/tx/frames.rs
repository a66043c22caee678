// SPDX-License-Identifier: GPL-2.0

//! XDP frames in the transmit queue.
//!
//! They share the ring with the stack's packets, and take no descriptor that would make the queue
//! stop: it is the stack's. A frame for which there is no room is refused, and its sender counts
//! it. BQL knows nothing of frames.

use super::{
    Packet,
    Queue,
    MIN_FRAME, //
};
use crate::{
    adapter::Adapter,
    hw::desc::{
        TxDesc,
        TxFlags, //
    },
    netdev::{
        dma::{
            TxMapping,
            COPY_SIZE, //
        },
        xdp::{
            Frame,
            Frames,
            TxFrame, //
        },
        TxContext, //
    },
};
use kernel::prelude::*;

impl<'bound> Queue<'bound> {
    /// `ndo_xdp_xmit`: takes frames from whatever memory, as far as there is room.
    pub(crate) fn xmit_frames(
        &mut self,
        ctx: &TxContext<'_, Adapter<'bound>>,
        frames: &mut Frames<'_>,
        flush: bool,
    ) {
        let stats = &ctx.stats.xdp;

        frames.send(|frame| self.xmit_foreign(ctx, frame));
        // CAST: usize to u64 keeps the values.
        stats.xmit.add(frames.sent() as u64);
        if frames.left() != 0 {
            stats.xmit_failed.add(frames.left() as u64);
        }
        if flush {
            self.flush_frames(ctx);
        }
    }

    /// Tells the device of the frames that were taken.
    pub(crate) fn flush_frames(&mut self, ctx: &TxContext<'_, Adapter<'bound>>) {
        if self.batch != self.ring.next_to_use() {
            ctx.touch();
            self.ring_doorbell(ctx);
        }
    }

    /// Takes a frame that this device received. `Err` gives it back.
    pub(crate) fn xmit_own(
        &mut self,
        ctx: &TxContext<'_, Adapter<'bound>>,
        mut frame: TxFrame,
    ) -> Result<(), TxFrame> {
        if frame.pad(MIN_FRAME).is_err() || !self.has_room_for(ctx, &frame) {
            return Err(frame);
        }
        let start = self.ring.next_to_use();
        let dev = self.dev;
        let parts = frame.parts();
        let queued = (0..parts).try_fold(start, |_, part| {
            let address = frame.sync_for_device(dev, part).ok_or(EINVAL)?;

            self.queue_bytes(address, frame.part_len(part), flags(part, parts))
        });

        match queued {
            Ok(last) => {
                self.keep_frame(ctx, frame.into_frame(), last);
                Ok(())
            }
            Err(_) => {
                self.rewind(start);
                Err(frame)
            }
        }
    }

    /// Takes a frame that must be mapped, or copied if it is short.
    fn xmit_foreign(
        &mut self,
        ctx: &TxContext<'_, Adapter<'bound>>,
        mut frame: Frame,
    ) -> Result<(), Frame> {
        if frame.pad(MIN_FRAME).is_err() || !self.has_room_for(ctx, &frame) {
            return Err(frame);
        }
        let parts = frame.parts();
        let len = frame.len();

        if parts == 1 && len <= COPY_SIZE {
            return self.xmit_copy(ctx, frame, len);
        }
        let start = self.ring.next_to_use();
        let dev = self.dev;
        let queued = (0..parts).try_fold(start, |_, part| {
            let map = TxMapping::xdp(dev, &frame, part)?;

            self.queue_buffer(map, flags(part, parts))
        });

        match queued {
            Ok(last) => {
                self.keep_frame(ctx, frame, last);
                Ok(())
            }
            Err(_) => {
                self.rewind(start);
                Err(frame)
            }
        }
    }

    /// Takes a short frame, which is done with right away.
    fn xmit_copy(
        &mut self,
        ctx: &TxContext<'_, Adapter<'bound>>,
        frame: Frame,
        len: usize,
    ) -> Result<(), Frame> {
        let index = self.ring.next_to_use();
        let at = usize::from(index);
        let Some(address) = self.copies.copy(at, frame.head()) else {
            return Err(frame);
        };
        // CAST: At most COPY_SIZE.
        let desc = TxDesc::data(address, len as u16, flags(0, 1));

        // The index is within the ring.
        let _ = desc.store(&self.descs, at);
        self.ring.produce_known();
        self.count_frame(ctx, len);
        self.last = index;
        Ok(())
    }

    /// Returns whether the frame can be had without a need to stop the queue afterwards, if need
    /// be after telling the device of what is there.
    fn has_room_for(&mut self, ctx: &TxContext<'_, Adapter<'bound>>, frame: &Frame) -> bool {
        let segment = self.max_segment.max(1);
        let needed = (0..frame.parts()).fold(usize::from(self.stop_below), |sum, part| {
            sum.saturating_add(frame.part_len(part).div_ceil(segment))
        });

        if usize::from(self.ring.unused()) < needed {
            self.ring_doorbell(ctx);
            self.reclaim(ctx);
        }
        usize::from(self.ring.unused()) >= needed
    }

    /// Keeps a frame until its last descriptor is done.
    fn keep_frame(&mut self, ctx: &TxContext<'_, Adapter<'bound>>, frame: Frame, last: u16) {
        self.count_frame(ctx, frame.len());
        if let Some(slot) = self.slots.get_mut(usize::from(last)) {
            slot.packet = Some(Packet::Frame(frame));
            self.frames = self.frames.wrapping_add(1);
        }
        self.last = last;
    }

    fn count_frame(&self, ctx: &TxContext<'_, Adapter<'bound>>, len: usize) {
        ctx.stats.tx.packets.inc();
        // CAST: usize to u64 keeps the value.
        ctx.stats.tx.bytes.add(len as u64);
    }
}

/// Returns the flags of one of so many parts.
fn flags(part: usize, parts: usize) -> TxFlags {
    TxFlags {
        eop: part.wrapping_add(1) == parts,
        ..TxFlags::default()
    }
}
