// SPDX-License-Identifier: GPL-2.0

//! Statistics registers (manual section 13.7).
//!
//! They are read on request only: each is a heavy access. What the driver can count itself (packets
//! and bytes) it does not take from here; these are for what only the chip knows.
//!
//! The manual has all of them clear on reading and stick at the top. QEMU 7.2 leaves `MPC`
//! standing, and others may do so with others, so it is found out for each by reading again what is
//! not 0.
//!
//! All ones are not taken for a count: a register that holds them is at its top and has lost count,
//! or is none.

use kernel::{
    io::register::Array,
    prelude::*, //
};

use super::{
    check_present,
    is_gone,
    regs::{
        STAT,
        STATUS, //
    },
    Regs, //
};

/// Defines [`Counter`], with the place in the block and the width of each.
macro_rules! counters {
    ($($name:ident = $index:literal $width:ident $doc:literal;)*) => {
        /// A statistics register, or a pair of them, with the manual's name.
        #[allow(clippy::upper_case_acronyms, reason = "the manual's names")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Counter {
            $(#[doc = $doc] $name,)*
        }

        impl Counter {
            /// All counters, in the order of their addresses.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the manual's name.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// Returns the index in the block, and whether a second register holds the upper half.
            const fn place(self) -> (usize, bool) {
                match self {
                    $(Self::$name => ($index, counters!(@wide $width)),)*
                }
            }
        }
    };
    (@wide u32) => { false };
    (@wide u64) => { true };
}

counters! {
    CRCERRS = 0 u32 "Frames with a CRC error.";
    ALGNERRC = 1 u32 "Frames with an alignment error.";
    SYMERRS = 2 u32 "Symbol errors between reads.";
    RXERRC = 3 u32 "RX_ER seen while receiving.";
    MPC = 4 u32 "Frames missed: no room in the packet buffer. QEMU: does not clear.";
    SCC = 5 u32 "Frames sent after one collision.";
    ECOL = 6 u32 "Frames given up after 16 collisions.";
    MCC = 7 u32 "Frames sent after several collisions.";
    LATECOL = 8 u32 "Late collisions.";
    COLC = 10 u32 "Collisions.";
    DC = 12 u32 "Transmissions deferred.";
    TNCRS = 13 u32 "Frames sent without carrier.";
    SEC = 14 u32 "Sequence errors.";
    CEXTERR = 15 u32 "Carrier extension errors.";
    RLEC = 16 u32 "Frames with a length error.";
    XONRXC = 18 u32 "XON frames received.";
    XONTXC = 19 u32 "XON frames sent.";
    XOFFRXC = 20 u32 "XOFF frames received.";
    XOFFTXC = 21 u32 "XOFF frames sent.";
    FCRUC = 22 u32 "Unsupported flow control frames received.";
    PRC64 = 23 u32 "Good frames of 64 bytes received.";
    PRC127 = 24 u32 "Good frames of 65 to 127 bytes received.";
    PRC255 = 25 u32 "Good frames of 128 to 255 bytes received.";
    PRC511 = 26 u32 "Good frames of 256 to 511 bytes received.";
    PRC1023 = 27 u32 "Good frames of 512 to 1023 bytes received.";
    PRC1522 = 28 u32 "Good frames of 1024 bytes or more received.";
    GPRC = 29 u32 "Good frames received.";
    BPRC = 30 u32 "Broadcast frames received.";
    MPRC = 31 u32 "Multicast frames received.";
    GPTC = 32 u32 "Good frames sent.";
    GORC = 34 u64 "Bytes in good frames received.";
    GOTC = 36 u64 "Bytes in good frames sent.";
    RNBC = 40 u32 "Times no receive descriptor was there.";
    RUC = 41 u32 "Short frames received.";
    RFC = 42 u32 "Fragments received.";
    ROC = 43 u32 "Oversized frames received.";
    RJC = 44 u32 "Jabber received.";
    MGTPRC = 45 u32 "Management frames received.";
    MGTPDC = 46 u32 "Management frames dropped.";
    MGTPTC = 47 u32 "Management frames sent.";
    TOR = 48 u64 "Bytes received, in all frames.";
    TOT = 50 u64 "Bytes sent, in all frames.";
    TPR = 52 u32 "Frames received, good or bad.";
    TPT = 53 u32 "Frames sent.";
    PTC64 = 54 u32 "Frames of 64 bytes sent.";
    PTC127 = 55 u32 "Frames of 65 to 127 bytes sent.";
    PTC255 = 56 u32 "Frames of 128 to 255 bytes sent.";
    PTC511 = 57 u32 "Frames of 256 to 511 bytes sent.";
    PTC1023 = 58 u32 "Frames of 512 to 1023 bytes sent.";
    PTC1522 = 59 u32 "Frames of 1024 bytes or more sent.";
    MPTC = 60 u32 "Multicast frames sent.";
    BPTC = 61 u32 "Broadcast frames sent.";
    TSCTC = 62 u32 "TCP segmentation contexts sent.";
    TSCTFC = 63 u32 "TCP segmentation contexts that failed.";
}

