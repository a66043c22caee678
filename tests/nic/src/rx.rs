// SPDX-License-Identifier: GPL-2.0
//! The receiver: filters, FIFO, descriptors from RDH to RDT (manual 3.2).

use crate::backend::Frame;
use crate::faults::{mix, Stream, F};
use crate::filters::{self, Verdict};
use crate::irq;
use crate::nic::{Event, Nic};
use crate::offload;
use crate::regs::{self as r, ctrl, rctl};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar};

/// Descriptor status bits.
pub const DD: u64 = 1 << 0;
pub const EOP: u64 = 1 << 1;
const IXSM: u64 = 1 << 2;
pub const VP: u64 = 1 << 3;
const TCPCS: u64 = 1 << 5;
const IPCS: u64 = 1 << 6;
const PIF: u64 = 1 << 7;
/// Descriptor error bits.
const CE: u64 = 1 << 0;
const TCPE: u64 = 1 << 5;
const IPE: u64 = 1 << 6;

/// The longest frame the chip takes, FCS included.
const LONGEST: usize = 16384;

pub struct Rx {
    fifo: VecDeque<Frame>,
    bytes: usize,
    /// The first frame of the FIFO has been counted in RNBC.
    waited: bool,
    /// Frames that arrive meanwhile are delivered by the loop already running.
    pumping: bool,
    /// Changes whenever the ring does: late write-backs of an older one are dropped.
    pub life: u64,
    /// A write-back waiting for the next one (`rx.swap`).
    pub held: Option<(u64, u64)>,
    /// The buffer each slot held last (`rx.recycled`).
    pub history: Vec<u64>,
    delay: u64,
    delay_end: Option<u64>,
    room: Arc<Condvar>,
    pub descriptors: u64,
    pub frames: u64,
    pub filtered: u64,
    pub disabled: u64,
    pub overruns: u64,
}

impl Rx {
    pub fn new(room: Arc<Condvar>) -> Self {
        Self {
            fifo: VecDeque::new(),
            bytes: 0,
            waited: false,
            pumping: false,
            life: 0,
            held: None,
            history: Vec::new(),
            delay: 0,
            delay_end: None,
            room,
            descriptors: 0,
            frames: 0,
            filtered: 0,
            disabled: 0,
            overruns: 0,
        }
    }

    pub fn reset(&mut self) {
        self.flush();
        self.history.clear();
        self.delay_end = None;
        self.delay += 1;
    }

    /// The receiver stops: what it held is lost.
    pub fn flush(&mut self) {
        self.forget();
        self.fifo.clear();
        self.bytes = 0;
        self.waited = false;
        self.room.notify_all();
    }

    /// The ring is no more what it was.
    pub fn forget(&mut self) {
        self.life += 1;
        self.held = None;
    }

    pub fn waiting(&self) -> usize {
        self.fifo.len()
    }

    fn pop(&mut self) -> Option<Frame> {
        let frame = self.fifo.pop_front()?;
        self.bytes = self.bytes.saturating_sub(frame.data.len());
        self.waited = false;
        Some(frame)
    }
}

impl Nic {
    /// Whether the FIFO takes one more frame of this length.
    pub fn rx_room(&self, length: usize) -> bool {
        let size = (self.regs.get(r::PBA) & 0xffff) as usize * 1024;
        self.rx.fifo.is_empty() || self.rx.bytes + length <= size
    }

    /// A frame from the wire; while the PHY loops back the wire is cut off.
    pub fn rx_from_wire(&mut self, mut data: Vec<u8>) {
        if data.len() < 60 {
            data.resize(60, 0); // its sender's MAC would have padded it
        }
        if self.link && !self.phy.loopback() {
            self.rx_arrive(Frame {
                data,
                bad_fcs: false,
            });
        }
    }

    pub fn rx_arrive(&mut self, mut frame: Frame) {
        if self.gone() || self.regs.get(r::RCTL) & rctl::EN == 0 {
            self.rx.disabled += 1;
            return;
        }
        self.rx_frame_faults(&mut frame);
        if !self.rx_room(frame.data.len()) {
            return self.rx_overrun();
        }
        self.rx.bytes += frame.data.len();
        self.rx.fifo.push_back(frame);
        self.rx_pump();
    }

    fn rx_overrun(&mut self) {
        self.rx.overruns += 1;
        self.regs.count(r::MPC, 1);
        self.raise(irq::RXO);
    }

