// SPDX-License-Identifier: GPL-2.0

//! The Intel 8254x gigabit Ethernet controller: 82540EM, 82545EM and 82544GC.
//!
//! One file per block of the chip, in the manual's words ("PCI/PCI-X Family of Gigabit Ethernet
//! Controllers Software Developer's Manual", document 317453). Nothing here knows of packets,
//! interfaces or Linux networking, and the compiler checks all that is here.
//!
//! What the chip says is not trusted: a register that reads all ones means that the device is gone
//! (see [`is_gone`]), every wait has a bound, and no value read from the chip is used as an index.
//!
//! Accesses are counted in their cost under virtualisation: there every read, and every write of
//! `MDIC`, `ICR`, `ICS`, `IMS`, `IMC`, `TCTL` and `TDT`, leaves the guest ("heavy"), while all
//! other writes are queued by KVM until the next heavy access ("light").

use kernel::{
    io::{
        register::FixedRegister,
        Io,
        IoCapable,
        IoLoc,
        Region, //
    },
    prelude::*, //
};

pub(crate) mod check;
pub(crate) mod desc;
pub(crate) mod dump;
pub(crate) mod eeprom;
#[cfg(CONFIG_KUNIT = "y")]
pub(crate) mod fake;
pub(crate) mod flow;
pub(crate) mod irq;
pub(crate) mod led;
pub(crate) mod mac;
pub(crate) mod model;
pub(crate) mod phy;
pub(crate) mod queue;
#[allow(
    dead_code,
    reason = "the chip's map is written down whole, used or not"
)]
pub(crate) mod regs;
pub(crate) mod reset;
pub(crate) mod ring;
pub(crate) mod stats;
pub(crate) mod wake;

/// Size of the register space behind BAR 0, in bytes (manual section 4.1.1).
pub(crate) const BAR_SIZE: usize = 0x20000;

/// Access to the chip's registers.
///
/// Implemented for everything that implements the kernel's [`Io`] over a [`Region`] of [`BAR_SIZE`]
/// bytes with 32-bit access: `&pci::Bar<'_, BAR_SIZE>`, `Mmio<'_, Region<BAR_SIZE>>`,
/// `SysMem<'_, Region<BAR_SIZE>>`. The methods have the names and meanings of [`Io`]'s and compile
/// to one `readl` or `writel`; the location is checked against [`BAR_SIZE`] at build time.
///
/// It exists next to [`Io`] because an [`Io`] backend is beyond safe code, and plain
/// memory cannot play a chip that answers (`MDIC`, `EERD`, the read-to-clear `ICR`). The tests'
/// `fake::FakeChip` implements this trait in safe code.
///
/// Contexts: any.
pub(crate) trait Regs: Copy {
    /// Reads the register at `location`.
    fn read<T, L>(self, location: L) -> T
    where
        T: From<u32> + Into<u32>,
        L: IoLoc<Region<BAR_SIZE>, T, IoType = u32>;

    /// Writes `value` to the register at `location`.
    fn write<T, L>(self, location: L, value: T)
    where
        T: From<u32> + Into<u32>,
        L: IoLoc<Region<BAR_SIZE>, T, IoType = u32>;

    /// Reads the register at a place that is known at run time only, such as one of an array.
    ///
    /// # Errors
    ///
    /// `EINVAL` if it is beyond the chip's.
    fn try_read<T, L>(self, location: L) -> Result<T>
    where
        T: From<u32> + Into<u32>,
        L: IoLoc<Region<BAR_SIZE>, T, IoType = u32>;

    /// Writes `value` to such a place.
    ///
    /// # Errors
    ///
    /// As for [`Self::try_read`].
    fn try_write<T, L>(self, location: L, value: T) -> Result
    where
        T: From<u32> + Into<u32>,
        L: IoLoc<Region<BAR_SIZE>, T, IoType = u32>;

    /// Writes `value` to the one place where its type lives.
    #[inline(always)]
    fn write_reg<T>(self, value: T)
    where
        T: FixedRegister<Storage = u32> + From<u32> + Into<u32>,
    {
        self.write((), value)
    }
}

impl<'a, I> Regs for I
where
    I: Io<'a, Target = Region<BAR_SIZE>>,
    I::Backend: IoCapable<u32>,
{
    #[inline(always)]
    fn read<T, L>(self, location: L) -> T
    where
        T: From<u32> + Into<u32>,
        L: IoLoc<Region<BAR_SIZE>, T, IoType = u32>,
    {
        Io::read(self, location)
    }

    #[inline(always)]
    fn write<T, L>(self, location: L, value: T)
    where
        T: From<u32> + Into<u32>,
        L: IoLoc<Region<BAR_SIZE>, T, IoType = u32>,
    {
        Io::write(self, location, value)
    }

    #[inline(always)]
    fn try_read<T, L>(self, location: L) -> Result<T>
    where
        T: From<u32> + Into<u32>,
        L: IoLoc<Region<BAR_SIZE>, T, IoType = u32>,
    {
        Io::try_read(self, location)
    }

    #[inline(always)]
    fn try_write<T, L>(self, location: L, value: T) -> Result
    where
        T: From<u32> + Into<u32>,
        L: IoLoc<Region<BAR_SIZE>, T, IoType = u32>,
    {
        Io::try_write(self, location, value)
    }
}

/// Returns whether a register value is what a bus without a device answers.
///
/// No register of the chip this driver checks can legitimately hold all ones.
#[inline(always)]
pub(crate) const fn is_gone(value: u32) -> bool {
    value == u32::MAX
}

/// Returns `value`, or `ENODEV` if it says that the device is gone.
#[inline]
pub(crate) fn check_present<T: Copy + Into<u32>>(value: T) -> Result<T> {
    if is_gone(value.into()) {
        Err(ENODEV)
    } else {
        Ok(value)
    }
}
