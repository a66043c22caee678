// SPDX-License-Identifier: GPL-2.0

//! The chip's side of the descriptor rings: base, length, head and tail (manual sections 3.2.6,
//! 3.4, 14.4 and 14.5).

use kernel::{
    num::Bounded,
    prelude::*, //
};

use super::{
    check_present,
    regs,
    ring::RingSize,
    Regs, //
};

/// Splits a DMA address into the low and the high register's value.
#[inline]
fn split(address: u64) -> (u32, u32) {
    let high = Bounded::<u64, 64>::from(address).shr::<32, 32>();
    // CAST: the low half is wanted.
    (address as u32, high.get() as u32)
}

/// Gives the receiver the ring of `size` descriptors at DMA address `base`, of which those before
/// `tail` are filled (14.4).
///
/// `base` is 16-byte aligned. Five light accesses and three reads. The receiver need not be disabled
/// if it is out of descriptors, as after [`stop_rx`]. The base changes while head and tail are still
/// equal; from the write of the head on the receiver may use the ring from its start. So *every* slot
/// must hold the address of valid memory, as the old tail says for a moment where to stop.
///
/// # Errors
///
/// `EIO` if the chip did not take the ring, which might have it use the memory of an earlier one:
/// then it is not given a descriptor.
pub(crate) fn set_rx_ring(io: impl Regs, base: u64, size: RingSize, tail: u16) -> Result {
    let (low, high) = split(base);
    io.write_reg(regs::RDBAL::from_raw(low));
    io.write_reg(regs::RDBAH::from_raw(high));
    io.write_reg(regs::RDLEN::from_raw(size.bytes()));
    if io.read(regs::RDBAL).into_raw() != low
        || io.read(regs::RDBAH).into_raw() != high
        || io.read(regs::RDLEN).into_raw() != size.bytes()
    {
        return Err(EIO);
    }
    io.write_reg(regs::RDH::zeroed());
    io.write_reg(regs::RDT::at(tail));
    Ok(())
}

/// Gives the transmitter an empty ring of `size` descriptors at DMA address `base` (14.5).
///
/// The transmitter is idle or disabled, and the ring memory holds no stale descriptors. `base` is
/// 16-byte aligned. Four light accesses, one heavy and three reads.
///
/// # Errors
///
/// `EIO` if the chip did not take the ring. It must not be enabled then.
pub(crate) fn set_tx_ring(io: impl Regs, base: u64, size: RingSize) -> Result {
    let (low, high) = split(base);
    io.write_reg(regs::TDBAL::from_raw(low));
    io.write_reg(regs::TDBAH::from_raw(high));
    io.write_reg(regs::TDLEN::from_raw(size.bytes()));
    io.write_reg(regs::TDH::zeroed());
    io.write_reg(regs::TDT::at(0));
    if io.read(regs::TDBAL).into_raw() != low
        || io.read(regs::TDBAH).into_raw() != high
        || io.read(regs::TDLEN).into_raw() != size.bytes()
    {
        return Err(EIO);
    }
    Ok(())
}

/// Hands descriptors up to `tail`, not included, to the transmitter: one heavy access.
///
/// The descriptors must be in memory first: `dma_mb(Write)` or the ordering of `writel`.
#[inline(always)]
pub(crate) fn tx_doorbell(io: impl Regs, tail: u16) {
    io.write_reg(regs::TDT::at(tail));
}

/// Hands descriptors up to `tail`, not included, to the receiver: one light access.
///
/// Under KVM the chip does not learn of it before the next heavy access.
#[inline(always)]
pub(crate) fn rx_doorbell(io: impl Regs, tail: u16) {
    io.write_reg(regs::RDT::at(tail));
}

/// Takes all descriptors from the receiver without disabling it, by making the tail equal to the
/// head.
///
/// The manual's way to stop is `RCTL.EN` and [`super::reset::PCI_QUIESCE`]; a real chip may have
/// prefetched descriptors and go on with those. This is for where enabling again costs a second.
///
/// If a packet comes just then, the head passes the tail, and goes on around the ring until it
/// meets the tail again. So *every* slot of the ring, not only those in flight, must hold the
/// address of memory that stays mapped until the ring is gone from the chip: a slot taken out of
/// flight is given a spare buffer's address ([`super::desc::RxDesc::store`]) before its own buffer
/// leaves.
///
/// # Errors
///
/// `ENODEV` if the device is gone; `ETIMEDOUT` if the head does not come to rest: then only
/// clearing `RCTL.EN` helps.
pub(crate) fn stop_rx(io: impl Regs) -> Result {
    let mut head = check_present(io.read(regs::RDH))?;
    // TIMEOUT: each round lets the chip pass the tail only if a packet arrives between a read and
    // the write after it; sixteen such in a row mean that the head is not to be believed.
    for _ in 0..16 {
        io.write_reg(regs::RDT::from_raw(head.into_raw()));
        // Reading also makes the tail arrive, and delivers what then waited for it.
        let now = check_present(io.read(regs::RDH))?;
        if now == head {
            return Ok(());
        }
        head = now;
    }
    Err(ETIMEDOUT)
}

