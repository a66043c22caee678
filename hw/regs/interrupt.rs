// SPDX-License-Identifier: GPL-2.0

//! Interrupt registers (manual section 13.4).

use core::ops;

use kernel::{
    io::register,
    num::Bounded, //
};

use crate::hw::irq::Causes;

register! {
    /// Interrupt cause read. 13.4.17, RC and W1C; heavy both ways.
    ///
    /// A read lowers the interrupt line. All ones: the device is gone.
    pub(crate) ICR(u32) @ 0x00c0 {
        /// The pending causes, masked or not.
        31:0 causes => Causes;
    }

    /// Interrupt throttling. 13.4.18, R/W (not the 82544).
    ///
    /// QEMU: never shorter than 500 (128 us).
    pub(crate) ITR(u32) @ 0x00c4 {
        /// Least time between two interrupts, in units of 256 ns; 0 = no throttling.
        15:0 interval;
    }

    /// Interrupt cause set. 13.4.19, WO; heavy.
    ///
    /// QEMU: reads as `ICR` without clearing.
    pub(crate) ICS(u32) @ 0x00c8 {
        /// The causes to raise.
        31:0 causes => Causes;
    }

    /// Interrupt mask set/read. 13.4.20, R/W; heavy. Ones unmask, zeroes do nothing.
    pub(crate) IMS(u32) @ 0x00d0 {
        /// The causes to unmask, or on reading the unmasked ones.
        31:0 causes => Causes;
    }

    /// Interrupt mask clear. 13.4.21, WO; heavy. Ones mask, zeroes do nothing.
    pub(crate) IMC(u32) @ 0x00d8 {
        /// The causes to mask.
        31:0 causes => Causes;
    }
}

impl From<Bounded<u32, 32>> for Causes {
    #[inline(always)]
    fn from(value: Bounded<u32, 32>) -> Self {
        Self::from_raw(value.get())
    }
}

impl From<Causes> for Bounded<u32, 32> {
    #[inline(always)]
    fn from(causes: Causes) -> Self {
        causes.into_raw().into()
    }
}

impl ops::BitOr for Causes {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self::from_raw(self.into_raw() | other.into_raw())
    }
}
