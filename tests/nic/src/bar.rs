// SPDX-License-Identifier: GPL-2.0
//! Register reads and writes with their side effects (manual chapter 13), and their counts.

use crate::coalesce::heavy_write;
use crate::faults::{Stream, F};
use crate::irq;
use crate::nic::{Event, Nic};
use crate::phy::Asks;
use crate::regs::{self as r, ctrl, rctl, tctl};

pub const MDIC_READY: u32 = 1 << 28;
const MDIC_INTERRUPT: u32 = 1 << 29;
const MDIC_ERROR: u32 = 1 << 30;
const EERD_START: u32 = 1 << 0;
const EERD_DONE: u32 = 1 << 4;
/// CTRL_EXT.EE_RST: load the EEPROM again.
const EE_RST: u32 = 1 << 13;

/// Exact counts of register accesses, for tests.
pub struct Counters {
    pub reads: Vec<u64>,
    pub writes: Vec<u64>,
    /// Accesses that would leave a KVM guest at once, and writes that would not.
    pub heavy: u64,
    pub light: u64,
    /// Accesses the chip does not define: wrong width, unknown register.
    pub odd: u64,
    pub trace: bool,
}

impl Default for Counters {
    fn default() -> Self {
        let n = (r::SIZE / 4) as usize;
        Self {
            reads: vec![0; n],
            writes: vec![0; n],
            heavy: 0,
            light: 0,
            odd: 0,
            trace: false,
        }
    }
}

impl Counters {
    fn add(list: &mut [u64], offset: u32) {
        if let Some(n) = list.get_mut((offset / 4) as usize) {
            *n += 1;
        }
    }

    pub fn clear(&mut self) {
        let trace = self.trace;
        *self = Self {
            trace,
            ..Self::default()
        };
    }
}

impl Nic {
    /// A read of BAR 0. The chip knows 32-bit accesses; parts of one are cut from it.
    pub fn bar_read(&mut self, offset: u64, data: &mut [u8]) {
        data.fill(0xff);
        let Ok(offset) = u32::try_from(offset) else {
            return;
        };
        if offset % 4 != 0 || data.len() % 4 != 0 {
            self.count.odd += 1;
            let word = self.reg_read(offset & !3).to_le_bytes();
            let part = word.iter().skip((offset & 3) as usize);
            data.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
            return;
        }
        for (n, word) in data.chunks_exact_mut(4).enumerate() {
            let value = self.reg_read(offset.saturating_add(n as u32 * 4));
            word.copy_from_slice(&value.to_le_bytes());
        }
    }

    /// A write to BAR 0; other than aligned 32 bits it is lost, as on the chip.
    pub fn bar_write(&mut self, offset: u64, data: &[u8]) {
        let Ok(offset) = u32::try_from(offset) else {
            return;
        };
        if offset % 4 != 0 || data.len() % 4 != 0 {
            self.count.odd += 1;
            return;
        }
        for (n, word) in data.chunks_exact(4).enumerate() {
            if let Ok(word) = <[u8; 4]>::try_from(word) {
                self.reg_write(
                    offset.saturating_add(n as u32 * 4),
                    u32::from_le_bytes(word),
                );
            }
        }
    }

    fn reg_read(&mut self, offset: u32) -> u32 {
        Counters::add(&mut self.count.reads, offset);
        self.count.heavy += 1;
        self.perform_waiting();
        if self.gone() {
            return u32::MAX;
        }
        let mut value = self.peek_or_take(offset);
        self.faults.next(Stream::Reg);
        if let Some(shot) = self.faults.hit_reg(F::RegRead, Some(offset)) {
            value = shot.bend(u64::from(value), 32) as u32;
        }
        if let Some(shot) = self.faults.hit(F::RegFlaky) {
            value = shot.bend(u64::from(value), 32) as u32;
        }
        if self.count.trace {
            eprintln!(
                "{:>12} R {:8} {value:#010x}",
                self.now() / 1000,
                r::name_of(offset)
            );
        }
        value
    }

