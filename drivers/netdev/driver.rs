// SPDX-License-Identifier: GPL-2.0

//! What a driver implements.

use super::{
    ethtool::Extack,
    stats::{
        QueueStatsRx,
        QueueStatsTx, //
    },
    xdp,
    AddrList,
    Device,
    DisabledNapi,
    EthAddr,
    Features,
    IrqContext,
    IrqReturn,
    LinkStats,
    Messages,
    NapiContext,
    Rtnl,
    SkBuff,
    TxContext, //
};
use kernel::prelude::*;

/// Everything that exists only while the interface is up.
pub(crate) struct Rings<T: Driver> {
    /// The transmit side.
    pub(crate) tx: T::Tx,
    /// The receive side.
    pub(crate) rx: T::Rx,
}

/// What a driver's probe makes: the parts of the device's private area.
pub(crate) struct Probed<T: Driver> {
    /// Shared with every context.
    pub(crate) shared: T,
    /// Only under RTNL. In a box, as a probe has little stack to pass it about on.
    pub(crate) control: KBox<T::Control>,
    /// How the rings are to be built.
    pub(crate) config: T::Config,
}

/// Properties of the device that are fixed before it is registered.
pub(crate) struct Setup {
    /// The permanent address, and the first one in use.
    pub(crate) address: EthAddr,
    /// Whether `address` was made up ([`EthAddr::random`]) for want of a valid one.
    pub(crate) address_is_random: bool,
    /// Features that can be switched.
    pub(crate) hw_features: Features,
    /// Features that are on at first.
    pub(crate) features: Features,
    /// Features that VLAN devices on top inherit.
    pub(crate) vlan_features: Features,
    /// Smallest MTU in bytes.
    pub(crate) min_mtu: u32,
    /// Largest MTU in bytes.
    pub(crate) max_mtu: u32,
    /// Largest packet in bytes that segmentation takes; 0 for the stack's default.
    pub(crate) tso_max_size: u32,
    /// Whether the device can leave out the FCS for a packet that brings its own
    /// ([`SkBuff::has_fcs`]).
    pub(crate) no_fcs: bool,
    /// Classes of messages that are printed.
    pub(crate) messages: Messages,
    /// How long a stopped queue may take before [`Driver::tx_timeout`], in milliseconds.
    pub(crate) watchdog_msecs: u32,
}

/// A driver of a network device with one transmit and one receive queue.
///
/// The implementing type is the driver's shared data. It is complete before the device is
/// registered, and dropped after it is unregistered, so no callback ever sees less than all of
/// it.
///
/// # Life cycle
///
/// `build` → `start` → `irq_enable` on the way up, `irq_disable` → `halt` and the drop of the
/// rings on the way down. Between `halt` and the next `start` the device must not access memory.
/// Ring resize, MTU change and reset are the same pair around a swap of the rings
/// ([`Rtnl::reconfigure`]).
#[vtable]
pub(crate) trait Driver: Sized + Send + Sync {
    /// Data that only the control path uses, under RTNL.
    type Control: Send;
    /// What the rings are built from: sizes, buffer lengths.
    type Config: Send + Clone;
    /// The transmit side while the interface is up. Owned by the transmit lock.
    type Tx: Send;
    /// The receive side while the interface is up. Owned by NAPI.
    type Rx: Send;

