// SPDX-License-Identifier: GPL-2.0

//! Arithmetic of descriptor rings (manual sections 3.2.6 and 3.4).
//!
//! Pure numbers: nothing here touches the chip or memory, and nothing can panic.

use kernel::prelude::*;

use super::desc::DESC_SIZE;

/// Number of descriptors in a ring.
///
/// # Invariants
///
/// A multiple of [`RingSize::STEP`] within [`RingSize::MIN`]`..=`[`RingSize::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RingSize(u16);

impl RingSize {
    /// The fewest descriptors a ring has.
    pub(crate) const MIN: u32 = 48;
    /// The most descriptors a ring has (3.2.6: 64 KiB of descriptors).
    pub(crate) const MAX: u32 = 4096;
    /// `RDLEN` and `TDLEN` count in units of 128 bytes, 8 descriptors (13.4.27, 13.4.38).
    pub(crate) const STEP: u32 = 8;
    /// 256 descriptors.
    // INVARIANT: 256 is a multiple of 8 in range.
    pub(crate) const DEFAULT: Self = Self(256);

    /// Returns the size of exactly `count` descriptors.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there is no ring of that size.
    pub(crate) fn new(count: u32) -> Result<Self> {
        if !(Self::MIN..=Self::MAX).contains(&count) || count % Self::STEP != 0 {
            return Err(EINVAL);
        }
        // INVARIANT: just checked.
        Ok(Self(u16::try_from(count)?))
    }

    /// Returns the nearest possible size that has at least `count` descriptors, or the largest.
    pub(crate) fn round(count: u32) -> Self {
        let count = count
            .clamp(Self::MIN, Self::MAX)
            .next_multiple_of(Self::STEP);
        Self::new(count).unwrap_or(Self::DEFAULT)
    }

    /// Returns the number of descriptors.
    #[inline(always)]
    pub(crate) const fn get(self) -> u16 {
        self.0
    }

    /// Returns the size in bytes, as `RDLEN` and `TDLEN` take it.
    #[inline]
    pub(crate) const fn bytes(self) -> u32 {
        // CAST: u16 to u32 keeps the value; at most 4096 * 16.
        self.0 as u32 * DESC_SIZE
    }

    /// Returns the index after `index`, wrapping.
    #[inline]
    pub(crate) const fn next(self, index: u16) -> u16 {
        let next = index.wrapping_add(1);
        if next >= self.0 {
            0
        } else {
            next
        }
    }

    /// Returns the index `by` after `index`, wrapping.
    #[inline]
    pub(crate) const fn advance(self, index: u16, by: u16) -> u16 {
        // CAST: u16 to u32 keeps the values, and a remainder by a u16 is a u16. `self.0` is not 0.
        ((index as u32).wrapping_add(by as u32) % (self.0 as u32)) as u16
    }

    /// Returns how many steps lead from `from` to `to`, going forward.
    #[inline]
    pub(crate) const fn distance(self, from: u16, to: u16) -> u16 {
        if to >= from {
            to.wrapping_sub(from)
        } else {
            self.0.wrapping_sub(from).wrapping_add(to)
        }
    }

    /// Returns how many descriptors the driver may fill, if the next to use is `next_to_use` and
    /// the next to clean `next_to_clean`.
    ///
    /// One is never filled: equal indices mean an empty ring (3.4).
    #[inline]
    pub(crate) const fn unused(self, next_to_use: u16, next_to_clean: u16) -> u16 {
        self.0
            .wrapping_sub(self.distance(next_to_clean, next_to_use))
            .wrapping_sub(1)
    }
}

/// The driver's side of a ring: what is in flight lies between `next_to_clean` and `next_to_use`.
///
/// # Invariants
///
/// Both indices are less than the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ring {
    size: RingSize,
    next_to_use: u16,
    next_to_clean: u16,
}

