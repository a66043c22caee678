// SPDX-License-Identifier: GPL-2.0

//! Receive filters and the receiver's mode (manual sections 3.2.1, 13.4.22, 13.5.1 and 13.5.4).
//!
//! The tables and `RCTL` have shadows, and only what differs is written: a light write costs
//! little, but every write of `RCTL` stops QEMU's receiver for a second, and a read is heavy. After
//! the chip lost its state the shadows must be told so (`forget`).

use kernel::{
    io::register::Array,
    prelude::*, //
};

use super::{
    Address,
    Regs, //
};

use crate::hw::regs::{
    RxBufferSize,
    MTA,
    RCTL,
    VFTA, //
};

/// Words in `MTA` and in `VFTA`.
pub(crate) const TABLE_WORDS: usize = 128;

/// A table of 4096 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bits([u32; TABLE_WORDS]);

impl Bits {
    /// No bit set: nothing passes.
    pub(crate) const NONE: Self = Self([0; TABLE_WORDS]);
    /// All bits set: everything passes.
    pub(crate) const ALL: Self = Self([u32::MAX; TABLE_WORDS]);

    /// Returns the word and the bit in it of entry `entry`, of which the lower 12 bits count.
    const fn place(entry: u16) -> (usize, u32) {
        // CAST: u16 to usize keeps the value.
        ((entry >> 5) as usize & (TABLE_WORDS - 1), 1 << (entry & 31))
    }

    /// Sets or clears entry `entry`.
    pub(crate) fn assign(&mut self, entry: u16, on: bool) {
        let (index, bit) = Self::place(entry);
        if let Some(word) = self.0.get_mut(index) {
            if on {
                *word |= bit;
            } else {
                *word &= !bit;
            }
        }
    }

    /// Sets entry `entry`.
    pub(crate) fn insert(&mut self, entry: u16) {
        self.assign(entry, true);
    }

    /// Returns whether entry `entry` is set.
    pub(crate) fn contains(&self, entry: u16) -> bool {
        let (index, bit) = Self::place(entry);
        self.0.get(index).is_some_and(|word| word & bit != 0)
    }
}

/// Returns the entry of `MTA` that decides on multicast `address`, with `RCTL.MO` 0: bits 47 to 36
/// of the address, the last byte highest (13.5.1).
pub(crate) const fn multicast_hash(address: &Address) -> u16 {
    // CAST: u8 to u16 keeps the values.
    (address[5] as u16) << 4 | (address[4] as u16) >> 4
}

/// A filter table of the chip with the driver's copy of it.
struct Table {
    shadow: Bits,
    /// Whether the chip has what the shadow says.
    known: bool,
}

impl Table {
    const fn new() -> Self {
        Self {
            shadow: Bits::NONE,
            known: false,
        }
    }

    /// Calls `write` for every word that differs from `bits`, or for all if they are not known, and
    /// remembers them. Returns how many.
    fn commit(&mut self, bits: &Bits, mut write: impl FnMut(usize, u32)) -> usize {
        let known = self.known;
        let pairs = self.shadow.0.iter_mut().zip(bits.0.iter());
        let mut count = 0usize;
        for (index, (old, new)) in pairs.enumerate() {
            if !known || *old != *new {
                write(index, *new);
                *old = *new;
                count = count.wrapping_add(1);
            }
        }
        self.known = true;
        count
    }
}

/// The multicast table (13.5.1).
pub(crate) struct Multicast(Table);

impl Multicast {
    /// Returns the shadow of a table about which nothing is known.
    pub(crate) const fn new() -> Self {
        Self(Table::new())
    }

    /// Says that the chip has lost its table.
    pub(crate) fn forget(&mut self) {
        self.0.known = false;
    }

    /// Makes the chip's table equal to `bits`: one light access for each word that differs. Returns
    /// how many.
    pub(crate) fn commit(&mut self, io: impl Regs, bits: &Bits) -> usize {
        self.0.commit(bits, |index, word| {
            if let Some(place) = MTA::try_at(index) {
                // The table is as large as the chip's.
                let _ = io.try_write(place, MTA::from_raw(word));
            }
        })
    }
}

/// The VLAN table (13.5.4). It counts only with `RCTL.VFE`.
pub(crate) struct Vlans(Table);

