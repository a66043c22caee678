// SPDX-License-Identifier: GPL-2.0

//! ethtool.

use crate::{
    adapter::{
        Adapter,
        Config, //
    },
    hw::ring::RingSize,
    netdev::{
        ethtool::{
            Extack,
            Operations,
            RingParam, //
        },
        Counter,
        Rtnl, //
    },
};
use kernel::prelude::*;

/// Where a statistic that has no standard place is kept.
type Statistic = for<'a> fn(&'a Adapter<'_>) -> &'a Counter;

macro_rules! statistics {
    ($($name:literal => $($path:ident).+,)*) => {
        const NAMES: &[&str] = &[$($name),*];
        const STATISTICS: &[Statistic] = &[
            $(|adapter| &adapter.stats.$($path).+,)*
        ];
    };
}

statistics! {
    "tx_doorbells" => tx.doorbells,
    "tx_reclaimed_inline" => tx.reclaimed_inline,
    "tx_deferred" => tx.deferred,
    "tx_queue_stopped" => tx.stopped,
    "tx_queue_woken" => tx.woken,
    "tx_busy" => tx.busy,
    "tx_map_failed" => tx.map_failed,
    "tx_timeouts" => tx.timeouts,
    "tx_hangs" => tx.hangs,
    "rx_polls" => rx.polls,
    "rx_doorbells" => rx.doorbells,
    "rx_broadcast" => rx.broadcast,
    "rx_alloc_failed" => rx.alloc_failed,
    "rx_dropped_no_memory" => rx.dropped_no_memory,
    "rx_bad_descriptors" => rx.bad_descriptors,
    "rx_stalls" => rx.stalls,
    "rx_csum_good" => rx.checksum_good,
    "interrupts" => interrupts,
    "interrupts_masked" => masked,
    "interrupts_lost" => lost,
    "resets" => resets,
    "link_changes" => link_changes,
}

#[vtable]
impl Operations for Adapter<'_> {
    const STATISTICS: &'static [&'static str] = NAMES;

    const MAX_RINGS: RingParam = RingParam {
        rx: RingSize::MAX,
        tx: RingSize::MAX,
    };

    fn statistics(dev: &mut Rtnl<'_, Self>, values: &mut [u64]) {
        for (value, counter) in values.iter_mut().zip(STATISTICS) {
            *value = counter(dev.shared()).get();
        }
    }

    fn rings(dev: &mut Rtnl<'_, Self>) -> RingParam {
        let config = dev.config();

        RingParam {
            rx: config.rx.get().into(),
            tx: config.tx.get().into(),
        }
    }

    fn set_rings(dev: &mut Rtnl<'_, Self>, rings: RingParam, extack: &mut Extack<'_>) -> Result {
        let (Ok(rx), Ok(tx)) = (RingSize::new(rings.rx), RingSize::new(rings.tx)) else {
            return extack.refuse(c"ring sizes are multiples of 8 from 48 to 4096", EINVAL);
        };
        let config = *dev.config();

        if config.rx == rx && config.tx == tx {
            return Ok(());
        }
        dev.reconfigure(Config { rx, tx, ..config })
            .inspect_err(|_| {
                extack.set(c"no memory for rings of that size, the old ones are kept");
            })
    }
}
