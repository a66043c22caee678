// SPDX-License-Identifier: GPL-2.0
//! The 64-word Microwire EEPROM: EERD, and bit by bit through EECD (manual 5).

/// EECD bits.
pub mod eecd {
    pub const SK: u32 = 1 << 0;
    pub const CS: u32 = 1 << 1;
    pub const DI: u32 = 1 << 2;
    pub const DO: u32 = 1 << 3;
    pub const REQ: u32 = 1 << 6;
    pub const GNT: u32 = 1 << 7;
    pub const PRES: u32 = 1 << 8;
}

pub const WORDS: usize = 64;
/// The sum of all words (manual 5.6.35).
pub const SUM: u16 = 0xbaba;

/// How an EEPROM can be bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bad {
    pub sum: bool,
    pub zero: bool,
    pub ones: bool,
    pub multicast: bool,
    pub no_mac: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Waiting for the start bit.
    #[default]
    Idle,
    /// Shifting in opcode and address: bits so far, their count.
    Command(u16, u8),
    /// Shifting out: current word's address, bits left of it.
    Read(u8, u8),
    /// Shifting in data for `Some(address)` or for all words.
    Write(Option<u8>, u16, u8),
    /// Done, until CS falls.
    Done,
}

/// The chip and its serial port.
pub struct Eeprom {
    words: [u16; WORDS],
    state: State,
    write_enabled: bool,
    pins: u32,
    out: bool,
    pub bad: Bad,
    /// Words written through Microwire.
    pub writes: u64,
}

impl Eeprom {
    pub fn new(mac: [u8; 6], device: u16) -> Self {
        let mut words = [0xffff; WORDS];
        let image: &[(usize, u16)] = &[
            (0x03, 0x0000), // compatibility
            (0x05, 0x0000), // version
            (0x08, 0xffff),
            (0x09, 0xffff),
            (0x0a, 0x460b), // initialization control 1
            (0x0b, 0x1100), // subsystem
            (0x0c, 0x8086),
            (0x0d, device),
            (0x0e, 0x8086),
            (0x0f, 0xb284), // initialization control 2: symmetric pause
            (0x14, 0x0000),
            (0x21, 0x7863),
            (0x23, 0x0000), // initialization control 3: no wake-up armed
            (0x24, 0x0000),
            (0x2f, 0x0602), // LED defaults
        ];
        for (at, value) in image {
            if let Some(word) = words.get_mut(*at) {
                *word = *value;
            }
        }
        for (word, pair) in words.iter_mut().zip(mac.chunks_exact(2)) {
            if let [low, high] = pair {
                *word = u16::from_le_bytes([*low, *high]);
            }
        }
        let mut eeprom = Self {
            words,
            state: State::Idle,
            write_enabled: false,
            pins: 0,
            out: true,
            bad: Bad::default(),
            writes: 0,
        };
        let sum = eeprom.sum_but_last(0);
        eeprom.store(WORDS - 1, SUM.wrapping_sub(sum));
        eeprom
    }

    /// Sum of all words but the checksum, with `change` XORed into word 0.
    fn sum_but_last(&self, change: u16) -> u16 {
        let rest = self
            .words
            .iter()
            .take(WORDS - 1)
            .skip(1)
            .fold(0u16, |sum, w| sum.wrapping_add(*w));
        rest.wrapping_add(self.words.first().copied().unwrap_or(0) ^ change)
    }

    fn store(&mut self, at: usize, value: u16) {
        if let Some(word) = self.words.get_mut(at) {
            *word = value;
        }
    }

    /// A word as a reader sees it, faults included.
    pub fn word(&self, at: usize) -> u16 {
        let Some(&word) = self.words.get(at) else {
            return 0xffff;
        };
        let bad = self.bad;
        let change = match (bad.multicast, self.words.first()) {
            (true, Some(first)) => !first & 1,
            _ => 0,
        };
        match at {
            _ if bad.zero => 0,
            _ if bad.ones => 0xffff,
            0..=2 if bad.no_mac => 0,
            0 => word ^ change,
            _ if at == WORDS - 1 && bad.sum => word ^ 0x5555,
            _ if at == WORDS - 1 && bad.no_mac => {
                let mac = self
                    .words
                    .iter()
                    .take(3)
                    .fold(0u16, |sum, w| sum.wrapping_add(*w));
                SUM.wrapping_sub(self.sum_but_last(0).wrapping_sub(mac))
            }
            _ if at == WORDS - 1 && change != 0 => SUM.wrapping_sub(self.sum_but_last(change)),
            _ => word,
        }
    }

    pub fn mac(&self) -> [u8; 6] {
        let [a, b, c] = [0, 1, 2].map(|n| self.word(n).to_le_bytes());
        let ([a0, a1], [b0, b1], [c0, c1]) = (a, b, c);
        [a0, a1, b0, b1, c0, c1]
    }

    /// EECD as software reads it.
    pub fn eecd(&self) -> u32 {
        let granted = if self.pins & eecd::REQ != 0 {
            eecd::GNT
        } else {
            0
        };
        let out = if self.out { eecd::DO } else { 0 };
        self.pins | granted | out | eecd::PRES
    }

    /// A write to EECD: moves the pins.
    pub fn set_eecd(&mut self, value: u32) {
        let old = self.pins;
        self.pins = value & 0x77;
        if value & eecd::CS == 0 {
            self.state = State::Idle;
            self.out = true;
        } else if old & eecd::CS != 0 && old & eecd::SK == 0 && value & eecd::SK != 0 {
            self.clock(value & eecd::DI != 0);
        }
    }

