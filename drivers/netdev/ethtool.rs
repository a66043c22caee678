// SPDX-License-Identifier: GPL-2.0

//! ethtool: what an administrator asks of a device and sets.
//!
//! C header: [`include/linux/ethtool.h`](srctree/include/linux/ethtool.h)
//!
//! A driver implements [`Operations`]; what it leaves out the core reports as not supported. One
//! file each has the types and callbacks of a kind of operation. The driver sees values of this
//! module's types, never the core's structures.
//!
//! # Soundness
//!
//! The operations are called under RTNL: the devices of this crate have no instance lock for
//! operations to be called under instead (`netdev_need_ops_lock()`), and the core does not nest
//! them for one device. The device is registered and present, but for the last calls of
//! [`Operations::identify`], which a device that is being unregistered waits for
//! ([`super::registration`]) and one that sleeps may get. The structures passed are the caller's
//! own for the length of the call, and arrays are as long as the operation that returns their
//! length says.

use super::{
    context::Rtnl,
    driver::Driver, //
};
use kernel::prelude::*;

/// `Some($function)` if the driver implements `$has`.
macro_rules! optional {
    ($has:expr, $function:expr) => {
        if $has {
            Some($function)
        } else {
            None
        }
    };
}

mod extack;
mod link;
mod memory;
mod params;
mod stats;
mod table;
mod test;
mod wake;

pub(super) use table::ops;

pub(crate) use self::{
    extack::Extack,
    link::{
        Crossover,
        Duplex,
        LinkDown,
        LinkModes,
        LinkRequest,
        LinkSettings,
        Port, //
    },
    params::{
        Coalesce,
        CoalesceParams,
        Pause,
        RingParam, //
    },
    stats::{
        EthCtrlStats,
        EthMacStats,
        EthPhyStats,
        PauseStats,
        RmonRanges,
        RmonStats, //
    },
    test::{
        Identify,
        TestKind, //
    },
    wake::{
        Wake,
        WakeEvents, //
    },
};

