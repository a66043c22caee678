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
//! After a look that found nothing others follow, the sum of the waits twice as long each time.
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

/// What is known of the load.
pub(crate) struct Moderator {
    last: Option<Instant<Monotonic>>,
    /// How often in a row a poll that found something came soon after another.
    streak: u32,
    /// What was last set.
    set: Polling,
    /// How long to wait after a poll that found something.
    wait: usize,
    /// Frames that a poll should find of a load that comes without pause.
    target: usize,
    /// What has been waited since the last such poll, beyond `wait`.
    waited: usize,
    /// Frames found by polls that had no budget for all.
    found: usize,
}

impl Moderator {
    pub(crate) fn new() -> Self {
        Self {
            last: None,
            streak: 0,
            set: Polling::OFF,
            wait: FIRST_FEW_NS,
            target: TARGET,
            waited: 0,
            found: 0,
        }
    }

    /// Prepares for a ring of `size` descriptors, of which the load should leave three quarters
    /// free between two polls. What was set for an earlier ring still counts.
    pub(crate) fn begin(&mut self, irq: &Interrupts, size: u16) {
        self.target = TARGET.min(usize::from(size / 4)).max(1);
        self.set = irq.polled();
    }

    /// Decides how to go on after a poll that found `done` packets, of `budget` at most.
    #[inline]
    pub(crate) fn moderate(
        &mut self,
        ctx: &NapiContext<'_, Adapter<'_>>,
        done: usize,
        budget: usize,
    ) {
        if done == 0 && self.set == Polling::OFF {
            return;
        }
        self.found = self.found.saturating_add(done);
        if done < budget {
            let found = core::mem::replace(&mut self.found, 0);

            self.decide(ctx, found);
        }
    }

    fn decide(&mut self, ctx: &NapiContext<'_, Adapter<'_>>, found: usize) {
        let wanted = if !ctx.adaptive.load(Relaxed) {
            self.streak = 0;
            Polling::OFF
        } else if found == 0 {
            self.nothing(ctx)
        } else {
            self.something(ctx, found)
        };

        let now = ctx.polling();

        if now == Polling::OFF {
            // Also if it was an administrator: nothing of his is in the way.
            self.set = now;
        }
        if wanted != self.set && now == self.set {
            ctx.set_polling(wanted);
            ctx.irq.set_polled(wanted);
            self.set = wanted;
        }
    }

    /// After a poll that found nothing.
    fn nothing(&mut self, ctx: &NapiContext<'_, Adapter<'_>>) -> Polling {
        let next = if self.waited == 0 {
            AGAIN_NS.max(self.wait / 8)
        } else {
            // All that was waited so far, so that the sum doubles.
            self.waited
        };

        // A poll that was not asked for says nothing.
        if ctx.irq.polling.load(Relaxed) {
            self.waited = self.waited.saturating_add(next);
        }
        Polling {
            interval_ns: next,
            ..self.set
        }
    }

    /// After a poll that found something.
    fn something(&mut self, ctx: &NapiContext<'_, Adapter<'_>>, found: usize) -> Polling {
        let now = Instant::now();
        let many = found > FEW;
        let elapsed = self
            .last
            .replace(now)
            .map_or(i64::MAX, |last| (now - last).as_nanos());
        let soon = ctx.irq.polling.load(Relaxed)
            || elapsed < if many { SOON_MANY_NS } else { SOON_FEW_NS };

        if !soon {
            self.streak = 0;
            self.wait = FIRST_FEW_NS;
            self.waited = 0;
            return Polling::OFF;
        }
        self.streak = self.streak.saturating_add(1);
        // Two polls may be chance.
        if self.streak < 2 {
            return Polling::OFF;
        }
        let elapsed = usize::try_from(elapsed).unwrap_or(0);
        let waited = core::mem::replace(&mut self.waited, 0);
        let entered = self.set == Polling::OFF;
        let wait = match (many, entered, waited) {
            (true, false, 1..) => elapsed,
            (true, ..) => elapsed.saturating_mul(self.target) / found.max(1),
            (false, true, _) => FIRST_FEW_NS,
            (false, false, 0) => self.wait.saturating_sub(self.wait / 8),
            (false, false, 1..) => self.wait.saturating_add(waited / 2),
        };

        self.wait = wait.clamp(LEAST_NS, LONGEST_NS);
        Polling {
            interval_ns: self.wait,
            times: TIMES,
        }
    }
}
