// SPDX-License-Identifier: GPL-2.0

//! Safe abstractions for drivers of Ethernet network devices.
//!
//! Written as if it were `rust/kernel/net/` of the kernel tree; it knows no chip and no vendor.
//!
//! A driver implements [`Driver`] for its private data (and [`ethtool::Operations`]), and a bus
//! glue such as [`pci::Driver`] that makes that data at probe time. The abstraction allocates the
//! `struct net_device`, registers it, and calls the driver with a value that says in which
//! context the call runs and what may be touched there:
//!
//! | context | serialised by | exclusive data |
//! |---|---|---|
//! | [`Rtnl`] | RTNL | [`Driver::Control`], the life cycle |
//! | [`TxContext`] | the kernel's transmit lock of the queue | [`Driver::Tx`] |
//! | [`NapiContext`] | NAPI's scheduled bit | [`Driver::Rx`] |
//! | [`IrqContext`] | nothing | none; the driver's `Sync` data only |
//!
//! There is no lock of the abstraction's own on the packet path, and none for a driver to forget.
//!
//! # What is dropped, and what is forgotten
//!
//! A packet, a frame, a page and a mapping each have one owner; to drop one frees it, gives it back
//! or undoes it. So a driver that overlooks one loses that packet and nothing else, and it is an
//! error of the compiler where `unused_must_use` is one.
//!
//! Safe code can also leak a value ([`core::mem::forget`], a cycle of references), and nothing here
//! is unsound by that: no other value relies on the drop having run. What a leaked value owns is
//! owned for ever: a packet is not freed, a page goes to nobody else, the memory of a ring stays the
//! device's, a mapping stays. What has to end before the driver is gone, the interface, its
//! interrupt, timer and NAPI, belongs to the registration, of which a driver gets references only;
//! contexts are lent to its callbacks, and end with these.
//!
//! C headers: [`include/linux/netdevice.h`](srctree/include/linux/netdevice.h),
//! [`include/linux/skbuff.h`](srctree/include/linux/skbuff.h).

#![allow(
    clippy::missing_safety_doc,
    reason = "callbacks of the C side: what they rely on is said at each module's head"
)]

#[cfg(not(CONFIG_SMP))]
compile_error!("netdev relies on spinlocks to exclude, which takes CONFIG_SMP");

pub(crate) mod addr;
mod bindings;
mod context;
mod device;
pub(crate) mod dma;
mod driver;
pub(crate) mod ethtool;
mod features;
mod irq;
mod lifecycle;
mod messages;
mod ndo;
pub(crate) mod page_pool;
pub(crate) mod params;
pub(crate) mod pci;
mod registration;
mod skb;
mod stats;
pub(crate) mod xdp;

pub(crate) use self::{
    addr::{
        AddrList,
        EthAddr, //
    },
    context::{
        has_precise_timers,
        DisabledNapi,
        IrqContext,
        NapiContext,
        Polling,
        Rtnl,
        TxContext, //
    },
    device::{
        netdev_err,
        netdev_info,
        netdev_print,
        netdev_warn,
        Device,
        Level, //
    },
    driver::{
        Driver,
        Events,
        PacketView,
        Probed,
        Rings,
        Setup, //
    },
    features::Features,
    irq::IrqReturn,
    messages::{
        netif_info,
        netif_info_limited,
        Messages, //
    },
    skb::{
        DropReason,
        Gso,
        GsoKind,
        RxSkBuff,
        SkBuff, //
    },
    stats::{
        Counter,
        LinkStats,
        QueueStatsRx,
        QueueStatsTx, //
    },
};