impl Ring {
    /// Returns an empty ring.
    pub(crate) const fn new(size: RingSize) -> Self {
        // INVARIANT: no size is 0.
        Self {
            size,
            next_to_use: 0,
            next_to_clean: 0,
        }
    }

    /// Returns the size.
    #[inline(always)]
    pub(crate) const fn size(&self) -> RingSize {
        self.size
    }

    /// Returns the index of the next descriptor to fill: the tail.
    #[inline(always)]
    pub(crate) const fn next_to_use(&self) -> u16 {
        self.next_to_use
    }

    /// Returns the index of the next descriptor the chip will be done with.
    #[inline(always)]
    pub(crate) const fn next_to_clean(&self) -> u16 {
        self.next_to_clean
    }

    /// Returns how many descriptors may be filled.
    #[inline]
    pub(crate) const fn unused(&self) -> u16 {
        self.size.unused(self.next_to_use, self.next_to_clean)
    }

    /// Returns how many descriptors are in flight.
    #[inline]
    pub(crate) const fn in_flight(&self) -> u16 {
        self.size.distance(self.next_to_clean, self.next_to_use)
    }

    /// Returns whether nothing is in flight.
    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.next_to_use == self.next_to_clean
    }

    /// Returns whether descriptor `index` is in flight.
    #[inline]
    pub(crate) const fn contains(&self, index: u16) -> bool {
        index < self.size.get() && self.size.distance(self.next_to_clean, index) < self.in_flight()
    }

    /// Takes the next descriptor to fill, if there is one, and returns its index.
    #[inline]
    pub(crate) fn produce(&mut self) -> Option<u16> {
        if self.unused() == 0 {
            return None;
        }
        let index = self.next_to_use;
        self.next_to_use = self.size.next(index);
        Some(index)
    }

    /// Takes the next descriptor to fill where the caller knows that there is one.
    ///
    /// If there is none after all, the ring counts as empty: descriptors are lost to the driver
    /// until they are reused, but every index stays within the ring.
    #[inline]
    pub(crate) fn produce_known(&mut self) {
        // INVARIANT: `next` stays below the size.
        self.next_to_use = self.size.next(self.next_to_use);
    }

    /// Takes the next `count` descriptors to fill where the caller knows that there are as many
    /// before the end of the ring.
    ///
    /// If there are not, what [`Self::produce_known`] says holds here, too.
    #[inline]
    pub(crate) fn produce_run(&mut self, count: u16) {
        let next = self.next_to_use.saturating_add(count);

        // INVARIANT: `next` is below the size, or 0 is.
        self.next_to_use = if next >= self.size.get() { 0 } else { next };
    }

    /// Takes the descriptors up to and with `index`, which is in flight, out of flight.
    ///
    /// Ignored if it isn't.
    #[inline]
    pub(crate) fn consume_through(&mut self, index: u16) {
        if self.contains(index) {
            // INVARIANT: `next` stays below the size.
            self.next_to_clean = self.size.next(index);
        }
    }

    /// Takes the oldest descriptor out of flight, if there is one, and returns its index.
    #[inline]
    pub(crate) fn consume(&mut self) -> Option<u16> {
        if self.is_empty() {
            return None;
        }
        let index = self.next_to_clean;
        self.next_to_clean = self.size.next(index);
        Some(index)
    }

    /// Takes back all that was filled since `next_to_use()` was `index`.
    ///
    /// Ignored unless `index` is in flight or the present tail.
    #[inline]
    pub(crate) fn rewind(&mut self, index: u16) {
        if self.contains(index) {
            // INVARIANT: `contains` has it below the size.
            self.next_to_use = index;
        }
    }
}

#[kunit_tests(e1000_hw_ring)]
mod tests {
    use super::*;

