// SPDX-License-Identifier: GPL-2.0

//! Packets, buffers and frames have one owner, and are used once.

use crate::driver::prelude::*;

/// a packet given back to the stack is not kept, too
fn give_back(tx: &mut Tx<'_>, skb: SkBuff) -> Result<(), SkBuff> {
    #[cfg(misuse)]
    {
        tx.packet = Some(skb);
    }
    Err(skb) //~ E0382 use of moved value: `skb`
}

/// a packet that was given back is not forgotten
fn given_back(tx: &mut Tx<'_>, skb: SkBuff) -> Result<(), SkBuff> {
    #[cfg(overlooked)]
    {
        give_back(tx, skb); //~ unused_must_use unused `Result` that must be used
        return Ok(());
    }
    give_back(tx, skb)
}

/// nor one that was taken out
fn taken_out(tx: &mut Tx<'_>, skb: SkBuff) {
    #[cfg(overlooked)]
    core::mem::replace(&mut tx.packet, Some(skb)); //~ unused_must_use unused return value
    #[cfg(not(overlooked))]
    drop(tx.packet.replace(skb));
}

/// a packet is not looked at after it was freed
fn freed(ctx: &TxContext<'_, Sample<'_>>, tx: &mut Tx<'_>) -> usize {
    let Some(skb) = tx.packet.take() else {
        return 0;
    };
    let len = skb.len();

    ctx.free_budget().consume(skb);
    #[cfg(misuse)]
    let len = skb.len(); //~ E0382 borrow of moved value: `skb`
    len
}

/// a packet's time of sending is not taken after it was sent
fn stamped(ctx: &TxContext<'_, Sample<'_>>, mut skb: SkBuff) {
    skb.tx_timestamp(ctx);
    ctx.free_budget().consume(skb);
    #[cfg(misuse)]
    skb.tx_timestamp(ctx); //~ E0382 borrow of moved value: `skb`
}

/// a packet is not freed twice
fn freed_twice(skb: SkBuff) {
    #[cfg(misuse)]
    skb.discard(DropReason::NOMEM);
    skb.discard(DropReason::NOMEM); //~ E0382 use of moved value: `skb`
}

/// a packet is not looked at after the stack has it
fn received(ctx: &NapiContext<'_, Sample<'_>>, skb: RxSkBuff) -> usize {
    let len = skb.len();
    ctx.receive(skb);
    #[cfg(misuse)]
    let len = skb.len(); //~ E0382 borrow of moved value: `skb`
    len
}

/// a packet of the stack's is not handed to it as one received: others may have it, too
fn received_back(ctx: &NapiContext<'_, Sample<'_>>, skb: SkBuff) {
    #[cfg(misuse)]
    ctx.receive(skb); //~ E0308 mismatched types
}

/// nor does it get a page of the receive ring
fn lent_to_any(slot: &mut Slot<'_>, skb: &mut SkBuff) {
    #[cfg(misuse)]
    let done = slot.lend_to(skb, 64); //~ E0308 mismatched types
}

/// nor is it said to be checked
fn checked(skb: &mut SkBuff) {
    #[cfg(misuse)]
    skb.set_checksum_verified(); //~ E0599 no method named `set_checksum_verified` found for mutable reference `&mut SkBuff`
}

/// a packet that is to be received is not exchanged with one of the stack's
fn exchanged(ours: &mut RxSkBuff, skb: &mut SkBuff) {
    #[cfg(misuse)]
    core::mem::swap(&mut **ours, skb); //~ E0596 cannot borrow data in dereference of `RxSkBuff` as mutable
}

/// bytes of a packet are not looked at after it was freed
fn bytes(skb: SkBuff) -> u8 {
    let head = skb.head();
    let first = head.first().copied().unwrap_or(0);

    drop(skb); //~ E0505 cannot move out of `skb` because it is borrowed
    #[cfg(misuse)]
    let first = head.first().copied().unwrap_or(0);
    first
}

/// a packet is not copied
fn copied(skb: SkBuff) -> SkBuff {
    #[cfg(misuse)]
    let skb = skb.clone(); //~ E0599 no method named `clone` found for struct `SkBuff`
    skb
}

/// a packet that is only shown is not kept
fn shown(tx: &mut Tx<'_>, skb: &PacketView<'_>) -> usize {
    #[cfg(misuse)]
    {
        tx.packet = Some(**skb); //~ E0507 cannot move out of dereference of `PacketView<'_>`
    }
    skb.len()
}

