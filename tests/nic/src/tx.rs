// SPDX-License-Identifier: GPL-2.0
//! The transmitter: descriptors from TDH to TDT become frames (manual 3.3-3.5).

use crate::faults::{Stream, F};
use crate::irq;
use crate::nic::{Event, Nic};
use crate::offload::Context;
use crate::regs::{self as r, tctl};

/// Descriptor command bits.
pub const EOP: u8 = 1 << 0;
pub const IFCS: u8 = 1 << 1;
pub const IC: u8 = 1 << 2;
/// The same bit in a data descriptor: TCP segmentation.
pub const TSE: u8 = 1 << 2;
const RS: u8 = 1 << 3;
const RPS: u8 = 1 << 4;
pub const DEXT: u8 = 1 << 5;
pub const VLE: u8 = 1 << 6;
const IDE: u8 = 1 << 7;
const DD: u8 = 1 << 0;

/// Descriptors per run of the asynchronous transmitter.
const BATCH: u32 = 64;

#[derive(Default)]
pub struct Tx {
    /// The two stored contexts: checksums, segmentation.
    pub plain: Context,
    pub segment: Context,
    /// The packet so far.
    pub packet: Vec<u8>,
    /// POPTS and TSE of the packet's first data descriptor.
    pub first: Option<(u8, bool)>,
    pub too_long: bool,
    /// Changes whenever the ring does: late write-backs of an older one are dropped.
    life: u64,
    run_pending: bool,
    /// A frame that comes back must not start a second run.
    running: bool,
    /// Descriptors up to here already carry DD (`tx.ddbefore`).
    told: Option<u32>,
    delay: u64,
    delay_armed: bool,
    pub descriptors: u64,
    pub frames: u64,
    /// Packets the driver described wrongly, and the last reason.
    pub bad: u64,
    pub bad_reason: &'static str,
    /// Frames shorter than 60 bytes that were not padded (TCTL.PSP off).
    pub runts: u64,
    pub no_link: u64,
}

impl Tx {
    pub fn reset(&mut self) {
        let (descriptors, frames, bad, bad_reason) =
            (self.descriptors, self.frames, self.bad, self.bad_reason);
        let (life, delay, runts, no_link) =
            (self.life + 1, self.delay + 1, self.runts, self.no_link);
        *self = Self {
            life,
            delay,
            descriptors,
            frames,
            bad,
            bad_reason,
            runts,
            no_link,
            ..Self::default()
        };
    }

    /// The ring is no more what it was.
    pub fn forget(&mut self) {
        self.life += 1;
        self.packet.clear();
        self.first = None;
        self.told = None;
        self.too_long = false;
    }

    pub fn wrong(&mut self, reason: &'static str) {
        self.bad += 1;
        self.bad_reason = reason;
    }
}

/// The ring as the registers describe it, if they make sense.
struct Ring {
    base: u64,
    count: u32,
    head: u32,
    tail: u32,
}

impl Ring {
    fn at(&self, index: u64) -> u64 {
        self.base.wrapping_add(index % u64::from(self.count) * 16)
    }
}

impl Nic {
    fn tx_ring(&self) -> Option<Ring> {
        let (count, head, tail) = (
            self.regs.get(r::TDLEN) / 16,
            self.regs.get(r::TDH),
            self.regs.get(r::TDT),
        );
        let base = u64::from(self.regs.get(r::TDBAH)) << 32 | u64::from(self.regs.get(r::TDBAL));
        (head < count && tail < count).then_some(Ring {
            base,
            count,
            head,
            tail,
        })
    }

    /// TDT was written.
    pub fn tx_doorbell(&mut self) {
        let Some(ring) = self.tx_ring() else { return };
        if self.regs.get(r::TCTL) & tctl::EN == 0 {
            return;
        }
        if let Some(shot) = self.faults.hit(F::TxDdAll) {
            for n in 0..u64::from(ring.count) {
                self.dma.store8(ring.at(n) + 12, shot.bend(0, 8) as u8);
            }
        }
        if ring.head != ring.tail {
            if let Some(shot) = self.faults.hit(F::TxDdBefore) {
                let mut n = self
                    .tx
                    .told
                    .filter(|n| *n < ring.count)
                    .unwrap_or(ring.head);
                while n != ring.tail {
                    self.dma.store8(ring.at(u64::from(n)) + 12, DD);
                    n = (n + 1) % ring.count;
                }
                self.tx.told = Some(ring.tail);
                self.tx_later(shot.us);
                return self.raise(irq::TXDW);
            }
        }
        self.tx_kick();
    }

    /// There may be something to send, and nothing in the way any more.
    pub fn tx_kick(&mut self) {
        let idle = self.tx_ring().is_none_or(|ring| ring.head == ring.tail);
        if idle || self.tx.told.is_some() || self.tx_blocked() {
            return;
        }
        match self.options.tx_sync {
            true => self.tx_run(u32::MAX),
            false => self.tx_later(self.options.tx_delay_us),
        }
    }

    fn tx_later(&mut self, us: u64) {
        if !self.tx.run_pending {
            self.tx.run_pending = true;
            self.after(us.saturating_mul(1000), Event::TxRun);
        }
    }

    pub fn tx_run_later(&mut self) {
        self.tx.run_pending = false;
        self.tx.told = None;
        self.tx_run(BATCH);
        let more = self.tx_ring().is_some_and(|ring| ring.head != ring.tail);
        if more && !self.tx_blocked() {
            self.tx_later(self.options.tx_delay_us.max(10));
        }
    }

