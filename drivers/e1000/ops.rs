// SPDX-License-Identifier: GPL-2.0

//! The network device's operations, each handed to the file whose business it is.

use crate::{
    adapter::{
        Adapter,
        Config,
        Control,
        Stats,
        OVERHEAD, //
    },
    ethtool,
    features,
    filter,
    hw::{
        model,
        queue,
        reset,
        stats::Counter as Chip,
        wake::Wake, //
    },
    link::{
        self,
        Presence, //
    },
    mii,
    napi,
    netdev::{
        ethtool::Extack,
        netdev_info,
        xdp,
        AddrList,
        Device,
        DisabledNapi,
        Driver,
        EthAddr,
        Events,
        Features,
        IrqContext,
        IrqReturn,
        LinkStats,
        NapiContext,
        PacketView,
        QueueStatsRx,
        QueueStatsTx,
        Rings,
        Rtnl,
        SkBuff,
        TxContext, //
    },
    offload,
    probe,
    rx,
    tx, //
};
use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};

#[vtable]
impl<'bound> Driver for Adapter<'bound> {
    type Control = Control;
    type Config = Config;
    type Tx = tx::Queue<'bound>;
    type Rx = rx::Queue<'bound>;

    const PHY_ADDRESS: u8 = mii::PHY_ADDRESS;

    fn build(dev: &mut Rtnl<'_, Self>, config: &Config) -> Result<Rings<Self>> {
        let shared = dev.shared();

        Ok(Rings {
            tx: tx::Queue::new(shared, config)?,
            rx: rx::Queue::new(dev, config)?,
        })
    }

    fn empty(dev: &mut Rtnl<'_, Self>, rings: &mut Rings<Self>) {
        rings.tx.clear();
        rings.rx.clear(dev);
    }

    fn start(dev: &mut Rtnl<'_, Self>, rings: &mut Rings<Self>, napi: &DisabledNapi<'_>) -> bool {
        let shared = dev.shared();

        rings.rx.moderator.begin(&shared.irq, dev.config().rx.get());
        let control = dev.control();

        rings.tx.set_delayed(control.delays.delays_tx());
        let started = rings
            .tx
            .start(shared)
            .and_then(|()| rings.rx.start(shared, napi));

        if started.is_ok() {
            // Only after a halt that had to turn the receiver off, and not before it has a ring.
            control.filters.control.apply(&shared.bar, control.rx_mode);
        } else {
            link::set_gone(dev, link::NOT_HEEDING);
        }
        started.is_ok()
    }

    fn halt(dev: &mut Rtnl<'_, Self>, rings: &mut Rings<Self>) -> bool {
        let bar = &dev.shared().bar;

        queue::disable_tx(bar);
        rings.rx.offer_spare();
        // QEMU does DMA only while it executes an access or, for a frame from the wire, never beyond
        // the tail. Turning its receiver off costs a second without reception. A chip goes on with
        // what it has fetched for a while.
        if queue::stop_rx(bar).is_ok() && !dev.shared().has_flow_control {
            return queue::is_stopped(bar);
        }
        let stopped = reset::quiesce(bar, &mut dev.control().filters) == Ok(true);

        if !stopped {
            link::set_gone(dev, link::NOT_THERE);
        }
        stopped
    }

    fn opened(dev: &mut Rtnl<'_, Self>) {
        if link::update(dev) == Presence::Back {
            reset_device(dev);
        }
    }

    fn irq_enable(&self) {
        self.enable_interrupts();
    }

    fn irq_disable(&self) {
        self.disable_interrupts();
    }

    fn interrupt(ctx: &IrqContext<'_, Self>) -> IrqReturn {
        napi::interrupt(ctx)
    }

    #[inline]
    fn xmit(ctx: &TxContext<'_, Self>, tx: &mut Self::Tx, skb: SkBuff) -> Result<(), SkBuff> {
        tx.xmit(ctx, skb)
    }

    fn release(ctx: &TxContext<'_, Self>, tx: &mut Self::Tx) {
        tx.release(ctx);
    }

    fn poll(ctx: &NapiContext<'_, Self>, rx: &mut Self::Rx, budget: usize) -> usize {
        napi::poll(ctx, rx, budget)
    }

    fn reclaim(ctx: &TxContext<'_, Self>, tx: &mut Self::Tx) {
        tx.reclaim(ctx);
    }

