// SPDX-License-Identifier: GPL-2.0

//! The members of the family and what sets them apart (manual sections 1.3 and 5.2).

use kernel::prelude::*;

/// PCI vendor id of Intel.
pub(crate) const VENDOR_ID: u16 = 0x8086;

/// The largest frame the chip takes in either direction, header and FCS included, in bytes.
///
/// The 8254x stores jumbo frames up to 16 KiB less some room for its own bookkeeping in the packet
/// buffer (manual section 13.4.22, `RCTL.LPE`).
pub(crate) const MAX_FRAME: u32 = 16128;

/// The largest MTU: [`MAX_FRAME`] less Ethernet header (14) and FCS (4).
pub(crate) const MAX_MTU: u32 = MAX_FRAME - 18;

/// Words of 16 bits in the EEPROM (manual section 5.6).
pub(crate) const EEPROM_WORDS: usize = 64;

/// A member of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    /// 82540EM, PCI device id 0x100e. QEMU's `e1000` is this one.
    I82540Em,
    /// 82545EM with copper PHY, PCI device id 0x100f. QEMU's `e1000-82545em`.
    I82545Em,
    /// 82544GC with copper PHY, PCI device id 0x100c. QEMU's `e1000-82544gc`.
    I82544Gc,
}

/// PCI device ids this driver binds to.
pub(crate) const DEVICE_IDS: [(u32, Model); 3] = [
    (0x100e, Model::I82540Em),
    (0x100f, Model::I82545Em),
    (0x100c, Model::I82544Gc),
];

impl Model {
    /// Returns the model with PCI device id `id`.
    pub(crate) fn from_device_id(id: u16) -> Option<Self> {
        DEVICE_IDS
            .iter()
            .find(|(known, _)| *known == u32::from(id))
            .map(|(_, model)| *model)
    }

    /// Returns the chip's name for messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::I82540Em => "82540EM",
            Self::I82545Em => "82545EM",
            Self::I82544Gc => "82544GC",
        }
    }

    /// Returns whether the chip has the interrupt throttle `ITR` and the absolute timers `RADV` and
    /// `TADV`.
    ///
    /// The manual's register summary (section 13.2) has them for all members but the 82544. QEMU
    /// honours them on all models; on a real 82544 a write to them is lost, and does no harm.
    pub(crate) const fn has_throttle(self) -> bool {
        !matches!(self, Self::I82544Gc)
    }

    /// Returns whether the chip has `MANC`, the management control (not the 82544).
    pub(crate) const fn has_manageability(self) -> bool {
        !matches!(self, Self::I82544Gc)
    }

    /// Returns whether the chip has `LEDCTL` (the 82544's LEDs follow the PHY alone).
    pub(crate) const fn has_ledctl(self) -> bool {
        !matches!(self, Self::I82544Gc)
    }

    /// Returns whether the chip can run in PCI-X mode, where the 82544 needs its buffers not to end
    /// on certain addresses.
    pub(crate) const fn has_pcix(self) -> bool {
        !matches!(self, Self::I82540Em)
    }

    /// Returns the most bytes one transmit descriptor may describe.
    ///
    /// The manual's limit for the family is 16288 (section 3.3.3). The 82544 is kept at one page,
    /// as its errata ask for small, simple requests. QEMU takes 65535 from all models, but nothing
    /// on the bus says that it is QEMU.
    pub(crate) const fn max_tx_segment(self) -> u32 {
        match self {
            Self::I82540Em | Self::I82545Em => 16288,
            Self::I82544Gc => 4096,
        }
    }
}

#[kunit_tests(e1000_hw_model)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        for (id, known) in [
            (0x100b, false),
            (0x100c, true),
            (0x100d, false),
            (0x100e, true),
            (0x100f, true),
            (0x1010, false),
            (0x0000, false),
            (0xffff, false),
        ] {
            assert_eq!(Model::from_device_id(id).is_some(), known);
        }
        assert_eq!(Model::from_device_id(0x100e), Some(Model::I82540Em));
    }

    #[test]
    fn limits() {
        assert_eq!(MAX_MTU, 16110);
        for (_, model) in DEVICE_IDS {
            assert!(model.max_tx_segment() <= 0xffff);
            assert!(model.max_tx_segment() >= 1);
        }
    }
}
