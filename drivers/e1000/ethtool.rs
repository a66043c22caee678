// SPDX-License-Identifier: GPL-2.0

//! ethtool, each operation handed to the file whose business it is.

use crate::{
    adapter::{
        Adapter,
        Config, //
    },
    hw::{
        dump,
        is_gone,
        led::Leds,
        model,
        regs::STATUS,
        ring::RingSize,
        Regs, //
    },
    netdev::{
        ethtool::{
            Coalesce,
            CoalesceParams,
            EthCtrlStats,
            EthMacStats,
            EthPhyStats,
            Extack,
            Identify,
            LinkDown,
            LinkRequest,
            LinkSettings,
            Operations,
            Pause,
            PauseStats,
            RingParam,
            RmonRanges,
            RmonStats,
            TestKind,
            Wake,
            WakeEvents, //
        },
        Rtnl, //
    },
    selftest,
};
use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};

mod coalesce;
mod eeprom;
mod link;
mod stats;
mod wake;

pub(crate) use stats::refresh;

#[vtable]
impl Operations for Adapter<'_> {
    const STATISTICS: &'static [&'static str] = stats::NAMES;

    const TESTS: &'static [&'static str] = selftest::NAMES;

    const MAX_RINGS: RingParam = RingParam {
        rx: RingSize::MAX,
        tx: RingSize::MAX,
    };

    const COALESCE: CoalesceParams = CoalesceParams::RX_USECS
        .with(CoalesceParams::TX_USECS)
        .with(CoalesceParams::ADAPTIVE_RX)
        .with(CoalesceParams::ADAPTIVE_TX);

    const REGISTERS: usize = dump::WORDS;

    const RMON_RANGES: &'static RmonRanges = &stats::RANGES;

    const EEPROM: usize = model::EEPROM_WORDS * 2;

    fn is_present(&self) -> bool {
        // It may be back by now.
        !self.gone.load(Relaxed) || !is_gone(Regs::read(&self.bar, STATUS).into_raw())
    }

    fn statistics(dev: &mut Rtnl<'_, Self>, values: &mut [u64]) {
        stats::fill(dev, values);
    }

    fn mac_stats(dev: &mut Rtnl<'_, Self>, stats: &mut EthMacStats<'_>) {
        stats::mac(dev, stats);
    }

    fn phy_stats(dev: &mut Rtnl<'_, Self>, stats: &mut EthPhyStats<'_>) {
        stats::phy(dev, stats);
    }

    fn ctrl_stats(dev: &mut Rtnl<'_, Self>, stats: &mut EthCtrlStats<'_>) {
        stats::ctrl(dev, stats);
    }

    fn rmon_stats(dev: &mut Rtnl<'_, Self>, stats: &mut RmonStats<'_>) {
        stats::rmon(dev, stats);
    }

    fn pause_stats(dev: &mut Rtnl<'_, Self>, stats: &mut PauseStats<'_>) {
        stats::pause(dev, stats);
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
        dev.reconfigure(Config { rx, tx }).inspect_err(|_| {
            extack.set(c"no memory for rings of that size, the old ones are kept");
        })
    }

    fn coalesce(dev: &mut Rtnl<'_, Self>, _extack: &mut Extack<'_>) -> Result<Coalesce> {
        Ok(coalesce::get(dev))
    }

    fn set_coalesce(
        dev: &mut Rtnl<'_, Self>,
        coalesce: Coalesce,
        extack: &mut Extack<'_>,
    ) -> Result {
        coalesce::set(dev, coalesce, extack)
    }

    fn pause(dev: &mut Rtnl<'_, Self>) -> Pause {
        dev.control().link.pause
    }

    fn set_pause(dev: &mut Rtnl<'_, Self>, pause: Pause) -> Result {
        link::set_pause(dev, pause)
    }

    fn link(dev: &mut Rtnl<'_, Self>) -> Result<LinkSettings> {
        link::get(dev)
    }

    fn set_link(dev: &mut Rtnl<'_, Self>, request: &LinkRequest) -> Result {
        link::set(dev, request)
    }

    fn restart_autoneg(dev: &mut Rtnl<'_, Self>) -> Result {
        link::restart(dev)
    }

    fn link_down(dev: &mut Rtnl<'_, Self>) -> Option<LinkDown> {
        link::why_down(dev)
    }

    fn link_losses(&self) -> u64 {
        self.stats.link_losses.get()
    }

    fn registers(dev: &mut Rtnl<'_, Self>, words: &mut [u32]) -> u32 {
        let shared = dev.shared();
        let pdev = shared.pdev;

        dump::fill(&shared.bar, shared.model, words);
        dump::VERSION << 24 | u32::from(pdev.revision_id()) << 16 | u32::from(pdev.device_id())
    }

    fn eeprom_magic(&self) -> u32 {
        u32::from(self.pdev.device_id()) << 16 | u32::from(model::VENDOR_ID)
    }

    fn eeprom(dev: &mut Rtnl<'_, Self>, offset: usize, data: &mut [u8]) -> Result {
        eeprom::get(dev, offset, data)
    }

    fn set_eeprom(dev: &mut Rtnl<'_, Self>, offset: usize, data: &[u8]) -> Result {
        eeprom::set(dev, offset, data)
    }

    fn self_test(dev: &mut Rtnl<'_, Self>, kind: TestKind, results: &mut [u64]) {
        selftest::run(dev, kind, results);
    }

    fn identify(dev: &mut Rtnl<'_, Self>, state: Identify) -> Result {
        let shared = dev.shared();
        let leds = &mut dev.control().leds;

        match state {
            Identify::Start => *leds = Some(Leds::take(&shared.bar, shared.model)?),
            Identify::On | Identify::Off => {
                if let Some(leds) = leds {
                    leds.switch(&shared.bar, state == Identify::On)?;
                }
            }
            Identify::End => {
                if let Some(leds) = leds.take() {
                    leds.give_back(&shared.bar)?;
                }
            }
        }
        Ok(())
    }

    fn wake(dev: &mut Rtnl<'_, Self>) -> Wake {
        wake::get(dev)
    }

    fn set_wake(dev: &mut Rtnl<'_, Self>, events: WakeEvents) -> Result {
        wake::set(dev, events)
    }
}
