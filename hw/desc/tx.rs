// SPDX-License-Identifier: GPL-2.0

//! Transmit descriptors (manual sections 3.3.3, 3.3.6 and 3.3.7).

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

static_assert!(size_of::<TxDesc>() == size_of::<Raw>());
static_assert!(size_of::<TxControl>() == 8);

bitfield! {
    /// Second word of a data descriptor (3.3.7.1), and with `dext` clear of a legacy one (3.3.3).
    pub(crate) struct TxControl(u64) {
        /// Bytes at the address (`DTALEN`; 16 bits only in a legacy descriptor and in QEMU).
        19:0 length;
        /// Type of extended descriptor: 0 = context, 1 = data. Legacy: checksum offset.
        23:20 dtyp;
        /// End of packet.
        24:24 eop => bool;
        /// Insert FCS. Must be set in the same descriptors as `eop`.
        25:25 ifcs => bool;
        /// TCP segmentation enable; in data descriptors only.
        26:26 tse => bool;
        /// Report status: set DD when done.
        27:27 rs => bool;
        /// Report packet sent (82544 only).
        28:28 rps => bool;
        /// Descriptor extension: not a legacy descriptor.
        29:29 dext => bool;
        /// VLAN packet enable: insert the tag of `special`.
        30:30 vle => bool;
        /// Interrupt delay enable.
        31:31 ide => bool;
        /// Descriptor done, written by the chip.
        32:32 dd => bool;
        /// Excess collisions, written by the chip.
        33:33 ec => bool;
        /// Late collision, written by the chip.
        34:34 lc => bool;
        /// Insert the IP checksum (first data descriptor of a packet).
        40:40 ixsm => bool;
        /// Insert the TCP/UDP checksum (first data descriptor of a packet).
        41:41 txsm => bool;
        /// VLAN tag.
        63:48 special;
    }
}

/// What a data descriptor asks of the chip besides sending its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TxFlags {
    /// Last descriptor of the packet; also has the FCS appended, but for `no_fcs`.
    pub(crate) eop: bool,
    /// Report status: have DD set, and `ICR.TXDW` raised.
    pub(crate) rs: bool,
    /// The packet is to be cut into segments as the last context with `tse` says. In all
    /// descriptors of the packet or in none.
    pub(crate) tse: bool,
    /// Insert the IPv4 header checksum. Counts in the packet's first descriptor.
    pub(crate) ixsm: bool,
    /// Insert the TCP or UDP checksum. Counts in the packet's first descriptor.
    pub(crate) txsm: bool,
    /// Delay the interrupt by `TIDV`.
    pub(crate) ide: bool,
    /// VLAN tag to insert, if `CTRL.VME` is set. Counts in the packet's last descriptor on the
    /// chip (3.3.6), so give it in every one.
    pub(crate) vlan: Option<u16>,
    /// The packet brings its FCS.
    pub(crate) no_fcs: bool,
}

/// Fields of a context descriptor (3.3.6): where the checksums go, and how to segment.
///
/// The chip keeps two contexts, one for `tse` and one for plain checksums, until it is given the
/// next of the same kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContextFields {
    /// IP checksum start: offset of the IP header.
    pub(crate) ipcss: u8,
    /// IP checksum offset: where to put it.
    pub(crate) ipcso: u8,
    /// IP checksum end: last byte covered; 0 = to the end of the packet.
    pub(crate) ipcse: u16,
    /// TCP/UDP checksum start: offset of the transport header.
    pub(crate) tucss: u8,
    /// TCP/UDP checksum offset: where to put it.
    pub(crate) tucso: u8,
    /// TCP/UDP checksum end; 0 = to the end of the packet.
    pub(crate) tucse: u16,
    /// Payload of the packet to segment, without headers; less than 1 MiB.
    pub(crate) paylen: u32,
    /// Length of all headers to repeat.
    pub(crate) hdrlen: u8,
    /// Payload of each segment.
    pub(crate) mss: u16,
    /// TCP (else UDP).
    pub(crate) tcp: bool,
    /// IPv4 (else IPv6): has a header checksum and an identification to count up.
    pub(crate) ipv4: bool,
    /// For segmentation (else for checksums only).
    pub(crate) tse: bool,
}

bitfield! {
    /// First word of a context descriptor (3.3.6).
    struct ContextOffsets(u64) {
        7:0 ipcss;
        15:8 ipcso;
        31:16 ipcse;
        39:32 tucss;
        47:40 tucso;
        63:48 tucse;
    }
}

