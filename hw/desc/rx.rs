// SPDX-License-Identifier: GPL-2.0

//! Receive descriptors (manual section 3.2.3).

use core::mem::size_of;

use kernel::{
    bitfield,
    build_assert::static_assert,
    io::{
        io_read,
        io_write, //
    },
    prelude::*, //
};

use super::{
    slot,
    Descriptors,
    Raw, //
};

static_assert!(size_of::<RxDesc>() == size_of::<Raw>());
static_assert!(size_of::<RxWriteback>() == 8);

bitfield! {
    /// Second word of a receive descriptor, written by the chip (3.2.3).
    ///
    /// QEMU: sets bits of the status but clears only DD and EOP, and never writes checksum and
    /// errors; so the word must be zeroed whenever the descriptor is handed over.
    pub(crate) struct RxWriteback(u64) {
        /// Bytes written to the buffer; with the FCS unless `RCTL.SECRC`.
        15:0 length;
        /// Packet checksum from `RXCSUM.PCSS` on.
        31:16 csum;
        /// Descriptor done.
        32:32 dd => bool;
        /// End of packet.
        33:33 eop => bool;
        /// Ignore the checksum indications.
        34:34 ixsm => bool;
        /// The packet had a VLAN tag, now in `special`.
        35:35 vp => bool;
        /// The TCP/UDP checksum was calculated.
        37:37 tcpcs => bool;
        /// The IP checksum was calculated.
        38:38 ipcs => bool;
        /// The address matched inexactly (by hash).
        39:39 pif => bool;
        /// CRC or alignment error.
        40:40 ce => bool;
        /// Symbol error (TBI mode).
        41:41 se => bool;
        /// Sequence error (TBI mode).
        42:42 seq => bool;
        /// Carrier extension error.
        44:44 cxe => bool;
        /// TCP/UDP checksum error.
        45:45 tcpe => bool;
        /// IP checksum error.
        46:46 ipe => bool;
        /// Receive data error.
        47:47 rxe => bool;
        /// VLAN tag.
        63:48 special;
    }
}

impl RxWriteback {
    /// Returns whether the frame is damaged: CRC, symbol, sequence, carrier or data error (with
    /// `RCTL.SBP` such frames are delivered).
    #[inline]
    pub(crate) fn frame_error(self) -> bool {
        self.ce() || self.se() || self.seq() || self.cxe() || self.rxe()
    }

    /// Returns the VLAN tag the chip took out of the packet.
    #[inline]
    pub(crate) fn vlan(self) -> Option<u16> {
        self.vp().then(|| self.special().into())
    }

    /// Returns whether the chip found the TCP or UDP checksum good.
    ///
    /// `false` means unknown or bad.
    #[inline]
    pub(crate) fn csum_good(self) -> bool {
        !self.ixsm() && self.tcpcs() && !self.tcpe() && !self.ipe()
    }

    /// Returns whether the chip checked the TCP or UDP checksum and found it bad.
    #[inline]
    pub(crate) fn csum_bad(self) -> bool {
        !self.ixsm() && self.tcpcs() && self.tcpe()
    }

    /// Returns the length the chip claims; not to be trusted.
    #[inline]
    pub(crate) fn len(self) -> u16 {
        self.length().into()
    }
}

/// A receive descriptor, in host order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RxDesc {
    /// Buffer address.
    addr: u64,
    /// What the chip writes back.
    wb: u64,
}

impl RxDesc {
    /// Returns the descriptor that offers the buffer at DMA address `addr` (3.2.3).
    #[inline]
    pub(crate) const fn new(addr: u64) -> Self {
        Self { addr, wb: 0 }
    }

    /// Returns what the chip wrote back.
    #[inline]
    pub(crate) fn writeback(self) -> RxWriteback {
        RxWriteback::from_raw(self.wb)
    }

    /// Returns the descriptor as the chip reads it.
    #[inline]
    pub(crate) fn to_raw(self) -> Raw {
        [self.addr.to_le(), self.wb.to_le()]
    }

    /// Returns what is in memory as a descriptor.
    #[inline]
    pub(crate) fn from_raw(raw: Raw) -> Self {
        let [addr, wb] = raw;
        Self {
            addr: u64::from_le(addr),
            wb: u64::from_le(wb),
        }
    }

    /// Stores the descriptor in slot `index` of `ring`, clearing what was written back.
    ///
    /// # Errors
    ///
    /// `ERANGE` if there is no such slot.
    #[inline]
    pub(crate) fn store(self, ring: &Descriptors, index: usize) -> Result {
        let [addr, wb] = self.to_raw();
        let slot = slot(ring, index)?;
        io_write!(slot, [build: 0], addr);
        io_write!(slot, [build: 1], wb);
        Ok(())
    }

    /// Clears what was written back to slot `index` of `ring`, leaving the buffer.
    ///
    /// # Errors
    ///
    /// `ERANGE` if there is no such slot.
    #[inline]
    pub(crate) fn clear(ring: &Descriptors, index: usize) -> Result {
        io_write!(slot(ring, index)?, [build: 1], 0u64);
        Ok(())
    }

    /// Returns what the chip wrote back to slot `index` of `ring`: one 8-byte load, so that length
    /// and status belong together.
    ///
    /// # Errors
    ///
    /// `ERANGE` if there is no such slot.
    #[inline]
    pub(crate) fn read_writeback(ring: &Descriptors, index: usize) -> Result<RxWriteback> {
        let wb = io_read!(slot(ring, index)?, [build: 1]);
        Ok(RxWriteback::from_raw(u64::from_le(wb)))
    }

    /// Returns slot `index` of `ring`, for dumps.
    ///
    /// # Errors
    ///
    /// `ERANGE` if there is no such slot.
    pub(crate) fn load(ring: &Descriptors, index: usize) -> Result<Self> {
        let slot = slot(ring, index)?;
        let addr = io_read!(slot, [build: 0]);
        let wb = io_read!(slot, [build: 1]);
        Ok(Self::from_raw([addr, wb]))
    }
}

#[kunit_tests(e1000_hw_desc_rx)]
mod tests {
    use super::*;

    #[test]
    fn little_endian() {
        let raw = RxDesc::new(0x0102_0304_0506_0708).to_raw();
        assert_eq!(raw[0].to_ne_bytes(), [8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(raw[1], 0);
    }

    #[test]
    fn writeback() {
        let wb = RxWriteback::from_raw(0xefff_0000_0000_ffff);
        assert_eq!(wb.len(), 0xffff);
        assert!(!wb.dd());
        assert_eq!(wb.vlan(), None);

        let wb = RxWriteback::from_raw(0x0064_002b_0000_05ee);
        assert!(wb.dd() && wb.eop() && wb.vp() && wb.tcpcs());
        assert_eq!(wb.vlan(), Some(100));
        assert!(wb.csum_good());
        assert!(!wb.frame_error());
    }

    #[test]
    fn writeback_errors() {
        // Bit of the error byte, damages the frame, damages the checksum.
        for (bit, frame, csum) in [
            (0, true, false),
            (1, true, false),
            (2, true, false),
            (3, false, false),
            (4, true, false),
            (5, false, true),
            (6, false, false),
            (7, true, false),
        ] {
            let wb = RxWriteback::from_raw(0x23_0000_0000 | 1 << (40 + bit));
            assert_eq!(wb.frame_error(), frame);
            assert_eq!(wb.csum_bad(), csum);
        }
        // With IXSM nothing is said about the checksum.
        let wb = RxWriteback::from_raw(0x2027_0000_0000);
        assert!(!wb.csum_good() && !wb.csum_bad());
    }
}