/// a packet that is only shown is not changed
fn changed(skb: &mut PacketView<'_>) -> usize {
    #[cfg(misuse)]
    let _ = skb.linearize(); //~ E0596 cannot borrow data in dereference of `PacketView<'_>` as mutable
    skb.len()
}

/// a receive buffer is not given to the device after it was received
fn buffer(buffer: Buffer<'_>) -> Option<Filled<'_>> {
    let filled = buffer.received(64);
    #[cfg(misuse)]
    let address = buffer.address(); //~ E0382 borrow of moved value: `buffer`
    filled
}

/// a receive buffer is not in two slots
fn two_slots<'a>(one: &mut Slot<'a>, other: &mut Slot<'a>, buffer: Buffer<'a>) {
    #[cfg(misuse)]
    one.put(buffer);
    other.put(buffer); //~ E0382 use of moved value: `buffer`
}

/// data are not looked at after their page went back to its slot
fn data<'a>(slot: &mut Slot<'a>, filled: Filled<'a>) -> usize {
    let data = filled.data();
    let len = data.len();

    slot.put(filled.into_buffer()); //~ E0505 cannot move out of `filled` because it is borrowed
    #[cfg(misuse)]
    let len = data.len();
    len
}

/// a slot's share of a page is not copied
fn copied_share(slot: &mut Slot<'_>) {
    #[cfg(misuse)]
    let other = *slot; //~ E0507 cannot move out of `*slot` which is behind a mutable reference
}

/// nor is the slot cloned
fn cloned_share(slot: &mut Slot<'_>) {
    #[cfg(misuse)]
    let other = slot.clone(); //~ E0599 no method named `clone` found for mutable reference `&mut Slot<'_>`
}

/// a page is not part of a frame and of a packet
fn frame_and_packet<'a>(
    ctx: &NapiContext<'_, Sample<'_>>,
    slot: &mut Slot<'a>,
    filled: Filled<'a>,
) -> xdp::Buff<'a> {
    let buff = xdp::Buff::new(filled);
    #[cfg(misuse)]
    slot.put(filled.into_buffer()); //~ E0382 use of moved value: `filled`
    let _ = slot.lend(ctx, 64);
    buff
}

/// a page becomes a packet in a poll only
fn lent_under_rtnl(rtnl: &mut Rtnl<'_, Sample<'_>>, slot: &mut Slot<'_>) {
    #[cfg(misuse)]
    let skb = slot.lend(rtnl, 64); //~ E0308 mismatched types
}

/// nor does it become one under the transmit lock
fn lent_in_xmit(ctx: &TxContext<'_, Sample<'_>>, slot: &mut Slot<'_>) {
    #[cfg(misuse)]
    let skb = slot.lend(ctx, 64); //~ E0308 mismatched types
}

/// a frame is not looked at after its XDP program's verdict
fn verdict(ctx: &NapiContext<'_, Sample<'_>>, rx: &mut Rx<'_>, buff: xdp::Buff<'_>) -> usize {
    let Some(program) = ctx.xdp_program() else {
        return 0;
    };
    let len = buff.len();
    let _ = buff.run(ctx, program, &rx.pool);

    #[cfg(misuse)]
    let len = buff.len(); //~ E0382 borrow of moved value: `buff`
    len
}

/// a frame becomes a packet in a poll only
fn outside_of_poll(rtnl: &mut Rtnl<'_, Sample<'_>>, buff: xdp::Buff<'_>) {
    #[cfg(misuse)]
    let skb = buff.into_skb(rtnl); //~ E0308 mismatched types
}

/// a frame that is to be sent back is not received to again, too
fn sent_and_received<'a>(slot: &mut Slot<'a>, verdict: xdp::Verdict<'a>) -> Option<xdp::TxFrame> {
    match verdict {
        xdp::Verdict::Tx(frame) => {
            #[cfg(misuse)]
            slot.put(frame.into_buffer()); //~ E0599 no method named `into_buffer` found for struct `TxFrame`
            Some(frame)
        }
        xdp::Verdict::Lost(_, buff) => {
            slot.put(buff.into_buffer());
            None
        }
        _ => None,
    }
}

/// a frame that is given back to its sender is not kept, too
fn give_frame_back(frames: &mut xdp::Frames<'_>, kept: &mut Option<xdp::Frame>) {
    frames.send(|frame| {
        #[cfg(misuse)]
        {
            *kept = Some(frame);
        }
        Err(frame) //~ E0382 use of moved value: `frame`
    });
}