bitfield! {
    /// Second word of a context descriptor (3.3.6).
    struct ContextControl(u64) {
        19:0 paylen;
        23:20 dtyp;
        24:24 tcp => bool;
        25:25 ip => bool;
        26:26 tse => bool;
        27:27 rs => bool;
        29:29 dext => bool;
        31:31 ide => bool;
        32:32 dd => bool;
        47:40 hdrlen;
        63:48 mss;
    }
}

/// A transmit descriptor of any kind, in host order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TxDesc {
    /// Buffer address; of a context the offsets.
    addr: u64,
    /// Length, command, status and options.
    ctrl: u64,
}

impl TxDesc {
    /// A descriptor that is nothing and was never done.
    pub(crate) const EMPTY: Self = Self { addr: 0, ctrl: 0 };

    /// Returns a data descriptor for `len` bytes at DMA address `addr` (3.3.7).
    ///
    /// `len` of 0 is not allowed by the manual. See `Model::max_tx_segment` for its bound.
    #[inline]
    pub(crate) fn data(addr: u64, len: u16, flags: TxFlags) -> Self {
        let ctrl = TxControl::zeroed()
            .with_length(len)
            .with_const_dtyp::<1>()
            .with_dext(true)
            .with_eop(flags.eop)
            .with_ifcs(flags.eop && !flags.no_fcs)
            .with_rs(flags.rs)
            .with_tse(flags.tse)
            .with_ide(flags.ide)
            .with_ixsm(flags.ixsm)
            .with_txsm(flags.txsm)
            .with_vle(flags.vlan.is_some())
            .with_special(flags.vlan.unwrap_or(0));
        Self {
            addr,
            ctrl: ctrl.into_raw(),
        }
    }

    /// Returns a legacy descriptor for `len` bytes at DMA address `addr` (3.3.3).
    ///
    /// The fields `tse`, `ixsm` and `txsm` of `flags` do not exist here and are ignored.
    #[inline]
    pub(crate) fn legacy(addr: u64, len: u16, flags: TxFlags) -> Self {
        let ctrl = TxControl::zeroed()
            .with_length(len)
            .with_eop(flags.eop)
            .with_ifcs(flags.eop && !flags.no_fcs)
            .with_rs(flags.rs)
            .with_ide(flags.ide)
            .with_vle(flags.vlan.is_some())
            .with_special(flags.vlan.unwrap_or(0));
        Self {
            addr,
            ctrl: ctrl.into_raw(),
        }
    }

    /// Returns a context descriptor (3.3.6). It sends nothing.
    ///
    /// # Errors
    ///
    /// `EOVERFLOW` if `paylen` does not fit into 20 bits.
    #[inline]
    pub(crate) fn context(fields: &ContextFields) -> Result<Self> {
        let offsets = ContextOffsets::zeroed()
            .with_ipcss(fields.ipcss)
            .with_ipcso(fields.ipcso)
            .with_ipcse(fields.ipcse)
            .with_tucss(fields.tucss)
            .with_tucso(fields.tucso)
            .with_tucse(fields.tucse);
        let ctrl = ContextControl::zeroed()
            .try_with_paylen(fields.paylen)?
            .with_dext(true)
            .with_tcp(fields.tcp)
            .with_ip(fields.ipv4)
            .with_tse(fields.tse)
            .with_hdrlen(fields.hdrlen)
            .with_mss(fields.mss);
        Ok(Self {
            addr: offsets.into_raw(),
            ctrl: ctrl.into_raw(),
        })
    }

    /// Returns the descriptor with report status set.
    #[inline]
    pub(crate) fn with_rs(self) -> Self {
        Self {
            ctrl: TxControl::from_raw(self.ctrl).with_rs(true).into_raw(),
            ..self
        }
    }

    /// Returns the descriptor with or without the delay of its interrupt by `TIDV` and `TADV`.
    #[inline]
    pub(crate) fn with_ide(self, ide: bool) -> Self {
        Self {
            ctrl: TxControl::from_raw(self.ctrl).with_ide(ide).into_raw(),
            ..self
        }
    }

    /// Returns the second word.
    #[inline]
    pub(crate) fn control(self) -> TxControl {
        TxControl::from_raw(self.ctrl)
    }

    /// Returns the first word: the buffer's DMA address.
    #[inline]
    pub(crate) fn addr(self) -> u64 {
        self.addr
    }

    /// Returns the descriptor as the chip reads it.
    #[inline]
    pub(crate) fn to_raw(self) -> Raw {
        [self.addr.to_le(), self.ctrl.to_le()]
    }