/// Returns the receiver's head; not to be trusted as an index.
pub(crate) fn rx_head(io: impl Regs) -> u16 {
    io.read(regs::RDH).rdh().into()
}

/// Returns the receiver's tail: what the last [`rx_doorbell`] said, if the chip has heard of it.
///
/// Reading makes a posted write of it arrive.
pub(crate) fn rx_tail(io: impl Regs) -> u16 {
    io.read(regs::RDT).rdt().into()
}

/// Returns the transmitter's head; not to be trusted as an index.
pub(crate) fn tx_head(io: impl Regs) -> u16 {
    io.read(regs::TDH).tdh().into()
}

/// Enables the transmitter (14.5); `full_duplex` chooses the collision distance. One heavy access.
pub(crate) fn enable_tx(io: impl Regs, full_duplex: bool) {
    io.write_reg(regs::TCTL::operational(full_duplex));
}

/// Stops the transmitter after the packet it is sending: one heavy access.
pub(crate) fn disable_tx(io: impl Regs) {
    io.write_reg(regs::TCTL::operational(true).with_en(false));
}

/// Returns whether the chip says that it heeded [`disable_tx`] and [`stop_rx`]: three reads.
///
/// One that answers with ones or zeros, or that keeps nothing, does not.
pub(crate) fn is_stopped(io: impl Regs) -> bool {
    io.read(regs::TCTL).is_disabled() && rx_head(io) == rx_tail(io)
}

#[kunit_tests(e1000_hw_queue)]
mod tests {
    use super::*;
    use crate::hw::fake::FakeChip;

    #[test]
    fn rings_above_4g() -> Result {
        let chip = FakeChip::new()?;
        let size = RingSize::new(4096)?;

        set_rx_ring(&chip, 0x12_3456_7890, size, 7)?;
        assert_eq!(chip.get(0x2800), 0x3456_7890);
        assert_eq!(chip.get(0x2804), 0x12);
        assert_eq!(chip.get(0x2808), 65536);

        set_tx_ring(&chip, 0xffff_ffff_ffff_fff0, size)?;
        assert_eq!(chip.get(0x3800), 0xffff_fff0);
        assert_eq!(chip.get(0x3804), 0xffff_ffff);
        assert_eq!(chip.accesses(), 16);
        Ok(())
    }

    #[test]
    fn rings_not_taken() -> Result {
        let size = RingSize::new(256)?;

        for lost in [0x2800, 0x2804, 0x2808, 0x3800, 0x3804, 0x3808] {
            let chip = FakeChip::new()?;
            chip.lose_writes(lost);
            let rx = set_rx_ring(&chip, 0x12_3456_7890, size, 7);
            let tx = set_tx_ring(&chip, 0x12_3456_7890, size);
            let (taken, not_taken) = if lost < 0x3000 { (tx, rx) } else { (rx, tx) };
            assert_eq!(taken, Ok(()));
            assert_eq!(not_taken, Err(EIO));
            // No descriptor for a receiver that has no ring.
            assert_eq!(chip.get(0x2818), if rx.is_ok() { 7 } else { 0 });
        }
        Ok(())
    }

    #[test]
    fn one_access_each() -> Result {
        let chip = FakeChip::new()?;
        tx_doorbell(&chip, 4095);
        rx_doorbell(&chip, 47);
        assert_eq!(chip.get(0x3818), 4095);
        assert_eq!(chip.get(0x2818), 47);
        assert_eq!(rx_tail(&chip), 47);
        assert_eq!(chip.accesses(), 3);
        Ok(())
    }

    #[test]
    fn stop() -> Result {
        let chip = FakeChip::new()?;
        chip.set(0x2810, 7);
        chip.set(0x2818, 200);
        stop_rx(&chip)?;
        assert_eq!(chip.get(0x2818), 7);
        assert!(!is_stopped(&chip));
        disable_tx(&chip);
        assert!(is_stopped(&chip));
        chip.set(0x2818, 9);
        assert!(!is_stopped(&chip));

        chip.unplug();
        assert!(!is_stopped(&chip));
        assert_eq!(stop_rx(&chip), Err(ENODEV));
        Ok(())
    }
}
