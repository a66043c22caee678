// SPDX-License-Identifier: GPL-2.0

//! Bringing the chip from any state to a known one (manual sections 14.1 to 14.5).
//!
//! `CTRL.RST` is written for the chips that have it, but no step relies on it: QEMU ignores it, so
//! every register the driver relies on is written here or when it is first used.
//!
//! Contexts: may sleep.

use kernel::{
    io::poll::read_poll_timeout,
    prelude::*,
    time::{
        delay::{
            fsleep,
            udelay, //
        },
        Delta, //
    }, //
};

use super::{
    check_present,
    flow::FlowControl,
    irq::{
        self,
        Causes,
        Delays,
        Throttle, //
    },
    mac::{
        self,
        Address,
        Bits,
        Filters, //
    },
    model::Model,
    regs::{
        AIT,
        CTRL,
        ITR,
        MANC,
        PBA,
        RCTL,
        RXCSUM,
        RXDCTL,
        STATUS,
        TCTL,
        TIPG,
        TXDCTL,
        VET,
        WUC,
        WUFC,
        WUS, //
    },
    Regs, //
};

/// How long the chip may still be busy on the bus after RX and TX were disabled: the largest frame
/// takes 13 ms at 10 Mb/s, of which most goes to its packet buffer.
pub(crate) const PCI_QUIESCE: Delta = Delta::from_millis(10);

/// What the interrupt throttle holds before a reset, which leaves 0 there (13.4.18).
const MARK: u16 = 0x0e10;

/// What the chip is set up with.
#[derive(Clone, Copy)]
pub(crate) struct Config {
    /// The model.
    pub(crate) model: Model,
    /// The station address.
    pub(crate) address: Address,
    /// The largest frame, with header and FCS; splits the packet buffer. See [`PBA::for_frame`].
    pub(crate) max_frame: u32,
    /// Whether VLAN tags are stripped and inserted (`CTRL.VME`).
    pub(crate) vlan_mode: bool,
    /// PAUSE frames.
    pub(crate) flow: FlowControl,
    /// Interrupt throttle.
    pub(crate) throttle: Throttle,
    /// Interrupt delays.
    pub(crate) delays: Delays,
}

/// Stops everything the chip does by itself: interrupts, receiving and sending.
///
/// Writes only what is on; sleeps [`PCI_QUIESCE`] if RX or TX was. `filters` forget the value of
/// `RCTL`.
///
/// Returns whether the chip says that it heeded this, after the transmitter was set up once: then it
/// does no DMA. One that answers with zeros, or that has lost the writes, does not.
///
/// # Errors
///
/// `ENODEV` if the device is gone. One that only cannot be reached may still do DMA.
pub(crate) fn quiesce(io: impl Regs, filters: &mut Filters) -> Result<bool> {
    irq::mask(io, Causes::ALL);

    filters.control.forget();
    let mut rctl = check_present(io.read(RCTL))?;
    let mut tctl = check_present(io.read(TCTL))?;
    if rctl.en() {
        io.write_reg(rctl.with_en(false));
    }
    if tctl.en() {
        io.write_reg(tctl.with_en(false));
    }
    if rctl.en() || tctl.en() {
        // Writes may be posted, and are to arrive before the wait.
        rctl = check_present(io.read(RCTL))?;
        tctl = check_present(io.read(TCTL))?;
        fsleep(PCI_QUIESCE);
    }
    Ok(!rctl.en() && tctl.is_disabled())
}

/// Resets the chip (13.4.1, 14.3) and leaves it with interrupts masked and nothing pending.
///
/// Any state is fine before, and `filters` know nothing after. The packet buffer is split for
/// frames of `max_frame` bytes, which takes a reset to come true (13.4.16).
///
/// Sleeps some milliseconds, unless the chip turns out to ignore `CTRL.RST`.
///
/// # Errors
///
/// `ENODEV` if the device is gone, `ETIMEDOUT` if the reset does not end.
pub(crate) fn reset(io: impl Regs, filters: &mut Filters, max_frame: u32) -> Result {
    check_present(io.read(STATUS))?;
    quiesce(io, filters)?;
    filters.forget();

    io.write_reg(PBA::for_frame(max_frame));

    let ctrl = check_present(io.read(CTRL))?.kept();
    io.write_reg(ITR::zeroed().with_interval(MARK));
    io.write_reg(ctrl.with_rst(true));
    // The chip must be left alone for a microsecond, and then reads its settings from the EEPROM.
    // One in which the mark is still there has not been reset and reads nothing.
    udelay(Delta::from_micros(5));
    if io.read(ITR).interval().get() != u32::from(MARK) {
        fsleep(Delta::from_millis(2));
    }
    // TIMEOUT: the bit clears within microseconds and the EEPROM takes some 2 ms; 10 ms is ample.
    // QEMU never shows the bit.
    read_poll_timeout(
        || check_present(io.read(CTRL)),
        |ctrl| !ctrl.rst(),
        Delta::from_micros(500),
        Delta::from_millis(10),
    )?;

    // 14.3: a reset may unmask nothing, but may leave causes pending.
    irq::mask(io, Causes::ALL);
    if irq::take(io).is_gone() {
        return Err(ENODEV);
    }
    Ok(())
}