    /// One rising edge of the clock.
    fn clock(&mut self, bit: bool) {
        let bit = u16::from(bit);
        self.state = match self.state {
            State::Idle if bit != 0 => State::Command(0, 0),
            State::Idle => State::Idle,
            State::Command(bits, 7) => self.command(bits << 1 | bit),
            State::Command(bits, count) => State::Command(bits << 1 | bit, count + 1),
            State::Read(at, 0) => self.shift_out(at.wrapping_add(1) & 0x3f, 16),
            State::Read(at, left) => self.shift_out(at, left),
            State::Write(at, bits, 15) => {
                self.write(at, bits << 1 | bit);
                State::Done
            }
            State::Write(at, bits, count) => State::Write(at, bits << 1 | bit, count + 1),
            State::Done => State::Done,
        };
    }

    fn shift_out(&mut self, at: u8, left: u8) -> State {
        self.out = self.word(usize::from(at)) >> (left - 1) & 1 != 0;
        State::Read(at, left - 1)
    }

    /// Two bits of opcode and six of address have come.
    fn command(&mut self, bits: u16) -> State {
        let at = (bits & 0x3f) as u8;
        match (bits >> 6 & 3, at >> 4) {
            (2, _) => {
                self.out = false; // the dummy bit
                State::Read(at, 16)
            }
            (1, _) => State::Write(Some(at), 0, 0),
            (3, _) => {
                self.write(Some(at), 0xffff); // ERASE
                State::Done
            }
            (_, 3) => {
                self.write_enabled = true; // EWEN
                State::Done
            }
            (_, 0) => {
                self.write_enabled = false; // EWDS
                State::Done
            }
            (_, 2) => {
                self.write(None, 0xffff); // ERAL
                State::Done
            }
            _ => State::Write(None, 0, 0), // WRAL
        }
    }

    fn write(&mut self, at: Option<u8>, value: u16) {
        if !self.write_enabled {
            return;
        }
        self.writes += 1;
        match at {
            Some(at) => self.store(usize::from(at), value),
            None => self.words = [value; WORDS],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chip() -> Eeprom {
        Eeprom::new([0x52, 0x54, 0, 0x12, 0x34, 0x56], 0x100e)
    }

    fn sum(e: &Eeprom) -> u16 {
        (0..WORDS).fold(0, |sum, n| sum.wrapping_add(e.word(n)))
    }

    fn shift(e: &mut Eeprom, value: u32, bits: u32) -> u32 {
        let mut got = 0;
        for n in (0..bits).rev() {
            let di = if value >> n & 1 != 0 { eecd::DI } else { 0 };
            e.set_eecd(eecd::REQ | eecd::CS | di);
            e.set_eecd(eecd::REQ | eecd::CS | di | eecd::SK);
            got = got << 1 | u32::from(e.eecd() & eecd::DO != 0);
            e.set_eecd(eecd::REQ | eecd::CS | di);
        }
        got
    }

    fn start(e: &mut Eeprom) {
        e.set_eecd(eecd::REQ);
        e.set_eecd(eecd::REQ | eecd::CS);
    }

    #[test]
    fn good_image_sums_and_bad_ones_do_not() {
        let mut e = chip();
        assert_eq!((sum(&e), e.mac()), (SUM, [0x52, 0x54, 0, 0x12, 0x34, 0x56]));
        e.bad.multicast = true;
        assert_eq!((sum(&e), e.mac()[0]), (SUM, 0x53));
        e.bad = Bad {
            no_mac: true,
            ..Bad::default()
        };
        assert_eq!((sum(&e), e.mac()), (SUM, [0; 6]));
        for bad in [
            Bad {
                sum: true,
                ..Bad::default()
            },
            Bad {
                zero: true,
                ..Bad::default()
            },
            Bad {
                ones: true,
                ..Bad::default()
            },
        ] {
            e.bad = bad;
            assert_ne!(sum(&e), SUM);
        }
    }

    #[test]
    fn microwire_reads_on_into_the_next_word() {
        let mut e = chip();
        start(&mut e);
        shift(&mut e, 0b110 << 6 | 0x3f, 9);
        assert_eq!(e.eecd() & eecd::DO, 0, "dummy bit");
        assert_eq!(shift(&mut e, 0, 16), u32::from(e.word(0x3f)));
        assert_eq!(shift(&mut e, 0, 16), u32::from(e.word(0)));
    }

    #[test]
    fn microwire_writes_only_when_enabled() {
        let mut e = chip();
        let put = |e: &mut Eeprom, value| {
            start(e);
            shift(e, 0b101 << 6 | 0x03, 9);
            shift(e, value, 16);
            e.set_eecd(0);
        };
        put(&mut e, 0x1234);
        assert_eq!(e.word(3), 0);
        start(&mut e);
        shift(&mut e, 0b1_0011_0000, 9);
        e.set_eecd(0);
        put(&mut e, 0x1234);
        assert_eq!((e.word(3), e.writes), (0x1234, 1));
        start(&mut e);
        assert_ne!(e.eecd() & eecd::DO, 0, "ready");
        shift(&mut e, 0b1_0000_0000, 9);
        put(&mut e, 0x4321);
        assert_eq!(e.word(3), 0x1234);
    }
}