    /// Returns what is in memory as a descriptor.
    #[inline]
    pub(crate) fn from_raw(raw: Raw) -> Self {
        let [addr, ctrl] = raw;
        Self {
            addr: u64::from_le(addr),
            ctrl: u64::from_le(ctrl),
        }
    }

    /// Returns whether the chip is done with the descriptor (DD).
    #[inline]
    pub(crate) fn done(self) -> bool {
        self.control().dd()
    }

    /// Stores the descriptor in slot `index` of `ring`.
    ///
    /// # Errors
    ///
    /// `ERANGE` if there is no such slot.
    #[inline]
    pub(crate) fn store(self, ring: &Descriptors, index: usize) -> Result {
        let [addr, ctrl] = self.to_raw();
        let slot = slot(ring, index)?;
        io_write!(slot, [build: 0], addr);
        io_write!(slot, [build: 1], ctrl);
        Ok(())
    }

    /// Returns whether the chip is done with slot `index` of `ring` (DD): one 8-byte load.
    ///
    /// # Errors
    ///
    /// `ERANGE` if there is no such slot.
    #[inline]
    pub(crate) fn is_done(ring: &Descriptors, index: usize) -> Result<bool> {
        let ctrl = io_read!(slot(ring, index)?, [build: 1]);
        Ok(TxControl::from_raw(u64::from_le(ctrl)).dd())
    }

    /// Returns slot `index` of `ring`, for dumps.
    ///
    /// # Errors
    ///
    /// `ERANGE` if there is no such slot.
    pub(crate) fn load(ring: &Descriptors, index: usize) -> Result<Self> {
        let slot = slot(ring, index)?;
        let addr = io_read!(slot, [build: 0]);
        let ctrl = io_read!(slot, [build: 1]);
        Ok(Self::from_raw([addr, ctrl]))
    }
}

#[kunit_tests(e1000_hw_desc_tx)]
mod tests {
    use super::*;

    #[test]
    fn data() {
        let flags = TxFlags {
            eop: true,
            rs: true,
            txsm: true,
            vlan: Some(0xabcd),
            ..TxFlags::default()
        };
        let desc = TxDesc::data(0x1234_5678_9abc_def0, 0x5ea, flags);
        assert_eq!(desc.addr(), 0x1234_5678_9abc_def0);
        // DTYP 1, EOP | IFCS | RS | DEXT | VLE, TXSM, tag.
        assert_eq!(desc.control().into_raw(), 0xabcd_0200_6b10_05ea);
        assert!(!desc.done());
        assert_eq!(TxDesc::from_raw(desc.to_raw()), desc);
        // The same without IFCS.
        let flags = TxFlags {
            no_fcs: true,
            ..flags
        };
        assert_eq!(
            TxDesc::data(0, 0x5ea, flags).control().into_raw(),
            0xabcd_0200_6910_05ea
        );
    }

    #[test]
    fn data_lengths() {
        for len in [1u16, 4095, 4096, 16288, u16::MAX] {
            let desc = TxDesc::data(0, len, TxFlags::default());
            assert_eq!(desc.control().length().get(), u64::from(len));
            assert_eq!(desc.control().into_raw(), 0x2010_0000 | u64::from(len));
        }
    }

    #[test]
    fn legacy() {
        let flags = TxFlags {
            eop: true,
            tse: true,
            ixsm: true,
            txsm: true,
            ..TxFlags::default()
        };
        let desc = TxDesc::legacy(0x1000, 60, flags).with_rs();
        assert_eq!(desc.control().into_raw(), 0x0b00_003c);
        assert!(!desc.control().dext());
    }

    #[test]
    fn context() -> Result {
        let fields = ContextFields {
            ipcss: 14,
            ipcso: 24,
            ipcse: 33,
            tucss: 34,
            tucso: 50,
            tucse: 0,
            paylen: 0xf_ffff,
            hdrlen: 54,
            mss: 1460,
            tcp: true,
            ipv4: true,
            tse: true,
        };
        let desc = TxDesc::context(&fields)?;
        assert_eq!(desc.addr(), 0x0000_3222_0021_180e);
        assert_eq!(desc.control().into_raw(), 0x05b4_3600_270f_ffff);
        assert!(TxDesc::context(&ContextFields {
            paylen: 0x10_0000,
            ..fields
        })
        .is_err());
        Ok(())
    }

    #[test]
    fn done() {
        assert!(TxDesc::from_raw([0, (1u64 << 32).to_le()]).done());
        assert!(!TxDesc::from_raw([0, (0xfu64 << 28).to_le()]).done());
    }
}