/// The ethtool operations of a driver.
///
/// All are called in process context under RTNL and may sleep; those that take no [`Rtnl`] may be
/// called anywhere. A setter that fails has changed nothing. Where an operation has no [`Extack`],
/// the core has no way to pass a message on; such a driver may print it
/// ([`netif_info_limited!`](super::netif_info_limited)).
#[vtable]
pub(crate) trait Operations: Driver {
    /// Names of the driver's own statistics, at most 31 bytes each.
    const STATISTICS: &'static [&'static str] = &[];

    /// Names of the self-tests, at most 31 bytes each.
    const TESTS: &'static [&'static str] = &[];

    /// The largest rings, in descriptors.
    const MAX_RINGS: RingParam;

    /// What of [`Coalesce`] can be set; the core refuses the rest.
    const COALESCE: CoalesceParams = CoalesceParams::NONE;

    /// Length of the register dump, in words of 32 bits.
    const REGISTERS: usize = 0;

    /// Size of the EEPROM in bytes.
    const EEPROM: usize = 0;

    /// Frame lengths that [`RmonStats`] tells apart.
    const RMON_RANGES: &'static RmonRanges = &RmonRanges::NONE;

    /// How often a second [`Self::identify`] is to switch the light on.
    const BLINKS: c_int = 2;

    /// Returns whether the device answers; if not, requests end with `ENODEV` before they come to
    /// the other operations.
    fn is_present(&self) -> bool {
        true
    }

    /// Fills the driver's own statistics, in the order of [`Self::STATISTICS`].
    fn statistics(dev: &mut Rtnl<'_, Self>, values: &mut [u64]) {
        let _ = (dev, values);
    }

    /// Fills the statistics of the MAC (IEEE 802.3 30.3.1.1). Also in the following four, what is
    /// not set is not shown.
    fn mac_stats(dev: &mut Rtnl<'_, Self>, stats: &mut EthMacStats<'_>) {
        let _ = (dev, stats);
    }

    /// Fills the statistics of the PHY (IEEE 802.3 30.3.2.1).
    fn phy_stats(dev: &mut Rtnl<'_, Self>, stats: &mut EthPhyStats<'_>) {
        let _ = (dev, stats);
    }

    /// Fills the statistics of MAC control (IEEE 802.3 30.3.3).
    fn ctrl_stats(dev: &mut Rtnl<'_, Self>, stats: &mut EthCtrlStats<'_>) {
        let _ = (dev, stats);
    }

    /// Fills the statistics of RMON (RFC 2819).
    fn rmon_stats(dev: &mut Rtnl<'_, Self>, stats: &mut RmonStats<'_>) {
        let _ = (dev, stats);
    }

    /// Fills the numbers of PAUSE frames.
    fn pause_stats(dev: &mut Rtnl<'_, Self>, stats: &mut PauseStats<'_>) {
        let _ = (dev, stats);
    }

    /// Returns the sizes of the rings.
    fn rings(dev: &mut Rtnl<'_, Self>) -> RingParam;

    /// Changes the sizes of the rings, live if the interface is up.
    fn set_rings(dev: &mut Rtnl<'_, Self>, rings: RingParam, extack: &mut Extack<'_>) -> Result;

    /// Returns how interrupts are moderated.
    fn coalesce(dev: &mut Rtnl<'_, Self>, extack: &mut Extack<'_>) -> Result<Coalesce> {
        let _ = (dev, extack);
        Err(EOPNOTSUPP)
    }

    /// Changes how interrupts are moderated, live.
    fn set_coalesce(
        dev: &mut Rtnl<'_, Self>,
        coalesce: Coalesce,
        extack: &mut Extack<'_>,
    ) -> Result {
        let _ = (dev, coalesce, extack);
        Err(EOPNOTSUPP)
    }

    /// Returns which PAUSE frames are asked for.
    fn pause(dev: &mut Rtnl<'_, Self>) -> Pause {
        let _ = dev;
        Pause::default()
    }

    /// Changes which PAUSE frames are sent and obeyed, or offered for that.
    fn set_pause(dev: &mut Rtnl<'_, Self>, pause: Pause) -> Result {
        let _ = (dev, pause);
        Err(EOPNOTSUPP)
    }

    /// Returns the link and how it comes about.
    fn link(dev: &mut Rtnl<'_, Self>) -> Result<LinkSettings> {
        let _ = dev;
        Err(EOPNOTSUPP)
    }

    /// Changes how the link comes about.
    fn set_link(dev: &mut Rtnl<'_, Self>, request: &LinkRequest) -> Result {
        let _ = (dev, request);
        Err(EOPNOTSUPP)
    }

    /// Starts auto-negotiation anew. `EINVAL` if it is off.
    fn restart_autoneg(dev: &mut Rtnl<'_, Self>) -> Result {
        let _ = dev;
        Err(EOPNOTSUPP)
    }

    /// Returns why there is no link, if it is known.
    fn link_down(dev: &mut Rtnl<'_, Self>) -> Option<LinkDown> {
        let _ = dev;
        None
    }

    /// Returns how often the link was lost.
    fn link_losses(&self) -> u64 {
        0
    }

    /// Fills the register dump, of [`Self::REGISTERS`] words, and returns the version of its
    /// layout.
    fn registers(dev: &mut Rtnl<'_, Self>, words: &mut [u32]) -> u32 {
        let _ = (dev, words);
        0
    }

    /// Returns the number by which a writer of the EEPROM shows that it knows the device.
    fn eeprom_magic(&self) -> u32 {
        0
    }

    /// Reads the EEPROM from byte `offset` on.
    fn eeprom(dev: &mut Rtnl<'_, Self>, offset: usize, data: &mut [u8]) -> Result {
        let _ = (dev, offset, data);
        Err(EOPNOTSUPP)
    }

    /// Writes the EEPROM from byte `offset` on.
    fn set_eeprom(dev: &mut Rtnl<'_, Self>, offset: usize, data: &[u8]) -> Result {
        let _ = (dev, offset, data);
        Err(EOPNOTSUPP)
    }

    /// Tests the device. `results`, all 0, are in the order of [`Self::TESTS`]; whatever is not 0
    /// afterwards has failed.
    fn self_test(dev: &mut Rtnl<'_, Self>, kind: TestKind, results: &mut [u64]) {
        let _ = (dev, kind, results);
    }

    /// Makes the device visible to somebody in front of it.
    fn identify(dev: &mut Rtnl<'_, Self>, state: Identify) -> Result {
        let _ = (dev, state);
        Err(EOPNOTSUPP)
    }

    /// Returns what can wake the system, and what shall.
    fn wake(dev: &mut Rtnl<'_, Self>) -> Wake {
        let _ = dev;
        Wake::default()
    }

    /// Changes what wakes the system; only events that [`Self::wake`] said are supported.
    fn set_wake(dev: &mut Rtnl<'_, Self>, events: WakeEvents) -> Result {
        let _ = (dev, events);
        Err(EOPNOTSUPP)
    }
}
