// SPDX-License-Identifier: GPL-2.0

//! Module parameters, with the names, ranges and meaning of the C driver's, so that a line in
//! modprobe.d goes on working. Each takes a list with a value for each card.
//!
//! A value out of range is reported, and the default used. -1 is no value, as there.

use crate::{
    hw::{
        flow::FlowControl,
        irq::{
            Delay,
            Delays,
            Throttle, //
        },
        phy::{
            Advertise,
            Duplex,
            Link,
            Speed, //
        },
        ring::RingSize, //
    },
    link::Settings,
    netdev::{
        params::{
            params,
            IntArray, //
        },
        Messages, //
    },
};
use core::ops::RangeInclusive;
use kernel::{
    device::Device,
    prelude::*,
    sync::atomic::{
        Atomic,
        Full, //
    },
};

mod raw {
    use super::*;

    params! {
        array TxDescriptors: "Transmit descriptors, 48-4096, a multiple of 8 (default 256)";
        array RxDescriptors: "Receive descriptors, 48-4096, a multiple of 8 (default 256)";
        array Speed: "Forced speed in Mb/s, 0 (auto), 10, 100 or 1000 (default 0)";
        array Duplex: "Forced duplex, 0 (auto), 1 (half) or 2 (full) (default 0)";
        array AutoNeg: "Advertised modes, a sum of 1 (10 half), 2 (10 full), 4 (100 half), 8 (100 full), 32 (1000 full) (default 47)";
        array FlowControl: "Flow control to offer, 0 (none), 1 (rx), 2 (tx), 3 (both) or 255 (as the EEPROM says) (default 255)";
        array XsumRX: "Receive checksum offload, 0 (off) or 1 (on) (default 1)";
        array TxIntDelay: "Transmit interrupt delay in units of 1.024 us, 0-65535 (default 8)";
        array TxAbsIntDelay: "Transmit absolute interrupt delay in units of 1.024 us, 0-65535 (default 32)";
        array RxIntDelay: "Receive interrupt delay in units of 1.024 us, 0-65535 (default 0)";
        array RxAbsIntDelay: "Receive absolute interrupt delay in units of 1.024 us, 0-65535 (default 8)";
        array InterruptThrottleRate: "Interrupts per second, 0 (no limit), 1, 3, 4 (adaptive) or 100-100000 (default 3)";
        array SmartPowerDownEnable: "Accepted for compatibility, the PHY of these devices has none (default 0)";
        uint copybreak = 256: "Accepted for compatibility, received frames are not copied (default 256)";
        array debug: "Level of messages, -1 (driver, probe, link), 0 (none) to 31 (all); a single value is for all cards (default -1)";
    }
}

/// What the parameters say of one card.
pub(crate) struct Params {
    pub(crate) tx: RingSize,
    pub(crate) rx: RingSize,
    pub(crate) link: Settings,
    /// What to offer of flow control; `None` if the EEPROM says.
    pub(crate) flow: Option<FlowControl>,
    pub(crate) checksum_rx: bool,
    pub(crate) delays: Delays,
    pub(crate) throttle: Throttle,
    /// Whether the driver moderates interrupts by itself.
    pub(crate) adaptive: bool,
    pub(crate) messages: Messages,
}

/// The value of `FlowControl` that leaves it to the EEPROM.
const EEPROM_FLOW: i32 = 0xff;

/// The number of the next card.
static CARDS: Atomic<usize> = Atomic::new(0);

/// What a list has for a card for which it says nothing.
const UNSET: i32 = -1;

/// Reads parameters of one card.
struct Reader<'a> {
    dev: &'a Device,
    card: usize,
}