    /// What happens to a frame on the wire.
    fn rx_frame_faults(&mut self, frame: &mut Frame) {
        if let Some(shot) = self.faults.hit(F::RxCorrupt) {
            let mut random = shot.random;
            for _ in 0..1 + shot.random % 4 {
                random = mix(random);
                let at = random as usize % frame.data.len().clamp(1, 80);
                if let Some(byte) = frame.data.get_mut(at) {
                    *byte = shot.bend(u64::from(*byte) ^ random >> 32 & 0xff, 8) as u8;
                }
            }
        }
        if let Some(shot) = self.faults.hit(F::RxGrow) {
            let size = shot.step(16_000) as usize % (LONGEST - 4);
            if size > frame.data.len() {
                frame.data.resize(size, 0x5a);
            }
        }
        if self.faults.hit(F::RxCrc).is_some() {
            frame.bad_fcs = true;
        }
    }

    /// Delivers what waits, as far as descriptors reach.
    pub fn rx_pump(&mut self) {
        if std::mem::replace(&mut self.rx.pumping, true) {
            return;
        }
        loop {
            let rctl = self.regs.get(r::RCTL);
            let blocked = rctl & rctl::EN == 0
                || self.gone()
                || !self.dma.master
                || self.faults.on(F::RxStall);
            let Some(front) = self.rx.fifo.front().filter(|_| !blocked) else {
                break;
            };
            // Without SECRC the FCS takes room, too; one byte may need one more buffer.
            let need = (front.data.len() + 4).div_ceil(rctl::buffer(rctl)) as u32;
            let Some(ring) = self.rx_ring() else { break };
            if need >= ring.count {
                self.rx.pop();
                self.regs.count(r::ROC, 1);
                continue;
            }
            if need > ring.free {
                if !std::mem::replace(&mut self.rx.waited, true) {
                    self.regs.count(r::RNBC, 1);
                }
                break;
            }
            if let Some(frame) = self.rx.pop() {
                self.rx_deliver(frame);
            }
        }
        self.rx.pumping = false;
        self.rx.room.notify_all();
    }

    /// Filters one frame and writes it to the ring.
    fn rx_deliver(&mut self, frame: Frame) {
        let rctl = self.regs.get(r::RCTL);
        let Frame { mut data, bad_fcs } = frame;
        let length = data.len() as u64 + 4;
        self.regs.count(r::TPR, 1);
        self.regs.count64(r::TORL, length);
        let Some(dst) = data.get(..6).and_then(|d| <[u8; 6]>::try_from(d).ok()) else {
            return;
        };
        let verdict = filters::address(&self.regs, dst);
        let (kind, tag) = (
            offload::get16(&data, 12).unwrap_or(0),
            offload::get16(&data, 14).unwrap_or(0),
        );
        let tagged = u32::from(kind) == self.regs.get(r::VET);
        if verdict == Verdict::Drop || tagged && !filters::vlan(&self.regs, tag) {
            self.rx.filtered += 1;
            return;
        }
        if kind == 0x8808 && !self.rx_pause(&data, rctl) {
            return;
        }
        let store_bad = rctl & rctl::SBP != 0;
        if bad_fcs {
            self.regs.count(r::CRCERRS, 1);
            if !store_bad {
                return;
            }
        }
        let limit = if rctl & rctl::LPE != 0 { LONGEST } else { 1522 };
        if length as usize > limit {
            self.regs.count(r::ROC, 1);
            if !store_bad || length as usize > LONGEST {
                return;
            }
        }
        self.faults.next(Stream::Rx);
        self.fuzz_levels(Stream::Rx);
        if self.faults.hit(F::RxNever).is_some() {
            return;
        }
        if self.faults.hit(F::RxOverrun).is_some() {
            return self.rx_overrun();
        }
        self.rx_count(&dst, length);
        let mut status = if verdict == Verdict::Inexact { PIF } else { 0 };
        let mut errors = if bad_fcs { CE } else { 0 };
        let mut special = 0;
        let fcs = offload::fcs(&data);
        let (csum, s, e) = self.rx_checksum(&data);
        status |= s;
        errors |= e;
        if tagged && self.regs.get(r::CTRL) & ctrl::VME != 0 {
            data.drain(12..16);
            status |= VP;
            special = u64::from(tag);
        }
        if rctl & rctl::SECRC == 0 {
            data.extend(fcs.map(|byte| if bad_fcs { !byte } else { byte }));
        }
        let buffer = rctl::buffer(rctl);
        let last = data.len().div_ceil(buffer).saturating_sub(1);
        for (n, part) in data.chunks(buffer).enumerate() {
            let upper = match n == last {
                true => csum << 16 | (status | DD | EOP) << 32 | errors << 40 | special << 48,
                false => DD << 32,
            };
            self.rx_descriptor(part, upper | part.len() as u64);
        }
        self.rx.frames += 1;
        self.rx_interrupt(length);
    }

