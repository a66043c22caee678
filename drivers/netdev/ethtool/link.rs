// SPDX-License-Identifier: GPL-2.0

//! The link: what it is, how it comes about, and why there is none.
//!
//! # Soundness
//!
//! That of [`super`]: plain structures of the caller's, read or written for the length of a call.
//! Numbers that an administrator chose become values of Rust's types only if there is one.

use super::{
    super::{
        bindings,
        device::Device, //
    },
    table::rtnl,
    Operations, //
};
use kernel::{
    error::from_result,
    prelude::*, //
};

/// Enters the callbacks of this file into the table.
pub(super) const fn install<T: Operations>(ops: &mut bindings::ethtool_ops) {
    ops.get_link = Some(bindings::ethtool_op_get_link);
    ops.get_link_ksettings = optional!(T::HAS_LINK, get_link_ksettings::<T>);
    ops.set_link_ksettings = optional!(T::HAS_SET_LINK, set_link_ksettings::<T>);
    ops.nway_reset = optional!(T::HAS_RESTART_AUTONEG, nway_reset::<T>);
    ops.get_link_ext_state = optional!(T::HAS_LINK_DOWN, get_link_ext_state::<T>);
    ops.get_link_ext_stats = optional!(T::HAS_LINK_LOSSES, get_link_ext_stats::<T>);
}

/// Words of a bitmap of link modes.
const WORDS: usize = (bindings::ethtool_link_mode_bit_indices___ETHTOOL_LINK_MODE_MASK_NBITS
    as usize)
    .div_ceil(c_ulong::BITS as usize);

/// A set of link modes (`ETHTOOL_LINK_MODE_*`,
/// [`include/uapi/linux/ethtool.h`](srctree/include/uapi/linux/ethtool.h)).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkModes([c_ulong; WORDS]);

macro_rules! modes {
    ($($name:ident = $bit:ident, $doc:literal;)*) => {
        impl LinkModes {
            $(
                #[doc = $doc]
                pub(crate) const $name: Self = Self::bit(bindings::$bit);
            )*
        }
    };
}

modes! {
    HALF_10 = ethtool_link_mode_bit_indices_ETHTOOL_LINK_MODE_10baseT_Half_BIT,
        "10BASE-T half duplex.";
    FULL_10 = ethtool_link_mode_bit_indices_ETHTOOL_LINK_MODE_10baseT_Full_BIT,
        "10BASE-T full duplex.";
    HALF_100 = ethtool_link_mode_bit_indices_ETHTOOL_LINK_MODE_100baseT_Half_BIT,
        "100BASE-TX half duplex.";
    FULL_100 = ethtool_link_mode_bit_indices_ETHTOOL_LINK_MODE_100baseT_Full_BIT,
        "100BASE-TX full duplex.";
    FULL_1000 = ethtool_link_mode_bit_indices_ETHTOOL_LINK_MODE_1000baseT_Full_BIT,
        "1000BASE-T full duplex.";
    AUTONEG = ethtool_link_mode_bit_indices_ETHTOOL_LINK_MODE_Autoneg_BIT,
        "Auto-negotiation.";
    TP = ethtool_link_mode_bit_indices_ETHTOOL_LINK_MODE_TP_BIT,
        "Twisted pair.";
    PAUSE = ethtool_link_mode_bit_indices_ETHTOOL_LINK_MODE_Pause_BIT,
        "PAUSE.";
    ASYM_PAUSE = ethtool_link_mode_bit_indices_ETHTOOL_LINK_MODE_Asym_Pause_BIT,
        "Asymmetric PAUSE.";
}

impl LinkModes {
    /// None.
    pub(crate) const NONE: Self = Self([0; WORDS]);

    const fn bit(bit: u32) -> Self {
        let mut words = [0; WORDS];

        words[(bit / c_ulong::BITS) as usize] = 1 << (bit % c_ulong::BITS);
        Self(words)
    }

    /// Returns the union.
    pub(crate) const fn with(mut self, other: Self) -> Self {
        let mut n = 0;

        while n < WORDS {
            self.0[n] |= other.0[n];
            n += 1;
        }
        self
    }

