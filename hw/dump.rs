// SPDX-License-Identifier: GPL-2.0

//! A copy of the registers, for somebody to look at.
//!
//! Nothing here has a side effect on the chip: `ICR` and the statistics, which clear on reading,
//! are left out. (The PHY's status latches a lost link until it is read; nobody else reads it for
//! that.)
//!
//! Contexts: may sleep for nothing; some 90 heavy accesses.

use kernel::{
    io::register::Array,
    prelude::*, //
};

use super::{
    model::Model,
    phy::{
        self,
        Bmcr,
        Bmsr,
        PhyReg, //
    },
    regs::*,
    Regs, //
};

/// Version of the layout.
///
/// The first 32 words, with 1 in the version's top byte, are those of the C driver e1000; the
/// others follow.
pub(crate) const VERSION: u32 = 1;

/// Words of the C driver's layout.
const LEGACY: usize = 32;

/// Words in all.
pub(crate) const WORDS: usize = LEGACY + MAC_WORDS + PHY_REGS.len();

/// Number of the chip's registers after the first 32 words.
const MAC_WORDS: usize = 29;

/// PHY registers at the end: those that every M88 has.
const PHY_REGS: [u8; 12] = [
    Bmcr::ADDRESS,
    Bmsr::ADDRESS,
    2,
    3,
    4,
    5,
    6,
    9,
    10,
    16,
    17,
    20,
];

/// Fills `words`, of which there are [`WORDS`]. What cannot be read is all ones.
pub(crate) fn fill(io: impl Regs, model: Model, words: &mut [u32]) {
    let phy = |address| phy::read_raw(io, address).map_or(u32::MAX, u32::from);
    let pscr = phy(16);
    let pssr = phy(17);
    let gbsr = phy(10);
    let manc = if model.has_manageability() {
        io.read(MANC).into_raw()
    } else {
        0
    };

    #[rustfmt::skip]
    let legacy: [u32; LEGACY] = [
        /*  0 */ io.read(CTRL).into_raw(),
        /*  1 */ io.read(STATUS).into_raw(),
        /*  2 */ io.read(RCTL).into_raw(),
        /*  3 */ io.read(RDLEN).into_raw(),
        /*  4 */ io.read(RDH).into_raw(),
        /*  5 */ io.read(RDT).into_raw(),
        /*  6 */ io.read(RDTR).into_raw(),
        /*  7 */ io.read(TCTL).into_raw(),
        /*  8 */ io.read(TDLEN).into_raw(),
        /*  9 */ io.read(TDH).into_raw(),
        /* 10 */ io.read(TDT).into_raw(),
        /* 11 */ io.read(TIDV).into_raw(),
        /* 12: kind of PHY, M88 */ 0,
        /* 13: cable length */ pssr,
        0, 0, 0,
        /* 17: extended 10BASE-T distance */ pscr,
        /* 18: polarity */ pssr,
        0,
        /* 20: polarity correction */ pscr,
        0, 0,
        /* 23: MDI-X */ pssr,
        /* 24, 25: local and remote receiver */ gbsr, gbsr,
        /* 26 */ manc,
        0, 0, 0, 0, 0,
    ];
    #[rustfmt::skip]
    let mac: [u32; MAC_WORDS] = [
        /* 32 */ io.read(CTRL_EXT).into_raw(),
        /* 33 */ io.read(EECD).into_raw(),
        /* 34 */ io.read(FCAL).into_raw(),
        /* 35 */ io.read(FCAH).into_raw(),
        /* 36 */ io.read(FCT).into_raw(),
        /* 37 */ io.read(VET).into_raw(),
        /* 38 */ io.read(FCTTV).into_raw(),
        /* 39 */ io.read(LEDCTL).into_raw(),
        /* 40 */ io.read(PBA).into_raw(),
        /* 41 */ io.read(ITR).into_raw(),
        /* 42 */ io.read(IMS).into_raw(),
        /* 43 */ io.read(FCRTL).into_raw(),
        /* 44 */ io.read(FCRTH).into_raw(),
        /* 45 */ io.read(RDBAL).into_raw(),
        /* 46 */ io.read(RDBAH).into_raw(),
        /* 47 */ io.read(RXDCTL).into_raw(),
        /* 48 */ io.read(RADV).into_raw(),
        /* 49 */ io.read(RXCSUM).into_raw(),
        /* 50 */ io.read(TIPG).into_raw(),
        /* 51 */ io.read(AIT).into_raw(),
        /* 52 */ io.read(TDBAL).into_raw(),
        /* 53 */ io.read(TDBAH).into_raw(),
        /* 54 */ io.read(TXDCTL).into_raw(),
        /* 55 */ io.read(TADV).into_raw(),
        /* 56 */ io.read(RAL::at(0)).into_raw(),
        /* 57 */ io.read(RAH::at(0)).into_raw(),
        /* 58 */ io.read(WUC).into_raw(),
        /* 59 */ io.read(WUFC).into_raw(),
        /* 60 */ io.read(WUS).into_raw(),
    ];
    let mut words = words.iter_mut();

    for (value, word) in legacy.into_iter().zip(&mut words) {
        *word = value;
    }
    for (value, word) in mac.into_iter().zip(&mut words) {
        *word = value;
    }
    for (value, word) in PHY_REGS.into_iter().map(phy).zip(&mut words) {
        *word = value;
    }
}

#[kunit_tests(e1000_hw_dump)]
mod tests {
    use super::*;
    use crate::hw::fake::FakeChip;

    #[test]
    fn layout() -> Result {
        let chip = FakeChip::new()?;
        let mut words = [0x5555_5555; WORDS];

        for (offset, value) in [(0, 0x41), (0x2808, 4096), (0xd0, 0xdc), (0x5820, 0x22_2300)] {
            chip.set(offset, value);
        }
        chip.set(0xc0, 0x80);
        chip.set(0x4074, 7);
        fill(&chip, Model::I82540Em, &mut words);
        for (index, value) in [
            (0, 0x41),
            (1, 0x8008_0783),
            (3, 4096),
            (12, 0),
            (13, 0xac00),
            (17, 0x0360),
            (26, 0x22_2300),
            (31, 0),
            (42, 0xdc),
            (56, 0x1200_5452),
            (57, 0x8000_5634),
            (61, 0x1140),
            (63, 0x0141),
            (WORDS - 1, 0),
        ] {
            assert_eq!(words[index], value);
        }
        // What clears on reading is still there.
        assert_eq!(chip.get(0xc0), 0x80);
        assert_eq!(chip.get(0x4074), 7);
        Ok(())
    }

    #[test]
    fn gone() -> Result {
        let chip = FakeChip::new()?;
        let mut words = [0; WORDS];
        chip.unplug();
        fill(&chip, Model::I82540Em, &mut words);
        assert_eq!(words[1], u32::MAX);
        assert_eq!(words[WORDS - 1], u32::MAX);
        Ok(())
    }
}
