// SPDX-License-Identifier: GPL-2.0

//! The EEPROM: 64 words that hold the station address and the chip's settings (manual chapter 5,
//! sections 13.4.3 and 13.4.4).
//!
//! Reading goes through `EERD`; writing has no register and drives the pins of the Microwire bus by
//! hand. Contexts: all may sleep. Two users at a time must be kept apart by the caller.

use kernel::{
    io::poll::read_poll_timeout,
    prelude::*,
    time::{
        delay::{
            fsleep,
            udelay, //
        },
        Delta, //
    }, //
};

use super::{
    check_present,
    flow::FlowControl,
    model::EEPROM_WORDS,
    regs::{
        EECD,
        EERD, //
    },
    Regs, //
};

/// The whole EEPROM.
pub(crate) type Words = [u16; EEPROM_WORDS];

/// What all words add up to, modulo 2^16 (5.6.35).
const CHECKSUM: u16 = 0xbaba;

/// Reads word `index` through `EERD` (13.4.4): two heavy accesses or more.
///
/// # Errors
///
/// `EINVAL` if there is no such word, `ENODEV` if the device is gone, `ETIMEDOUT` if it does not
/// answer.
pub(crate) fn read_word(io: impl Regs, index: usize) -> Result<u16> {
    let addr = word_address(index)?;

    io.write_reg(EERD::zeroed().with_start(true).with_addr(addr));
    // TIMEOUT: a Microwire read takes 25 clocks of at least 1 us; 10 ms is hundreds of reads.
    let done = read_poll_timeout(
        || check_present(io.read(EERD)),
        |eerd| eerd.done(),
        Delta::from_micros(20),
        Delta::from_millis(10),
    )?;
    Ok(done.data().into())
}

/// Reads all words: 128 accesses.
///
/// # Errors
///
/// As [`read_word`].
pub(crate) fn read_all(io: impl Regs) -> Result<Words> {
    let mut words = [0; EEPROM_WORDS];
    for (index, word) in words.iter_mut().enumerate() {
        *word = read_word(io, index)?;
    }
    Ok(words)
}

/// Returns whether the words add up to 0xbaba (5.6.35).
pub(crate) fn checksum_ok(words: &Words) -> bool {
    words
        .iter()
        .fold(0, |sum: u16, word| sum.wrapping_add(*word))
        == CHECKSUM
}

/// Returns the words with the checksum word made right.
pub(crate) fn with_checksum(mut words: Words) -> Words {
    if let Some((last, others)) = words.split_last_mut() {
        let sum = others
            .iter()
            .fold(0, |sum: u16, word| sum.wrapping_add(*word));
        *last = CHECKSUM.wrapping_sub(sum);
    }
    words
}

/// Reads the station address from words 0 to 2 (5.6.1): six accesses or more.
///
/// Whether it is a usable address is for the caller to check.
///
/// # Errors
///
/// As [`read_word`].
pub(crate) fn mac_address(io: impl Regs) -> Result<[u8; 6]> {
    let [a, b] = read_word(io, 0)?.to_le_bytes();
    let [c, d] = read_word(io, 1)?.to_le_bytes();
    let [e, f] = read_word(io, 2)?.to_le_bytes();
    Ok([a, b, c, d, e, f])
}

/// Reads what word 0x0f says is to be offered of PAUSE frames (Initialization Control Word 2, bits
/// 13 and 12): two heavy accesses or more.
///
/// # Errors
///
/// As [`read_word`].
pub(crate) fn flow_control(io: impl Regs) -> Result<FlowControl> {
    Ok(match read_word(io, 0x0f)? >> 12 & 3 {
        0 => FlowControl::NONE,
        // Only the bit for asymmetric PAUSE: frames are sent, not obeyed.
        2 => FlowControl {
            rx: false,
            tx: true,
        },
        _ => FlowControl { rx: true, tx: true },
    })
}

/// Writes `value` to word `index` and reads it back.
///
/// # Errors
///
/// As [`read_word`], and `EIO` if the device does not store it: QEMU has no write opcode.
pub(crate) fn write_word(io: impl Regs, index: usize, value: u16) -> Result {
    let addr = word_address(index)?;
    if read_word(io, index)? == value {
        return Ok(());
    }
    let bus = Microwire::acquire(io)?;
    bus.write(addr, value)?;
    drop(bus);

    if read_word(io, index)? == value {
        Ok(())
    } else {
        Err(EIO)
    }
}