impl Vlans {
    /// Returns the shadow of a table about which nothing is known.
    pub(crate) const fn new() -> Self {
        Self(Table::new())
    }

    /// Says that the chip has lost its table.
    pub(crate) fn forget(&mut self) {
        self.0.known = false;
    }

    /// Makes the chip's table equal to `bits`: one light access for each word that differs. Returns
    /// how many.
    pub(crate) fn commit(&mut self, io: impl Regs, bits: &Bits) -> usize {
        self.0.commit(bits, |index, word| {
            if let Some(place) = VFTA::try_at(index) {
                // The table is as large as the chip's.
                let _ = io.try_write(place, VFTA::from_raw(word));
            }
        })
    }
}

/// How the receiver is to work (13.4.22).
///
/// "All multicast" is not here: `Bits::ALL` in the multicast table does it without a write of
/// `RCTL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RxMode {
    /// Receive at all.
    pub(crate) enabled: bool,
    /// Receive every frame, in any VLAN.
    pub(crate) promisc: bool,
    /// Receive frames to any station.
    pub(crate) all_unicast: bool,
    /// Size of the receive buffers.
    pub(crate) buffer: RxBufferSize,
    /// Strip the FCS from frames.
    pub(crate) strip_crc: bool,
    /// Receive frames longer than 1522 bytes.
    pub(crate) long_packets: bool,
    /// Receive damaged frames too.
    pub(crate) store_bad: bool,
    /// Filter tagged frames by the VLAN table.
    pub(crate) vlan_filter: bool,
}

impl RxMode {
    /// The mode that needs changing least: long packets always, FCS stripped, VLAN filter on (with
    /// a table that may let all pass).
    pub(crate) const DEFAULT: Self = Self {
        enabled: true,
        promisc: false,
        all_unicast: false,
        buffer: RxBufferSize::B2048,
        strip_crc: true,
        long_packets: true,
        store_bad: false,
        vlan_filter: true,
    };

    /// Returns the value of `RCTL`: broadcasts accepted, no loopback, `RXDMT0` at 1/2 of the ring,
    /// hash from bits 47:36.
    ///
    /// In promiscuous mode the VLAN filter is off, as it drops frames to any address.
    pub(crate) fn rctl(self) -> RCTL {
        RCTL::zeroed()
            .with_en(self.enabled)
            .with_sbp(self.store_bad)
            .with_upe(self.promisc || self.all_unicast)
            .with_mpe(self.promisc)
            .with_lpe(self.long_packets)
            .with_bam(true)
            .with_vfe(self.vlan_filter && !self.promisc)
            .with_secrc(self.strip_crc)
            .with_buffer_size(self.buffer)
    }
}

/// The receive control register with the driver's copy of it.
pub(crate) struct RxControl {
    shadow: Option<RCTL>,
}

impl RxControl {
    /// Returns the shadow of a register about which nothing is known.
    pub(crate) const fn new() -> Self {
        Self { shadow: None }
    }

    /// Says that the chip has lost its setting.
    pub(crate) fn forget(&mut self) {
        self.shadow = None;
    }

    /// Returns whether [`Self::apply`] with `mode` would write.
    pub(crate) fn would_write(&self, mode: RxMode) -> bool {
        self.shadow != Some(mode.rctl())
    }

    /// Makes the receiver work as `mode` says, if it does not yet: at most one light access, with a
    /// second's pause in QEMU. Returns whether it was written.
    pub(crate) fn apply(&mut self, io: impl Regs, mode: RxMode) -> bool {
        if !self.would_write(mode) {
            return false;
        }
        let rctl = mode.rctl();
        io.write_reg(rctl);
        self.shadow = Some(rctl);
        true
    }
}

/// All filters of the receiver, with the driver's copies of them.
pub(crate) struct Filters {
    /// The multicast table.
    pub(crate) multicast: Multicast,
    /// The VLAN table.
    pub(crate) vlans: Vlans,
    /// The receive control register.
    pub(crate) control: RxControl,
}

impl Filters {
    /// Returns the shadows of filters about which nothing is known.
    pub(crate) const fn new() -> Self {
        Self {
            multicast: Multicast::new(),
            vlans: Vlans::new(),
            control: RxControl::new(),
        }
    }

    /// Says that the chip has lost all its filters.
    pub(crate) fn forget(&mut self) {
        self.multicast.forget();
        self.vlans.forget();
        self.control.forget();
    }
}

