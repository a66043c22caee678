// SPDX-License-Identifier: GPL-2.0

//! Adaptive interrupt moderation.
//!
//! The device spaces interrupts by at least 128 us, whatever ITR says: a load that waits for each
//! answer before it asks again is held to that. So a poll that found little, soon after another
//! one that did, is followed by polls on a timer, by the means that NAPI has for it
//! (`gro_flush_timeout`, `napi_defer_hard_irqs`), until they find nothing. A load with many frames
//! to a poll is left to interrupts, which gather more of them; so is one that is rare.
//!
//! `ethtool -C adaptive-rx off` ends it; so does an administrator who sets either of the two for
//! the NAPI.

use crate::{
    adapter::Adapter,
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

/// How a load that waits for answers is polled.
const QUICK: Polling = Polling {
    interval_ns: 20_000,
    times: 4,
};

/// Most frames that a poll of such a load finds.
const FEW: usize = 2;

/// Polls further apart than this belong to no such load, in nanoseconds: the device's own spacing
/// of interrupts, and what the stack takes to answer.
const SOON_NS: i64 = 220_000;

/// What is known of the load.
pub(crate) struct Moderator {
    last: Option<Instant<Monotonic>>,
    /// How often in a row little was found soon.
    streak: u32,
    /// What was last set.
    set: Polling,
}

impl Moderator {
    pub(crate) fn new() -> Self {
        Self {
            last: None,
            streak: 0,
            set: Polling::OFF,
        }
    }

    /// Decides how to go on after a poll that found `done` packets.
    #[inline]
    pub(crate) fn moderate(&mut self, ctx: &NapiContext<'_, Adapter<'_>>, done: usize) {
        if done > FEW || !ctx.adaptive.load(Relaxed) {
            self.streak = 0;
            if self.set != Polling::OFF {
                self.apply(ctx, Polling::OFF);
            }
            return;
        }
        let now = Instant::now();
        let soon = self
            .last
            .is_some_and(|last| (now - last).as_nanos() < SOON_NS);

        self.last = Some(now);
        self.streak = if soon {
            self.streak.saturating_add(1)
        } else {
            0
        };
        // Two polls may be chance.
        let wanted = if self.streak >= 2 {
            QUICK
        } else {
            Polling::OFF
        };

        if self.set != wanted {
            self.apply(ctx, wanted);
        }
    }

    #[cold]
    fn apply(&mut self, ctx: &NapiContext<'_, Adapter<'_>>, wanted: Polling) {
        if ctx.polling() == self.set {
            ctx.set_polling(wanted);
            self.set = wanted;
        }
    }
}
