// SPDX-License-Identifier: GPL-2.0

//! Adaptive interrupt moderation.
//!
//! The device spaces interrupts by at least 128 us, whatever ITR says. A load that waits for each
//! answer before it asks again is held to that, and one that comes without pause pays for an
//! interrupt where a look at memory would do. So when polls follow each other soon, the next ones
//! are made by NAPI's timer (`gro_flush_timeout`, `napi_defer_hard_irqs`), and the interrupt is
//! masked until polls find nothing any more.
//!
//! How long to wait after a poll that found something is learned:
//!
//! - from many frames: for as long as about [`TARGET`] of them take to come, which leaves the ring
//!   three quarters empty; but if the first look found nothing they come in bursts, and the next
//!   one is waited for as long as this one was;
//! - from few: they are waited for, so a little less than last time if the first look found them,
//!   longer if it was too early.
//!
//! After a look that found nothing others follow, the sum of the waits twice as long each time, but
//! none longer than [`LONGEST_NS`].
//!
//! `ethtool -C adaptive-rx off` ends it; so does an administrator who sets either of the two for
//! the NAPI.

use crate::{
    adapter::{
        Adapter,
        Interrupts, //
    },
    netdev::{
        NapiContext,
        Polling, //
    }, //
};
use kernel::{
    prelude::*,
    sync::atomic::Relaxed,
    time::{
        Instant,
        Monotonic, //
    }, //
};

/// Most frames that a poll finds of a load that waits for answers.
const FEW: usize = 2;

/// Polls further apart than this, in nanoseconds, belong to no load worth polling for: after few
/// frames the device's own spacing of interrupts and what the stack takes to answer, after many
/// the time between the largest segmentations of a sender.
const SOON_FEW_NS: i64 = 220_000;
const SOON_MANY_NS: i64 = 600_000;

/// The wait after a poll that found something, in nanoseconds: the first one after few frames, the
/// least, the longest.
const FIRST_FEW_NS: usize = 20_000;
const LEAST_NS: usize = 10_000;
const LONGEST_NS: usize = 250_000;

/// The least wait after the first poll that found nothing.
const AGAIN_NS: usize = 8_000;

/// How many polls in a row may find nothing.
const TIMES: u32 = 4;

/// Frames that a poll should find of a load that comes without pause, if the ring is large.
const TARGET: usize = 32;

/// What is known of the load: pure numbers.
struct Pace {
    /// How often in a row a poll that found something came soon after another.
    streak: u32,
    /// How long to wait after a poll that found something.
    wait: usize,
    /// Frames that a poll should find of a load that comes without pause.
    target: usize,
    /// What has been waited since the last such poll, beyond `wait`.
    waited: usize,
}

impl Pace {
    const fn new() -> Self {
        Self {
            streak: 0,
            wait: FIRST_FEW_NS,
            target: TARGET,
            waited: 0,
        }
    }

    /// Prepares for a ring of `size` descriptors, of which the load should leave three quarters
    /// free between two polls.
    fn begin(&mut self, size: u16) {
        self.target = TARGET.min(usize::from(size / 4)).max(1);
    }

    /// Returns how long to wait after a poll that found nothing. One that was not `asked` for says
    /// nothing.
    fn nothing(&mut self, asked: bool) -> usize {
        let next = if self.waited == 0 {
            AGAIN_NS.max(self.wait / 8)
        } else {
            // All that was waited so far, so that the sum doubles. There is no end to the polls of an
            // application that waits by itself.
            self.waited.min(LONGEST_NS)
        };

        if asked {
            self.waited = self.waited.saturating_add(next);
        }
        next
    }