/// Makes the EEPROM hold `words`, of which it is known to hold `old`; writes what differs, and
/// tries to undo that if it fails, the word that failed included: it may have been erased.
///
/// # Errors
///
/// As [`write_word`].
pub(crate) fn replace(io: impl Regs, old: &Words, words: &Words) -> Result {
    for (index, (old_word, word)) in old.iter().zip(words).enumerate() {
        if old_word == word {
            continue;
        }
        if let Err(e) = write_word(io, index, *word) {
            for (index, (old_word, word)) in old
                .iter()
                .zip(words)
                .enumerate()
                .take(index.wrapping_add(1))
            {
                if old_word != word {
                    let _ = write_word(io, index, *old_word);
                }
            }
            return Err(e);
        }
    }
    Ok(())
}

/// Returns `index` as the EEPROM's address, if there is such a word.
fn word_address(index: usize) -> Result<u8> {
    if index < EEPROM_WORDS {
        Ok(u8::try_from(index)?)
    } else {
        Err(EINVAL)
    }
}

/// Opcodes of the Microwire bus: start bit and two bits (5.3).
#[derive(Clone, Copy)]
enum Opcode {
    /// Read a word.
    Read = 0b110,
    /// Write a word; erases it by itself.
    Write = 0b101,
    /// Erase a word to 0xffff.
    Erase = 0b111,
    /// Extended: the two upper address bits choose, 11 = write enable, 00 = write disable.
    Extended = 0b100,
}

/// The pins of the EEPROM, taken from the chip as long as this lives.
struct Microwire<R: Regs> {
    io: R,
    /// `EECD` with the request bit, and all pins low.
    idle: EECD,
    /// Number of address bits.
    address_bits: u32,
}

impl<R: Regs> Microwire<R> {
    /// Half a clock; the parts run at up to 1 MHz (5.3).
    const HALF_CLOCK: Delta = Delta::from_micros(1);

    /// Asks the chip for the pins (13.4.3).
    fn acquire(io: R) -> Result<Self> {
        let eecd = check_present(io.read(EECD))?;
        let idle = eecd
            .with_ee_req(true)
            .with_cs(false)
            .with_sk(false)
            .with_di(false);
        let bus = Self {
            io,
            idle,
            // EE_SIZE: 256 words instead of 64.
            address_bits: if eecd.ee_size() { 8 } else { 6 },
        };
        io.write_reg(idle);
        // TIMEOUT: the chip grants once its own access is over, at most all 64 words: 2 ms. The
        // 82544 grants at once.
        read_poll_timeout(
            || check_present(io.read(EECD)),
            |eecd| eecd.ee_gnt(),
            Delta::from_micros(50),
            Delta::from_millis(10),
        )?;
        Ok(bus)
    }

    /// Sets the pins.
    fn pins(&self, cs: bool, sk: bool, di: bool) {
        self.io
            .write_reg(self.idle.with_cs(cs).with_sk(sk).with_di(di));
        udelay(Self::HALF_CLOCK);
    }

    /// Shifts out the lowest `count` bits of `bits`, highest first.
    fn shift_out(&self, bits: u32, count: u32) {
        for bit in (0..count).rev() {
            let di = bits.checked_shr(bit).is_some_and(|bits| bits & 1 == 1);
            self.pins(true, false, di);
            self.pins(true, true, di);
        }
        self.pins(true, false, false);
    }

    /// Selects the EEPROM and gives it an opcode with its address.
    fn command(&self, opcode: Opcode, address: u32) {
        self.pins(true, false, false);
        // CAST: the values of the enum are three bits.
        self.shift_out(opcode as u32, 3);
        self.shift_out(address, self.address_bits);
    }

    /// Deselects the EEPROM, which starts what it was told to do.
    fn deselect(&self) {
        self.pins(false, false, false);
    }

    /// Selects the EEPROM and waits until it says that it is ready.
    fn wait_ready(&self) -> Result {
        self.pins(true, false, false);
        // TIMEOUT: a write takes at most 10 ms by the data sheets of the parts.
        let ready = read_poll_timeout(
            || check_present(self.io.read(EECD)),
            |eecd| eecd.data_out(),
            Delta::from_micros(100),
            Delta::from_millis(20),
        );
        self.deselect();
        ready.map(|_| ())
    }

    /// Enables or disables writing.
    fn write_enable(&self, enable: bool) {
        // The two upper address bits choose, whether there are 6 or 8; so all bits do.
        let choice = if enable { u32::MAX } else { 0 };
        self.command(Opcode::Extended, choice);
        self.deselect();
    }

    /// Reads a word, pin by pin.
    #[cfg_attr(not(CONFIG_KUNIT = "y"), allow(dead_code))]
    fn read(&self, address: u8) -> u16 {
        self.command(Opcode::Read, u32::from(address));
        let mut word = 0u16;
        for _ in 0..u16::BITS {
            self.pins(true, true, false);
            let bit = u16::from(self.io.read(EECD).data_out());
            word = word << 1 | bit;
            self.pins(true, false, false);
        }
        self.deselect();
        word
    }

