// SPDX-License-Identifier: GPL-2.0

//! Station address, further receive addresses and VLAN mode (manual sections 3.2.1, 13.4.1, 13.5.2
//! and 13.5.3).

use kernel::{
    io::register::Array,
    prelude::*, //
};

use super::{
    check_present,
    phy::{
        Duplex,
        Link,
        Speed, //
    },
    regs::{
        CTRL,
        RAH,
        RAL, //
    },
    Regs, //
};

mod filter;

pub(crate) use filter::*;

/// An Ethernet address.
pub(crate) type Address = [u8; 6];

/// Number of receive address registers (13.5.2); the first holds the station address.
pub(crate) const RECEIVE_ADDRESSES: usize = 16;

/// Returns whether `address` can be a station's: not a group address and not all zeroes.
pub(crate) fn is_valid(address: &Address) -> bool {
    address[0] & 1 == 0 && *address != [0; 6]
}

/// Returns the address in entry 0, which the chip loads from the EEPROM at reset, if the entry is
/// valid: two heavy accesses.
///
/// # Errors
///
/// `ENODEV` if the device is gone. All ones in `RAL` alone may be an address.
pub(crate) fn station_address(io: impl Regs) -> Result<Option<Address>> {
    let low = io.read(RAL::at(0)).into_raw();
    let high = check_present(io.read(RAH::at(0)))?;
    let [a, b, c, d] = low.to_le_bytes();
    let [e, f] = u16::from(high.rah()).to_le_bytes();
    let address = [a, b, c, d, e, f];
    Ok((high.av() && is_valid(&address)).then_some(address))
}

/// Puts `address` into entry `n` (13.5.2): three light accesses.
///
/// The entry is invalid while it changes, so that no mixture of two addresses ever matches.
///
/// # Errors
///
/// `EINVAL` if there is no such entry.
pub(crate) fn set_address(io: impl Regs, n: usize, address: &Address) -> Result {
    let ral = RAL::try_at(n).ok_or(EINVAL)?;
    let [a, b, c, d, e, f] = *address;

    clear_address(io, n)?;
    io.try_write(ral, RAL::from_raw(u32::from_le_bytes([a, b, c, d])))?;
    io.try_write(
        RAH::try_at(n).ok_or(EINVAL)?,
        RAH::zeroed()
            .with_rah(u16::from_le_bytes([e, f]))
            .with_av(true),
    )
}

/// Makes entry `n` match nothing: one light access.
///
/// # Errors
///
/// `EINVAL` if there is no such entry.
pub(crate) fn clear_address(io: impl Regs, n: usize) -> Result {
    io.try_write(RAH::try_at(n).ok_or(EINVAL)?, RAH::zeroed())
}

/// Has VLAN tags stripped on receive and inserted on transmit, or neither (13.4.1): one heavy
/// access and, if it changes, a light one.
///
/// # Errors
///
/// `ENODEV` if the device is gone.
pub(crate) fn set_vlan_mode(io: impl Regs, on: bool) -> Result {
    let ctrl = check_present(io.read(CTRL))?;
    if ctrl.vme() != on {
        io.write_reg(ctrl.kept().with_vme(on));
    }
    Ok(())
}

/// Has the MAC run at the speed and duplex that the PHY is forced to, or at whatever the PHY
/// negotiates (13.4.1): one heavy access and, if it changes, a light one.
///
/// # Errors
///
/// `ENODEV` if the device is gone.
pub(crate) fn force_link(io: impl Regs, link: Option<Link>) -> Result {
    let ctrl = check_present(io.read(CTRL))?;
    let old = ctrl.kept();
    let new = match link {
        None => old.with_frcspd(false).with_frcdplx(false),
        Some(link) => {
            let ctrl = old
                .with_frcspd(true)
                .with_frcdplx(true)
                .with_asde(false)
                .with_fd(link.duplex == Duplex::Full);
            match link.speed {
                Speed::Mbps10 => ctrl.with_const_speed::<0>(),
                Speed::Mbps100 => ctrl.with_const_speed::<1>(),
                Speed::Mbps1000 => ctrl.with_const_speed::<2>(),
            }
        }
    };
    if new != ctrl {
        io.write_reg(new);
    }
    Ok(())
}

#[kunit_tests(e1000_hw_mac)]
mod tests {
    use super::*;
    use crate::hw::fake::FakeChip;

    const ADDRESS: Address = [0x52, 0x54, 0x00, 0x12, 0x34, 0x56];

    #[test]
    fn addresses() -> Result {
        let chip = FakeChip::new()?;
        set_address(&chip, 0, &ADDRESS)?;
        assert_eq!(chip.get(0x5400), 0x1200_5452);
        assert_eq!(chip.get(0x5404), 0x8000_5634);
        assert_eq!(station_address(&chip)?, Some(ADDRESS));

        set_address(&chip, 15, &ADDRESS)?;
        assert_eq!(chip.get(0x547c), 0x8000_5634);
        clear_address(&chip, 15)?;
        assert_eq!(chip.get(0x547c), 0);
        assert_eq!(set_address(&chip, 16, &ADDRESS), Err(EINVAL));
        assert_eq!(clear_address(&chip, usize::MAX), Err(EINVAL));

        clear_address(&chip, 0)?;
        assert_eq!(station_address(&chip)?, None);
        chip.unplug();
        assert_eq!(station_address(&chip), Err(ENODEV));
        Ok(())
    }

    #[test]
    fn validity() {
        assert!(is_valid(&ADDRESS));
        assert!(is_valid(&[0, 0, 0, 0, 0, 1]));
        assert!(!is_valid(&[0; 6]));
        assert!(!is_valid(&[0xff; 6]));
        assert!(!is_valid(&[0x01, 0, 0x5e, 0, 0, 1]));
    }

    #[test]
    fn forced() -> Result {
        let chip = FakeChip::new()?;
        chip.set(0, 0x241);
        force_link(&chip, None)?;
        assert_eq!(chip.writes_at(0), 0);
        for (speed, duplex, ctrl) in [
            (Speed::Mbps10, Duplex::Half, 0x1840),
            (Speed::Mbps100, Duplex::Half, 0x1940),
            (Speed::Mbps100, Duplex::Full, 0x1941),
        ] {
            force_link(&chip, Some(Link { speed, duplex }))?;
            assert_eq!(chip.get(0), ctrl);
        }
        force_link(&chip, None)?;
        assert_eq!(chip.get(0) & 0x1800, 0);
        Ok(())
    }

    #[test]
    fn vlan_mode() -> Result {
        let chip = FakeChip::new()?;
        set_vlan_mode(&chip, true)?;
        assert_eq!(chip.get(0), 0x4000_0040);
        set_vlan_mode(&chip, true)?;
        assert_eq!(chip.writes_at(0), 1);
        set_vlan_mode(&chip, false)?;
        assert_eq!(chip.get(0), 0x40);
        Ok(())
    }
}
