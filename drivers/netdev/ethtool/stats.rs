// SPDX-License-Identifier: GPL-2.0

//! Statistics: the driver's own, by name, and those that have a standard meaning.
//!
//! # Soundness
//!
//! That of [`super`]. Arrays of statistics and strings are as long as `get_sset_count()` says,
//! which returns the length of the same constant, or an error instead of 0. Statistics of a kind
//! are written through setters to a structure that is borrowed for the call; ranges of lengths are
//! static and end with zeros.

use super::{
    super::bindings,
    table::rtnl,
    Operations, //
};
use core::slice;
use kernel::prelude::*;

/// Enters the callbacks of this file into the table.
pub(super) const fn install<T: Operations>(ops: &mut bindings::ethtool_ops) {
    ops.get_strings = Some(get_strings::<T>);
    ops.get_sset_count = Some(get_sset_count::<T>);
    ops.get_ethtool_stats = optional!(T::HAS_STATISTICS, get_ethtool_stats::<T>);
    ops.get_eth_mac_stats = optional!(T::HAS_MAC_STATS, get_eth_mac_stats::<T>);
    ops.get_eth_phy_stats = optional!(T::HAS_PHY_STATS, get_eth_phy_stats::<T>);
    ops.get_eth_ctrl_stats = optional!(T::HAS_CTRL_STATS, get_eth_ctrl_stats::<T>);
    ops.get_rmon_stats = optional!(T::HAS_RMON_STATS, get_rmon_stats::<T>);
    ops.get_pause_stats = optional!(T::HAS_PAUSE_STATS, get_pause_stats::<T>);
}

/// Bytes of a string in a string set.
const GSTRING_LEN: usize = bindings::ETH_GSTRING_LEN as usize;

/// Returns the strings of `set`, if there are any.
fn strings<T: Operations>(set: u32) -> Option<&'static [&'static str]> {
    let strings = match set {
        bindings::ethtool_stringset_ETH_SS_STATS if T::HAS_STATISTICS => T::STATISTICS,
        bindings::ethtool_stringset_ETH_SS_TEST if T::HAS_SELF_TEST => T::TESTS,
        _ => return None,
    };

    // The core warns of empty sets.
    (!strings.is_empty()).then_some(strings)
}

extern "C" fn get_sset_count<T: Operations>(_dev: *mut bindings::net_device, set: c_int) -> c_int {
    match u32::try_from(set).ok().and_then(strings::<T>) {
        // CAST: A few dozen.
        Some(strings) => strings.len() as c_int,
        None => EOPNOTSUPP.to_errno(),
    }
}

extern "C" fn get_strings<T: Operations>(_dev: *mut bindings::net_device, set: u32, data: *mut u8) {
    let Some(strings) = strings::<T>(set) else {
        return;
    };
    // SAFETY: The caller allocated what `get_sset_count()` asked for.
    let data = unsafe { slice::from_raw_parts_mut(data, strings.len() * GSTRING_LEN) };

    for (slot, name) in data.chunks_exact_mut(GSTRING_LEN).zip(strings) {
        slot.fill(0);
        // The last byte stays zero.
        for (to, from) in slot.iter_mut().take(GSTRING_LEN - 1).zip(name.bytes()) {
            *to = from;
        }
    }
}

extern "C" fn get_ethtool_stats<T: Operations>(
    dev: *mut bindings::net_device,
    _stats: *mut bindings::ethtool_stats,
    data: *mut u64,
) {
    // SAFETY: The caller allocated what `get_sset_count()` asked for.
    let data = unsafe { slice::from_raw_parts_mut(data, T::STATISTICS.len()) };

    // SAFETY: Called under RTNL.
    T::statistics(&mut unsafe { rtnl(dev) }, data);
}

/// Defines a group of statistics: a type with a setter for each, and the core's callback.
macro_rules! group {
    (
        $(#[$meta:meta])*
        $type:ident, $raw:ident, $fields:ident, $op:ident => $callback:ident;
        $($name:ident = $field:ident,)*
    ) => {
        $(#[$meta])*
        pub(crate) struct $type<'a>(&'a mut bindings::$fields);

        impl $type<'_> {
            $(
                #[doc = concat!("Sets `", stringify!($field), "` of `struct ", stringify!($raw), "`.")]
                pub(crate) fn $name(&mut self, value: u64) -> &mut Self {
                    self.0.$field = value;
                    self
                }
            )*
        }

        extern "C" fn $op<T: Operations>(
            dev: *mut bindings::net_device,
            stats: *mut bindings::$raw,
        ) {
            // SAFETY: The caller's own, initialised to "not set". The union is a `struct_group`
            // of numbers: both variants have the same fields.
            let fields = unsafe { &mut (*stats).__bindgen_anon_1.__bindgen_anon_1 };

            // SAFETY: Called under RTNL.
            T::$callback(&mut unsafe { rtnl(dev) }, &mut $type(fields));
        }
    };
}

