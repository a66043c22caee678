// SPDX-License-Identifier: GPL-2.0

//! Self-test, and the light that identifies a device.
//!
//! # Soundness
//!
//! That of [`super`]; `results` is as long as `get_sset_count()` says, which returns the length of
//! the same constant, or an error instead of 0. An interrupt that is requested for a self-test is
//! freed before the call returns, and its handler finds NAPI disabled.

use super::{
    super::{
        bindings,
        context::Rtnl,
        driver::Driver,
        irq, //
    },
    table::rtnl,
    Operations, //
};
use core::slice;
use kernel::{
    error::from_result,
    prelude::*, //
};

/// Enters the callbacks of this file into the table.
pub(super) const fn install<T: Operations>(ops: &mut bindings::ethtool_ops) {
    ops.self_test = optional!(T::HAS_SELF_TEST, self_test::<T>);
    ops.set_phys_id = optional!(T::HAS_IDENTIFY, set_phys_id::<T>);
}

/// How much a self-test may disturb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TestKind {
    /// Traffic goes on.
    Online,
    /// Traffic may be interrupted.
    Offline,
}

extern "C" fn self_test<T: Operations>(
    dev: *mut bindings::net_device,
    test: *mut bindings::ethtool_test,
    data: *mut u64,
) {
    // SAFETY: The caller's own.
    let test = unsafe { &mut *test };
    // SAFETY: The caller allocated what `get_sset_count()` asked for, zeroed.
    let results = unsafe { slice::from_raw_parts_mut(data, T::TESTS.len()) };
    let kind = if test.flags & bindings::ethtool_test_flags_ETH_TEST_FL_OFFLINE != 0 {
        TestKind::Offline
    } else {
        TestKind::Online
    };

    // SAFETY: Called under RTNL.
    T::self_test(&mut unsafe { rtnl(dev) }, kind, results);
    if results.iter().any(|result| *result != 0) {
        test.flags |= bindings::ethtool_test_flags_ETH_TEST_FL_FAILED;
    }
}

impl<T: Driver> Rtnl<'_, T> {
    /// Runs `f` with the interrupt requested, whether the interface is up or not: what
    /// [`Driver::interrupt`] does is then to be seen.
    ///
    /// The device's interrupts are masked unless `f` unmasks them; it must mask them again.
    pub(crate) fn with_interrupt<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> Result<R> {
        let dev = self.device();

        if self.is_up() {
            return Ok(f(self));
        }
        irq::request(dev)?;
        let result = f(self);

        irq::free(dev);
        Ok(result)
    }
}

/// What the light is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identify {
    /// Be ready to be switched on and off.
    Start,
    /// Shine.
    On,
    /// Be dark.
    Off,
    /// Show again what it usually shows.
    End,
}

extern "C" fn set_phys_id<T: Operations>(
    dev: *mut bindings::net_device,
    state: bindings::ethtool_phys_id_state,
) -> c_int {
    from_result(|| {
        let state = match state {
            bindings::ethtool_phys_id_state_ETHTOOL_ID_ACTIVE => Identify::Start,
            bindings::ethtool_phys_id_state_ETHTOOL_ID_ON => Identify::On,
            bindings::ethtool_phys_id_state_ETHTOOL_ID_OFF => Identify::Off,
            bindings::ethtool_phys_id_state_ETHTOOL_ID_INACTIVE => Identify::End,
            _ => return Err(EINVAL),
        };

        // SAFETY: Called under RTNL.
        T::identify(&mut unsafe { rtnl(dev) }, state)?;
        // More than 0 has the core switch it.
        Ok(match state {
            Identify::Start => T::BLINKS,
            _ => 0,
        })
    })
}