#[kunit_tests(e1000_hw_mac_filter)]
mod tests {
    use super::*;
    use crate::hw::fake::FakeChip;

    #[test]
    fn hashes() {
        for (address, hash) in [
            ([0x01, 0x00, 0x5e, 0x00, 0x00, 0x00], 0x000),
            ([0x01, 0x00, 0x5e, 0x00, 0x0f, 0x00], 0x000),
            ([0x01, 0x00, 0x5e, 0x00, 0x10, 0x00], 0x001),
            ([0x01, 0x00, 0x5e, 0x00, 0x00, 0x01], 0x010),
            ([0x33, 0x33, 0x00, 0x00, 0x00, 0xfb], 0xfb0),
            ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 0xfff),
        ] {
            assert_eq!(multicast_hash(&address), hash);
        }
    }

    #[test]
    fn bits() {
        let mut bits = Bits::NONE;
        for entry in [0, 31, 32, 4095] {
            bits.insert(entry);
            assert!(bits.contains(entry));
        }
        for entry in [1, 30, 33, 4094] {
            assert!(!bits.contains(entry));
        }
        assert_eq!(bits.0[0], 0x8000_0001);
        assert_eq!(bits.0[127], 0x8000_0000);
        // Only 12 bits count.
        assert!(bits.contains(4096));
        bits.assign(4095, false);
        assert_eq!(bits.0[127], 0);
    }

    #[test]
    fn tables_write_differences() -> Result {
        let chip = FakeChip::new()?;
        let mut table = Multicast::new();
        let mut bits = Bits::NONE;

        assert_eq!(table.commit(&chip, &bits), 128);
        assert_eq!(table.commit(&chip, &bits), 0);
        bits.insert(0xfff);
        assert_eq!(table.commit(&chip, &bits), 1);
        assert_eq!(chip.get(0x53fc), 0x8000_0000);
        assert_eq!(table.commit(&chip, &Bits::ALL), 128);
        table.forget();
        assert_eq!(table.commit(&chip, &Bits::ALL), 128);

        let mut vlans = Vlans::new();
        bits = Bits::NONE;
        bits.insert(100);
        assert_eq!(vlans.commit(&chip, &bits), 128);
        assert_eq!(chip.get(0x560c), 0x10);
        assert_eq!(chip.reads(), 0);
        Ok(())
    }

    #[test]
    fn rctl_is_written_only_on_change() -> Result {
        let chip = FakeChip::new()?;
        let mut control = RxControl::new();
        let mode = RxMode::DEFAULT;

        assert!(control.apply(&chip, mode));
        assert!(!control.apply(&chip, mode));
        assert_eq!(chip.writes_at(0x100), 1);
        // EN, LPE, BAM, VFE, SECRC.
        assert_eq!(chip.get(0x100), 0x0404_8022);

        let promisc = RxMode {
            promisc: true,
            ..mode
        };
        assert!(control.apply(&chip, promisc));
        assert_eq!(chip.get(0x100), 0x0400_803a);

        // UPE alone.
        let all_unicast = RxMode {
            all_unicast: true,
            ..mode
        };
        assert!(control.apply(&chip, all_unicast));
        assert_eq!(chip.get(0x100), 0x0404_802a);
        assert!(control.apply(&chip, promisc));

        control.forget();
        assert!(control.would_write(promisc));
        Ok(())
    }

    #[test]
    fn buffer_sizes() {
        for (buffer, bits) in [
            (RxBufferSize::B2048, 0),
            (RxBufferSize::B4096, 0x0203_0000),
            (RxBufferSize::B8192, 0x0202_0000),
            (RxBufferSize::B16384, 0x0201_0000),
        ] {
            let rctl = RxMode {
                buffer,
                ..RxMode::DEFAULT
            }
            .rctl();
            assert_eq!(rctl.into_raw() & 0x0203_0000, bits);
            assert_eq!(RxBufferSize::holding(buffer.bytes()), buffer);
        }
        assert_eq!(RxBufferSize::holding(2049), RxBufferSize::B4096);
        assert_eq!(RxBufferSize::holding(0), RxBufferSize::B2048);
        assert_eq!(RxBufferSize::holding(u32::MAX), RxBufferSize::B16384);
    }
}
