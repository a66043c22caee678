// SPDX-License-Identifier: GPL-2.0

//! Ethernet addresses and the device's lists of them.
//!
//! # Soundness
//!
//! An [`AddrList`] borrows, for the length of one call, the core's snapshot of a list that nobody
//! else has. Its entries end with the list's head, and are followed in that order only.

use super::bindings;
use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::fmt;

/// A 48-bit Ethernet address, in the order of the wire.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct EthAddr(pub(crate) [u8; 6]);

impl EthAddr {
    /// Returns whether the group bit is set (IEEE 802-2014, 8.2.2).
    pub(crate) const fn is_multicast(self) -> bool {
        self.0[0] & 0x01 != 0
    }

    /// Returns whether a station can have this address: neither a group nor all zeros.
    pub(crate) const fn is_valid(self) -> bool {
        !self.is_multicast()
            && (self.0[0] | self.0[1] | self.0[2] | self.0[3] | self.0[4] | self.0[5]) != 0
    }

    /// Makes a random, locally administered station address.
    pub(crate) fn random() -> Self {
        let mut addr = [0u8; 6];

        // SAFETY: `addr` is valid for writes of its own length.
        unsafe { bindings::get_random_bytes(addr.as_mut_ptr().cast(), addr.len()) };
        addr[0] = (addr[0] & !0x01) | 0x02;
        Self(addr)
    }
}

impl fmt::Display for EthAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;

        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// The unicast or multicast addresses that a device is asked to receive.
///
/// # Invariants
///
/// `list` is valid and does not change for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct AddrList<'a> {
    list: *const bindings::netdev_hw_addr_list,
    _list: PhantomData<&'a bindings::netdev_hw_addr_list>,
}

impl<'a> AddrList<'a> {
    /// # Safety
    ///
    /// `list` must be valid, and nobody may change it, for `'a`.
    pub(super) unsafe fn from_raw(list: *const bindings::netdev_hw_addr_list) -> Self {
        // INVARIANT: By the safety requirements.
        Self {
            list,
            _list: PhantomData,
        }
    }

    /// Returns the number of addresses.
    pub(crate) fn len(self) -> usize {
        // SAFETY: By the type invariants.
        let count = unsafe { (*self.list).count };

        usize::try_from(count).unwrap_or(0)
    }

    /// Returns the addresses in the order in which they were added.
    pub(crate) fn iter(self) -> AddrIter<'a> {
        AddrIter {
            list: self,
            at: ptr::null(),
        }
    }
}

/// Iterator over an [`AddrList`].
pub(crate) struct AddrIter<'a> {
    list: AddrList<'a>,
    at: *const bindings::netdev_hw_addr,
}

impl Iterator for AddrIter<'_> {
    type Item = EthAddr;

    fn next(&mut self) -> Option<EthAddr> {
        // SAFETY: By the invariants of `AddrList` the list does not change, so `at`, which this
        // function returned before or is null, is an entry of it.
        let next = unsafe { bindings::netdev_helper_addr_next(self.list.list, self.at) };

        if next.is_null() {
            return None;
        }
        self.at = next;

        // SAFETY: `next` is a valid entry of the list.
        let addr = unsafe { &(*next).addr };

        // `addr` has MAX_ADDR_LEN (32) bytes, of which Ethernet uses the first six.
        addr.first_chunk::<6>().copied().map(EthAddr)
    }
}
