// SPDX-License-Identifier: GPL-2.0

//! Whether interrupts arrive that should, and none that should not.

use crate::{
    adapter::Adapter,
    hw::irq::{
        self,
        Causes, //
    },
    netdev::Rtnl,
};
use kernel::time::{
    delay::fsleep,
    Delta, //
};

/// What was wrong.
#[derive(Clone, Copy)]
enum Fault {
    /// No handler could be installed.
    NoHandler = 1,
    /// No interrupt for a cause that was raised and not masked.
    Lost = 2,
    /// An interrupt for a cause that was masked.
    Unmasked = 3,
    /// The interrupt was there, the cause was not.
    WrongCause = 4,
}

/// What is raised: each on its own.
const CAUSES: [Causes; 5] = [
    Causes::TXDW,
    Causes::LSC,
    Causes::RXDMT0,
    Causes::RXO,
    Causes::RXT0,
];

/// How often a cause may be seen though it is masked.
const MASKED_TRIES: u32 = 5;

/// How often to look, and how long in between: 100 ms in all. Interrupts come within
/// microseconds; QEMU holds them back for 128 us, a busy host for some milliseconds.
const TRIES: u32 = 100;
const WAIT: Delta = Delta::from_millis(1);

/// Tests each cause while the device's interrupts are all masked. Leaves them so.
pub(super) fn while_down(dev: &mut Rtnl<'_, Adapter<'_>>) -> u64 {
    let outcome = dev.with_interrupt(|dev| {
        let shared = dev.shared();

        // What is pending must not be mistaken.
        irq::mask(&shared.bar, Causes::ALL);
        irq::take(&shared.bar);
        let outcome = CAUSES
            .into_iter()
            .find_map(|cause| test(shared, cause).err());

        irq::mask(&shared.bar, Causes::ALL);
        irq::take(&shared.bar);
        shared.irq.end_test();
        outcome
    });

    match outcome {
        Ok(None) => 0,
        // CAST: Small numbers.
        Ok(Some(fault)) => fault as u64,
        Err(_) => Fault::NoHandler as u64,
    }
}

fn test(adapter: &Adapter<'_>, cause: Causes) -> Result<(), Fault> {
    let bar = &adapter.bar;

    // Masked, it must not interrupt; unmasked then, it must.
    if !stays_masked(adapter, cause) && !is_shared(adapter) {
        return Err(Fault::Unmasked);
    }
    adapter.irq.begin_test();
    irq::raise(bar, cause);
    irq::unmask(bar, cause);
    for _ in 0..TRIES {
        let seen = adapter.irq.tested();

        if !seen.is_empty() {
            irq::mask(bar, cause);
            return if seen.intersects(cause) {
                Ok(())
            } else {
                Err(Fault::WrongCause)
            };
        }
        fsleep(WAIT);
    }
    irq::mask(bar, cause);
    Err(Fault::Lost)
}

/// Returns whether the handler does not see a cause that is raised while it is masked. With an
/// interrupt of another device's on the same line it does see it, so it is tried several times.
fn stays_masked(adapter: &Adapter<'_>, cause: Causes) -> bool {
    (0..MASKED_TRIES).any(|_| {
        adapter.irq.begin_test();
        irq::raise(&adapter.bar, cause);
        fsleep(WAIT);
        !adapter.irq.tested().intersects(cause)
    })
}

/// Returns whether the handler is called though there is nothing that this device could want: the
/// line has another one's interrupts.
fn is_shared(adapter: &Adapter<'_>) -> bool {
    irq::take(&adapter.bar);
    adapter.irq.begin_test();
    (0..TRIES).any(|_| {
        fsleep(WAIT);
        adapter.irq.was_called()
    })
}

/// Raises one interrupt more among those of the traffic, and sees that some come.
pub(super) fn while_up(dev: &mut Rtnl<'_, Adapter<'_>>) -> u64 {
    let shared = dev.shared();
    let before = shared.stats.interrupts.get();

    // The link is looked at, and found as it is. If the handler had masked all, it does so again.
    irq::raise(&shared.bar, Causes::LSC);
    irq::unmask(&shared.bar, Causes::LSC);
    for _ in 0..TRIES {
        fsleep(WAIT);
        if shared.stats.interrupts.get() != before {
            return 0;
        }
    }
    Fault::Lost as u64
}