    /// Returns how long to wait after a poll that found so many frames, so many nanoseconds after
    /// another; none if its interrupt is what to wait for. `asked` tells whether the timer made it,
    /// `entered` whether the interrupt is unmasked so far.
    fn something(
        &mut self,
        found: usize,
        elapsed: i64,
        asked: bool,
        entered: bool,
    ) -> Option<usize> {
        let many = found > FEW;
        let soon = asked || elapsed < if many { SOON_MANY_NS } else { SOON_FEW_NS };

        if !soon {
            self.streak = 0;
            self.wait = FIRST_FEW_NS;
            self.waited = 0;
            return None;
        }
        self.streak = self.streak.saturating_add(1);
        // Two polls may be chance.
        if self.streak < 2 {
            return None;
        }
        let elapsed = usize::try_from(elapsed).unwrap_or(0);
        let waited = core::mem::replace(&mut self.waited, 0);
        let wait = match (many, entered, waited) {
            (true, false, 1..) => elapsed,
            (true, ..) => elapsed.saturating_mul(self.target) / found.max(1),
            (false, true, _) => FIRST_FEW_NS,
            (false, false, 0) => self.wait.saturating_sub(self.wait / 8),
            (false, false, 1..) => self.wait.saturating_add(waited / 2),
        };

        self.wait = wait.clamp(LEAST_NS, LONGEST_NS);
        Some(self.wait)
    }
}

/// Moderates the interrupts of a ring.
pub(crate) struct Moderator {
    pace: Pace,
    last: Option<Instant<Monotonic>>,
    /// What was last set.
    set: Polling,
    /// Frames found by polls that another one follows at once.
    found: usize,
}

impl Moderator {
    pub(crate) fn new() -> Self {
        Self {
            pace: Pace::new(),
            last: None,
            set: Polling::OFF,
            found: 0,
        }
    }

    /// Prepares for a ring of `size` descriptors. What was set for an earlier ring still counts.
    pub(crate) fn begin(&mut self, irq: &Interrupts, size: u16) {
        self.pace.begin(size);
        self.set = irq.polled();
    }

    /// Decides how to go on after a poll that found `done` packets, if it is the `last` one: another
    /// one follows at once if there was no budget for all of them, or the transmit ring was in use.
    #[inline]
    pub(crate) fn moderate(&mut self, ctx: &NapiContext<'_, Adapter<'_>>, done: usize, last: bool) {
        if done == 0 && self.set == Polling::OFF {
            return;
        }
        self.found = self.found.saturating_add(done);
        if last {
            let found = core::mem::replace(&mut self.found, 0);

            self.decide(ctx, found);
        }
    }

    fn decide(&mut self, ctx: &NapiContext<'_, Adapter<'_>>, found: usize) {
        let wanted = if !ctx.adaptive.load(Relaxed) {
            self.pace.streak = 0;
            Polling::OFF
        } else if found == 0 {
            Polling {
                interval_ns: self.pace.nothing(ctx.irq.polling.load(Relaxed)),
                ..self.set
            }
        } else {
            self.something(ctx, found)
        };

        let now = ctx.polling();

        if now != self.set && !self.give_way(ctx, now) {
            return;
        }
        if wanted != self.set {
            ctx.set_polling(wanted);
            self.note(ctx, wanted);
        }
    }

    fn note(&mut self, ctx: &NapiContext<'_, Adapter<'_>>, set: Polling) {
        ctx.irq.set_polled(set);
        self.set = set;
    }

    /// An administrator has set how the NAPI polls `now`. If it was one of the two, the other one is no
    /// longer the driver's either. Returns whether nothing of his is in the way.
    #[cold]
    fn give_way(&mut self, ctx: &NapiContext<'_, Adapter<'_>>, now: Polling) -> bool {
        // What was not set by the driver is not taken back.
        if self.set == Polling::OFF {
            return false;
        }
        let default = ctx.default_polling();
        let his = Polling {
            interval_ns: if now.interval_ns == self.set.interval_ns {
                default.interval_ns
            } else {
                now.interval_ns
            },
            times: if now.times == self.set.times {
                default.times
            } else {
                now.times
            },
        };

        ctx.set_polling(his);
        self.note(ctx, Polling::OFF);
        his == Polling::OFF
    }

    /// After a poll that found something.
    fn something(&mut self, ctx: &NapiContext<'_, Adapter<'_>>, found: usize) -> Polling {
        let now = Instant::now();
        let elapsed = self
            .last
            .replace(now)
            .map_or(i64::MAX, |last| (now - last).as_nanos());
        let asked = ctx.irq.polling.load(Relaxed);
        let entered = self.set == Polling::OFF;

        match self.pace.something(found, elapsed, asked, entered) {
            Some(interval_ns) => Polling {
                interval_ns,
                times: TIMES,
            },
            None => Polling::OFF,
        }
    }
}