impl Reader<'_> {
    /// Returns the value of `list` for the card if it is given and `good`, else `default`.
    fn value(
        &self,
        list: &IntArray,
        name: &str,
        good: impl FnOnce(i32) -> bool,
        default: i32,
    ) -> i32 {
        self.judge(list.get(self.card), name, good, default)
    }

    fn judge(
        &self,
        value: Option<i32>,
        name: &str,
        good: impl FnOnce(i32) -> bool,
        default: i32,
    ) -> i32 {
        match value {
            None | Some(UNSET) => default,
            Some(value) if good(value) => value,
            Some(value) => {
                dev_warn!(
                    self.dev,
                    "Invalid {name} value specified ({value}), using default {default}\n"
                );
                default
            }
        }
    }

    fn within(&self, list: &IntArray, name: &str, range: RangeInclusive<i32>, default: i32) -> i32 {
        self.value(list, name, |value| range.contains(&value), default)
    }

    /// A number of descriptors.
    fn descriptors(&self, list: &IntArray, name: &str) -> RingSize {
        let default = RingSize::DEFAULT;
        let size = |value: i32| {
            u32::try_from(value)
                .ok()
                .and_then(|n| RingSize::new(n).ok())
        };
        let value = self.value(
            list,
            name,
            |value| size(value).is_some(),
            default.get().into(),
        );

        size(value).unwrap_or(default)
    }

    fn delay(&self, list: &IntArray, name: &str, default: u16) -> Delay {
        let value = self.within(list, name, 0..=0xffff, default.into());

        Delay::from_units(u16::try_from(value).unwrap_or(default))
    }

    fn link(&self) -> Settings {
        let speed = self.value(
            &raw::Speed,
            "Speed",
            |value| matches!(value, 0 | 10 | 100 | 1000),
            0,
        );
        let duplex = self.within(&raw::Duplex, "Duplex", 0..=2, 0);
        let modes = self.value(
            &raw::AutoNeg,
            "AutoNeg",
            |value| value != 0 && value & !0x2f == 0,
            0x2f,
        );
        let offer = Advertise {
            half10: modes & 0x01 != 0,
            full10: modes & 0x02 != 0,
            half100: modes & 0x04 != 0,
            full100: modes & 0x08 != 0,
            full1000: modes & 0x20 != 0,
            ..Advertise::ALL
        };
        let half = duplex == 1;

        if (speed, duplex) != (0, 0) && raw::AutoNeg.get(self.card).is_some_and(|n| n != UNSET) {
            dev_info!(
                self.dev,
                "AutoNeg specified along with Speed or Duplex, ignored\n"
            );
        }
        match (speed, duplex) {
            (0, 0) => Settings::Auto(offer),
            // One of the two only: both modes of it are offered, as the C driver does.
            (0, _) => Settings::Auto(Advertise {
                half10: half,
                half100: half,
                full10: !half,
                full100: !half,
                full1000: !half,
                ..Advertise::ALL
            }),
            // 1000BASE-T needs auto-negotiation (IEEE 802.3, 40.5.1), and is full duplex here.
            (1000, _) => {
                if half {
                    dev_info!(self.dev, "Half Duplex is not supported at 1000 Mbps\n");
                }
                Settings::Auto(Advertise {
                    half10: false,
                    full10: false,
                    half100: false,
                    full100: false,
                    ..Advertise::ALL
                })
            }
            (speed, 0) => Settings::Auto(Advertise {
                half10: speed == 10,
                full10: speed == 10,
                half100: speed == 100,
                full100: speed == 100,
                full1000: false,
                ..Advertise::ALL
            }),
            (speed, _) => Settings::Forced(Link {
                speed: if speed == 10 {
                    Speed::Mbps10
                } else {
                    Speed::Mbps100
                },
                duplex: if half { Duplex::Half } else { Duplex::Full },
            }),
        }
    }

    /// Returns the throttle, and whether to moderate by polling.
    fn throttle(&self) -> (Throttle, bool) {
        let rate = self.value(
            &raw::InterruptThrottleRate,
            "InterruptThrottleRate",
            |value| matches!(value, 0 | 1 | 3 | 4 | 100..=100_000),
            3,
        );

        match u32::try_from(rate) {
            Ok(rate @ 100..) => (Throttle::from_rate(rate), false),
            Ok(0) => (Throttle::OFF, false),
            _ => (Throttle::OFF, true),
        }
    }
}

impl Params {
    /// Reads the parameters for the next card, and reports those that are wrong.
    pub(crate) fn next(dev: &Device) -> Self {
        let reader = Reader {
            dev,
            card: CARDS.fetch_add(1, Full),
        };
        let flow = reader.value(
            &raw::FlowControl,
            "FlowControl",
            |value| matches!(value, 0..=3 | EEPROM_FLOW),
            EEPROM_FLOW,
        );
        // The C driver has one for all cards.
        let debug = raw::debug.get(reader.card).or_else(|| raw::debug.get(0));
        let debug = reader.judge(debug, "debug", |value| matches!(value, 0..=31), -1);
        let (throttle, adaptive) = reader.throttle();

        if reader.within(&raw::SmartPowerDownEnable, "SmartPowerDownEnable", 0..=1, 0) != 0 {
            dev_info!(dev, "SmartPowerDownEnable has no effect on this device\n");
        }
        if raw::copybreak.get() != 256 && reader.card == 0 {
            dev_info!(
                dev,
                "copybreak has no effect, buffers are recycled instead\n"
            );
        }
        Self {
            tx: reader.descriptors(&raw::TxDescriptors, "TxDescriptors"),
            rx: reader.descriptors(&raw::RxDescriptors, "RxDescriptors"),
            link: reader.link(),
            flow: (flow != EEPROM_FLOW).then_some(FlowControl {
                rx: flow & 1 != 0,
                tx: flow & 2 != 0,
            }),
            checksum_rx: reader.within(&raw::XsumRX, "XsumRX", 0..=1, 1) != 0,
            delays: Delays {
                rx: reader.delay(&raw::RxIntDelay, "RxIntDelay", 0),
                rx_abs: reader.delay(&raw::RxAbsIntDelay, "RxAbsIntDelay", 8),
                tx: reader.delay(&raw::TxIntDelay, "TxIntDelay", 8),
                tx_abs: reader.delay(&raw::TxAbsIntDelay, "TxAbsIntDelay", 32),
            },
            throttle,
            adaptive,
            messages: Messages::from_debug(debug),
        }
    }
}
