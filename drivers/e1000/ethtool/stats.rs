// SPDX-License-Identifier: GPL-2.0

//! Statistics: the driver's own, and the standard groups.
//!
//! What passes through the driver's hands it counts itself. The chip's counters
//! ([`hw::stats`](crate::hw::stats)) are read on request only, for what nobody else knows:
//! damaged frames, collisions, flow control. An emulated chip has none of that to count, and
//! shows zeroes, which are true.

use crate::{
    adapter::Adapter,
    hw::stats::Counter as Chip,
    netdev::{
        ethtool::{
            EthCtrlStats,
            EthMacStats,
            EthPhyStats,
            PauseStats,
            RmonRanges,
            RmonStats, //
        },
        Counter,
        Rtnl, //
    },
};

macro_rules! statistics {
    (
        driver { $($name:literal => $($path:ident).+,)* }
        chip { $($chip_name:literal => $chip:ident,)* }
    ) => {
        /// Names, in order.
        pub(super) const NAMES: &[&str] = &[$($name,)* $($chip_name,)*];

        /// Returns their values, in the same order.
        fn values(shared: &Adapter<'_>) -> [u64; NAMES.len()] {
            [
                $(shared.stats.$($path).+.get(),)*
                $(shared.chip.get(Chip::$chip),)*
            ]
        }
    };
}

// Per queue what netdev-genl's qstats has as well, as most tools look here; then what no other
// place has.
statistics! {
    driver {
        "tx_queue_0_packets" => tx.packets,
        "tx_queue_0_bytes" => tx.bytes,
        "tx_queue_0_doorbells" => tx.doorbells,
        "tx_queue_0_stopped" => tx.stopped,
        "tx_queue_0_restarted" => tx.woken,
        "tx_queue_0_busy" => tx.busy,
        "tx_queue_0_reclaimed_inline" => tx.reclaimed_inline,
        "tx_queue_0_deferred" => tx.deferred,
        "tx_queue_0_csum_offloaded" => tx.checksums,
        "tx_queue_0_gso_packets" => tx.gso_packets,
        "tx_queue_0_gso_bytes" => tx.gso_bytes,
        "tx_queue_0_gso_wire_packets" => tx.gso_wire_packets,
        "tx_queue_0_gso_wire_bytes" => tx.gso_wire_bytes,
        "tx_queue_0_contexts" => tx.contexts,
        "tx_queue_0_dropped" => tx.dropped,
        "tx_queue_0_copied" => tx.copied,
        "tx_queue_0_map_failed" => tx.map_failed,
        "tx_queue_0_timeouts" => tx.timeouts,
        "tx_queue_0_hangs" => tx.hangs,
        "rx_queue_0_packets" => rx.packets,
        "rx_queue_0_bytes" => rx.bytes,
        "rx_queue_0_broadcast" => rx.broadcast,
        "rx_queue_0_polls" => rx.polls,
        "rx_queue_0_doorbells" => rx.doorbells,
        "rx_queue_0_csum_good" => rx.checksum_good,
        "rx_queue_0_alloc_failed" => rx.alloc_failed,
        "rx_queue_0_drop_no_memory" => rx.dropped_no_memory,
        "rx_queue_0_drop_length" => rx.length_errors,
        "rx_queue_0_drop_damaged" => rx.crc_errors,
        "rx_queue_0_drop_bad_descriptor" => rx.bad_descriptors,
        "rx_queue_0_stalls" => rx.stalls,
        "xdp_pass" => xdp.pass,
        "xdp_drop" => xdp.drop,
        "xdp_aborted" => xdp.aborted,
        "xdp_tx" => xdp.tx,
        "xdp_tx_err" => xdp.tx_failed,
        "xdp_redirect" => xdp.redirect,
        "xdp_redirect_err" => xdp.redirect_failed,
        "xdp_xmit" => xdp.xmit,
        "xdp_xmit_err" => xdp.xmit_failed,
        "interrupts" => interrupts,
        "interrupts_masked" => masked,
        "interrupts_lost" => lost,
        "resets" => resets,
        "link_changes" => link_changes,
    }
    chip {
        "rx_no_buffer_count" => RNBC,
        "rx_data_errors" => RXERRC,
        "rx_sequence_errors" => SEC,
        "rx_carrier_extension_errors" => CEXTERR,
        "rx_smbus" => MGTPRC,
        "dropped_smbus" => MGTPDC,
        "tx_smbus" => MGTPTC,
    }
}

