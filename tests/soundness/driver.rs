// SPDX-License-Identifier: GPL-2.0

//! A driver of nothing, for the files beside this one to misuse what it is given.
//!
//! It is all that [`crate::netdev`] asks of a driver, and knows nothing of e1000.

use crate::netdev::{
    dma::TxMapping,
    page_pool::{
        Buffer,
        Filled,
        PagePool,
        Slot, //
    },
    SkBuff, //
};
use kernel::prelude::*;

/// Shared data.
pub(crate) struct Sample<'bound> {
    pub(crate) dev: &'bound kernel::device::Device<kernel::device::Bound>,
}

/// Data of the control path.
#[derive(Default)]
pub(crate) struct Control {
    pub(crate) changes: usize,
}

/// What the rings are built from.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) entries: usize,
}

/// The transmit side.
pub(crate) struct Tx<'bound> {
    pub(crate) packet: Option<SkBuff>,
    pub(crate) mapping: Option<TxMapping<'bound>>,
}

/// The receive side.
pub(crate) struct Rx<'bound> {
    pub(crate) buffer: Option<Buffer<'bound>>,
    pub(crate) filled: Option<Filled<'bound>>,
    pub(crate) slot: Slot<'bound>,
    pub(crate) pool: PagePool<'bound>,
}

/// Implements [`netdev::Driver`](crate::netdev::Driver), with the parts given.
macro_rules! driver {
    ($name:ty, $control:ty, $tx:ty, $rx:ty $(, $lifetime:lifetime)?) => {
        #[vtable]
        impl$(<$lifetime>)? netdev::Driver for $name {
            type Control = $control;
            type Config = $crate::driver::Config;
            type Tx = $tx;
            type Rx = $rx;

            fn build(_: &mut Rtnl<'_, Self>, _: &Self::Config) -> Result<Rings<Self>> {
                Err(ENODEV)
            }

            fn empty(_: &mut Rtnl<'_, Self>, _: &mut Rings<Self>) {}

            fn start(_: &mut Rtnl<'_, Self>, _: &mut Rings<Self>, _: &DisabledNapi<'_>) -> bool { true }

            fn halt(_: &mut Rtnl<'_, Self>, _: &mut Rings<Self>) -> bool { true }

            fn opened(_: &mut Rtnl<'_, Self>) {}

            fn irq_enable(&self) {}

            fn irq_disable(&self) {}

            fn interrupt(ctx: &IrqContext<'_, Self>) -> IrqReturn {
                ctx.schedule_napi();
                IrqReturn::Handled
            }

            fn xmit(
                ctx: &TxContext<'_, Self>,
                _: &mut Self::Tx,
                skb: SkBuff,
            ) -> Result<(), SkBuff> {
                ctx.sent(skb.len());
                Err(skb)
            }

            fn poll(_: &NapiContext<'_, Self>, _: &mut Self::Rx, _: usize) -> usize {
                0
            }

            fn reclaim(_: &TxContext<'_, Self>, _: &mut Self::Tx) {}

            fn poll_complete(&self) {}

            fn work(_: &mut Rtnl<'_, Self>, _: Events) {}

            fn stats64(_: &Device<Self>, _: &mut LinkStats<'_>) {}

            fn set_rx_mode(_: &mut Rtnl<'_, Self>, _: AddrList<'_>, _: AddrList<'_>) -> Result {
                Ok(())
            }

            fn set_mac_address(_: &mut Rtnl<'_, Self>, _: EthAddr) -> Result {
                Ok(())
            }

            fn change_mtu(_: &mut Rtnl<'_, Self>, _: usize) -> Result {
                Ok(())
            }

            fn queue_stats_rx(_: &Device<Self>, _: &mut QueueStatsRx<'_>) {}

            fn queue_stats_tx(_: &Device<Self>, _: &mut QueueStatsTx<'_>) {}

            fn shutdown(_: &mut Rtnl<'_, Self>) {}

            fn resume(_: &mut Rtnl<'_, Self>) -> Result {
                Ok(())
            }
        }

        #[vtable]
        impl$(<$lifetime>)? ethtool::Operations for $name {
            const MAX_RINGS: ethtool::RingParam = ethtool::RingParam { rx: 1, tx: 1 };

            fn rings(_: &mut Rtnl<'_, Self>) -> ethtool::RingParam {
                Self::MAX_RINGS
            }

            fn set_rings(
                _: &mut Rtnl<'_, Self>,
                _: ethtool::RingParam,
                _: &mut ethtool::Extack<'_>,
            ) -> Result {
                Ok(())
            }
        }
    };
}

pub(crate) use driver;

/// What [`driver!`] needs in scope.
pub(crate) mod prelude {
    pub(crate) use crate::{
        driver::{
            Config,
            Control,
            Rx,
            Sample,
            Tx, //
        },
        netdev::{
            self,
            dma::TxMapping,
            ethtool,
            page_pool::{
                Buffer,
                Consumer,
                Filled,
                PagePool,
                Slot, //
            },
            xdp,
            AddrList,
            Device,
            DisabledNapi,
            DropReason,
            EthAddr,
            Events,
            IrqContext,
            IrqReturn,
            LinkStats,
            NapiContext,
            PacketView,
            QueueStatsRx,
            QueueStatsTx,
            Rings,
            Rtnl,
            RxSkBuff,
            SkBuff,
            TxContext, //
        },
    };
    pub(crate) use kernel::prelude::*;
}

mod implementation {
    use super::prelude::*;
    use kernel::{
        device,
        pci, //
    };

    driver!(Sample<'bound>, Control, Tx<'bound>, Rx<'bound>, 'bound);

    kernel::pci_device_table!(TABLE, (), [(pci::DeviceId::from_class(0, 0), ())]);

    /// The driver, as the PCI core sees it.
    pub(crate) struct Bus;

    impl netdev::pci::Driver for Bus {
        type IdInfo = ();
        type Net<'bound> = Sample<'bound>;

        const ID_TABLE: pci::IdTable<Self::IdInfo> = &TABLE;

        fn irq_types() -> pci::IrqTypes {
            pci::IrqTypes::default().with(pci::IrqType::Intx)
        }

        fn probe<'bound>(
            _: &'bound pci::Device<device::Core<'_>>,
            _: Option<&'bound ()>,
        ) -> Result<(netdev::Setup, netdev::Probed<Sample<'bound>>)> {
            Err(ENODEV)
        }
    }
}

pub(crate) use implementation::Bus;
