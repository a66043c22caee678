// SPDX-License-Identifier: GPL-2.0

//! Which messages a device prints: its message level
//! (`Documentation/networking/netif-msg.rst`).
//!
//! # Soundness
//!
//! The set is an atomic. The one C function called keeps its state to itself and takes a lock that
//! it only tries to get.

use super::{
    bindings,
    device::Device,
    driver::Driver, //
};
use kernel::sync::atomic::Relaxed;

/// A set of classes of messages (`NETIF_MSG_*`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Messages(u32);

impl Messages {
    /// About the driver as such, and settings that it refuses.
    pub(crate) const DRV: Self = Self(1 << bindings::NETIF_MSG_DRV_BIT);
    /// About finding the device.
    pub(crate) const PROBE: Self = Self(1 << bindings::NETIF_MSG_PROBE_BIT);
    /// About the state of the link.
    pub(crate) const LINK: Self = Self(1 << bindings::NETIF_MSG_LINK_BIT);
    /// About the device's hardware.
    pub(crate) const HW: Self = Self(1 << bindings::NETIF_MSG_HW_BIT);

    /// What most drivers start with.
    pub(crate) const DEFAULT: Self = Self::DRV.with(Self::PROBE).with(Self::LINK);

    /// Returns what the usual module parameter `debug` means: the lowest that many classes, or
    /// the default if it is negative or too large (`netif_msg_init()`).
    pub(crate) fn from_debug(debug: i32) -> Self {
        match u32::try_from(debug) {
            Ok(count @ 0..32) => Self((1 << count) - 1),
            _ => Self::DEFAULT,
        }
    }

    /// Returns the union.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }

    pub(super) const fn into_raw(self) -> u32 {
        self.0
    }
}

impl<T: Driver> Device<T> {
    /// Returns the classes of messages that are printed.
    pub(crate) fn messages(&self) -> Messages {
        Messages(self.private().messages.load(Relaxed))
    }

    pub(super) fn set_messages(&self, messages: Messages) {
        self.private().messages.store(messages.0, Relaxed);
    }

    /// Returns whether messages of `class` are printed.
    pub(crate) fn prints(&self, class: Messages) -> bool {
        self.messages().0 & class.0 != 0
    }

    /// The same for messages that a user can provoke again and again: false if there are too many.
    pub(crate) fn prints_limited(&self, class: Messages) -> bool {
        // SAFETY: Callable anywhere.
        self.prints(class) && unsafe { bindings::net_ratelimit() } != 0
    }
}

/// Prints at `KERN_INFO` if messages of the class are printed: `netif_info!(LINK, dev, "...")`.
macro_rules! netif_info {
    ($class:ident, $dev:expr, $($arg:tt)*) => {
        if $dev.prints($crate::netdev::Messages::$class) {
            $crate::netdev::netdev_info!($dev, $($arg)*);
        }
    };
}

/// The same, for messages that a user can provoke again and again.
macro_rules! netif_info_limited {
    ($class:ident, $dev:expr, $($arg:tt)*) => {
        if $dev.prints_limited($crate::netdev::Messages::$class) {
            $crate::netdev::netdev_info!($dev, $($arg)*);
        }
    };
}

pub(crate) use {
    netif_info,
    netif_info_limited, //
};