    fn reg_write(&mut self, offset: u32, value: u32) {
        Counters::add(&mut self.count.writes, offset);
        match heavy_write(offset) {
            true => self.count.heavy += 1,
            false => self.count.light += 1,
        }
        if self.count.trace {
            eprintln!(
                "{:>12} W {:8} {value:#010x}",
                self.now() / 1000,
                r::name_of(offset)
            );
        }
        if self.coalescer.hold(offset, value) {
            return;
        }
        self.perform_waiting();
        self.perform_write(offset, value);
    }

    /// Writes that KVM held back are seen now.
    fn perform_waiting(&mut self) {
        for (offset, value) in self.coalescer.take() {
            self.perform_write(offset, value);
        }
    }

    /// What a register reads as, with the effects reading has.
    fn peek_or_take(&mut self, offset: u32) -> u32 {
        match offset {
            r::CTRL_DUP => self.regs.get(r::CTRL),
            r::STATUS => self.status(),
            r::EECD => self.eeprom.eecd() | self.regs.get(r::EECD) & 0x30,
            r::ICR => {
                let value = self.irq.icr;
                if !self.faults.on(F::IrqNoClear) {
                    self.irq.icr = 0;
                }
                self.look_at_line();
                value
            }
            r::ICS => self.irq.icr,
            r::IMS => self.irq.ims,
            0x4000..0x4100 => self.regs.take_stat(offset),
            _ => {
                if !self.regs.is_known(offset) {
                    self.count.odd += 1;
                }
                self.regs.get(offset)
            }
        }
    }

    fn perform_write(&mut self, offset: u32, value: u32) {
        if self.gone() || self.faults.hit_reg(F::RegWrite, Some(offset)).is_some() {
            return;
        }
        let old = self.regs.get(offset);
        match offset {
            r::CTRL | r::CTRL_DUP => self.write_ctrl(value),
            r::EECD => {
                self.regs.write(r::EECD, value);
                self.eeprom.set_eecd(value);
            }
            r::EERD => self.write_eerd(value),
            r::CTRL_EXT => {
                self.regs.write(offset, value & !EE_RST);
                if value & EE_RST != 0 {
                    self.load_eeprom();
                }
            }
            r::MDIC => self.write_mdic(value),
            r::ICR => {
                self.irq.icr &= !value;
                self.look_at_line();
            }
            r::ICS => self.raise(value),
            r::IMS => {
                self.irq.ims |= value & irq::ALL;
                self.look_at_line();
            }
            r::IMC => {
                self.irq.ims &= !value;
                self.look_at_line();
            }
            r::ITR => {
                self.regs.write(offset, value);
                self.irq.interval = u64::from(value & 0xffff) * 256;
            }
            r::RCTL => {
                self.regs.write(offset, value);
                if old & !value & rctl::EN != 0 {
                    self.rx.flush();
                }
                self.rx_pump();
            }
            r::RDBAL | r::RDBAH | r::RDLEN | r::RDH => {
                self.regs.write(offset, value);
                self.rx.forget();
            }
            r::RDT => {
                self.regs.write(offset, value);
                if self.regs.get(r::RDT) == self.regs.get(r::RDH) {
                    self.rx.forget();
                }
                self.rx_pump();
            }
            r::RDTR => {
                self.regs.write(offset, value);
                if value >> 31 != 0 {
                    self.rx_delay_flush();
                }
            }
            r::TCTL => {
                self.regs.write(offset, value);
                if old & !value & tctl::EN != 0 {
                    self.tx.forget();
                }
                self.tx_kick();
            }
            r::TDBAL | r::TDBAH | r::TDLEN | r::TDH => {
                self.regs.write(offset, value);
                self.tx.forget();
            }
            r::TDT => {
                self.regs.write(offset, value);
                self.tx_doorbell();
            }
            r::PBA => {
                let rx = value & 0x7f;
                self.regs.set(offset, 64u32.saturating_sub(rx) << 16 | rx);
            }
            _ => {
                if !self.regs.is_known(offset) {
                    self.count.odd += 1;
                }
                self.regs.write(offset, value);
            }
        }
    }

