// SPDX-License-Identifier: GPL-2.0

//! Module parameters: values checked, with the default where one is out of range.

use crate::hw::ring::RingSize;
use kernel::{
    device::Device,
    prelude::*, //
};

/// Returns the number of descriptors asked for with parameter `name`, or says why not.
fn descriptors(dev: &Device, name: &str, value: u32) -> RingSize {
    RingSize::new(value).unwrap_or_else(|_| {
        dev_warn!(
            dev,
            "{name}={value} is not a multiple of {} from {} to {}, using {}\n",
            RingSize::STEP,
            RingSize::MIN,
            RingSize::MAX,
            RingSize::DEFAULT.get()
        );
        RingSize::DEFAULT
    })
}

/// Returns the size of the transmit ring (`TxDescriptors`).
pub(crate) fn tx_descriptors(dev: &Device) -> RingSize {
    descriptors(
        dev,
        "TxDescriptors",
        crate::module_parameters::TxDescriptors.value(),
    )
}

/// Returns the size of the receive ring (`RxDescriptors`).
pub(crate) fn rx_descriptors(dev: &Device) -> RingSize {
    descriptors(
        dev,
        "RxDescriptors",
        crate::module_parameters::RxDescriptors.value(),
    )
}