#[kunit_tests(e1000_moderation)]
mod tests {
    use super::*;

    /// Polls with so many frames, each so long after the last: what the interrupt made of the first
    /// one, then the timer.
    fn load(pace: &mut Pace, found: usize, elapsed: i64) -> Option<usize> {
        assert_eq!(pace.something(found, i64::MAX, false, true), None);
        // Two may be chance.
        assert_eq!(pace.something(found, elapsed, false, true), None);
        pace.something(found, elapsed, false, true)
    }

    #[test]
    fn far_apart() {
        let mut pace = Pace::new();

        for (found, elapsed) in [
            (1, SOON_FEW_NS),
            (FEW, SOON_FEW_NS),
            (FEW + 1, SOON_MANY_NS),
        ] {
            for _ in 0..5 {
                assert_eq!(pace.something(found, elapsed, false, true), None);
            }
            // Just a little less is soon.
            pace.something(found, elapsed - 1, false, true);
            assert!(pace.something(found, elapsed - 1, false, true).is_some());
            assert_eq!(pace.something(found, elapsed, false, false), None);
            assert_eq!(pace.wait, FIRST_FEW_NS);
        }
        // The timer's polls are soon however long the machine was elsewhere.
        pace.something(1, i64::MAX, true, false);
        assert!(pace.something(1, i64::MAX, true, false).is_some());
    }

    #[test]
    fn few() {
        let mut pace = Pace::new();

        assert_eq!(load(&mut pace, 1, 130_000), Some(FIRST_FEW_NS));
        // Found by the first look each time: an eighth less, down to the least.
        assert_eq!(pace.something(1, 21_000, true, false), Some(17_500));
        for _ in 0..20 {
            pace.something(1, 20_000, true, false);
        }
        assert_eq!(pace.wait, LEAST_NS);
        // Too early: more by half of what was waited beyond.
        assert_eq!(pace.nothing(true), AGAIN_NS);
        assert_eq!(
            pace.something(1, 20_000, true, false),
            Some(LEAST_NS + AGAIN_NS / 2)
        );
        for _ in 0..40 {
            pace.nothing(true);
            pace.nothing(true);
            pace.something(1, 20_000, true, false);
        }
        assert_eq!(pace.wait, LONGEST_NS);
    }

    #[test]
    fn many() {
        let mut pace = Pace::new();

        // As long as TARGET of them take.
        assert_eq!(load(&mut pace, 16, 50_000), Some(100_000));
        assert_eq!(pace.something(64, 100_000, true, false), Some(50_000));
        // In bursts: as long as from one to the next.
        pace.nothing(true);
        assert_eq!(pace.something(64, 123_000, true, false), Some(123_000));
        // Within the limits, whatever the clock says.
        assert_eq!(pace.something(3, i64::MAX, true, false), Some(LONGEST_NS));
        assert_eq!(pace.something(usize::MAX, 1, true, false), Some(LEAST_NS));
        assert_eq!(pace.something(64, -1, true, false), Some(LEAST_NS));
    }

    #[test]
    fn nothing() {
        let mut pace = Pace::new();

        // The sum of the waits doubles.
        for expected in [AGAIN_NS, AGAIN_NS, 2 * AGAIN_NS, 4 * AGAIN_NS] {
            assert_eq!(pace.nothing(true), expected);
        }
        pace.waited = 0;
        // An eighth of a long wait; a poll that was not asked for changes nothing.
        pace.wait = LONGEST_NS;
        assert_eq!(pace.nothing(false), LONGEST_NS / 8);
        assert_eq!(pace.nothing(false), LONGEST_NS / 8);
        // However often.
        for _ in 0..100 {
            assert!(pace.nothing(true) <= LONGEST_NS);
        }
        pace.waited = usize::MAX;
        assert_eq!(pace.nothing(true), LONGEST_NS);
    }

    #[test]
    fn ring() {
        let mut pace = Pace::new();

        for (size, target) in [(48, 12), (64, 16), (128, TARGET), (4096, TARGET), (0, 1)] {
            pace.begin(size);
            assert_eq!(pace.target, target);
        }
        // A quarter of a small one: so few, so short.
        pace.begin(48);
        assert_eq!(load(&mut pace, 12, 50_000), Some(50_000));
    }
}
