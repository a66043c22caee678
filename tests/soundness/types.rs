// SPDX-License-Identifier: GPL-2.0

//! What a driver is made of must stand the contexts that use it, and nobody makes a context.

use crate::driver::{
    driver,
    prelude::*, //
};
use core::cell::Cell;

/// data that all contexts share can be shared
mod not_sync {
    use super::*;

    #[cfg(misuse)]
    struct NotSync(Cell<u32>);

    #[cfg(misuse)]
    driver!(NotSync, Control, Tx<'static>, Rx<'static>); //~ E0277 `Cell<u32>` cannot be shared between threads safely
}

/// a transmit side can change its CPU
mod not_send {
    use super::*;

    struct NotSend(*mut u8);

    #[cfg(misuse)]
    struct Driver;

    #[cfg(misuse)]
    driver!(Driver, Control, NotSend, Rx<'static>); //~ E0277 `*mut u8` cannot be sent between threads safely
}

/// a receive side can change its CPU
mod rx_not_send {
    use super::*;

    struct NotSend(*mut u8);

    #[cfg(misuse)]
    struct Driver;

    #[cfg(misuse)]
    driver!(Driver, Control, Tx<'static>, NotSend); //~ E0277 `*mut u8` cannot be sent between threads safely
}

/// nobody but the abstraction makes an RTNL context
fn make_rtnl(dev: &Device<Sample<'_>>) {
    #[cfg(misuse)]
    let rtnl = Rtnl::new(dev); //~ E0624 associated function `new` is private
}

/// nobody but the abstraction makes a transmit context
fn make_tx(dev: &Device<Sample<'_>>) {
    #[cfg(misuse)]
    let ctx = TxContext::new(dev); //~ E0624 associated function `new` is private
}

/// nobody but the abstraction makes a packet
fn make_packet(at: core::ptr::NonNull<u8>) {
    #[cfg(misuse)]
    let skb = SkBuff::from_raw(at.cast()); //~ E0624 associated function `from_raw` is private
}

/// nobody but the abstraction sees what the locks protect
fn cells(dev: &Device<Sample<'_>>) {
    #[cfg(misuse)]
    let tx = dev.private(); //~ E0624 method `private` is private
}

/// nobody but the abstraction has the C side's device
fn raw(dev: &Device<Sample<'_>>) {
    #[cfg(misuse)]
    let raw = dev.as_ptr(); //~ E0624 method `as_ptr` is private
}

/// a driver has no unsafe code
fn no_unsafe(at: *const u8) {
    #[cfg(misuse)]
    let byte = unsafe { *at }; //~ unsafe_code usage of an `unsafe` block
}

/// a driver does not make anything a taker of pages
mod consumer {
    use super::*;

    #[cfg(misuse)]
    impl Consumer for Control {} //~ E0200 the trait `Consumer` requires an `unsafe impl` declaration
}

/// a message has a level
fn print(dev: &Device<Sample<'_>>) {
    #[cfg(misuse)]
    dev.print(c"", fmt!("without")); //~ E0308 mismatched types
}
