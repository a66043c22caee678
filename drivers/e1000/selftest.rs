// SPDX-License-Identifier: GPL-2.0

//! The self-test, `ethtool -t`.
//!
//! Online nothing is disturbed: what the chip holds is read, and an interrupt more does not
//! matter. Offline the interface's rings make room for those of the loopback test, registers are
//! written all over, and a reset puts everything right again.
//!
//! The order is chosen for QEMU, whose receiver rests for a second after each write of `RCTL`:
//! loopback comes first, with the receiver as it is, and then what needs it off.

use crate::{
    adapter::Adapter,
    hw::{
        check,
        eeprom,
        phy,
        reset, //
    },
    netdev::{
        ethtool::TestKind,
        netdev_err,
        netif_info,
        Rtnl, //
    },
    ops, //
};
use kernel::time::{
    delay::fsleep,
    Delta,
    Instant,
    Monotonic, //
};

mod interrupt;
mod loopback;

/// Names of the tests.
pub(crate) const NAMES: &[&str] = &[
    "Register test  (on/offline)",
    "Eeprom test    (on/offline)",
    "Interrupt test (on/offline)",
    "Loopback test     (offline)",
    "Link test      (on/offline)",
];

/// How long the link may take, if it is being negotiated.
const LINK_TIMEOUT: Delta = Delta::from_millis(4000);

/// What the tests came to; 0 is good, anything else says what was wrong.
#[derive(Default)]
struct Results {
    /// Offset of the register that is wrong.
    registers: u64,
    /// 1 if it could not be read, 2 if the checksum is wrong.
    eeprom: u64,
    /// As [`interrupt::Fault`].
    interrupt: u64,
    /// As [`loopback::Fault`].
    loopback: u64,
    /// 1 if there is no link.
    link: u64,
}

/// Runs the tests.
pub(crate) fn run(dev: &mut Rtnl<'_, Adapter<'_>>, kind: TestKind, values: &mut [u64]) {
    let mut results = Results {
        link: link(dev),
        ..Results::default()
    };

    netif_info!(HW, dev.device(), "{kind:?} self-test\n");
    match kind {
        TestKind::Online => online(dev, &mut results),
        TestKind::Offline => offline(dev, &mut results),
    }
    let Results {
        registers,
        eeprom,
        interrupt,
        loopback,
        link,
    } = results;

    for (value, result) in values
        .iter_mut()
        .zip([registers, eeprom, interrupt, loopback, link])
    {
        *value = result;
    }
}

fn online(dev: &mut Rtnl<'_, Adapter<'_>>, results: &mut Results) {
    let address = dev.device().address();

    results.registers = match check::alive(&dev.shared().bar, &address.0) {
        Ok(()) => 0,
        Err(offset) => offset.into(),
    };
    results.eeprom = eeprom(dev);
    results.interrupt = if dev.is_up() {
        interrupt::while_up(dev)
    } else {
        interrupt::while_down(dev)
    };
}

fn offline(dev: &mut Rtnl<'_, Adapter<'_>>, results: &mut Results) {
    // It is not called where the rings are being started.
    let _ = dev.restart(|dev| {
        results.loopback = loopback::run(dev);
        results.eeprom = eeprom(dev);
        results.interrupt = interrupt::while_down(dev);
        results.registers = registers(dev);

        if let Err(e) = ops::reinit(dev) {
            netdev_err!(dev.device(), "does not come out of reset: {e:?}\n");
        }
    });

    if dev.is_up() {
        crate::link::check(dev);
    }
}

/// Needs receiver and transmitter off, and leaves them so.
fn registers(dev: &mut Rtnl<'_, Adapter<'_>>) -> u64 {
    let shared = dev.shared();
    let bar = &shared.bar;

    if reset::quiesce(bar, &mut dev.control().filters).is_err() {
        return u64::from(u32::MAX);
    }
    match check::registers(bar, shared.model, shared.has_flow_control) {
        Ok(()) => 0,
        Err(offset) => offset.into(),
    }
}

fn eeprom(dev: &mut Rtnl<'_, Adapter<'_>>) -> u64 {
    match eeprom::read_all(&dev.shared().bar) {
        Ok(words) if eeprom::checksum_ok(&words) => 0,
        Ok(_) => 2,
        Err(_) => 1,
    }
}

/// Waits for the link if it is being negotiated.
fn link(dev: &mut Rtnl<'_, Adapter<'_>>) -> u64 {
    let bar = &dev.shared().bar;
    let start = Instant::<Monotonic>::now();

    loop {
        match phy::link(bar) {
            Ok(Some(_)) => return 0,
            Ok(None) if start.elapsed() < LINK_TIMEOUT => fsleep(Delta::from_millis(20)),
            _ => return 1,
        }
    }
}
