// SPDX-License-Identifier: GPL-2.0

//! Receive and transmit descriptors (manual sections 3.2.3, 3.3.3, 3.3.6 and 3.3.7).
//!
//! A descriptor is 16 bytes, two little-endian words. In a ring it is a [`Raw`], a plain array, as
//! that is what the kernel's coherent DMA memory takes from safe code. [`TxDesc`] and [`RxDesc`]
//! are its meanings in host order.
//!
//! The chip owns a descriptor from the tail write that hands it over until DD is seen; ordering the
//! accesses around both is the caller's business.

use core::mem::size_of;

use kernel::{
    build_assert::static_assert,
    dma::Coherent,
    io::{
        io_project,
        IoBase,
        SysMem, //
    },
    prelude::*, //
};

mod rx;
mod tx;

pub(crate) use rx::*;
pub(crate) use tx::*;

/// One descriptor in memory: two little-endian words.
pub(crate) type Raw = [u64; 2];

/// A descriptor ring in DMA memory.
pub(crate) type Descriptors = Coherent<[Raw]>;

/// Size of a descriptor, in bytes.
pub(crate) const DESC_SIZE: u32 = 16;

static_assert!(size_of::<Raw>() == 16);

/// Returns slot `index` of `ring`.
///
/// It is seen as mere memory, as its DMA address is of no interest.
///
/// # Errors
///
/// `ERANGE` if there is no such slot.
#[inline]
fn slot(ring: &Descriptors, index: usize) -> Result<SysMem<'_, Raw>> {
    Ok(io_project!(IoBase::as_view(ring).as_sys_mem(), [try: index]))
}
