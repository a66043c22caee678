// SPDX-License-Identifier: GPL-2.0
//! The chip as a whole: its blocks, time, reset, link, and what faults do to all of it.

use crate::backend::Wire;
use crate::bar::Counters;
use crate::coalesce::Coalescer;
use crate::dma::Dma;
use crate::eeprom::Eeprom;
use crate::faults::{Faults, Stream, F};
use crate::irq::{self, Irq, Line};
use crate::pci::Config;
use crate::phy::{Asks, Phy};
use crate::regs::{self as r, ctrl, Regs};
use crate::rx::Rx;
use crate::tx::Tx;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// What the command line chooses; the control socket can change most of it later.
#[derive(Clone, Debug)]
pub struct Options {
    pub mac: [u8; 6],
    pub device: u16,
    /// Transmit within the TDT write (as QEMU), or some time later (as the chip).
    pub tx_sync: bool,
    /// Delay of the asynchronous transmitter, in microseconds.
    pub tx_delay_us: u64,
    /// Report received checksums as the chip does, not IXSM as QEMU does.
    pub real_csum: bool,
    /// With no descriptor free, make the wire wait instead of dropping with RXO.
    pub rx_wait: bool,
    pub autoneg_ms: u64,
    pub mdic_us: u64,
    /// Report no PCI power management if unset, as QEMU.
    pub pm: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mac: [0x52, 0x54, 0, 0x12, 0x34, 0x56],
            device: 0x100e,
            tx_sync: true,
            tx_delay_us: 100,
            real_csum: false,
            rx_wait: false,
            autoneg_ms: 500,
            mdic_us: 0,
            pm: false,
        }
    }
}

/// Something that happens later.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// Negotiation ends, if none was begun since.
    Trained(u64),
    TxRun,
    /// A late status byte: valid while the ring is the same.
    TxWriteBack(u64, u64, u8),
    TxDelay(u64),
    /// A late second half of a descriptor: valid while the ring is the same.
    RxWriteBack(u64, u64, u64),
    RxData(u64, u64, Vec<u8>),
    RxDelay(u64),
    MdicReady,
    Line,
    LateIrq,
    Storm,
    Flap,
    Expire(u64),
}

/// With so many events waiting, late write-backs happen at once.
const EVENTS: usize = 4096;

pub struct Nic {
    pub options: Options,
    pub regs: Regs,
    pub eeprom: Eeprom,
    pub phy: Phy,
    pub irq: Irq,
    pub tx: Tx,
    pub rx: Rx,
    pub faults: Faults,
    pub dma: Dma,
    pub wire: Wire,
    pub count: Counters,
    pub coalescer: Coalescer,
    pub config: Config,
    /// Address latched by the I/O window.
    pub ioaddr: u32,
    /// STATUS.LU as last reported.
    pub link: bool,
    pub quit: bool,
    epoch: Instant,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    sequence: u64,
    pub training: u64,
    pub armings: u64,
    /// When the line is looked at again because of the throttle.
    line_timer: u64,
    wake: Arc<Condvar>,
}

/// The chip behind its lock, and the two things threads wait for.
#[derive(Clone)]
pub struct Shared {
    nic: Arc<Mutex<Nic>>,
    pub wake: Arc<Condvar>,
    /// Room in the receive FIFO.
    pub room: Arc<Condvar>,
}

impl Shared {
    pub fn new(options: Options, wire: Wire) -> Self {
        let (wake, room) = (Arc::new(Condvar::new()), Arc::new(Condvar::new()));
        let nic = Nic::new(options, wire, Arc::clone(&wake), Arc::clone(&room));
        Self {
            nic: Arc::new(Mutex::new(nic)),
            wake,
            room,
        }
    }

    /// The lock; a thread that died holding it has left nothing worse than an odd chip.
    pub fn lock(&self) -> MutexGuard<'_, Nic> {
        self.nic.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Runs timed events until `quit`.
    pub fn run_clock(&self) {
        let mut nic = self.lock();
        while !nic.quit {
            nic.run_due();
            let wait = match nic.events.peek() {
                Some(Reverse((at, ..))) => at.saturating_sub(nic.now()).max(1_000),
                None => 3_600_000_000_000,
            };
            let woken = self.wake.wait_timeout(nic, Duration::from_nanos(wait));
            nic = woken.unwrap_or_else(|e| e.into_inner()).0;
        }
    }
}

impl Nic {
    pub fn new(options: Options, wire: Wire, wake: Arc<Condvar>, room: Arc<Condvar>) -> Self {
        let mut nic = Self {
            regs: Regs::default(),
            eeprom: Eeprom::new(options.mac, options.device),
            phy: Phy::new(options.device),
            irq: Irq::default(),
            tx: Tx::default(),
            rx: Rx::new(room),
            faults: Faults::default(),
            dma: Dma::default(),
            wire,
            count: Counters::default(),
            coalescer: Coalescer::default(),
            config: Config::new(options.device, options.pm),
            ioaddr: 0,
            link: false,
            quit: false,
            epoch: Instant::now(),
            events: BinaryHeap::new(),
            sequence: 0,
            training: 0,
            armings: 0,
            line_timer: 0,
            wake,
            options,
        };
        nic.reset();
        nic
    }