    /// Allocates and fills rings for `config`. Process context; touches no register that
    /// running rings depend on. The drop of the result must undo everything.
    fn build(dev: &mut Rtnl<'_, Self>, config: &Self::Config) -> Result<Rings<Self>>;

    /// Makes rings that were halted as they were when they were built: nothing is in flight, and
    /// what was is dropped. Same context as [`Self::build`]. It must not depend on memory: buffers
    /// that cannot be had now are for [`Self::poll`] to get later.
    fn empty(dev: &mut Rtnl<'_, Self>, rings: &mut Rings<Self>);

    /// Programs the device with the rings and lets it go, interrupts still masked. Process
    /// context; the queue is stopped and NAPI disabled. Called at open and after each swap.
    ///
    /// The device may not reach memory until this returns, if it was cut off. Returns whether it
    /// has taken the rings. One that has not may still have others, long gone, and masters the bus
    /// no more until a start succeeds, for which the driver must see to a swap.
    fn start(dev: &mut Rtnl<'_, Self>, rings: &mut Rings<Self>, napi: &DisabledNapi<'_>) -> bool;

    /// Stops the device's DMA on the rings, and returns whether the device heeds it: one that does
    /// not masters the bus no more until a [`Self::start`] has succeeded. Same context as that.
    fn halt(dev: &mut Rtnl<'_, Self>, rings: &mut Rings<Self>) -> bool;

    /// Called when everything is up; brings the carrier up to date.
    fn opened(dev: &mut Rtnl<'_, Self>);

    /// Unmasks the device's interrupts. Atomic context.
    fn irq_enable(&self);

    /// Masks the device's interrupts. Atomic context; a handler may still be running.
    fn irq_disable(&self);

    /// The interrupt handler. Hard interrupt context, the line may be shared.
    fn interrupt(ctx: &IrqContext<'_, Self>) -> IrqReturn;

    /// Takes one packet to transmit. The transmit lock is held; atomic context, see [`TxContext`].
    ///
    /// The driver owns the packet. `Err` gives it back for another try, which is a bug in the
    /// driver's stopping of the queue; it is counted by the stack. Another packet that is given
    /// back is dropped.
    fn xmit(ctx: &TxContext<'_, Self>, tx: &mut Self::Tx, skb: SkBuff) -> Result<(), SkBuff>;

    /// Tells the device of what [`Self::xmit`] did not yet tell it of, see
    /// [`TxContext::hold`](super::TxContext::hold). Bottom halves are disabled, the transmit lock
    /// is held.
    fn release(ctx: &TxContext<'_, Self>, tx: &mut Self::Tx) {
        let _ = (ctx, tx);
    }

    /// Receives up to `budget` (at least one) packets and returns how many. Softirq context.
    fn poll(ctx: &NapiContext<'_, Self>, rx: &mut Self::Rx, budget: usize) -> usize;

    /// Reclaims what was transmitted, for netpoll. Transmit lock held.
    fn reclaim(ctx: &TxContext<'_, Self>, tx: &mut Self::Tx);

    /// The poll is complete and NAPI may be scheduled again: unmask what the handler masked.
    fn poll_complete(&self);

    /// The poll is over, but another one is due by itself (see
    /// [`NapiContext::set_polling`](super::NapiContext::set_polling)): no interrupt is needed.
    fn poll_deferred(&self) {}

    /// Called every second while the interface is up, before a poll that is due then anyway.
    /// Transmit lock held, softirq. An idle device should be left alone.
    /// What it returns is done by [`Self::work`].
    fn watchdog(ctx: &TxContext<'_, Self>, tx: &mut Self::Tx) -> Option<Events> {
        let _ = (ctx, tx);
        None
    }

    /// The queue was stopped for too long. Softirq; [`Self::work`] with `RESET` follows.
    fn tx_timeout(dev: &Device<Self>) {
        let _ = dev;
    }

    /// Deferred work that was asked for with `schedule_work`. Process context.
    fn work(dev: &mut Rtnl<'_, Self>, events: Events);

    /// Fills the standard statistics. RCU, any context.
    fn stats64(dev: &Device<Self>, stats: &mut LinkStats<'_>);

    /// Programs the receive filters from the device's flags and lists. Process context; called
    /// only while the interface is up. An error makes the stack try again later.
    fn set_rx_mode(dev: &mut Rtnl<'_, Self>, uc: AddrList<'_>, mc: AddrList<'_>) -> Result;

    /// Takes a new station address, which is valid, before the stack does. Process context.
    fn set_mac_address(dev: &mut Rtnl<'_, Self>, addr: EthAddr) -> Result;

    /// Takes a new MTU, within the limits of [`Setup`], before the stack does. Process context.
    fn change_mtu(dev: &mut Rtnl<'_, Self>, mtu: usize) -> Result;

    /// Resolves dependencies between features. Process context.
    fn fix_features(dev: &mut Rtnl<'_, Self>, features: Features) -> Features {
        let _ = dev;
        features
    }

    /// Switches features. Process context.
    fn set_features(dev: &mut Rtnl<'_, Self>, features: Features) -> Result {
        let _ = (dev, features);
        Ok(())
    }

    /// Takes away the features that can't be used for this one packet. Softirq context.
    fn features_check(&self, skb: &PacketView<'_>, features: Features) -> Features {
        let _ = skb;
        features
    }

    /// What the driver does of XDP.
    const XDP: xdp::Support = xdp::Support::NONE;

    /// Returns an error if `prog` can't be attached now; the driver runs it from the next poll on
    /// if it can ([`NapiContext::xdp_program`]). Process context; the device need not be reset.
    fn xdp_check(
        dev: &mut Rtnl<'_, Self>,
        prog: xdp::Program<'_>,
        extack: &mut Extack<'_>,
    ) -> Result {
        let _ = (dev, prog, extack);
        Err(EOPNOTSUPP)
    }

    /// Takes frames to transmit, as far as there is room, and tells the device of them if `flush`
    /// is set. Bottom halves are disabled, the transmit lock is held.
    fn xdp_xmit(
        ctx: &TxContext<'_, Self>,
        tx: &mut Self::Tx,
        frames: &mut xdp::Frames<'_>,
        flush: bool,
    ) {
        let _ = (ctx, tx, frames, flush);
    }

    /// Starts or stops receiving a VLAN.
    fn set_vlan(dev: &mut Rtnl<'_, Self>, vid: u16, on: bool) -> Result {
        let _ = (dev, vid, on);
        Ok(())
    }

    /// Fills the statistics of the receive queue. Any context.
    fn queue_stats_rx(dev: &Device<Self>, stats: &mut QueueStatsRx<'_>);

    /// Fills the statistics of the transmit queue. Any context.
    fn queue_stats_tx(dev: &Device<Self>, stats: &mut QueueStatsTx<'_>);

    /// The address of the PHY on the MDIO bus.
    const PHY_ADDRESS: u8 = 0;

    /// Reads a register of the PHY, for `SIOCGMIIREG`. Process context.
    fn mii_read(dev: &mut Rtnl<'_, Self>, phy: u8, reg: u8) -> Result<u16> {
        let _ = (dev, phy, reg);
        Err(EOPNOTSUPP)
    }

    /// Writes a register of the PHY, for `SIOCSMIIREG`. Process context.
    fn mii_write(dev: &mut Rtnl<'_, Self>, phy: u8, reg: u8, value: u16) -> Result {
        let _ = (dev, phy, reg, value);
        Err(EOPNOTSUPP)
    }

    /// The device is about to lose power or the kernel: stop all DMA. Process context.
    fn shutdown(dev: &mut Rtnl<'_, Self>);

    /// The device has power again and may have lost every register. Process context, before
    /// the rings are started if the interface was up.
    ///
    /// They are started, and the interface can be set up, even if it fails: a driver notes that
    /// the device has to be set up first.
    fn resume(dev: &mut Rtnl<'_, Self>) -> Result;
}

/// A packet of the stack's, to be looked at only.
pub(crate) struct PacketView<'a>(pub(super) &'a SkBuff);

impl core::ops::Deref for PacketView<'_> {
    type Target = SkBuff;

    fn deref(&self) -> &SkBuff {
        self.0
    }
}

/// Kinds of deferred work, as bits; which mean what is the driver's choice, but for `RESET`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Events(pub(super) usize);

impl Events {
    /// Reset the device and its rings.
    pub(crate) const RESET: Self = Self(1 << 0);
    /// The state of the link may have changed.
    pub(crate) const LINK: Self = Self(1 << 1);
    /// The first of the driver's own.
    pub(crate) const DRIVER_0: Self = Self(1 << 2);

    /// Returns whether `other` is among these.
    pub(crate) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}
