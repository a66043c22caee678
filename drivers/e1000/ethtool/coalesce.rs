// SPDX-License-Identifier: GPL-2.0

//! Interrupt moderation.
//!
//! `rx-usecs` is the throttle, `ITR`: the least time between two interrupts, whatever for. It
//! leaves the first packet after a quiet time undelayed, which the receive timers don't. QEMU and
//! the driver's other users of it are in `hw::irq`.
//!
//! `adaptive-rx` lets the driver poll on after an interrupt while that pays (`crate::moderation`).
//!
//! `adaptive-tx` lets packets that follow each other without an answer wait for a common doorbell
//! (`crate::tx::gather`).
//!
//! `tx-usecs` are the transmit timers: how long the write-back of a descriptor may take to
//! interrupt. They count only while transmission completes by interrupts; where the device sends
//! before the doorbell returns there are none.

use crate::{
    adapter::Adapter,
    hw::irq::{
        Delay,
        Delays,
        Throttle, //
    },
    netdev::{
        ethtool::{
            Coalesce,
            Extack, //
        },
        Rtnl, //
    },
};
use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};

/// Returns how interrupts are moderated.
pub(super) fn get(dev: &mut Rtnl<'_, Adapter<'_>>) -> Coalesce {
    let adaptive_rx = dev.shared().adaptive.load(Relaxed);
    let adaptive_tx = dev.shared().gather.load(Relaxed);
    let control = dev.control();

    Coalesce {
        adaptive_rx,
        adaptive_tx,
        rx_usecs: control.throttle.usecs(),
        tx_usecs: if control.delays.delays_tx() {
            control.delays.tx_abs.usecs()
        } else {
            0
        },
    }
}

/// Changes how interrupts are moderated; at once if the interface is up, and for good.
pub(super) fn set(
    dev: &mut Rtnl<'_, Adapter<'_>>,
    wanted: Coalesce,
    extack: &mut Extack<'_>,
) -> Result {
    let now = get(dev);
    let bar = &dev.shared().bar;
    let mut throttle = dev.control().throttle;
    let mut delays = dev.control().delays;

    // The numbers of what stays come back rounded, so that is not touched.
    if wanted.rx_usecs != now.rx_usecs {
        let Some(new) = Throttle::from_usecs(wanted.rx_usecs) else {
            return extack.refuse(c"rx-usecs can be 0 to 16776", EINVAL);
        };

        throttle = new;
    }
    if wanted.tx_usecs != now.tx_usecs {
        let Some(new) = Delay::from_usecs(wanted.tx_usecs) else {
            return extack.refuse(c"tx-usecs can be 0 to 67107", EINVAL);
        };

        delays = Delays {
            tx: new,
            tx_abs: new,
            ..delays
        };
    }
    if throttle != dev.control().throttle {
        throttle.apply(bar);
        // The manual gives the 82544 no throttle.
        if !throttle.is_applied(bar) {
            dev.control().throttle.apply(bar);
            return extack.refuse(
                c"this chip has no interrupt throttle: rx-usecs is 0",
                EOPNOTSUPP,
            );
        }
    }
    dev.shared().adaptive.store(wanted.adaptive_rx, Relaxed);
    dev.shared().gather.store(wanted.adaptive_tx, Relaxed);
    delays.apply(bar);
    dev.control().throttle = throttle;
    dev.control().delays = delays;
    dev.with_tx(|_, tx| tx.set_delayed(delays.delays_tx()));
    Ok(())
}