/// Writes every register the driver relies on, but for the rings, `RCTL`, the VLAN table and `IMS`
/// (14.3 to 14.5). Receiver and transmitter stay off.
///
/// After [`reset`], in the manual's order. Makes about 200 accesses, most of them light.
///
/// # Errors
///
/// `ENODEV` if the device is gone.
pub(crate) fn init(io: impl Regs, filters: &mut Filters, config: &Config) -> Result {
    // 14.3: general configuration.
    let ctrl = check_present(io.read(CTRL))?;
    io.write_reg(ctrl.operational().with_vme(config.vlan_mode));
    config.flow.apply(io, config.max_frame)?;
    io.write_reg(VET::zeroed().with_const_vet::<0x8100>());

    // 13.6: no wake-up; what woke is forgotten.
    io.write_reg(WUC::zeroed());
    io.write_reg(WUFC::zeroed());
    io.write_reg(WUS::from_raw(u32::MAX));
    // The host answers ARP itself.
    if config.model.has_manageability() {
        let manc = check_present(io.read(MANC))?;
        if manc.arp_en() {
            io.write_reg(manc.with_arp_en(false));
        }
    }

    // 14.4: receive initialisation.
    mac::set_address(io, 0, &config.address)?;
    for n in 1..mac::RECEIVE_ADDRESSES {
        mac::clear_address(io, n)?;
    }
    filters.multicast.commit(io, &Bits::NONE);
    config.delays.apply(io);
    config.throttle.apply(io);
    io.write_reg(RXDCTL::write_back_each());
    io.write_reg(RXCSUM::zeroed().with_ipofld(true).with_tuofld(true));

    // 14.5: transmit initialisation.
    io.write_reg(TXDCTL::write_back_each());
    io.write_reg(AIT::zeroed());
    io.write_reg(TIPG::copper(config.model));
    Ok(())
}

#[kunit_tests(e1000_hw_reset)]
mod tests {
    use super::*;
    use crate::hw::{
        fake::FakeChip,
        model, //
    };

    const CONFIG: Config = Config {
        model: Model::I82540Em,
        address: [0x52, 0x54, 0x00, 0x12, 0x34, 0x56],
        max_frame: model::MAX_FRAME,
        vlan_mode: true,
        flow: FlowControl::NONE,
        throttle: Throttle::OFF,
        delays: Delays::NONE,
    };

    /// Leaves no register as a reset would.
    fn soil(chip: &FakeChip) {
        for offset in [
            0x100, 0x400, 0xc4, 0x2820, 0x282c, 0x5800, 0x5808, 0x5200, 0x53fc,
        ] {
            chip.set(offset, 0x0101_0103);
        }
        chip.set(0, 0x9800_0829);
        chip.set(0xd0, 0xff);
        chip.set(0x5404, 0x8000_0001);
        chip.set(0x547c, 0x8000_0001);
    }

    #[test]
    fn works_if_rst_does_nothing() -> Result {
        let chip = FakeChip::new()?;
        let mut filters = Filters::new();
        soil(&chip);

        reset(&chip, &mut filters, CONFIG.max_frame)?;
        assert_eq!(chip.get(0xd0), 0);
        assert_eq!(chip.get(0x100) & 2, 0);
        assert_eq!(chip.get(0x400) & 2, 0);

        init(&chip, &mut filters, &CONFIG)?;
        // SLU and VME; nothing forced (so FD does not count), no flow control, no reset.
        assert_eq!(chip.get(0), 0x4000_0041);
        for offset in [0xc4, 0x2820, 0x282c, 0x5800, 0x5808, 0x5200, 0x53fc, 0x547c] {
            assert_eq!(chip.get(offset), 0);
        }
        assert_eq!(chip.get(0x5400), 0x1200_5452);
        assert_eq!(chip.get(0x5404), 0x8000_5634);
        assert_eq!(chip.get(0x38), 0x8100);
        Ok(())
    }

    #[test]
    fn few_accesses() -> Result {
        let chip = FakeChip::new()?;
        let mut filters = Filters::new();
        reset(&chip, &mut filters, CONFIG.max_frame)?;
        init(&chip, &mut filters, &CONFIG)?;
        assert!(chip.accesses() < 300);
        assert!(chip.heavy() < 20);
        // A receiver that was off is not touched: no second's pause.
        assert_eq!(chip.writes_at(0x100), 0);
        Ok(())
    }

    #[test]
    fn gone_or_stuck() -> Result {
        let chip = FakeChip::new()?;
        let mut filters = Filters::new();
        chip.hold_reset();
        assert_eq!(reset(&chip, &mut filters, 1522), Err(ETIMEDOUT));
        chip.unplug();
        assert_eq!(reset(&chip, &mut filters, 1522), Err(ENODEV));
        assert_eq!(init(&chip, &mut filters, &CONFIG), Err(ENODEV));
        assert_eq!(quiesce(&chip, &mut filters), Err(ENODEV));
        Ok(())
    }

    #[test]
    fn quiet_only_if_heeded() -> Result {
        for (lost, quiet) in [(0x100, false), (0x400, false), (0x3818, true)] {
            let chip = FakeChip::new()?;
            chip.set(0x100, 2);
            chip.set(0x400, TCTL::operational(true).into_raw());
            chip.lose_writes(lost);
            assert_eq!(quiesce(&chip, &mut Filters::new())?, quiet);
        }
        // As where memory decoding is off.
        let chip = FakeChip::new()?;
        assert_eq!(quiesce(&chip, &mut Filters::new()), Ok(false));
        Ok(())
    }
}
