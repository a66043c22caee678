// SPDX-License-Identifier: GPL-2.0

//! Statistics.
//!
//! # Soundness
//!
//! A [`Counter`] is accessed only by volatile loads and stores of an aligned machine word, which
//! is what the kernel's memory model wants of accesses that race. The structures that are filled
//! in are borrowed from the caller for one call.

use super::bindings;
#[cfg(CONFIG_64BIT)]
use core::cell::UnsafeCell;
#[cfg(not(CONFIG_64BIT))]
use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

/// A counter with one writer at a time and any number of readers.
///
/// Adding is a plain load, addition and store: the writers of one counter are serialised by
/// something else (the transmit lock, NAPI, RTNL), and a reader sees either value, never a torn
/// one. Writers that do race lose increments, nothing more.
///
/// On 64-bit machines, where an aligned word is never torn, these are volatile accesses
/// (`READ_ONCE()`, `WRITE_ONCE()`): what `u64_stats_t` is there. The kernel crate's atomics are
/// function calls in most configurations, two for each packet and counter.
#[cfg(CONFIG_64BIT)]
pub(crate) struct Counter(UnsafeCell<u64>);

/// A counter with one writer at a time and any number of readers.
#[cfg(not(CONFIG_64BIT))]
pub(crate) struct Counter(Atomic<u64>);

#[cfg(CONFIG_64BIT)]
// SAFETY: All accesses are volatile and of one aligned machine word.
unsafe impl Sync for Counter {}

impl Counter {
    /// Makes a counter at zero.
    #[cfg(CONFIG_64BIT)]
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    /// Makes a counter at zero.
    #[cfg(not(CONFIG_64BIT))]
    pub(crate) const fn new() -> Self {
        Self(Atomic::new(0))
    }

    /// Adds `n`, wrapping at 2^64.
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        self.set(self.get().wrapping_add(n));
    }

    /// Adds one.
    #[inline]
    pub(crate) fn inc(&self) {
        self.add(1);
    }

    /// Sets the value, for a counter that follows another.
    #[inline]
    pub(crate) fn set(&self, n: u64) {
        #[cfg(CONFIG_64BIT)]
        // SAFETY: Valid and aligned; see the type.
        unsafe {
            self.0.get().write_volatile(n)
        };
        #[cfg(not(CONFIG_64BIT))]
        self.0.store(n, Relaxed);
    }

    /// Returns the value.
    #[inline]
    pub(crate) fn get(&self) -> u64 {
        #[cfg(CONFIG_64BIT)]
        // SAFETY: Valid and aligned; see the type.
        unsafe {
            self.0.get().read_volatile()
        }
        #[cfg(not(CONFIG_64BIT))]
        self.0.load(Relaxed)
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}

/// The standard interface statistics, `struct rtnl_link_stats64`
/// (`Documentation/networking/statistics.rst`).
pub(crate) struct LinkStats<'a>(&'a mut bindings::rtnl_link_stats64);

macro_rules! setters {
    ($type:ident, $raw:ident: $($name:ident),* $(,)?) => {
        impl<'a> $type<'a> {
            pub(super) fn new(stats: &'a mut bindings::$raw) -> Self {
                Self(stats)
            }

            $(
                #[doc = concat!("Sets `", stringify!($name), "` of `struct ", stringify!($raw), "`.")]
                pub(crate) fn $name(&mut self, value: u64) -> &mut Self {
                    self.0.$name = value;
                    self
                }
            )*
        }
    };
}

setters! {
    LinkStats, rtnl_link_stats64:
    rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors, tx_errors, rx_dropped, tx_dropped,
    multicast, collisions, rx_length_errors, rx_over_errors, rx_crc_errors, rx_frame_errors,
    rx_fifo_errors, rx_missed_errors, tx_aborted_errors, tx_carrier_errors, tx_fifo_errors,
    tx_heartbeat_errors, tx_window_errors,
}

/// Setters of a queue's statistics, where `NETDEV_STAT_NOT_SET` stands in what is not set.
macro_rules! queue_setters {
    ($type:ident, $raw:ident: $($name:ident),* $(,)?) => {
        setters! { $type, $raw: $($name),* }

        impl $type<'_> {
            /// Makes zero of what has been set.
            pub(super) fn clear(&mut self) {
                $(
                    if self.0.$name != u64::MAX {
                        self.0.$name = 0;
                    }
                )*
            }
        }
    };
}

/// Statistics of a receive queue, `struct netdev_queue_stats_rx`
/// ([`include/net/netdev_queues.h`](srctree/include/net/netdev_queues.h)). What is not set is not
/// shown.
pub(crate) struct QueueStatsRx<'a>(&'a mut bindings::netdev_queue_stats_rx);

queue_setters! {
    QueueStatsRx, netdev_queue_stats_rx:
    packets, bytes, alloc_fail, hw_drops, hw_drop_overruns,
    csum_unnecessary, csum_none, csum_bad,
}

/// Statistics of a transmit queue, `struct netdev_queue_stats_tx`. What is not set is not shown.
pub(crate) struct QueueStatsTx<'a>(&'a mut bindings::netdev_queue_stats_tx);

queue_setters! {
    QueueStatsTx, netdev_queue_stats_tx:
    packets, bytes, hw_drops, hw_drop_errors, csum_none, needs_csum, hw_gso_packets, hw_gso_bytes,
    hw_gso_wire_packets, hw_gso_wire_bytes, stop, wake,
}