    fn poll_complete(&self) {
        self.irq.polling.store(false, Relaxed);
        self.unmask_after_poll();
    }

    fn poll_deferred(&self) {
        self.irq.polling.store(true, Relaxed);
    }

    fn watchdog(ctx: &TxContext<'_, Self>, tx: &mut Self::Tx) -> Option<Events> {
        ctx.irq.tick.store(true, Relaxed);
        tx.watchdog(ctx)
    }

    fn tx_timeout(dev: &Device<Self>) {
        dev.shared().stats.tx.timeouts.inc();
    }

    fn work(dev: &mut Rtnl<'_, Self>, events: Events) {
        // What is asked for, or what a reset would lose.
        if events.contains(Events::RESET) || events.contains(Events::DRIVER_0) {
            ethtool::refresh(dev);
        }
        let came_back =
            events.contains(Events::LINK) && dev.is_up() && link::update(dev) == Presence::Back;

        if events.contains(Events::RESET) || came_back {
            reset_device(dev);
        }
    }

    fn stats64(dev: &Device<Self>, stats: &mut LinkStats<'_>) {
        let Stats { tx, rx, .. } = &dev.shared().stats;
        let chip = &dev.shared().chip;
        let sum = |counters: &[Chip]| {
            counters
                .iter()
                .fold(0u64, |sum, counter| sum.wrapping_add(chip.get(*counter)))
        };
        let length = rx
            .length_errors
            .get()
            .wrapping_add(sum(&[Chip::RUC, Chip::ROC]));
        let crc = rx.crc_errors.get().wrapping_add(sum(&[Chip::CRCERRS]));
        let other = sum(&[Chip::ALGNERRC, Chip::RXERRC, Chip::CEXTERR]);

        // What the chip counts is as of the last time that it was asked; this has it asked again.
        if dev.shared().has_flow_control {
            dev.schedule_work(Events::DRIVER_0);
        }
        stats
            .rx_packets(rx.packets.get())
            .rx_bytes(rx.bytes.get())
            .tx_packets(tx.packets.get())
            .tx_bytes(tx.bytes.get())
            .multicast(rx.multicast.get())
            .rx_errors(
                length
                    .wrapping_add(crc)
                    .wrapping_add(other)
                    .wrapping_add(rx.bad_descriptors.get()),
            )
            .rx_length_errors(length)
            .rx_crc_errors(crc)
            .rx_frame_errors(sum(&[Chip::ALGNERRC]))
            .rx_dropped(rx.dropped_no_memory.get())
            .rx_missed_errors(sum(&[Chip::MPC]))
            .tx_errors(
                tx.hangs
                    .get()
                    .wrapping_add(sum(&[Chip::ECOL, Chip::LATECOL])),
            )
            .tx_dropped(tx.dropped.get())
            .collisions(sum(&[Chip::COLC]))
            .tx_aborted_errors(sum(&[Chip::ECOL]))
            .tx_window_errors(sum(&[Chip::LATECOL]))
            .tx_carrier_errors(sum(&[Chip::TNCRS]));
    }

    fn queue_stats_rx(dev: &Device<Self>, stats: &mut QueueStatsRx<'_>) {
        let rx = &dev.shared().stats.rx;

        stats
            .packets(rx.packets.get())
            .bytes(rx.bytes.get())
            .alloc_fail(rx.alloc_failed.get())
            .csum_unnecessary(rx.checksum_good.get());
    }

    fn queue_stats_tx(dev: &Device<Self>, stats: &mut QueueStatsTx<'_>) {
        let tx = &dev.shared().stats.tx;

        stats
            .packets(tx.packets.get())
            .bytes(tx.bytes.get())
            .needs_csum(tx.checksums.get())
            .hw_gso_packets(tx.gso_packets.get())
            .hw_gso_bytes(tx.gso_bytes.get())
            .hw_gso_wire_packets(tx.gso_wire_packets.get())
            .hw_gso_wire_bytes(tx.gso_wire_bytes.get())
            .stop(tx.stopped.get())
            .wake(tx.woken.get());
    }

    fn set_rx_mode(dev: &mut Rtnl<'_, Self>, uc: AddrList<'_>, mc: AddrList<'_>) -> Result {
        filter::set_rx_mode(dev, uc, mc)
    }

