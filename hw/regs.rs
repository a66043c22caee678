// SPDX-License-Identifier: GPL-2.0

//! The register map, with the manual's names (manual chapter 13).
//!
//! Each register's doc starts with its section and access: R/W, RO (read-only), W1C (write one to
//! clear), RC (read to clear), WO. "QEMU:" tells where the emulation differs. Unless it says
//! otherwise, a write is light and a read is heavy (see [`super`]).

mod general;
mod interrupt;
mod receive;
mod transmit;
mod wake;

pub(crate) use self::{
    general::*,
    interrupt::*,
    receive::*,
    transmit::*,
    wake::*, //
};

use kernel::io::register;

register! {
    /// The statistics block, 64 counters from `CRCERRS` on. 13.7, RC.
    ///
    /// QEMU: only GPRC, GPTC, TPR, TPT, TOR, TOT and MPC count, and MPC does not clear on reading.
    pub(crate) STAT(u32)[64] @ 0x4000 {}
}