/// Number of counters.
pub(crate) const COUNT: usize = Counter::ALL.len();

impl Counter {
    /// The errors and losses the chip alone knows of.
    pub(crate) const ERRORS: &'static [Self] = &[
        Self::CRCERRS,
        Self::ALGNERRC,
        Self::SYMERRS,
        Self::RXERRC,
        Self::MPC,
        Self::ECOL,
        Self::LATECOL,
        Self::COLC,
        Self::TNCRS,
        Self::SEC,
        Self::CEXTERR,
        Self::RLEC,
        Self::RNBC,
        Self::RUC,
        Self::RFC,
        Self::ROC,
        Self::RJC,
    ];

    /// Reads the register or the pair; the lower half first, as the upper one clears both.
    ///
    /// Returns `None` if that is no count, as one half is all ones.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the device is gone: then `STATUS` is all ones, too.
    fn read(self, io: impl Regs) -> Result<Option<u64>> {
        let (index, wide) = self.place();
        let low = io.try_read(STAT::try_at(index).ok_or(EINVAL)?)?.into_raw();
        let high = if wide {
            let upper = STAT::try_at(index.wrapping_add(1)).ok_or(EINVAL)?;

            io.try_read(upper)?.into_raw()
        } else {
            0
        };
        if is_gone(low) || is_gone(high) {
            check_present(io.read(STATUS))?;
            return Ok(None);
        }
        Ok(Some(u64::from(high) << 32 | u64::from(low)))
    }
}

/// What the driver has taken out of one counter.
#[derive(Clone, Copy)]
struct Tally {
    /// Sum since the driver began.
    total: u64,
    /// What the register last held, if it does not clear on reading.
    standing: u64,
}

/// Sums of the counters, which outlive the chip's own.
pub(crate) struct Stats {
    tallies: [Tally; COUNT],
}

impl Stats {
    /// Returns sums of zero.
    // Not on the caller's stack, of which a probe has not much.
    #[inline(never)]
    pub(crate) fn new() -> Result<KBox<Self>> {
        let tallies = [Tally {
            total: 0,
            standing: 0,
        }; COUNT];

        Ok(KBox::new(Self { tallies }, GFP_KERNEL)?)
    }

    /// Adds what `counters` have counted since the last time: a heavy access for each, two for
    /// those that are not 0, and twice that for pairs.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the device is gone; the sums stay as they are.
    pub(crate) fn collect(&mut self, io: impl Regs, counters: &[Counter]) -> Result {
        for counter in counters {
            let Some(tally) = self.tallies.get_mut(*counter as usize) else {
                continue;
            };
            let Some(first) = counter.read(io)? else {
                continue;
            };
            if first == 0 {
                tally.standing = 0;
                continue;
            }
            let Some(second) = counter.read(io)? else {
                continue;
            };
            let new = if second >= first {
                // It does not clear: count the growth, or all of it if it began anew.
                let grown = second.checked_sub(tally.standing).unwrap_or(second);
                tally.standing = second;
                grown
            } else {
                tally.standing = 0;
                first.wrapping_add(second)
            };
            tally.total = tally.total.wrapping_add(new);
        }
        Ok(())
    }