    /// Nanoseconds since the program began.
    pub fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Has an event happen after `ns`.
    pub fn after(&mut self, ns: u64, event: Event) {
        let at = self.now().saturating_add(ns);
        let holds_data = matches!(
            event,
            Event::TxWriteBack(..) | Event::RxWriteBack(..) | Event::RxData(..)
        );
        if holds_data && self.events.len() >= EVENTS {
            return self.happen(event);
        }
        self.sequence += 1;
        let first = self
            .events
            .peek()
            .is_none_or(|Reverse((soonest, ..))| at < *soonest);
        self.events.push(Reverse((at, self.sequence, event)));
        if first {
            self.wake.notify_one();
        }
    }

    fn run_due(&mut self) {
        // Bounded, so that a storm does not keep the lock for ever.
        for _ in 0..256 {
            let now = self.now();
            match self.events.peek() {
                Some(Reverse((at, ..))) if *at <= now => {}
                _ => return,
            }
            if let Some(Reverse((_, _, event))) = self.events.pop() {
                self.happen(event);
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Trained(n) if n == self.training => {
                self.phy.trained = true;
                self.look_at_link();
            }
            Event::Trained(_) => {}
            Event::TxRun => self.tx_run_later(),
            Event::TxWriteBack(life, addr, status) => self.tx_late(life, addr, status),
            Event::TxDelay(life) => self.tx_delay_over(life),
            Event::RxWriteBack(life, addr, value) => self.rx_late(life, addr, value),
            Event::RxData(life, addr, data) => self.rx_late_data(life, addr, &data),
            Event::RxDelay(n) => self.rx_delay_over(n),
            Event::MdicReady => {
                let mdic = self.regs.get(r::MDIC);
                self.regs.set(r::MDIC, mdic | crate::bar::MDIC_READY);
            }
            Event::Line => self.look_at_line(),
            Event::LateIrq => {
                if !self.gone() {
                    let now = self.now();
                    self.irq.fire(now);
                }
            }
            Event::Storm => self.storm(),
            Event::Flap => self.flap(),
            Event::Expire(serial) => {
                // A fault armed anew since has another serial number.
                let found = self
                    .faults
                    .armed()
                    .into_iter()
                    .find(|a| a.2.serial == serial);
                if let Some((fault, reg, _)) = found {
                    self.clear_fault(fault, reg);
                }
            }
        }
    }

    /// Software reset: everything but PHY, configuration space and the host's side (manual 14.7).
    pub fn reset(&mut self) {
        let phy_held = self.regs.get(r::CTRL) & ctrl::PHY_RST != 0;
        self.regs.reset();
        self.irq.reset();
        self.tx.reset();
        self.rx.reset();
        self.coalescer.take();
        self.load_eeprom();
        self.link = false;
        if phy_held {
            self.phy_asks(Asks::Retrain);
        }
        self.look_at_link();
        self.irq.icr = 0;
    }

    /// Power-on.
    pub fn power_on(&mut self) {
        self.phy.reset();
        self.phy.trained = true;
        self.reset();
    }

    /// The receive address and the identifiers come from the EEPROM after a reset.
    pub fn load_eeprom(&mut self) {
        let [a, b, c, d, e, f] = self.eeprom.mac();
        self.regs.set(r::RA, u32::from_le_bytes([a, b, c, d]));
        self.regs
            .set(r::RA + 4, u32::from_le_bytes([e, f, 0, 0x80]));
    }

    /// Raises causes and moves the line.
    pub fn raise(&mut self, causes: u32) {
        self.irq.icr |= causes & irq::ALL;
        self.look_at_line();
    }

    pub fn look_at_line(&mut self) {
        if self.gone() {
            return;
        }
        let now = self.now();
        let stuck = self.faults.on(F::IrqStuck);
        match self.irq.look(now, stuck) {
            Line::Quiet => {}
            Line::Wait(until) if self.line_timer == until => {}
            Line::Wait(until) => {
                self.line_timer = until;
                self.after(until.saturating_sub(now), Event::Line);
            }
            Line::Fire => {
                self.faults.next(Stream::Irq);
                if self.faults.hit(F::LinkLsc).is_some() {
                    self.irq.icr |= irq::LSC;
                }
                if self.faults.hit(F::IrqLost).is_some() {
                    self.irq.lose(now);
                } else if let Some(shot) = self.faults.hit(F::IrqLate) {
                    self.irq.lose(now);
                    self.after(shot.us.saturating_mul(1000), Event::LateIrq);
                } else {
                    self.irq.fire(now);
                    if let Some(shot) = self.faults.hit(F::IrqSpurious) {
                        self.after(shot.us.saturating_mul(1000) + 100_000, Event::LateIrq);
                    }
                }
            }
        }
    }
}
