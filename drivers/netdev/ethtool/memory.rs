// SPDX-License-Identifier: GPL-2.0

//! What is in the device: registers and EEPROM.
//!
//! # Soundness
//!
//! That of [`super`]. The buffer for the registers is as large as `get_regs_len()` says, which is
//! made from the same constant; one that C's `int` could not take does not compile. The one for the
//! EEPROM is as large as the request says.

use super::{
    super::bindings,
    table::rtnl,
    Operations, //
};
use core::{
    mem::size_of,
    slice, //
};
use kernel::{
    error::from_result,
    prelude::*, //
};

/// Enters the callbacks of this file into the table.
pub(super) const fn install<T: Operations>(ops: &mut bindings::ethtool_ops) {
    ops.get_regs_len = optional!(T::HAS_REGISTERS, get_regs_len::<T>);
    ops.get_regs = optional!(T::HAS_REGISTERS, get_regs::<T>);
    ops.get_eeprom_len = optional!(T::HAS_EEPROM, get_eeprom_len::<T>);
    ops.get_eeprom = optional!(T::HAS_EEPROM, get_eeprom::<T>);
    ops.set_eeprom = optional!(T::HAS_SET_EEPROM, set_eeprom::<T>);
}

extern "C" fn get_regs_len<T: Operations>(_dev: *mut bindings::net_device) -> c_int {
    const {
        assert!(T::REGISTERS < 1 << 20);
    }
    // CAST: Less than 2^22.
    (T::REGISTERS * size_of::<u32>()) as c_int
}

extern "C" fn get_regs<T: Operations>(
    dev: *mut bindings::net_device,
    regs: *mut bindings::ethtool_regs,
    data: *mut c_void,
) {
    // SAFETY: The caller allocated what `get_regs_len()` asked for, which is more than nothing,
    // page-aligned and zeroed, however much of it the user wants.
    let words = unsafe { slice::from_raw_parts_mut(data.cast::<u32>(), T::REGISTERS) };
    // SAFETY: Called under RTNL.
    let version = T::registers(&mut unsafe { rtnl(dev) }, words);

    // SAFETY: The caller's own.
    unsafe { (*regs).version = version };
}

extern "C" fn get_eeprom_len<T: Operations>(_dev: *mut bindings::net_device) -> c_int {
    const {
        assert!(T::EEPROM < 1 << 30);
    }
    // CAST: Less than 2^30.
    T::EEPROM as c_int
}

/// Returns where the bytes begin that a request is about, and how many they are.
///
/// The core has checked this, too.
fn range<T: Operations>(request: &bindings::ethtool_eeprom) -> Result<(usize, usize)> {
    let (offset, len) = (request.offset as usize, request.len as usize);

    if len == 0 || offset.checked_add(len).ok_or(EINVAL)? > T::EEPROM {
        return Err(EINVAL);
    }
    Ok((offset, len))
}

extern "C" fn get_eeprom<T: Operations>(
    dev: *mut bindings::net_device,
    request: *mut bindings::ethtool_eeprom,
    data: *mut u8,
) -> c_int {
    // SAFETY: The caller's own.
    let request = unsafe { &mut *request };

    from_result(|| {
        let (offset, len) = range::<T>(request)?;
        // SAFETY: The caller's own, with room for `request.len`.
        let data = unsafe { slice::from_raw_parts_mut(data, len) };

        // SAFETY: Called under RTNL.
        let mut rtnl = unsafe { rtnl::<T>(dev) };

        request.magic = rtnl.shared().eeprom_magic();
        T::eeprom(&mut rtnl, offset, data).map(|()| 0)
    })
}

extern "C" fn set_eeprom<T: Operations>(
    dev: *mut bindings::net_device,
    request: *mut bindings::ethtool_eeprom,
    data: *mut u8,
) -> c_int {
    // SAFETY: The caller's own.
    let request = unsafe { &*request };

    from_result(|| {
        let (offset, len) = range::<T>(request)?;
        // SAFETY: The caller's own, filled with `request.len` bytes.
        let data = unsafe { slice::from_raw_parts(data, len) };

        // SAFETY: Called under RTNL.
        let mut rtnl = unsafe { rtnl::<T>(dev) };

        if request.magic != rtnl.shared().eeprom_magic() {
            return Err(EINVAL);
        }
        T::set_eeprom(&mut rtnl, offset, data).map(|()| 0)
    })
}
