// SPDX-License-Identifier: GPL-2.0

//! What the compiler refuses before it looks at types.

use crate::driver::prelude::*;

/// a driver does not get at the registration
#[cfg(misuse)]
use crate::netdev::registration::Registration; //~ E0603 module `registration` is private

/// a driver does not get at what makes one
#[cfg(misuse)]
use crate::netdev::pci::Glue; //~ E0603 struct `Glue` is private

/// a driver does not get at the C side's functions
#[cfg(misuse)]
use crate::netdev::bindings; //~ E0603 module `bindings` is private

/// a driver does not start and stop the interface behind the stack's back
#[cfg(misuse)]
use crate::netdev::lifecycle; //~ E0603 module `lifecycle` is private

/// a driver does not get at what ties a page pool to its NAPI
#[cfg(misuse)]
use crate::netdev::page_pool::Pools; //~ E0603 `Pools` is private

/// a driver makes no packet of a pointer
fn forged(at: core::ptr::NonNull<u8>) {
    #[cfg(misuse)]
    let skb = SkBuff(at.cast()); //~ E0423 cannot initialize a tuple struct which contains private fields
}
