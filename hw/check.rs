// SPDX-License-Identifier: GPL-2.0

//! Checks of the register file for a self-test.
//!
//! Contexts: may sleep for nothing; some thousand heavy accesses. Where a check fails it says at
//! which register: its offset in the register space, which is never 0 for those checked here.

use kernel::{
    io::register::Array,
    prelude::*, //
};

use super::{
    check_present,
    mac::{
        self,
        Address, //
    },
    model::Model,
    regs::{
        FCAH,
        FCAL,
        FCTTV,
        ITR,
        MTA,
        RADV,
        RAH,
        RAL,
        RDBAH,
        RDBAL,
        RDLEN,
        RDTR,
        STATUS,
        TADV,
        TDBAH,
        TDBAL,
        TDLEN,
        TIPG,
        VFTA, //
    },
    Regs, //
};

/// What is written to each register.
const PATTERNS: [u32; 4] = [0x5a5a_5a5a, 0xa5a5_a5a5, 0, u32::MAX];

/// Offset of `STATUS`, for the device that is gone.
const AT_STATUS: u32 = 0x0008;

/// Writes all patterns, as far as `mask` goes, and returns whether they come back.
fn holds(mask: u32, write: impl Fn(u32), read: impl Fn() -> u32) -> bool {
    PATTERNS.into_iter().all(|pattern| {
        write(pattern & mask);
        (read() ^ pattern) & mask == 0
    })
}

/// Returns from the function with the offset if the register at it does not hold the patterns.
macro_rules! check {
    ($io:expr, $reg:ident @ $offset:expr, $mask:expr) => {
        if !holds(
            $mask,
            |value| $io.write_reg($reg::from_raw(value)),
            || $io.read($reg).into_raw(),
        ) {
            return Err($offset);
        }
    };
    ($io:expr, $reg:ident[$n:expr] @ $offset:expr, $mask:expr) => {
        if !holds(
            $mask,
            |value| {
                if let Some(at) = $reg::try_at($n) {
                    let _ = $io.try_write(at, $reg::from_raw(value));
                }
            },
            || {
                $reg::try_at($n)
                    .and_then(|at| $io.try_read(at).ok())
                    .map_or(0, $reg::into_raw)
            },
        ) {
            return Err($offset);
        }
    };
}

/// Checks that registers hold what is written to them, and destroys what they held. Receiver,
/// transmitter and interrupts must be off; a reset must follow.
///
/// Registers that no emulation of the chip has are checked only if one of them shows signs of
/// life: those of flow control if `flow` (see [`super::flow::is_present`]).
///
/// # Errors
///
/// The offset of the first register that does not.
pub(crate) fn registers(io: impl Regs, model: Model, flow: bool) -> Result<(), u32> {
    check_present(io.read(STATUS)).map_err(|_| AT_STATUS)?;

    // 13.4.25 to 13.4.31: the ring's address is 16-byte aligned, its length counts in 128 bytes.
    check!(io, RDBAL @ 0x2800, 0xffff_fff0);
    check!(io, RDBAH @ 0x2804, u32::MAX);
    check!(io, RDLEN @ 0x2808, 0x000f_ff80);
    check!(io, RDTR @ 0x2820, 0x0000_ffff);
    // 13.4.36 to 13.4.38.
    check!(io, TDBAL @ 0x3800, 0xffff_fff0);
    check!(io, TDBAH @ 0x3804, u32::MAX);
    check!(io, TDLEN @ 0x3808, 0x000f_ff80);
    if model.has_throttle() {
        check!(io, ITR @ 0x00c4, 0x0000_ffff);
        check!(io, RADV @ 0x282c, 0x0000_ffff);
        check!(io, TADV @ 0x382c, 0x0000_ffff);
    }
    if flow {
        check!(io, FCAL @ 0x0028, u32::MAX);
        check!(io, FCAH @ 0x002c, 0x0000_ffff);
        check!(io, FCTTV @ 0x0170, 0x0000_ffff);
        check!(io, TIPG @ 0x0410, 0x3fff_ffff);
    }

    // CAST: The indices are below 128.
    for n in 0..mac::RECEIVE_ADDRESSES {
        let offset = (8 * n) as u32;
        check!(io, RAL[n] @ offset.wrapping_add(0x5400), u32::MAX);
        check!(io, RAH[n] @ offset.wrapping_add(0x5404), 0x8003_ffff);
    }
    for n in 0..mac::TABLE_WORDS {
        let offset = (4 * n) as u32;
        check!(io, MTA[n] @ offset.wrapping_add(0x5200), u32::MAX);
        check!(io, VFTA[n] @ offset.wrapping_add(0x5600), u32::MAX);
    }
    Ok(())
}

/// Checks that the chip is there and its address filter holds `address`, without changing
/// anything: three heavy accesses.
///
/// # Errors
///
/// The offset of the register that is wrong.
pub(crate) fn alive(io: impl Regs, address: &Address) -> Result<(), u32> {
    check_present(io.read(STATUS)).map_err(|_| AT_STATUS)?;

    match mac::station_address(io) {
        Ok(Some(held)) if held == *address => Ok(()),
        _ => Err(0x5400),
    }
}

#[kunit_tests(e1000_hw_check)]
mod tests {
    use super::*;
    use crate::hw::fake::FakeChip;

    #[test]
    fn healthy() -> Result {
        let chip = FakeChip::new()?;
        assert_eq!(registers(&chip, Model::I82540Em, true), Ok(()));
        assert!(chip.writes_at(0x28) > 0);
        assert_eq!(chip.writes_at(0x5ffc - 0x800), 4);

        // None of what is not there is touched.
        let chip = FakeChip::new()?;
        assert_eq!(registers(&chip, Model::I82544Gc, false), Ok(()));
        for offset in [0x28, 0x410, 0xc4, 0x282c] {
            assert_eq!(chip.writes_at(offset), 0);
        }
        // And nothing that would start something.
        for offset in [0x100, 0x400, 0x2810, 0x2818, 0x3810, 0x3818, 0xd0] {
            assert_eq!(chip.writes_at(offset), 0);
        }
        Ok(())
    }

    #[test]
    fn broken() -> Result {
        // STATUS takes nothing; any register could be like that.
        let chip = FakeChip::new()?;
        chip.unplug();
        assert_eq!(registers(&chip, Model::I82540Em, false), Err(AT_STATUS));
        assert_eq!(
            alive(&chip, &[0x52, 0x54, 0, 0x12, 0x34, 0x56]),
            Err(AT_STATUS)
        );
        Ok(())
    }

    #[test]
    fn address() -> Result {
        let chip = FakeChip::new()?;
        assert_eq!(alive(&chip, &[0x52, 0x54, 0, 0x12, 0x34, 0x56]), Ok(()));
        assert_eq!(
            alive(&chip, &[0x52, 0x54, 0, 0x12, 0x34, 0x57]),
            Err(0x5400)
        );
        assert_eq!(chip.accesses(), chip.reads());
        Ok(())
    }
}