    /// Erases and writes a word.
    fn write(&self, address: u8, value: u16) -> Result {
        self.write_enable(true);

        self.command(Opcode::Erase, u32::from(address));
        self.deselect();
        let mut result = self.wait_ready();

        if result.is_ok() {
            self.command(Opcode::Write, u32::from(address));
            self.shift_out(u32::from(value), u16::BITS);
            self.deselect();
            result = self.wait_ready();
        }

        self.write_enable(false);
        result
    }
}

impl<R: Regs> Drop for Microwire<R> {
    fn drop(&mut self) {
        self.deselect();
        self.io.write_reg(self.idle.with_ee_req(false));
        // The chip needs a moment before it can use the pins itself.
        fsleep(Delta::from_micros(50));
    }
}

#[kunit_tests(e1000_hw_eeprom)]
mod tests {
    use super::*;
    use crate::hw::fake::FakeChip;

    #[test]
    fn words() -> Result {
        let chip = FakeChip::new()?;
        assert_eq!(read_word(&chip, 0)?, 0x5452);
        assert_eq!(chip.accesses(), 2);
        assert!(read_word(&chip, 63).is_ok());
        assert_eq!(read_word(&chip, 64), Err(EINVAL));
        assert_eq!(read_word(&chip, usize::MAX), Err(EINVAL));
        assert_eq!(mac_address(&chip)?, [0x52, 0x54, 0x00, 0x12, 0x34, 0x56]);
        Ok(())
    }

    #[test]
    fn checksum() -> Result {
        let chip = FakeChip::new()?;
        let words = read_all(&chip)?;
        assert!(checksum_ok(&words));
        assert_eq!(with_checksum(words), words);

        let mut bad = words;
        bad[17] = bad[17].wrapping_add(1);
        assert!(!checksum_ok(&bad));
        assert!(checksum_ok(&with_checksum(bad)));
        assert!(!checksum_ok(&[0; 64]));
        assert!(!checksum_ok(&[0xffff; 64]));
        Ok(())
    }

    #[test]
    fn stuck_or_gone() -> Result {
        let chip = FakeChip::new()?;
        chip.freeze();
        assert_eq!(read_word(&chip, 0), Err(ETIMEDOUT));
        chip.unplug();
        assert_eq!(read_word(&chip, 0), Err(ENODEV));
        assert_eq!(write_word(&chip, 0, 1), Err(ENODEV));
        Ok(())
    }

    #[test]
    fn flow_control_of_word_0f() -> Result {
        let chip = FakeChip::new()?;

        chip.allow_eeprom_writes();
        for (word, rx, tx) in [
            (0x0fff, false, false),
            (0x1000, true, true),
            (0xe040, false, true),
            (0x3040, true, true),
        ] {
            write_word(&chip, 0x0f, word)?;
            assert_eq!(flow_control(&chip), Ok(FlowControl { rx, tx }));
        }
        chip.unplug();
        assert_eq!(flow_control(&chip), Err(ENODEV));
        Ok(())
    }

    #[test]
    fn microwire_reads_what_eerd_reads() -> Result {
        let chip = FakeChip::new()?;
        let bus = Microwire::acquire(&chip)?;
        for index in [0u8, 1, 2, 31, 32, 62, 63] {
            assert_eq!(bus.read(index), read_word(&chip, usize::from(index))?);
        }
        Ok(())
    }

    #[test]
    fn write_is_verified() -> Result {
        // A chip like QEMU, which stores nothing.
        let chip = FakeChip::new()?;
        assert_eq!(write_word(&chip, 20, 0xbeef), Err(EIO));
        // What is there already needs no writing.
        assert_eq!(write_word(&chip, 0, 0x5452), Ok(()));

        // A chip that stores.
        chip.allow_eeprom_writes();
        for (index, value) in [(0, 0xffff), (20, 0xbeef), (62, 0x0001)] {
            write_word(&chip, index, value)?;
            assert_eq!(read_word(&chip, index)?, value);
        }
        assert!(!checksum_ok(&read_all(&chip)?));
        let words = read_all(&chip)?;
        replace(&chip, &words, &with_checksum(words))?;
        assert!(checksum_ok(&read_all(&chip)?));
        Ok(())
    }

    #[test]
    fn replaced_whole_or_not() -> Result {
        let chip = FakeChip::new()?;
        let old = read_all(&chip)?;
        let mut new = old;
        new[5] = 0x1234;
        new[40] = 0x5678;
        let new = with_checksum(new);

        assert_eq!(replace(&chip, &old, &old), Ok(()));
        assert_eq!(replace(&chip, &old, &new), Err(EIO));
        assert_eq!(read_all(&chip)?, old);

        chip.allow_eeprom_writes();
        assert_eq!(replace(&chip, &old, &new), Ok(()));
        assert_eq!(read_all(&chip)?, new);
        assert!(checksum_ok(&new));
        Ok(())
    }
}
