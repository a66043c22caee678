// SPDX-License-Identifier: GPL-2.0

//! Features of a network device, as `ethtool -k` shows them.

use super::bindings;
use core::ops::{
    BitAnd,
    BitOr,
    BitXor,
    Not, //
};

/// A set of `NETIF_F_*` features (`Documentation/networking/netdev-features.rst`).
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Features(u64);

impl Features {
    /// None.
    pub(crate) const NONE: Self = Self(0);
    /// All that a driver may switch: those named here. Of others the core takes the bit for a
    /// promise that there is a function, which it calls without looking.
    pub(super) const KNOWN: Self = Self::SG
        .union(Self::HIGHDMA)
        .union(Self::GSO_MASK)
        .union(Self::CSUM_MASK)
        .union(Self::VLAN_TX)
        .union(Self::VLAN_RX)
        .union(Self::VLAN_FILTER)
        .union(Self::RXCSUM)
        .union(Self::RXALL)
        .union(Self::RXFCS)
        .union(Self::LOOPBACK);
    /// Scatter/gather.
    pub(crate) const SG: Self = Self(bindings::NETIF_F_SG);
    /// Transmit checksum at any start and offset.
    pub(crate) const HW_CSUM: Self = Self(bindings::NETIF_F_HW_CSUM);
    /// DMA to and from high memory.
    pub(crate) const HIGHDMA: Self = Self(bindings::NETIF_F_HIGHDMA);
    /// TCP segmentation over IPv4.
    pub(crate) const TSO: Self = Self(bindings::NETIF_F_TSO);
    /// TCP segmentation that may give each segment the same or any IPv4 ID.
    pub(crate) const TSO_MANGLEID: Self = Self(bindings::NETIF_F_TSO_MANGLEID);
    /// TCP segmentation over IPv6.
    pub(crate) const TSO6: Self = Self(bindings::NETIF_F_TSO6);
    /// UDP segmentation.
    pub(crate) const GSO_UDP_L4: Self = Self(bindings::NETIF_F_GSO_UDP_L4);
    /// Every kind of segmentation.
    pub(crate) const GSO_MASK: Self = Self(bindings::NETIF_F_GSO_MASK);
    /// Every kind of transmit checksum.
    pub(crate) const CSUM_MASK: Self = Self(bindings::NETIF_F_CSUM_MASK);
    /// Insertion of the 802.1Q tag.
    pub(crate) const VLAN_TX: Self = Self(bindings::NETIF_F_HW_VLAN_CTAG_TX);
    /// Stripping of the 802.1Q tag.
    pub(crate) const VLAN_RX: Self = Self(bindings::NETIF_F_HW_VLAN_CTAG_RX);
    /// Filter by 802.1Q VLAN identifier.
    pub(crate) const VLAN_FILTER: Self = Self(bindings::NETIF_F_HW_VLAN_CTAG_FILTER);
    /// Receive checksum.
    pub(crate) const RXCSUM: Self = Self(bindings::NETIF_F_RXCSUM);
    /// Reception of damaged frames.
    pub(crate) const RXALL: Self = Self(bindings::NETIF_F_RXALL);
    /// Reception of the frame check sequence.
    pub(crate) const RXFCS: Self = Self(bindings::NETIF_F_RXFCS);
    /// Loopback inside the device.
    pub(crate) const LOOPBACK: Self = Self(bindings::NETIF_F_LOOPBACK);

    pub(super) const fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    pub(super) const fn into_raw(self) -> u64 {
        self.0
    }

    /// Returns whether all of `other` is in this set.
    pub(crate) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the union; usable in constants, where `|` is not.
    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOr for Features {
    type Output = Self;

    fn bitor(self, rhs: Self) -> Self {
        Self(self.0 | rhs.0)
    }
}

impl BitAnd for Features {
    type Output = Self;

    fn bitand(self, rhs: Self) -> Self {
        Self(self.0 & rhs.0)
    }
}

impl BitXor for Features {
    type Output = Self;

    fn bitxor(self, rhs: Self) -> Self {
        Self(self.0 ^ rhs.0)
    }
}

impl Not for Features {
    type Output = Self;

    fn not(self) -> Self {
        Self(!self.0)
    }
}