    /// Has the sums begin with what `counters` count from now on; for those that a reset leaves as
    /// they are. Costs and errors as with [`Self::collect`].
    pub(crate) fn begin(&mut self, io: impl Regs, counters: &[Counter]) -> Result {
        self.collect(io, counters)?;
        for tally in &mut self.tallies {
            tally.total = 0;
        }
        Ok(())
    }

    /// Returns the sum of `counter` as of the last [`Self::collect`].
    pub(crate) fn get(&self, counter: Counter) -> u64 {
        self.tallies
            .get(counter as usize)
            .map_or(0, |tally| tally.total)
    }
}

#[kunit_tests(e1000_hw_stats)]
mod tests {
    use super::*;
    use crate::hw::fake::FakeChip;

    #[test]
    fn table() {
        let mut last = None;
        for counter in Counter::ALL {
            let (index, wide) = counter.place();
            assert!(last < Some(index));
            assert!(index < 64);
            last = Some(if wide { index + 1 } else { index });
        }
        assert_eq!(Counter::MPC.name(), "MPC");
        assert_eq!(Counter::CRCERRS as usize, 0);
        assert_eq!(Counter::TSCTFC as usize, COUNT - 1);
    }

    #[test]
    fn clearing() -> Result {
        let chip = FakeChip::new()?;
        let mut stats = Stats::new()?;
        for (count, total) in [(3, 3), (0, 3), (4, 7)] {
            chip.set(0x4000, count);
            stats.collect(&chip, &[Counter::CRCERRS])?;
            assert_eq!(stats.get(Counter::CRCERRS), total);
        }
        Ok(())
    }

    #[test]
    fn standing() -> Result {
        // QEMU's MPC.
        let chip = FakeChip::new()?;
        let mut stats = Stats::new()?;
        for (count, total) in [
            (2799, 2799),
            (2799, 2799),
            (2800, 2800),
            (0, 2800),
            (1, 2801),
        ] {
            chip.set(0x4010, count);
            stats.collect(&chip, &[Counter::MPC])?;
            assert_eq!(stats.get(Counter::MPC), total);
        }
        Ok(())
    }

    #[test]
    fn pairs() -> Result {
        let chip = FakeChip::new()?;
        let mut stats = Stats::new()?;
        chip.set(0x4088, 1);
        chip.set(0x408c, 2);
        stats.collect(&chip, Counter::ALL)?;
        assert_eq!(stats.get(Counter::GORC), 0x2_0000_0001);
        Ok(())
    }

    #[test]
    fn all_ones() -> Result {
        // A register that clears, one that stands, and a pair; what comes after counts.
        for (counter, offset) in [
            (Counter::GPRC, 0x4074),
            (Counter::MPC, 0x4010),
            (Counter::GORC, 0x4088),
            (Counter::GORC, 0x408c),
        ] {
            let chip = FakeChip::new()?;
            let mut stats = Stats::new()?;
            chip.set(offset, u32::MAX);
            stats.collect(&chip, &[counter])?;
            assert_eq!(stats.get(counter), 0);

            chip.set(offset, u32::MAX - 1);
            stats.collect(&chip, &[counter])?;
            assert_ne!(stats.get(counter), 0);
        }
        Ok(())
    }

    #[test]
    fn gone() -> Result {
        let chip = FakeChip::new()?;
        let mut stats = Stats::new()?;
        chip.set(0x4000, 5);
        stats.collect(&chip, Counter::ERRORS)?;
        chip.unplug();
        assert_eq!(stats.collect(&chip, Counter::ERRORS), Err(ENODEV));
        assert_eq!(stats.get(Counter::CRCERRS), 5);
        Ok(())
    }
}
