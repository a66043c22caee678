// SPDX-License-Identifier: GPL-2.0

//! The EEPROM as bytes: words in order, the low byte of each first.

use crate::{
    adapter::Adapter,
    hw::{
        eeprom::{
            self,
            Words, //
        },
        model, //
    },
    netdev::Rtnl, //
};
use kernel::prelude::*;

/// The EEPROM's contents as bytes.
type Bytes = [u8; size_of::<Words>()];

fn to_bytes(words: &Words) -> Bytes {
    let mut bytes = [0; size_of::<Words>()];

    for (pair, word) in bytes.chunks_exact_mut(2).zip(words) {
        pair.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

fn to_words(bytes: &Bytes) -> Words {
    let mut words = [0; model::EEPROM_WORDS];

    for (word, pair) in words.iter_mut().zip(bytes.chunks_exact(2)) {
        if let [low, high] = *pair {
            *word = u16::from_le_bytes([low, high]);
        }
    }
    words
}

/// Reads from byte `offset` on.
///
/// # Errors
///
/// `EINVAL` beyond the end, `ENODEV` if the device is gone, `ETIMEDOUT` if it does not answer.
pub(super) fn get(dev: &mut Rtnl<'_, Adapter<'_>>, offset: usize, data: &mut [u8]) -> Result {
    let bytes = to_bytes(&eeprom::read_all(&dev.shared().bar)?);
    let end = offset.checked_add(data.len()).ok_or(EINVAL)?;

    data.copy_from_slice(bytes.get(offset..end).ok_or(EINVAL)?);
    Ok(())
}

/// Writes from byte `offset` on, and makes the checksum right.
///
/// The station address in use stays; the one in the EEPROM counts when the driver is loaded next.
///
/// # Errors
///
/// As [`get`], and `EIO` if the device does not store what it is given, as QEMU's; then the EEPROM
/// is as before.
pub(super) fn set(dev: &mut Rtnl<'_, Adapter<'_>>, offset: usize, data: &[u8]) -> Result {
    let bar = &dev.shared().bar;
    let old = eeprom::read_all(bar)?;
    let mut bytes = to_bytes(&old);
    let end = offset.checked_add(data.len()).ok_or(EINVAL)?;

    bytes
        .get_mut(offset..end)
        .ok_or(EINVAL)?
        .copy_from_slice(data);
    eeprom::replace(bar, &old, &eeprom::with_checksum(to_words(&bytes)))
}
