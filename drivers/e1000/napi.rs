// SPDX-License-Identifier: GPL-2.0

//! The interrupt handler and NAPI's poll.

use crate::{
    adapter::Adapter,
    hw::{
        irq::{
            self,
            Causes, //
        },
        phy, //
    },
    netdev::{
        Events,
        IrqContext,
        IrqReturn,
        NapiContext, //
    },
    rx::{
        self,
        Verdict, //
    },
};
use kernel::sync::atomic::{
    Full,
    Relaxed, //
};

/// Causes that are dealt with in process context: a change of the link at once, an overrun, which
/// may come with each interrupt and costs dozens of reads, by the watchdog.
const RARE: Causes = Causes::LSC.with(Causes::RXO);

/// The interrupt handler: one read of `ICR`, which clears the causes and lowers the line.
///
/// Everything else is the poll's. Causes that are not enabled may be pending and are cleared with
/// the others when the interrupt is another device's on the same line; a receive cause schedules
/// the poll even then, as it will not be reported again.
pub(crate) fn interrupt(ctx: &IrqContext<'_, Adapter<'_>>) -> IrqReturn {
    let taken = irq::take(&ctx.bar);

    if taken.is_gone() {
        ctx.gone.store(true, Relaxed);
        return IrqReturn::Gone;
    }
    let causes = taken.and(ctx.enabled_causes());

    if causes.is_empty() {
        return not_enabled(ctx, taken);
    }
    ctx.irq
        .count
        .store(ctx.irq.count.load(Relaxed).wrapping_add(1), Relaxed);
    ctx.stats.interrupts.inc();
    if causes.intersects(RARE) {
        note(ctx, causes);
    }
    // If an administrator defers interrupts, a timer polls on after the poll that this one asks for.
    let polling = ctx.polling();
    let deferred = polling.times != 0 && polling != ctx.irq.polled();

    if deferred || !ctx.schedule_napi() || ctx.irq.polling.load(Relaxed) {
        // A poll is due, running or coming by itself: no more interrupts until that is over. It may
        // just have been, so see to it that another one comes.
        ctx.stats.masked.inc();
        ctx.mask_until_polled();
        ctx.schedule_napi();
    }
    IrqReturn::Handled
}

/// Takes a note of causes that are dealt with later.
#[cold]
fn note(ctx: &IrqContext<'_, Adapter<'_>>, causes: Causes) {
    if causes.intersects(Causes::LSC) {
        ctx.irq.link.store(true, Relaxed);
    }
    if causes.intersects(Causes::RXO) {
        ctx.irq.overrun.store(true, Relaxed);
    }
}

/// An interrupt for which nothing is enabled: another device's, or one of the self-test.
#[cold]
fn not_enabled(ctx: &IrqContext<'_, Adapter<'_>>, causes: Causes) -> IrqReturn {
    if ctx.irq.test(causes) {
        IrqReturn::Handled
    } else {
        IrqReturn::None
    }
}

/// Receives up to `budget` packets, and sees to what else the interrupt was about.
pub(crate) fn poll(
    ctx: &NapiContext<'_, Adapter<'_>>,
    rx: &mut rx::Queue<'_>,
    budget: usize,
) -> usize {
    let mut all_done = true;

    ctx.stats.rx.polls.inc();
    // Whether one that is gone is back is looked at once a second, not after each reset of it.
    if ctx.irq.link.load(Relaxed) && ctx.irq.link.xchg(false, Full) && !ctx.gone.load(Relaxed) {
        ctx.schedule_work(Events::LINK);
    }
    if ctx.tx_interrupt_enabled() {
        // If the lock is taken its holder may already have looked: come back.
        all_done = ctx.try_tx(|tx_ctx, tx| tx.reclaim(tx_ctx)).is_some();
    }
    let done = rx.poll(ctx, budget);

    if ctx.irq.tick.load(Relaxed) && ctx.irq.tick.xchg(false, Full) {
        all_done &= !watch(ctx, rx, done);
    }
    all_done &= done < budget;
    rx.moderator.moderate(ctx, done, all_done);
    if all_done {
        done
    } else {
        budget
    }
}

/// What the watchdog has looked at once a second. Reads memory, and a register only if interrupts
/// are masked or there is something wrong.
///
/// Returns whether causes were taken, so that what they announced must be looked for.
#[cold]
fn watch(ctx: &NapiContext<'_, Adapter<'_>>, rx: &mut rx::Queue<'_>, done: usize) -> bool {
    if ctx.gone.load(Relaxed) {
        // It may be back.
        ctx.schedule_work(Events::LINK);
        return false;
    }
    if ctx.irq.overrun.xchg(false, Full) {
        ctx.schedule_work(Events::DRIVER_0);
    }
    // Its interrupt may have got lost, or be masked for as long as polls follow each other: those of
    // an administrator's timer, or of an application that polls by itself.
    if !ctx.device().carrier_ok()
        || ctx.interrupts_masked() && !matches!(phy::link(&ctx.bar), Ok(Some(_)))
    {
        ctx.schedule_work(Events::LINK);
    }
    match rx.watch(ctx, done) {
        Verdict::Fine => false,
        Verdict::NoInterrupt => {
            // Taking the causes lowers a line that is stuck, so that it can rise again; the mask
            // may have got lost.
            ctx.stats.lost.inc();
            if irq::take(&ctx.bar).intersects(Causes::LSC) {
                ctx.schedule_work(Events::LINK);
            }
            irq::unmask(&ctx.bar, ctx.enabled_causes());
            true
        }
        Verdict::Hole => {
            ctx.stats.rx.stalls.inc();
            ctx.schedule_work(Events::RESET);
            false
        }
    }
}