    fn write_ctrl(&mut self, value: u32) {
        let old = self.regs.get(r::CTRL);
        if value & ctrl::RST != 0 {
            let never = self.faults.on(F::ResetNever);
            self.reset();
            if never {
                self.regs.set(r::CTRL, self.regs.get(r::CTRL) | ctrl::RST);
            }
            return;
        }
        self.regs.write(r::CTRL, value);
        if value & ctrl::PHY_RST != 0 {
            self.phy.reset();
            self.phy.trained = false;
        } else if old & ctrl::PHY_RST != 0 {
            self.phy_asks(Asks::Retrain);
        }
        self.look_at_link();
    }

    /// EERD as on the 82540: the word is there at once (manual 13.4.4).
    fn write_eerd(&mut self, value: u32) {
        if value & EERD_START == 0 {
            self.regs.set(r::EERD, value & 0xff00);
            return;
        }
        let at = value >> 8 & 0xff;
        if self.faults.on(F::EerdNever) {
            self.regs.set(r::EERD, at << 8 | EERD_START);
            return;
        }
        let mut word = u64::from(self.eeprom.word(at as usize));
        if let Some(shot) = self.faults.hit(F::EerdData) {
            word = shot.bend(word, 16);
        }
        self.regs
            .set(r::EERD, (word as u32) << 16 | at << 8 | EERD_DONE);
    }

    /// One PHY access; the PHY answers at address 1 only (manual 13.4.8).
    fn write_mdic(&mut self, value: u32) {
        let (reg, phy, op) = ((value >> 16 & 31) as u8, value >> 21 & 31, value >> 26 & 3);
        let mut result = value & 0x03ff_ffff | value & MDIC_INTERRUPT;
        match op {
            1 if phy == 1 => {
                let asks = self.phy.write(reg, value as u16);
                self.phy_asks(asks);
            }
            2 if phy == 1 => result = result & !0xffff | u32::from(self.phy.read(reg)),
            2 => result |= 0xffff | MDIC_ERROR,
            _ => result |= MDIC_ERROR,
        }
        result |= op << 26;
        if let Some(shot) = self.faults.hit(F::MdicData) {
            result = result & !0xffff | shot.bend(u64::from(result & 0xffff), 16) as u32;
        }
        if self.faults.hit(F::MdicError).is_some() {
            result |= MDIC_ERROR;
        }
        self.regs.set(r::MDIC, result & !MDIC_READY);
        if self.faults.on(F::MdicNever) {
            return;
        }
        match self.options.mdic_us {
            0 => self.regs.set(r::MDIC, result | MDIC_READY),
            us => self.after(us.saturating_mul(1000), Event::MdicReady),
        }
        if value & MDIC_INTERRUPT != 0 {
            self.raise(irq::MDAC);
        }
    }

    /// BAR 1: IOADDR selects a register, IODATA reaches it (manual 13.2.2).
    pub fn io_read(&mut self, offset: u64, data: &mut [u8]) {
        data.fill(0xff);
        match (offset, data.len()) {
            (0, 4) => data.copy_from_slice(&self.ioaddr.to_le_bytes()),
            (4, 4) if self.ioaddr < r::SIZE => self.bar_read(u64::from(self.ioaddr), data),
            _ => self.count.odd += 1,
        }
    }

    pub fn io_write(&mut self, offset: u64, data: &[u8]) {
        match (offset, <[u8; 4]>::try_from(data)) {
            (0, Ok(word)) => self.ioaddr = u32::from_le_bytes(word) & !3,
            (4, Ok(_)) if self.ioaddr < r::SIZE => self.bar_write(u64::from(self.ioaddr), data),
            _ => self.count.odd += 1,
        }
    }
}
