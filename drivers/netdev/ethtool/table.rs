// SPDX-License-Identifier: GPL-2.0

//! `struct ethtool_ops`, filled with what a driver implements.
//!
//! # Soundness
//!
//! That of [`super`]. The table is installed only in devices driven by `T`, by
//! [`registration`](super::super::registration), so that all callbacks get a `Device<T>`.

use super::{
    super::{
        bindings,
        context::Rtnl,
        device::Device,
        driver::Driver, //
    },
    link,
    memory,
    params,
    stats,
    test,
    wake,
    Operations, //
};
use core::{
    marker::PhantomData,
    mem::zeroed, //
};
use kernel::prelude::*;

/// Returns the operations of a device driven by `T`.
pub(in super::super) fn ops<T: Operations>() -> &'static bindings::ethtool_ops {
    &Table::<T>::OPS
}

struct Table<T: Operations>(PhantomData<T>);

impl<T: Operations> Table<T> {
    const OPS: bindings::ethtool_ops = {
        // SAFETY: All fields are numbers or pointers to functions, zero where unused.
        let mut ops: bindings::ethtool_ops = unsafe { zeroed() };

        // What `ethtool -i` shows the core takes from the names of driver and bus device.
        ops.get_ts_info = Some(bindings::ethtool_op_get_ts_info);
        ops.begin = optional!(T::HAS_IS_PRESENT, begin::<T>);
        params::install::<T>(&mut ops);
        stats::install::<T>(&mut ops);
        link::install::<T>(&mut ops);
        memory::install::<T>(&mut ops);
        test::install::<T>(&mut ops);
        wake::install::<T>(&mut ops);
        ops
    };
}

extern "C" fn begin<T: Operations>(dev: *mut bindings::net_device) -> c_int {
    // SAFETY: The device is ours.
    if unsafe { Device::<T>::from_raw(dev) }.shared().is_present() {
        0
    } else {
        ENODEV.to_errno()
    }
}

/// # Safety
///
/// `dev` must be driven by `T`, and the core must have called under RTNL.
pub(super) unsafe fn rtnl<'a, T: Driver>(dev: *mut bindings::net_device) -> Rtnl<'a, T> {
    // SAFETY: By the safety requirements.
    unsafe { Rtnl::new(Device::from_raw(dev)) }
}