    /// Whether nothing may be fetched now. The chip waits for a link; QEMU's sends into the void.
    fn tx_blocked(&self) -> bool {
        self.regs.get(r::TCTL) & tctl::EN == 0
            || self.gone()
            || !self.dma.master
            || self.faults.on(F::TxStall)
            || !self.options.tx_sync && !self.link
    }

    fn tx_run(&mut self, budget: u32) {
        if !std::mem::replace(&mut self.tx.running, true) {
            self.tx_fetch(budget);
            self.tx.running = false;
        }
    }

    /// Fetches and carries out descriptors.
    fn tx_fetch(&mut self, budget: u32) {
        let Some(ring) = self.tx_ring().filter(|_| !self.tx_blocked()) else {
            return;
        };
        let life = self.tx.life;
        let mut causes = 0;
        let mut delayed = false;
        for _ in 0..budget.min(ring.count) {
            let head = self.regs.get(r::TDH);
            if head == ring.tail || head >= ring.count {
                break;
            }
            self.faults.next(Stream::Tx);
            self.fuzz_levels(Stream::Tx);
            if self.tx_blocked() || !self.options.tx_sync && self.wire.is_full() {
                break;
            }
            let mut raw = [0; 16];
            if !self.dma.read(ring.at(u64::from(head)), &mut raw) {
                break;
            }
            self.tx.descriptors += 1;
            let [lo, hi] = [0, 8].map(|at| {
                raw.get(at..at + 8)
                    .and_then(|b| b.try_into().ok())
                    .map_or(0, u64::from_le_bytes)
            });
            let cmd = (hi >> 24) as u8;
            self.tx_descriptor(lo, hi, cmd);
            if self.tx.life != life {
                return; // the frame, looped back, changed the ring
            }
            if cmd & (RS | RPS) != 0 {
                self.tx_write_back(&ring, head, lo, hi);
                if self.faults.hit(F::TxNoIrq).is_none() {
                    match cmd & IDE != 0 && self.regs.get(r::TIDV) != 0 {
                        true => delayed = true,
                        false => causes |= irq::TXDW,
                    }
                }
            }
            self.regs.set(r::TDH, (head + 1) % ring.count);
            if let Some(shot) = self.faults.hit(F::TxTdh) {
                self.regs
                    .set(r::TDH, shot.step(u64::from(ring.count)) as u32 & 0xffff);
            }
        }
        if self.regs.get(r::TDH) == ring.tail {
            causes |= irq::TXQE;
        }
        if delayed && causes & irq::TXDW == 0 {
            self.tx_delay_start();
        }
        self.raise(causes);
    }

    /// Reports one descriptor done, or what the faults make of that.
    fn tx_write_back(&mut self, ring: &Ring, head: u32, lo: u64, hi: u64) {
        let mut at = u64::from(head);
        let mut status = DD;
        if let Some(shot) = self.faults.hit(F::TxDd) {
            status = shot.bend(u64::from(status), 8) as u8;
        }
        if let Some(shot) = self.faults.hit(F::TxWrong) {
            at = at.wrapping_add(shot.step(u64::from(ring.count)));
        }
        let addr = ring.at(at);
        if let Some(shot) = self.faults.hit(F::TxAddr) {
            self.dma.store64(addr, shot.bend(lo, 64));
        }
        let mut upper = hi;
        if let Some(shot) = self.faults.hit(F::TxCmd) {
            upper = upper & !0xffff_ffff | shot.bend(upper, 32);
        }
        if let Some(shot) = self.faults.hit(F::TxSpecial) {
            upper = upper & 0xff_ffff_ffff | shot.bend(upper >> 40, 24) << 40;
        }
        if self.faults.hit(F::TxMissing).is_some() {
            return;
        }
        if upper != hi {
            self.dma.store64(addr + 8, upper & !(0xff << 32));
        }
        if let Some(shot) = self.faults.hit(F::TxLate) {
            return self.after(
                shot.us.saturating_mul(1000),
                Event::TxWriteBack(self.tx.life, addr + 12, status),
            );
        }
        self.dma.store8(addr + 12, status);
        if self.faults.hit(F::TxDup).is_some() {
            self.dma.store8(ring.at(at + 1) + 12, status);
        }
    }

    /// A late write-back: not into a ring the driver has taken back since.
    pub fn tx_late(&mut self, life: u64, addr: u64, status: u8) {
        if life == self.tx.life && !self.gone() && self.regs.get(r::TCTL) & tctl::EN != 0 {
            self.dma.store8(addr, status);
            self.raise(irq::TXDW);
        }
    }

    /// TIDV restarts with each packet, TADV counts from the first (manual 3.2.7.1); one timer serves both.
    fn tx_delay_start(&mut self) {
        if self.tx.delay_armed {
            return;
        }
        self.tx.delay_armed = true;
        let (tidv, tadv) = (self.regs.get(r::TIDV), self.regs.get(r::TADV));
        let units = if tadv == 0 { tidv } else { tidv.min(tadv) };
        self.after(u64::from(units) * 1024, Event::TxDelay(self.tx.delay));
    }

    pub fn tx_delay_over(&mut self, delay: u64) {
        if delay == self.tx.delay && std::mem::take(&mut self.tx.delay_armed) {
            self.raise(irq::TXDW);
        }
    }
}
