// SPDX-License-Identifier: GPL-2.0

//! Module parameters with a value for each card.
//!
//! Network drivers have long taken lists (`modprobe e1000 TxDescriptors=256,512`): the n-th value
//! is the n-th card's. The kernel crate's parameters are single values that sysfs doesn't show.
//!
//! C header: [`include/linux/moduleparam.h`](srctree/include/linux/moduleparam.h)
//!
//! # Soundness
//!
//! The C side writes an [`IntArray`] while it parses the parameters, before the module's init
//! function runs, and never again, as sysfs does not show it. An [`Uint`] may be written through
//! sysfs at any time, by a single store of an aligned word, and is read by a single load.

use super::bindings;
use core::cell::UnsafeCell;
use kernel::prelude::*;

/// Most cards that can be told apart; the others get defaults.
const MAX_CARDS: usize = 32;

/// A parameter with an `int` for each card.
pub(crate) struct IntArray {
    values: UnsafeCell<[c_int; MAX_CARDS]>,
    count: UnsafeCell<c_uint>,
}

// SAFETY: Not written after the parameters were parsed; see above.
unsafe impl Sync for IntArray {}

impl IntArray {
    /// Makes an empty list.
    pub(crate) const fn new() -> Self {
        Self {
            values: UnsafeCell::new([0; MAX_CARDS]),
            count: UnsafeCell::new(0),
        }
    }

    /// Returns the value given for card number `card`, if one was.
    pub(crate) fn get(&self, card: usize) -> Option<i32> {
        // SAFETY: Not written any more; see above.
        let (values, count) = unsafe { (&*self.values.get(), *self.count.get()) };

        values.get(..count as usize)?.get(card).copied()
    }

    /// Describes the list to the C side. For [`params!`].
    pub(crate) const fn describe(&'static self) -> ArrayInfo {
        // CAST: 32, and 4.
        ArrayInfo(bindings::kparam_array {
            max: MAX_CARDS as c_uint,
            elemsize: size_of::<c_int>() as c_uint,
            num: self.count.get(),
            ops: &raw const bindings::param_ops_int,
            elem: self.values.get().cast(),
        })
    }
}

/// A parameter with one `uint`, which root may change in sysfs.
pub(crate) struct Uint(UnsafeCell<c_uint>);

// SAFETY: Read and written by single accesses to an aligned word.
unsafe impl Sync for Uint {}

impl Uint {
    /// Makes a parameter with a default.
    pub(crate) const fn new(value: u32) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Returns the present value.
    #[inline]
    pub(crate) fn get(&self) -> u32 {
        // SAFETY: Valid; the C side writes it by a single store.
        unsafe { self.0.get().read_volatile() }
    }

    /// Returns where the C side finds it. For [`params!`].
    pub(crate) const fn as_ptr(&'static self) -> *mut c_void {
        self.0.get().cast()
    }
}

/// What the C side needs to know of an [`IntArray`].
#[repr(transparent)]
pub(crate) struct ArrayInfo(bindings::kparam_array);

// SAFETY: Only read by the C side.
unsafe impl Sync for ArrayInfo {}

/// An entry of the section `__param`.
#[repr(transparent)]
pub(crate) struct Entry(kernel::bindings::kernel_param);

// SAFETY: Only read by the C side.
unsafe impl Sync for Entry {}

impl Entry {
    const fn new(
        name: &'static CStr,
        ops: *const bindings::kernel_param_ops,
        perm: u16,
        arg: *mut c_void,
    ) -> Self {
        Self(kernel::bindings::kernel_param {
            name: kernel::str::as_char_ptr_in_const_context(name),
            // The module is valid for as long as its statics are; only its address is taken.
            mod_: (&raw const kernel::bindings::__this_module).cast_mut(),
            // CAST: The same C type.
            ops: ops.cast(),
            perm,
            level: -1,
            flags: 0,
            __bindgen_anon_1: kernel::bindings::kernel_param__bindgen_ty_1 { arg },
        })
    }

    /// Makes the entry of an [`IntArray`], unseen in sysfs. For [`params!`].
    pub(crate) const fn array(name: &'static CStr, info: &'static ArrayInfo) -> Self {
        Self::new(
            name,
            &raw const bindings::param_array_ops,
            0,
            core::ptr::from_ref(info).cast_mut().cast(),
        )
    }

    /// Makes the entry of an [`Uint`], for root to write in sysfs. For [`params!`].
    pub(crate) const fn uint(name: &'static CStr, value: &'static Uint) -> Self {
        Self::new(
            name,
            &raw const bindings::param_ops_uint,
            0o644,
            value.as_ptr(),
        )
    }
}

/// Copies a string into an array. For [`params!`].
pub(crate) const fn bytes<const N: usize>(s: &str) -> [u8; N] {
    let mut to = [0; N];
    let from = s.as_bytes();
    let mut i = 0;

    while i < N {
        // PANIC: At compile time only.
        to[i] = from[i];
        i += 1;
    }
    to
}

/// Puts a string into the section that `modinfo` reads. For [`params!`].
macro_rules! modinfo {
    ($text:expr) => {
        const _: () = {
            const TEXT: &str = $text;

            #[allow(unsafe_code, reason = "the section's contents are made here")]
            #[link_section = ".modinfo"]
            #[used]
            static INFO: [u8; TEXT.len()] = $crate::netdev::params::bytes(TEXT);
        };
    };
}

/// Declares module parameters: `array NAME: "description"` for an [`IntArray`], and
/// `uint NAME = default: "description"` for an [`Uint`]. For the root of the crate only.
macro_rules! params {
    () => {};
    ($(#[$meta:meta])* array $name:ident: $description:literal; $($rest:tt)*) => {
        $(#[$meta])*
        #[allow(non_upper_case_globals)]
        pub(crate) static $name: $crate::netdev::params::IntArray =
            $crate::netdev::params::IntArray::new();

        const _: () = {
            static INFO: $crate::netdev::params::ArrayInfo = $name.describe();
            const NAME: &kernel::str::CStr = kernel::c_str!(stringify!($name));

            #[allow(unsafe_code, reason = "the section's contents are made here")]
            #[link_section = "__param"]
            #[used]
            static ENTRY: $crate::netdev::params::Entry =
                $crate::netdev::params::Entry::array(NAME, &INFO);
        };
        $crate::netdev::params::modinfo!(
            concat!("parmtype=", stringify!($name), ":array of int\0")
        );
        $crate::netdev::params::modinfo!(
            concat!("parm=", stringify!($name), ":", $description, "\0")
        );
        $crate::netdev::params::params!($($rest)*);
    };
    (
        $(#[$meta:meta])* uint $name:ident = $default:literal: $description:literal;
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[allow(non_upper_case_globals)]
        pub(crate) static $name: $crate::netdev::params::Uint =
            $crate::netdev::params::Uint::new($default);

        const _: () = {
            const NAME: &kernel::str::CStr = kernel::c_str!(stringify!($name));

            #[allow(unsafe_code, reason = "the section's contents are made here")]
            #[link_section = "__param"]
            #[used]
            static ENTRY: $crate::netdev::params::Entry =
                $crate::netdev::params::Entry::uint(NAME, &$name);
        };
        $crate::netdev::params::modinfo!(concat!("parmtype=", stringify!($name), ":uint\0"));
        $crate::netdev::params::modinfo!(
            concat!("parm=", stringify!($name), ":", $description, "\0")
        );
        $crate::netdev::params::params!($($rest)*);
    };
}

pub(crate) use {
    modinfo,
    params, //
};