    /// Returns the union if `on`, else this set.
    pub(crate) const fn with_if(self, other: Self, on: bool) -> Self {
        if on {
            self.with(other)
        } else {
            self
        }
    }

    /// Returns whether all of `other` is in this set.
    pub(crate) fn contains(self, other: Self) -> bool {
        self.with(other) == self
    }
}

/// Duplex of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duplex {
    /// One at a time.
    Half,
    /// Both ways at once.
    Full,
}

/// Where the cable goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// Twisted pair.
    TwistedPair,
    /// Anything else.
    Other,
}

/// Crossover of a twisted pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crossover {
    /// Straight.
    Mdi,
    /// Crossed.
    MdiX,
    /// The PHY finds out.
    Auto,
}

/// A link and how it comes about.
pub(crate) struct LinkSettings {
    /// Speed in Mb/s and duplex, if the link is up or they are forced.
    pub(crate) link: Option<(u32, Duplex)>,
    /// Whether it is negotiated.
    pub(crate) autoneg: bool,
    /// What the device can do.
    pub(crate) supported: LinkModes,
    /// What it offers.
    pub(crate) advertised: LinkModes,
    /// What the partner offers.
    pub(crate) partner: LinkModes,
    /// Where the cable goes.
    pub(crate) port: Port,
    /// The PHY's address on its bus.
    pub(crate) phy_address: u8,
    /// The crossover that is set.
    pub(crate) crossover: Crossover,
    /// Whether the pairs are crossed now, if the link is up.
    pub(crate) crossed: Option<bool>,
}

/// How a link is to come about.
pub(crate) struct LinkRequest {
    /// Negotiate it; else speed and duplex are forced.
    pub(crate) autoneg: bool,
    /// What to offer.
    pub(crate) advertised: LinkModes,
    /// Speed in Mb/s; `None` if it is unknown.
    pub(crate) speed: Option<u32>,
    /// Duplex; `None` if it is unknown.
    pub(crate) duplex: Option<Duplex>,
    /// Where the cable goes.
    pub(crate) port: Port,
    /// The crossover; `None` if it stays.
    pub(crate) crossover: Option<Crossover>,
}

extern "C" fn get_link_ksettings<T: Operations>(
    dev: *mut bindings::net_device,
    settings: *mut bindings::ethtool_link_ksettings,
) -> c_int {
    // SAFETY: The caller's own.
    let settings = unsafe { &mut *settings };

    from_result(|| {
        // SAFETY: Called under RTNL.
        let now = T::link(&mut unsafe { rtnl(dev) })?;
        let (speed, duplex) = match now.link {
            Some((speed, Duplex::Half)) => (speed, bindings::DUPLEX_HALF),
            Some((speed, Duplex::Full)) => (speed, bindings::DUPLEX_FULL),
            // CAST: All ones.
            None => (bindings::SPEED_UNKNOWN as u32, bindings::DUPLEX_UNKNOWN),
        };
        let crossed = match now.crossed {
            None => bindings::ETH_TP_MDI_INVALID,
            Some(false) => bindings::ETH_TP_MDI,
            Some(true) => bindings::ETH_TP_MDI_X,
        };
        let crossover = match now.crossover {
            Crossover::Mdi => bindings::ETH_TP_MDI,
            Crossover::MdiX => bindings::ETH_TP_MDI_X,
            Crossover::Auto => bindings::ETH_TP_MDI_AUTO,
        };
        let port = match now.port {
            Port::TwistedPair => bindings::PORT_TP,
            Port::Other => bindings::PORT_OTHER,
        };
        let base = &mut settings.base;

        // CAST: All of these constants are bytes.
        base.speed = speed;
        base.duplex = duplex as u8;
        base.port = port as u8;
        base.phy_address = now.phy_address;
        base.autoneg = now.autoneg.into();
        base.eth_tp_mdix = crossed as u8;
        base.eth_tp_mdix_ctrl = crossover as u8;
        settings.link_modes.supported = now.supported.0;
        settings.link_modes.advertising = now.advertised.0;
        settings.link_modes.lp_advertising = now.partner.0;
        Ok(0)
    })
}

