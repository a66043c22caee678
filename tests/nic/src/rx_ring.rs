// SPDX-License-Identifier: GPL-2.0
//! The receive ring: one descriptor filled and written back, or what faults make of it
//! (manual 3.2.3-3.2.6).

use crate::faults::F;
use crate::irq;
use crate::nic::{Event, Nic};
use crate::regs::{self as r, rctl};
use crate::rx::{DD, EOP, VP};

/// The ring as the registers describe it.
pub struct Ring {
    base: u64,
    pub count: u32,
    /// Descriptors the driver has handed over.
    pub free: u32,
}

impl Ring {
    fn at(&self, index: u64) -> u64 {
        self.base.wrapping_add(index % u64::from(self.count) * 16)
    }
}

impl Nic {
    pub fn rx_ring(&self) -> Option<Ring> {
        let (count, head, tail) = (
            self.regs.get(r::RDLEN) / 16,
            self.regs.get(r::RDH),
            self.regs.get(r::RDT),
        );
        let base = u64::from(self.regs.get(r::RDBAH)) << 32 | u64::from(self.regs.get(r::RDBAL));
        (head < count && tail < count).then(|| Ring {
            base,
            count,
            free: (tail + count - head) % count,
        })
    }

    /// One descriptor: the buffer, then the second half of the descriptor.
    pub fn rx_descriptor(&mut self, part: &[u8], mut upper: u64) {
        let head = self.regs.get(r::RDH);
        let Some(ring) = self.rx_ring().filter(|ring| ring.free > 0) else {
            return;
        };
        self.rx.descriptors += 1;
        let at = ring.at(u64::from(head));
        let mut raw = [0; 8];
        self.dma.read(at, &mut raw);
        let addr = u64::from_le_bytes(raw);
        let slot = head as usize;
        if self.rx.history.len() < ring.count as usize {
            self.rx.history.resize(ring.count as usize, 0);
        }
        let old = self
            .rx
            .history
            .get_mut(slot)
            .map(|h| std::mem::replace(h, addr));
        if let Some(shot) = self.faults.hit(F::RxRecycled) {
            let count = u64::from(ring.count);
            let back = shot.step(count) % count;
            let earlier = (u64::from(head) + count - back) % count;
            let old = match back {
                0 => old,
                _ => self.rx.history.get(earlier as usize).copied(),
            };
            if let Some(old) = old.filter(|o| *o != 0) {
                self.dma.write(old, part);
            }
        }
        if let Some(shot) = self.faults.hit(F::RxEarly) {
            self.after(
                shot.us.saturating_mul(1000),
                Event::RxData(self.rx.life, addr, part.to_vec()),
            );
        } else if self.faults.hit(F::RxNoData).is_none() {
            self.dma.write(addr, part);
        }
        for (fault, shift, bits) in [
            (F::RxLength, 0, 16),
            (F::RxCsum, 16, 16),
            (F::RxStatus, 32, 8),
            (F::RxErrors, 40, 8),
            (F::RxSpecial, 48, 16),
        ] {
            if let Some(shot) = self.faults.hit(fault) {
                let mask = (1u64 << bits) - 1;
                upper = upper & !(mask << shift) | shot.bend(upper >> shift & mask, bits) << shift;
                if fault == F::RxSpecial {
                    upper |= VP << 32;
                }
            }
        }
        if self.faults.hit(F::RxNoEop).is_some() {
            upper &= !(EOP << 32);
        }
        if let Some(shot) = self.faults.hit(F::RxAddr) {
            self.dma.store64(at, shot.bend(addr, 64));
        }
        self.rx_write_back(&ring, head, upper);
        self.regs.set(r::RDH, (head + 1) % ring.count);
        if let Some(shot) = self.faults.hit(F::RxRdh) {
            self.regs
                .set(r::RDH, shot.step(u64::from(ring.count)) as u32 & 0xffff);
        }
        if let Some(shot) = self.faults.hit(F::RxDdAll) {
            let status = shot.bend(0, 8) | DD;
            for n in 0..u64::from(ring.count) {
                self.dma.store64(ring.at(n) + 8, status << 32 | 64);
            }
        }
    }

    /// Publishes a descriptor, or what the faults make of that.
    fn rx_write_back(&mut self, ring: &Ring, head: u32, mut upper: u64) {
        let mut index = u64::from(head);
        if let Some(shot) = self.faults.hit(F::RxWrong) {
            index = index.wrapping_add(shot.step(u64::from(ring.count)));
        }
        let addr = ring.at(index) + 8;
        if self.faults.hit(F::RxStale).is_some() {
            let mut old = [0; 8];
            self.dma.read(addr, &mut old);
            let old = u64::from_le_bytes(old);
            let kept = old & (0xff << 32 | 0xff << 40 | 0xffff << 16);
            upper = upper & !(0xff << 40 | 0xffff << 16) | kept;
        }
        if self.faults.hit(F::RxMissing).is_some() {
            return;
        }
        if let Some(shot) = self.faults.hit(F::RxLate) {
            return self.after(
                shot.us.saturating_mul(1000),
                Event::RxWriteBack(self.rx.life, addr, upper),
            );
        }
        if self.rx.held.is_none() && self.faults.hit(F::RxSwap).is_some() {
            self.rx.held = Some((addr, upper));
            return;
        }
        self.dma.store64(addr, upper);
        if self.faults.hit(F::RxDup).is_some() {
            self.dma.store64(ring.at(index + 1) + 8, upper);
        }
        if let Some((addr, upper)) = self.rx.held.take() {
            self.dma.store64(addr, upper);
        }
    }

    /// A late write-back: not into a ring the driver has taken back since.
    pub fn rx_late(&mut self, life: u64, addr: u64, upper: u64) {
        if life == self.rx.life && !self.gone() && self.regs.get(r::RCTL) & rctl::EN != 0 {
            self.dma.store64(addr, upper);
            self.raise(irq::RXT0);
        }
    }

    pub fn rx_late_data(&mut self, life: u64, addr: u64, data: &[u8]) {
        if life == self.rx.life && !self.gone() {
            self.dma.write(addr, data);
        }
    }
}
