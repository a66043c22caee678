// SPDX-License-Identifier: GPL-2.0

//! Messages to whoever made a request.
//!
//! # Soundness
//!
//! The place is the requester's own, and lent for one call. A message is static, and copied to the
//! answer after the call, as that of any driver; that the module stays until then is the core's
//! concern.

use super::super::bindings;
use core::marker::PhantomData;
use kernel::prelude::*;

/// Where the reason of a refusal goes: netlink's extended acknowledgement. Requests by ioctl have
/// none, and the message is lost.
pub(crate) struct Extack<'a> {
    raw: *mut bindings::netlink_ext_ack,
    _raw: PhantomData<&'a mut bindings::netlink_ext_ack>,
}

impl Extack<'_> {
    /// # Safety
    ///
    /// `raw` must be null or valid for the lifetime of the value, with nobody else using it.
    pub(in crate::netdev) unsafe fn new(raw: *mut bindings::netlink_ext_ack) -> Self {
        Self {
            raw,
            _raw: PhantomData,
        }
    }

    /// Sets the message that the user sees.
    pub(crate) fn set(&mut self, message: &'static CStr) {
        // SAFETY: `raw` is null or valid, and the message is static.
        unsafe { bindings::netdev_helper_extack(self.raw, message.as_char_ptr()) };
    }

    /// Sets the message and returns `error`.
    pub(crate) fn refuse<R>(&mut self, message: &'static CStr, error: Error) -> Result<R> {
        self.set(message);
        Err(error)
    }
}