    #[test]
    fn runs() -> Result {
        // Where the run starts, how long it is, where the next one starts.
        for (first, count, next) in [(0, 0, 0), (0, 1, 1), (40, 7, 47), (40, 8, 0), (47, 1, 0)] {
            let mut ring = Ring::new(RingSize::new(48)?);

            ring.produce_run(first);
            assert_eq!(ring.next_to_use(), first);
            ring.produce_run(count);
            assert_eq!(ring.next_to_use(), next);
        }
        Ok(())
    }

    #[test]
    fn sizes() {
        for (count, good) in [
            (0, false),
            (40, false),
            (47, false),
            (48, true),
            (49, false),
            (55, false),
            (56, true),
            (4088, true),
            (4095, false),
            (4096, true),
            (4097, false),
            (4104, false),
            (65536 + 256, false),
            (u32::MAX, false),
        ] {
            assert_eq!(RingSize::new(count).is_ok(), good);
        }
        for (count, rounded) in [(0, 48), (48, 48), (49, 56), (4089, 4096), (u32::MAX, 4096)] {
            assert_eq!(RingSize::round(count).get(), rounded);
        }
    }

    #[test]
    fn bytes() -> Result {
        assert_eq!(RingSize::new(48)?.bytes(), 768);
        assert_eq!(RingSize::new(4096)?.bytes(), 65536);
        assert_eq!(RingSize::new(56)?.bytes() % 128, 0);
        Ok(())
    }

    #[test]
    fn arithmetic() -> Result {
        let size = RingSize::new(48)?;
        for (index, next) in [(0, 1), (46, 47), (47, 0), (48, 0), (u16::MAX, 0)] {
            assert_eq!(size.next(index), next);
        }
        for (index, by, to) in [(0, 0, 0), (47, 1, 0), (47, 48, 47), (1, 46, 47), (1, 47, 0)] {
            assert_eq!(size.advance(index, by), to);
        }
        for (from, to, distance) in [(0, 0, 0), (0, 47, 47), (47, 0, 1), (1, 0, 47)] {
            assert_eq!(size.distance(from, to), distance);
        }
        for (used, clean, unused) in [(0, 0, 47), (1, 0, 46), (47, 0, 0), (0, 1, 0), (0, 47, 46)] {
            assert_eq!(size.unused(used, clean), unused);
        }
        // Indices no ring has must not panic either.
        let _ = size.advance(u16::MAX, u16::MAX);
        let _ = size.unused(u16::MAX, 0);
        let _ = size.distance(u16::MAX, 0);
        Ok(())
    }

    #[test]
    fn full_turn() -> Result {
        let mut ring = Ring::new(RingSize::new(48)?);
        for turn in 0..200u16 {
            // Start each turn at another place.
            assert!(ring.is_empty());
            for _ in 0..47 {
                assert!(ring.produce().is_some());
            }
            assert_eq!(ring.produce(), None);
            assert_eq!(ring.unused(), 0);
            assert_eq!(ring.in_flight(), 47);
            for _ in 0..47 {
                assert!(ring.consume().is_some());
            }
            assert_eq!(ring.consume(), None);
            assert_eq!(ring.next_to_use(), (47 * (u32::from(turn) + 1) % 48) as u16);
        }
        Ok(())
    }

    #[test]
    fn membership() -> Result {
        let mut ring = Ring::new(RingSize::new(48)?);
        for _ in 0..46 {
            ring.produce();
        }
        for _ in 0..46 {
            ring.consume();
        }
        assert!(!ring.contains(46));
        for _ in 0..4 {
            ring.produce();
        }
        for (index, inside) in [(45, false), (46, true), (47, true), (0, true), (1, true)] {
            assert_eq!(ring.contains(index), inside);
        }
        assert!(!ring.contains(2));
        assert!(!ring.contains(48));
        assert!(!ring.contains(u16::MAX));

        ring.rewind(2);
        assert_eq!(ring.in_flight(), 4);
        ring.rewind(47);
        assert_eq!(ring.in_flight(), 1);
        assert_eq!(ring.next_to_use(), 47);
        Ok(())
    }
}
