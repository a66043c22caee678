// SPDX-License-Identifier: GPL-2.0
//! KVM's coalesced MMIO, which a machine under TCG cannot show.
//!
//! With KVM, QEMU's e1000 sees most register writes late: they wait in a ring in
//! the kernel until the next access that leaves the guest. A driver that counts
//! on a write to RDT being seen at once hangs there and nowhere else.

use crate::regs as r;
use std::collections::VecDeque;

/// Writes that fit into KVM's ring: one page of 24-byte entries, one kept free.
pub const ROOM: usize = 169;

/// Whether a write leaves the guest at once. Every read does.
pub fn heavy_write(offset: u32) -> bool {
    matches!(
        offset,
        r::MDIC | r::ICR | r::ICS | r::IMS | r::IMC | r::TCTL | r::TDT
    )
}

/// Writes the device has not seen yet, in order.
#[derive(Default)]
pub struct Coalescer {
    pub enabled: bool,
    waiting: VecDeque<(u32, u32)>,
}

impl Coalescer {
    /// Keeps a light write back, or says that it must be performed now.
    pub fn hold(&mut self, offset: u32, value: u32) -> bool {
        if !self.enabled || heavy_write(offset) || self.waiting.len() >= ROOM {
            return false;
        }
        self.waiting.push_back((offset, value));
        true
    }

    /// Hands out what waits, oldest first, ahead of a heavy access.
    pub fn take(&mut self) -> VecDeque<(u32, u32)> {
        std::mem::take(&mut self.waiting)
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_holds_nothing() {
        assert!(!Coalescer::default().hold(r::RDT, 1));
    }

    #[test]
    fn light_writes_wait_until_the_ring_is_full() {
        let mut c = Coalescer {
            enabled: true,
            ..Coalescer::default()
        };
        for n in 0..ROOM as u32 {
            assert!(c.hold(r::RDT, n));
        }
        assert!(!c.hold(r::RDT, 999), "the 170th leaves the guest");
        assert!(c.take().into_iter().map(|(_, v)| v).eq(0..ROOM as u32));
        assert!(c.hold(r::RCTL, 0));
    }

    #[test]
    fn heavy_writes_never_wait() {
        let mut c = Coalescer {
            enabled: true,
            ..Coalescer::default()
        };
        for offset in [r::MDIC, r::ICR, r::ICS, r::IMS, r::IMC, r::TCTL, r::TDT] {
            assert!(!c.hold(offset, 0));
        }
        for offset in [r::RDT, r::ITR, r::RCTL, r::EECD, r::CTRL] {
            assert!(c.hold(offset, 0));
        }
    }
}
