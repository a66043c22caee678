// SPDX-License-Identifier: GPL-2.0

//! Driver for the Intel 82540EM, 82545EM and 82544GC gigabit Ethernet controllers.
//!
//! `hw` is the chip, `netdev` the network core; this crate ties the one to the other. A packet's
//! way out is [`tx::Queue::xmit`] to the descriptor ring to TDT; its way in is ICR to the poll in
//! [`napi`] to [`rx::Queue::receive`] to GRO.

#![deny(unsafe_code)]
// No packet, page or mapping is overlooked.
#![deny(unused_must_use)]

mod adapter;
mod ethtool;
mod features;
mod filter;
mod link;
mod mii;
mod moderation;
mod napi;
mod offload;
mod ops;
mod params;
mod probe;
mod rx;
mod selftest;
mod tx;

#[forbid(unsafe_code)]
#[allow(dead_code, reason = "the chip is described whole, used or not")]
#[path = "../../hw/mod.rs"]
mod hw;
#[allow(unsafe_code)]
#[allow(dead_code, reason = "lists of the kernel's are written down whole")]
#[path = "../netdev/mod.rs"]
mod netdev;

kernel::module_driver! {
    <T>, netdev::pci::Adapter<T>, {
        type: probe::E1000,
        name: "e1000_rust",
        authors: ["The e1000_rust developers"],
        description: "Intel 82540EM, 82545EM and 82544GC gigabit Ethernet driver",
        license: "GPL",
    }
}