/// The chip's counters that some statistic shows.
const CHIP: &[Chip] = &[
    Chip::CRCERRS,
    Chip::ALGNERRC,
    Chip::SYMERRS,
    Chip::RXERRC,
    Chip::MPC,
    Chip::SCC,
    Chip::ECOL,
    Chip::MCC,
    Chip::LATECOL,
    Chip::COLC,
    Chip::DC,
    Chip::TNCRS,
    Chip::SEC,
    Chip::CEXTERR,
    Chip::RLEC,
    Chip::XONRXC,
    Chip::XONTXC,
    Chip::XOFFRXC,
    Chip::XOFFTXC,
    Chip::FCRUC,
    Chip::RNBC,
    Chip::RUC,
    Chip::RFC,
    Chip::ROC,
    Chip::RJC,
    Chip::MGTPRC,
    Chip::MGTPDC,
    Chip::MGTPTC,
    Chip::MPTC,
    Chip::BPTC,
];

/// Takes what the chip has counted: about 30 heavy accesses.
pub(crate) fn refresh(dev: &mut Rtnl<'_, Adapter<'_>>) {
    let shared = dev.shared();
    let chip = &mut dev.control().chip;

    // A device that is gone has nothing to add.
    let _ = chip.collect(&shared.bar, CHIP);
    for counter in CHIP {
        shared.chip.publish(*counter, chip.get(*counter));
    }
}

/// Fills the driver's own statistics, in the order of [`NAMES`].
pub(super) fn fill(dev: &mut Rtnl<'_, Adapter<'_>>, values: &mut [u64]) {
    refresh(dev);
    for (value, now) in values.iter_mut().zip(self::values(dev.shared())) {
        *value = now;
    }
}

/// Bytes of the FCS, which the standard counts and the stack does not.
const FCS: u64 = 4;

/// Fills the MAC's statistics. Octets are those of whole frames, as all drivers give them.
pub(super) fn mac(dev: &mut Rtnl<'_, Adapter<'_>>, to: &mut EthMacStats<'_>) {
    refresh(dev);
    let Adapter { stats, chip, .. } = dev.shared();
    let with_fcs = |bytes: &Counter, packets: &Counter| {
        bytes.get().wrapping_add(packets.get().wrapping_mul(FCS))
    };

    to.frames_transmitted_ok(stats.tx.packets.get())
        .octets_transmitted_ok(with_fcs(&stats.tx.bytes, &stats.tx.packets))
        .frames_received_ok(stats.rx.packets.get())
        .octets_received_ok(with_fcs(&stats.rx.bytes, &stats.rx.packets))
        .multicast_frames_received_ok(stats.rx.multicast.get())
        .broadcast_frames_received_ok(stats.rx.broadcast.get())
        .frame_check_sequence_errors(chip.get(Chip::CRCERRS))
        .alignment_errors(chip.get(Chip::ALGNERRC))
        .single_collision_frames(chip.get(Chip::SCC))
        .multiple_collision_frames(chip.get(Chip::MCC))
        .frames_with_deferred_xmissions(chip.get(Chip::DC))
        .late_collisions(chip.get(Chip::LATECOL))
        .frames_aborted_due_to_xs_colls(chip.get(Chip::ECOL))
        .carrier_sense_errors(chip.get(Chip::TNCRS))
        .frames_lost_due_to_int_mac_xmit_error(stats.tx.dropped.get())
        .frames_lost_due_to_int_mac_rcv_error(chip.get(Chip::MPC))
        .in_range_length_errors(chip.get(Chip::RLEC))
        .frame_too_long_errors(chip.get(Chip::ROC));
    // To look at every address that is sent to would cost something; an emulated chip doesn't.
    if dev.shared().has_flow_control {
        to.multicast_frames_xmitted_ok(chip.get(Chip::MPTC))
            .broadcast_frames_xmitted_ok(chip.get(Chip::BPTC));
    }
}