    fn set_mac_address(dev: &mut Rtnl<'_, Self>, addr: EthAddr) -> Result {
        filter::set_station_address(dev, addr)
    }

    fn change_mtu(dev: &mut Rtnl<'_, Self>, mtu: usize) -> Result {
        if dev
            .xdp_program()
            .is_some_and(|prog| !rx::xdp::fits(prog, mtu))
        {
            netdev_info!(
                dev.device(),
                "an MTU of {mtu} is too large for the XDP program, which has no frags\n"
            );
            return Err(EINVAL);
        }
        dev.shared().max_frame.store(
            mtu.max(probe::DEFAULT_MTU).saturating_add(OVERHEAD),
            Relaxed,
        );
        Ok(())
    }

    fn fix_features(_dev: &mut Rtnl<'_, Self>, features: Features) -> Features {
        features::fix(features)
    }

    fn set_features(dev: &mut Rtnl<'_, Self>, features: Features) -> Result {
        features::set(dev, features)
    }

    fn features_check(&self, skb: &PacketView<'_>, features: Features) -> Features {
        offload::check(
            skb,
            features,
            self.model.max_tx_segment() as usize,
            self.max_descriptors.load(Relaxed),
        )
    }

    const XDP: xdp::Support = xdp::Support::VERDICTS
        .with(xdp::Support::FRAGS)
        .with(xdp::Support::XMIT);

    fn xdp_check(
        dev: &mut Rtnl<'_, Self>,
        prog: xdp::Program<'_>,
        extack: &mut Extack<'_>,
    ) -> Result {
        rx::xdp::check(prog, dev.device().mtu(), extack)
    }

    fn xdp_xmit(
        ctx: &TxContext<'_, Self>,
        tx: &mut Self::Tx,
        frames: &mut xdp::Frames<'_>,
        flush: bool,
    ) {
        tx.xmit_frames(ctx, frames, flush);
    }

    fn set_vlan(dev: &mut Rtnl<'_, Self>, vid: u16, on: bool) -> Result {
        features::set_vlan(dev, vid, on);
        Ok(())
    }

    fn mii_read(dev: &mut Rtnl<'_, Self>, phy: u8, reg: u8) -> Result<u16> {
        mii::read(dev, phy, reg)
    }

    fn mii_write(dev: &mut Rtnl<'_, Self>, phy: u8, reg: u8, value: u16) -> Result {
        mii::write(dev, phy, reg, value)
    }

    fn shutdown(dev: &mut Rtnl<'_, Self>) {
        let shared = dev.shared();

        let control = dev.control();

        // The bus glue takes the bus from it, whatever becomes of this; or the device is asleep, or
        // its rings were halted before.
        let _ = reset::quiesce(&shared.bar, &mut control.filters);
        if control.wake != Wake::NONE {
            let _ = control.wake.arm(&shared.bar, control.rx_mode);
        }
    }

    fn resume(dev: &mut Rtnl<'_, Self>) -> Result {
        // Once it is back it is reset.
        reinit(dev).inspect_err(|_| link::set_gone(dev, link::NOT_THERE))
    }
}

/// Brings the device, in whatever state it is, to the one that [`probe`] left it in.
pub(crate) fn reinit(dev: &mut Rtnl<'_, Adapter<'_>>) -> Result {
    let shared = dev.shared();
    let address = dev.device().address();
    let control = dev.control();

    reset::reset(&shared.bar, &mut control.filters, model::MAX_FRAME)?;
    probe::init(&shared.bar, shared.model, control, address)?;
    control.linkless = Some(0);
    filter::restore(&shared.bar, control)?;
    features::restore(dev)
}

/// Resets the device and starts its rings anew; traffic goes on afterwards.
fn reset_device(dev: &mut Rtnl<'_, Adapter<'_>>) {
    if !dev.is_up() {
        return;
    }
    dev.shared().stats.resets.inc();

    // It fails only where the rings are being started already.
    let _ = dev.restart(|dev| match reinit(dev) {
        // Unless it does not start.
        Ok(()) => dev.shared().gone.store(false, Relaxed),
        // The watchdog sees to it that there will be another attempt.
        Err(_) => link::set_gone(dev, link::NOT_THERE),
    });
    link::report_back(dev);
    link::update(dev);
}