group! {
    /// Statistics of the MAC, `struct ethtool_eth_mac_stats`.
    EthMacStats, ethtool_eth_mac_stats, ethtool_eth_mac_stats__bindgen_ty_1__bindgen_ty_1,
    get_eth_mac_stats => mac_stats;
    frames_transmitted_ok = FramesTransmittedOK,
    single_collision_frames = SingleCollisionFrames,
    multiple_collision_frames = MultipleCollisionFrames,
    frames_received_ok = FramesReceivedOK,
    frame_check_sequence_errors = FrameCheckSequenceErrors,
    alignment_errors = AlignmentErrors,
    octets_transmitted_ok = OctetsTransmittedOK,
    frames_with_deferred_xmissions = FramesWithDeferredXmissions,
    late_collisions = LateCollisions,
    frames_aborted_due_to_xs_colls = FramesAbortedDueToXSColls,
    frames_lost_due_to_int_mac_xmit_error = FramesLostDueToIntMACXmitError,
    carrier_sense_errors = CarrierSenseErrors,
    octets_received_ok = OctetsReceivedOK,
    frames_lost_due_to_int_mac_rcv_error = FramesLostDueToIntMACRcvError,
    multicast_frames_xmitted_ok = MulticastFramesXmittedOK,
    broadcast_frames_xmitted_ok = BroadcastFramesXmittedOK,
    multicast_frames_received_ok = MulticastFramesReceivedOK,
    broadcast_frames_received_ok = BroadcastFramesReceivedOK,
    in_range_length_errors = InRangeLengthErrors,
    frame_too_long_errors = FrameTooLongErrors,
}

group! {
    /// Statistics of the PHY, `struct ethtool_eth_phy_stats`.
    EthPhyStats, ethtool_eth_phy_stats, ethtool_eth_phy_stats__bindgen_ty_1__bindgen_ty_1,
    get_eth_phy_stats => phy_stats;
    symbol_error_during_carrier = SymbolErrorDuringCarrier,
}

group! {
    /// Statistics of MAC control, `struct ethtool_eth_ctrl_stats`.
    EthCtrlStats, ethtool_eth_ctrl_stats, ethtool_eth_ctrl_stats__bindgen_ty_1__bindgen_ty_1,
    get_eth_ctrl_stats => ctrl_stats;
    frames_transmitted = MACControlFramesTransmitted,
    frames_received = MACControlFramesReceived,
    unsupported_opcodes_received = UnsupportedOpcodesReceived,
}

group! {
    /// Numbers of PAUSE frames, `struct ethtool_pause_stats`.
    PauseStats, ethtool_pause_stats, ethtool_pause_stats__bindgen_ty_1__bindgen_ty_1,
    get_pause_stats => pause_stats;
    tx_pause_frames = tx_pause_frames,
    rx_pause_frames = rx_pause_frames,
}

/// Most ranges of lengths.
const RANGES: usize = bindings::ETHTOOL_RMON_HIST_MAX as usize;

/// The ranges of frame lengths of [`RmonStats`].
///
/// # Invariants
///
/// The last entry is zero: it ends the list for C.
#[repr(transparent)]
pub(crate) struct RmonRanges([bindings::ethtool_rmon_hist_range; RANGES + 1]);

impl RmonRanges {
    /// No ranges.
    pub(crate) const NONE: Self = Self::new(&[]);

    /// Returns the ranges from the first to the second length each, in bytes with the FCS.
    ///
    /// At build time only; there are at most eleven.
    pub(crate) const fn new(list: &[(u16, u16)]) -> Self {
        assert!(list.len() <= RANGES);
        let mut ranges = [bindings::ethtool_rmon_hist_range { low: 0, high: 0 }; RANGES + 1];
        let mut n = 0;

        while n < list.len() {
            (ranges[n].low, ranges[n].high) = list[n];
            n += 1;
        }
        // INVARIANT: The list is shorter than the array.
        Self(ranges)
    }
}

/// Statistics of RMON, `struct ethtool_rmon_stats`.
pub(crate) struct RmonStats<'a>(&'a mut bindings::ethtool_rmon_stats__bindgen_ty_1__bindgen_ty_1);

impl RmonStats<'_> {
    /// Sets the numbers of frames shorter than allowed, longer than allowed, and of both with a
    /// wrong FCS: fragments and jabber.
    pub(crate) fn odd_sizes(
        &mut self,
        undersize: u64,
        oversize: u64,
        fragments: u64,
        jabbers: u64,
    ) -> &mut Self {
        self.0.undersize_pkts = undersize;
        self.0.oversize_pkts = oversize;
        self.0.fragments = fragments;
        self.0.jabbers = jabbers;
        self
    }

    /// Sets the numbers of frames received in each of the ranges.
    pub(crate) fn received(&mut self, counts: impl Iterator<Item = u64>) -> &mut Self {
        for (slot, count) in self.0.hist.iter_mut().zip(counts) {
            *slot = count;
        }
        self
    }

    /// Sets the numbers of frames sent in each of the ranges.
    pub(crate) fn sent(&mut self, counts: impl Iterator<Item = u64>) -> &mut Self {
        for (slot, count) in self.0.hist_tx.iter_mut().zip(counts) {
            *slot = count;
        }
        self
    }
}

extern "C" fn get_rmon_stats<T: Operations>(
    dev: *mut bindings::net_device,
    stats: *mut bindings::ethtool_rmon_stats,
    ranges: *mut *const bindings::ethtool_rmon_hist_range,
) {
    // SAFETY: The pointer's place is the caller's own; the ranges are static and end with zeroes.
    unsafe { *ranges = T::RMON_RANGES.0.as_ptr() };
    // SAFETY: The caller's own, initialised to "not set". The union is a `struct_group` of
    // numbers: both variants have the same fields.
    let fields = unsafe { &mut (*stats).__bindgen_anon_1.__bindgen_anon_1 };

    // SAFETY: Called under RTNL.
    T::rmon_stats(&mut unsafe { rtnl(dev) }, &mut RmonStats(fields));
}
