// SPDX-License-Identifier: GPL-2.0

//! Bindings to the C side of the network core.
//!
//! Linux 7.3's `bindings` crate leaves `linux/netdevice.h` out, so these are made by bindgen from
//! `bindings/bindings_helper.h` at build time. Types that both sets have (`struct device`,
//! `struct pci_dev`) are the same C types; pointers to them are cast where the two meet.

#![allow(
    clippy::all,
    clippy::ref_as_ptr,
    clippy::cast_lossless,
    clippy::ptr_as_ptr,
    clippy::undocumented_unsafe_blocks,
    dead_code,
    improper_ctypes,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unreachable_pub,
    unsafe_op_in_unsafe_fn
)]

use pin_init::{
    MaybeZeroable,
    Zeroable, //
};

type __kernel_size_t = usize;
type __kernel_ssize_t = isize;
type __kernel_ptrdiff_t = isize;

// bindgen does not derive it for this one.
// SAFETY: It is a newtype around `Storage`.
unsafe impl<Storage: Zeroable> Zeroable for __BindgenBitfieldUnit<Storage> {}

include!(env!("NETDEV_BINDINGS"));