/// Fills the PHY's statistics.
pub(super) fn phy(dev: &mut Rtnl<'_, Adapter<'_>>, to: &mut EthPhyStats<'_>) {
    refresh(dev);
    to.symbol_error_during_carrier(dev.shared().chip.get(Chip::SYMERRS));
}

/// Ranges of lengths that the chip tells apart, in bytes with the FCS. The last has no end but the
/// longest frame's.
pub(super) const RANGES: RmonRanges = RmonRanges::new(&[
    (0, 64),
    (65, 127),
    (128, 255),
    (256, 511),
    (512, 1023),
    (1024, 16384),
]);

/// The chip's counters of those ranges.
const RECEIVED: &[Chip] = &[
    Chip::PRC64,
    Chip::PRC127,
    Chip::PRC255,
    Chip::PRC511,
    Chip::PRC1023,
    Chip::PRC1522,
];
const SENT: &[Chip] = &[
    Chip::PTC64,
    Chip::PTC127,
    Chip::PTC255,
    Chip::PTC511,
    Chip::PTC1023,
    Chip::PTC1522,
];

/// Fills RMON's statistics. Counting by length would cost every packet something, so that is left
/// to the chip; an emulated one does not (QEMU's registers stay 0), and then nothing is shown.
pub(super) fn rmon(dev: &mut Rtnl<'_, Adapter<'_>>, to: &mut RmonStats<'_>) {
    let shared = dev.shared();

    if !shared.has_flow_control {
        return;
    }
    refresh(dev);
    let control = dev.control();
    let counted = [RECEIVED, SENT]
        .iter()
        .try_for_each(|counters| control.chip.collect(&shared.bar, counters));

    if counted.is_err() {
        return;
    }
    let stats = &shared.chip;

    to.odd_sizes(
        stats.get(Chip::RUC),
        stats.get(Chip::ROC),
        stats.get(Chip::RFC),
        stats.get(Chip::RJC),
    )
    .received(RECEIVED.iter().map(|counter| control.chip.get(*counter)))
    .sent(SENT.iter().map(|counter| control.chip.get(*counter)));
}

/// Returns how many PAUSE frames were sent and received, if the chip has flow control.
fn pause_frames(dev: &mut Rtnl<'_, Adapter<'_>>) -> Option<(u64, u64)> {
    if !dev.shared().has_flow_control {
        return None;
    }
    refresh(dev);
    let chip = &dev.shared().chip;
    let sum = |xon, xoff| chip.get(xon).wrapping_add(chip.get(xoff));

    Some((
        sum(Chip::XONTXC, Chip::XOFFTXC),
        sum(Chip::XONRXC, Chip::XOFFRXC),
    ))
}

/// Fills the statistics of MAC control, if there is any.
pub(super) fn ctrl(dev: &mut Rtnl<'_, Adapter<'_>>, to: &mut EthCtrlStats<'_>) {
    let Some((sent, received)) = pause_frames(dev) else {
        return;
    };
    let unsupported = dev.shared().chip.get(Chip::FCRUC);

    to.frames_transmitted(sent)
        .frames_received(received.wrapping_add(unsupported))
        .unsupported_opcodes_received(unsupported);
}

/// Fills the numbers of PAUSE frames. A chip without flow control sends none and heeds none.
pub(super) fn pause(dev: &mut Rtnl<'_, Adapter<'_>>, to: &mut PauseStats<'_>) {
    let (sent, received) = pause_frames(dev).unwrap_or((0, 0));

    to.tx_pause_frames(sent).rx_pause_frames(received);
}
