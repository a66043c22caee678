// SPDX-License-Identifier: GPL-2.0

//! The watchdog: a transmitter that is stuck is told again of what it has to do, then reported and
//! reset.

use super::Queue;
use crate::{
    adapter::Adapter,
    hw::{
        desc::TxDesc,
        queue,
        regs,
        Regs, //
    },
    netdev::{
        netdev_warn,
        Events,
        TxContext, //
    },
};

impl<'bound> Queue<'bound> {
    /// Looks, once a second, whether the device is stuck.
    pub(crate) fn watchdog(&mut self, ctx: &TxContext<'_, Adapter<'bound>>) -> Option<Events> {
        let oldest = self.ring.next_to_clean();

        if self.reclaim(ctx) || oldest != self.ring.next_to_clean() || self.stuck.0 != oldest {
            self.stuck = (self.ring.next_to_clean(), 0);
            return None;
        }
        self.stuck.1 = self.stuck.1.saturating_add(1);
        match self.stuck.1 {
            2 => {
                // It may have missed the doorbell, or been switched off.
                queue::enable_tx(&ctx.bar, true);
                queue::tx_doorbell(&ctx.bar, self.batch);
                None
            }
            // Again if a reset did not help.
            n if n % 3 == 0 => {
                ctx.stats.tx.hangs.inc();
                self.report(ctx);
                Some(Events::RESET)
            }
            _ => None,
        }
    }

    /// Says what there is to know about a transmitter that is stuck. It is reset afterwards, so
    /// this is seen once every few seconds at most.
    #[cold]
    fn report(&self, ctx: &TxContext<'_, Adapter<'bound>>) {
        let clean = self.ring.next_to_clean();
        let end = self
            .slots
            .get(usize::from(clean))
            .map_or(0, |slot| slot.batch_end);
        let desc = TxDesc::load(&self.descs, end.into()).map_or([0, 0], TxDesc::to_raw);

        netdev_warn!(
            ctx.device(),
            "Detected Tx Unit Hang: TDH {:#x} next_to_use {:#x} next_to_clean {:#x} waiting for {:#x} \
             ({:016x} {:016x}) TCTL {:#x} STATUS {:#x}\n",
            queue::tx_head(&ctx.bar),
            self.ring.next_to_use(),
            clean,
            end,
            desc[0],
            desc[1],
            Regs::read(&ctx.bar, regs::TCTL).into_raw(),
            Regs::read(&ctx.bar, regs::STATUS).into_raw()
        );
    }
}
