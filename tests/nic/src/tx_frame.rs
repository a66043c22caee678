// SPDX-License-Identifier: GPL-2.0
//! From transmit descriptors to frames on the wire (manual 3.3.3-3.3.7, 3.5).

use crate::backend::Frame;
use crate::faults::F;
use crate::nic::Nic;
use crate::offload::{self, Context};
use crate::regs::{self as r, ctrl, tctl};
use crate::tx::{DEXT, EOP, IC, IFCS, TSE, VLE};

/// The longest frame the chip sends without segmentation (manual 3.3.3).
const LONGEST: usize = 16288;
/// The most one segmentation takes: PAYLEN has 20 bits, HDRLEN 8.
const LONGEST_TSE: usize = (1 << 20) + 255;

impl Nic {
    /// Takes one descriptor in; with EOP the packet goes out.
    pub fn tx_descriptor(&mut self, lo: u64, hi: u64, cmd: u8) {
        let legacy = cmd & DEXT == 0;
        if !legacy && hi >> 20 & 15 == 0 {
            let ctx = Context::decode(lo, hi);
            match cmd & TSE != 0 {
                true => self.tx.segment = ctx,
                false => self.tx.plain = ctx,
            }
            return;
        }
        let length = (if legacy { hi & 0xffff } else { hi & 0xf_ffff }) as usize;
        let popts = if legacy { 0 } else { (hi >> 40) as u8 & 3 };
        let tse = !legacy && cmd & TSE != 0;
        let (popts, tse) = *self.tx.first.get_or_insert((popts, tse));
        let had = self.tx.packet.len();
        if had + length > if tse { LONGEST_TSE } else { LONGEST } {
            self.tx.too_long = true;
        } else {
            let mut packet = std::mem::take(&mut self.tx.packet);
            packet.resize(had + length, 0);
            self.dma.read(lo, packet.get_mut(had..).unwrap_or(&mut []));
            self.tx.packet = packet;
        }
        if cmd & EOP == 0 {
            return;
        }
        let packet = std::mem::take(&mut self.tx.packet);
        self.tx.first = None;
        if std::mem::take(&mut self.tx.too_long) {
            return self.tx.wrong("packet longer than the chip can take");
        }
        if packet.len() < 14 {
            return self.tx.wrong("packet shorter than an Ethernet header");
        }
        let tag = (cmd & VLE != 0 && self.regs.get(r::CTRL) & ctrl::VME != 0)
            .then_some((hi >> 48) as u16);
        let legacy_sum = (legacy && cmd & IC != 0).then_some(((hi >> 40) as u8, (hi >> 16) as u8));
        for frame in self.tx_offload(packet, popts, tse, legacy_sum) {
            self.tx_frame(frame, tag, cmd & IFCS != 0);
        }
    }

    /// Checksums and segmentation, as the packet's first descriptor asks.
    fn tx_offload(
        &mut self,
        mut packet: Vec<u8>,
        popts: u8,
        tse: bool,
        legacy: Option<(u8, u8)>,
    ) -> Vec<Vec<u8>> {
        let (ip_sum, l4_sum) = (popts & 1 != 0, popts & 2 != 0);
        if tse {
            let ctx = self.tx.segment;
            if ctx.paylen as usize + usize::from(ctx.hdrlen) != packet.len() {
                self.tx
                    .wrong("TSE: PAYLEN and HDRLEN are not the packet's length");
            }
            let Some(frames) = offload::segment(&packet, &ctx, ip_sum, l4_sum) else {
                self.tx.wrong("TSE: context does not fit the packet");
                return Vec::new();
            };
            self.regs.count(r::TSCTC, 1);
            return frames;
        }
        if let Some((css, cso)) = legacy {
            offload::insert_checksum(&mut packet, css, cso, 0);
        }
        let ctx = self.tx.plain;
        if ip_sum {
            offload::insert_checksum(&mut packet, ctx.ipcss, ctx.ipcso, ctx.ipcse);
        }
        if l4_sum {
            offload::insert_checksum(&mut packet, ctx.tucss, ctx.tucso, ctx.tucse);
        }
        vec![packet]
    }

    /// One frame leaves the MAC.
    fn tx_frame(&mut self, mut data: Vec<u8>, tag: Option<u16>, insert_fcs: bool) {
        if let Some(tag) = tag {
            let [a, b] = (self.regs.get(r::VET) as u16).to_be_bytes();
            let [c, d] = tag.to_be_bytes();
            data.splice(12..12, [a, b, c, d]);
        }
        let mut bad_fcs = false;
        if !insert_fcs {
            // Software brought the FCS along: the last four bytes.
            let given = data.split_off(data.len().saturating_sub(4).max(14).min(data.len()));
            bad_fcs = given != offload::fcs(&data);
        }
        if data.len() < 60 {
            match self.regs.get(r::TCTL) & tctl::PSP != 0 {
                true => data.resize(60, 0),
                false => self.tx.runts += 1,
            }
        }
        if self.faults.hit(F::TxDrop).is_some() {
            return;
        }
        self.tx.frames += 1;
        self.tx_count(&data);
        let frame = Frame { data, bad_fcs };
        if self.faults.hit(F::TxTwice).is_some() {
            self.tx_send(frame.clone());
        }
        self.tx_send(frame);
    }

    fn tx_send(&mut self, frame: Frame) {
        if self.phy.loopback() {
            self.rx_arrive(frame);
        } else if !self.link {
            self.tx.no_link += 1;
        } else if let Some(back) = self.wire.send(frame) {
            self.rx_arrive(back);
        }
    }

    fn tx_count(&mut self, data: &[u8]) {
        let length = data.len() as u64 + 4;
        let size = match length {
            ..=64 => r::PTC64,
            65..=127 => r::PTC127,
            128..=255 => r::PTC255,
            256..=511 => r::PTC511,
            512..=1023 => r::PTC1023,
            _ => r::PTC1522,
        };
        self.regs.count(r::TPT, 1);
        self.regs.count(r::GPTC, 1);
        self.regs.count(size, 1);
        self.regs.count64(r::TOTL, length);
        self.regs.count64(r::GOTCL, length);
        match data.get(..6) {
            Some(dst) if dst == [0xff; 6] => self.regs.count(r::BPTC, 1),
            Some([first, ..]) if first & 1 != 0 => self.regs.count(r::MPTC, 1),
            _ => {}
        }
    }
}