extern "C" fn set_link_ksettings<T: Operations>(
    dev: *mut bindings::net_device,
    settings: *const bindings::ethtool_link_ksettings,
) -> c_int {
    // SAFETY: The caller's own.
    let settings = unsafe { &*settings };
    let base = &settings.base;

    from_result(|| {
        let request = LinkRequest {
            autoneg: match base.autoneg.into() {
                bindings::AUTONEG_ENABLE => true,
                bindings::AUTONEG_DISABLE => false,
                _ => return Err(EINVAL),
            },
            advertised: LinkModes(settings.link_modes.advertising),
            // CAST: All ones.
            speed: (base.speed != bindings::SPEED_UNKNOWN as u32).then_some(base.speed),
            duplex: match base.duplex.into() {
                bindings::DUPLEX_HALF => Some(Duplex::Half),
                bindings::DUPLEX_FULL => Some(Duplex::Full),
                bindings::DUPLEX_UNKNOWN => None,
                _ => return Err(EINVAL),
            },
            port: match base.port.into() {
                bindings::PORT_TP => Port::TwistedPair,
                _ => Port::Other,
            },
            crossover: match base.eth_tp_mdix_ctrl.into() {
                bindings::ETH_TP_MDI_INVALID => None,
                bindings::ETH_TP_MDI => Some(Crossover::Mdi),
                bindings::ETH_TP_MDI_X => Some(Crossover::MdiX),
                bindings::ETH_TP_MDI_AUTO => Some(Crossover::Auto),
                _ => return Err(EINVAL),
            },
        };

        // SAFETY: Called under RTNL.
        T::set_link(&mut unsafe { rtnl(dev) }, &request).map(|()| 0)
    })
}

extern "C" fn nway_reset<T: Operations>(dev: *mut bindings::net_device) -> c_int {
    // SAFETY: Called under RTNL.
    from_result(|| T::restart_autoneg(&mut unsafe { rtnl(dev) }).map(|()| 0))
}

const AN_NO_PARTNER: u32 =
    bindings::ethtool_link_ext_substate_autoneg_ETHTOOL_LINK_EXT_SUBSTATE_AN_NO_PARTNER_DETECTED;
const AN_NO_PARTNER_FORCED: u32 = bindings::ethtool_link_ext_substate_autoneg_ETHTOOL_LINK_EXT_SUBSTATE_AN_NO_PARTNER_DETECTED_FORCE_MODE;
const AN_NO_COMMON_MODE: u32 =
    bindings::ethtool_link_ext_substate_autoneg_ETHTOOL_LINK_EXT_SUBSTATE_AN_NO_HCD;

/// Why there is no link (`enum ethtool_link_ext_state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkDown {
    /// Auto-negotiation found no partner.
    Alone,
    /// Auto-negotiation found a partner, but no mode that both offer.
    Mismatch,
    /// No link comes about with the speed and duplex that are forced.
    Forced,
}

extern "C" fn get_link_ext_state<T: Operations>(
    dev: *mut bindings::net_device,
    info: *mut bindings::ethtool_link_ext_state_info,
) -> c_int {
    // SAFETY: The caller's own.
    let info = unsafe { &mut *info };

    from_result(|| {
        // SAFETY: Called under RTNL.
        let why = T::link_down(&mut unsafe { rtnl(dev) }).ok_or(ENODATA)?;

        info.link_ext_state = bindings::ethtool_link_ext_state_ETHTOOL_LINK_EXT_STATE_AUTONEG;
        info.__bindgen_anon_1.__link_ext_substate = match why {
            LinkDown::Alone => AN_NO_PARTNER,
            LinkDown::Mismatch => AN_NO_COMMON_MODE,
            LinkDown::Forced => AN_NO_PARTNER_FORCED,
        };
        Ok(0)
    })
}

extern "C" fn get_link_ext_stats<T: Operations>(
    dev: *mut bindings::net_device,
    stats: *mut bindings::ethtool_link_ext_stats,
) {
    // SAFETY: The device is ours; the structure is the caller's own, filled with "not set".
    unsafe { (*stats).link_down_events = Device::<T>::from_raw(dev).shared().link_losses() };
}