    /// MAC control frames: counted, and passed on only if RCTL says so.
    fn rx_pause(&mut self, data: &[u8], rctl: u32) -> bool {
        if self.regs.get(r::CTRL) & ctrl::RFCE != 0 && offload::get16(data, 14) == Some(1) {
            let stat = if offload::get16(data, 16) == Some(0) {
                r::XONRXC
            } else {
                r::XOFFRXC
            };
            self.regs.count(stat, 1);
            return rctl & rctl::DPF == 0 && rctl & rctl::PMCF != 0;
        }
        rctl & rctl::PMCF != 0
    }

    /// Packet checksum, status and error bits (manual 3.2.9).
    fn rx_checksum(&self, data: &[u8]) -> (u64, u64, u64) {
        if !self.options.real_csum {
            return (0, IXSM, 0);
        }
        let rxcsum = self.regs.get(r::RXCSUM);
        let start = (rxcsum & 0xff) as usize;
        let csum = u64::from(offload::sum(data.get(start..).unwrap_or(&[]), 0));
        let found = offload::verify(
            data,
            rxcsum >> 8 & 1 != 0,
            rxcsum >> 9 & 1 != 0,
            rxcsum >> 10 & 1 != 0,
        );
        let mut status = if found == offload::Checked::default() {
            IXSM
        } else {
            0
        };
        let mut errors = 0;
        for (result, bit, error) in [(found.ip, IPCS, IPE), (found.l4, TCPCS, TCPE)] {
            if let Some(good) = result {
                status |= bit;
                errors |= if good { 0 } else { error };
            }
        }
        (csum, status, errors)
    }

    fn rx_count(&mut self, dst: &[u8; 6], length: u64) {
        let size = match length {
            ..=64 => r::PRC64,
            65..=127 => r::PRC127,
            128..=255 => r::PRC255,
            256..=511 => r::PRC511,
            512..=1023 => r::PRC1023,
            _ => r::PRC1522,
        };
        self.regs.count(size, 1);
        self.regs.count(r::GPRC, 1);
        self.regs.count64(r::GORCL, length);
        match dst {
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff] => self.regs.count(r::BPRC, 1),
            [first, ..] if first & 1 != 0 => self.regs.count(r::MPRC, 1),
            _ => {}
        }
    }

    /// RXT0 now or after RDTR/RADV, RXDMT0, SRPD (manual 3.2.7).
    fn rx_interrupt(&mut self, length: u64) {
        let mut causes = 0;
        if let Some(ring) = self.rx_ring() {
            let threshold = ring.count >> (1 + (self.regs.get(r::RCTL) >> 8 & 3));
            if ring.free <= threshold {
                causes |= irq::RXDMT0;
            }
        }
        if length <= u64::from(self.regs.get(r::RSRPD)) {
            causes |= irq::SRPD;
        }
        let (rdtr, radv) = (
            u64::from(self.regs.get(r::RDTR)) * 1024,
            u64::from(self.regs.get(r::RADV)) * 1024,
        );
        if rdtr == 0 {
            return self.raise(causes | irq::RXT0);
        }
        let now = self.now();
        let end = *self
            .rx
            .delay_end
            .get_or_insert(if radv == 0 { u64::MAX } else { now + radv });
        self.rx.delay += 1;
        self.after(
            (now + rdtr).min(end).saturating_sub(now),
            Event::RxDelay(self.rx.delay),
        );
        self.raise(causes);
    }

    pub fn rx_delay_over(&mut self, delay: u64) {
        if delay == self.rx.delay {
            self.rx_delay_flush();
        }
    }

    pub fn rx_delay_flush(&mut self) {
        if self.rx.delay_end.take().is_some() {
            self.raise(irq::RXT0);
        }
    }
}
