// SPDX-License-Identifier: GPL-2.0
//! Interrupt causes, mask, throttle, and the INTx line (manual 3.2.7, 13.4.17-21).
//!
//! QEMU takes INTx as an eventfd and counts the line as masked from each signal
//! until it unmasks (vfio's AUTOMASKED); then a line still asserted signals again.

use std::fs::File;
use std::io::Write;

pub const TXDW: u32 = 1 << 0;
pub const TXQE: u32 = 1 << 1;
pub const LSC: u32 = 1 << 2;
pub const RXDMT0: u32 = 1 << 4;
pub const RXO: u32 = 1 << 6;
pub const RXT0: u32 = 1 << 7;
pub const MDAC: u32 = 1 << 9;
pub const SRPD: u32 = 1 << 16;
/// Bits software can raise and mask: the named ones and those reserved between them.
pub const ALL: u32 = 0x0001_ffff;

/// What to do about the line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    Quiet,
    Fire,
    /// The throttle holds it until then (ns).
    Wait(u64),
}

#[derive(Default)]
pub struct Irq {
    pub icr: u32,
    pub ims: u32,
    /// Throttle interval in ns.
    pub interval: u64,
    /// The line has been asserted, and the host told, since it was last low.
    asserted: bool,
    /// No assertion earlier than this.
    not_before: u64,
    /// From a signal until the host unmasks.
    masked: bool,
    eventfd: Option<File>,
    /// Signals sent.
    pub signals: u64,
    /// Assertions: edges of the line.
    pub edges: u64,
}

impl Irq {
    /// Software reset; the host's side stays.
    pub fn reset(&mut self) {
        (
            self.icr,
            self.ims,
            self.interval,
            self.not_before,
            self.asserted,
        ) = (0, 0, 0, 0, false);
    }

    pub fn connect(&mut self, eventfd: Option<File>) {
        self.eventfd = eventfd;
        self.masked = false;
        self.asserted = false;
    }

    /// The host masks the line, or unmasks it; `stuck` as for [`look`](Self::look).
    pub fn mask(&mut self, masked: bool, stuck: bool) {
        self.masked = masked;
        if !masked && self.asserted && (self.pending() || stuck) {
            // A line still up is signalled again, without the throttle.
            self.asserted = false;
            self.not_before = 0;
        }
    }

    pub fn pending(&self) -> bool {
        self.icr & self.ims != 0
    }

    /// Looks at the line; `stuck` holds it up whatever the registers say.
    pub fn look(&mut self, now: u64, stuck: bool) -> Line {
        if !self.pending() && !stuck {
            self.asserted = false;
            return Line::Quiet;
        }
        if self.asserted || self.masked || self.eventfd.is_none() {
            return Line::Quiet;
        }
        if now < self.not_before {
            return Line::Wait(self.not_before);
        }
        Line::Fire
    }

    /// The edge is over without the host having been told (`irq.lost`).
    pub fn lose(&mut self, now: u64) {
        self.asserted = true;
        self.not_before = now + self.interval;
    }

    /// Tells the host.
    pub fn fire(&mut self, now: u64) {
        self.asserted = true;
        self.edges += 1;
        self.not_before = now + self.interval;
        self.signal();
    }

    /// Signals without regard to the registers.
    pub fn signal(&mut self) {
        if self.masked {
            return;
        }
        if let Some(fd) = &mut self.eventfd {
            self.masked = true;
            self.signals += 1;
            // A failing eventfd means that QEMU is going: the main loop sees that.
            let _ = fd.write_all(&1u64.to_ne_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Irq {
        Irq {
            eventfd: File::options().write(true).open("/dev/null").ok(),
            ..Irq::default()
        }
    }

    #[test]
    fn masked_causes_wait() {
        let mut i = line();
        i.icr = RXT0;
        assert_eq!(i.look(0, false), Line::Quiet);
        i.ims = RXT0;
        assert_eq!(i.look(0, false), Line::Fire);
        assert_eq!(i.look(0, true), Line::Fire);
    }

    #[test]
    fn one_signal_per_unmask_and_again_while_the_line_is_up() {
        let mut i = line();
        (i.icr, i.ims) = (RXT0, RXT0);
        i.fire(0);
        assert_eq!(i.look(1, false), Line::Quiet);
        i.mask(false, false);
        assert_eq!(i.look(2, false), Line::Fire);
        i.icr = 0;
        assert_eq!(i.look(3, false), Line::Quiet);
    }

    #[test]
    fn a_stuck_line_is_signalled_again_and_again() {
        let mut i = line();
        i.fire(0);
        for now in 1..9 {
            assert_eq!(i.look(now, true), Line::Quiet);
            i.mask(false, true);
            assert_eq!(i.look(now, true), Line::Fire);
            i.fire(now);
        }
    }

    #[test]
    fn throttle_spaces_edges() {
        let mut i = line();
        (i.icr, i.ims, i.interval) = (LSC, LSC, 1000);
        i.fire(5000);
        i.icr = 0;
        i.look(5001, false);
        i.mask(false, false);
        i.icr = LSC;
        assert_eq!(i.look(5500, false), Line::Wait(6000));
        assert_eq!(i.look(6000, false), Line::Fire);
    }

    #[test]
    fn a_lost_edge_needs_the_line_to_fall_first() {
        let mut i = line();
        (i.icr, i.ims) = (RXT0, RXT0);
        i.lose(0);
        i.icr |= LSC;
        assert_eq!(i.look(1, false), Line::Quiet);
        i.icr = 0;
        i.look(2, false);
        i.icr = RXT0;
        assert_eq!(i.look(3, false), Line::Fire);
    }
}
