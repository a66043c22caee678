// SPDX-License-Identifier: GPL-2.0
//! Configuration space, the guest's fault doorbell in it, and the vfio-user server.
//!
//! The doorbell lies in vendor space, so that a guest arms a fault with `dd`:
//!
//! | offset | width | meaning |
//! |---|---|---|
//! | 0x80 | 1 | fault number from 1: arm it; 0: clear all; reads back the last one |
//! | 0x81 | 1 | value: 0 the fault's own, 1 VALUE, 2 random, 3 all ones, 4 XOR VALUE, 5 add VALUE |
//! | 0x82 | 2 | count of firings, 0 without end |
//! | 0x84 | 4 | VALUE |
//! | 0x88 | 4 | ARG: microseconds (0: the fault's own), or the register offset for `reg` and `wreg` |
//! | 0x8c | 4 | reads how often the last armed fault has fired |
//!
//! Write the arguments first; the byte at 0x80 acts.

use crate::faults::{Arm, Faults, Value, F, TABLE};
use crate::nic::{Nic, Shared};
use std::fs::File;
use std::io::Error;
use std::panic::{catch_unwind, AssertUnwindSafe};
use vfio_bindings::bindings::vfio::{
    vfio_region_info, VFIO_IRQ_INFO_AUTOMASKED, VFIO_IRQ_INFO_EVENTFD, VFIO_IRQ_INFO_MASKABLE,
    VFIO_IRQ_SET_ACTION_MASK, VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_ACTION_UNMASK,
    VFIO_IRQ_SET_DATA_EVENTFD, VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_BAR1_REGION_INDEX,
    VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_INTX_IRQ_INDEX, VFIO_PCI_NUM_IRQS, VFIO_PCI_NUM_REGIONS,
    VFIO_REGION_INFO_FLAG_READ, VFIO_REGION_INFO_FLAG_WRITE,
};
use vfio_user::{DmaMapFlags, DmaUnmapFlags, IrqInfo, ServerBackend, ServerRegion};

const DOORBELL: usize = 0x80;
const IO_SIZE: u64 = 0x40;

/// The 256 bytes and which of their bits software may write.
pub struct Config {
    bytes: [u8; 256],
    mask: [u8; 256],
    last: Option<F>,
}

impl Config {
    pub fn new(device: u16, pm: bool) -> Self {
        let mut config = Self {
            bytes: [0; 256],
            mask: [0; 256],
            last: None,
        };
        let [low, high] = device.to_le_bytes();
        config.fill(
            0x00,
            &[0x86, 0x80, low, high, 0, 0, 0x20, 0x02, 0x02, 0, 0, 0x02],
            &[],
        );
        config.fill(0x04, &[], &[0x57, 0x05]);
        config.fill(0x0c, &[], &[0xff, 0xff]);
        config.fill(
            0x10,
            &[0, 0, 0, 0, 1, 0, 0, 0],
            &[0, 0, 0xfe, 0xff, 0xc0, 0xff, 0xff, 0xff],
        );
        config.fill(0x2c, &[0x86, 0x80, 0x1e, 0x00], &[]);
        config.fill(0x3c, &[0, 1, 0xff, 0], &[0xff]);
        config.fill(DOORBELL, &[], &[0xff; 12]);
        if pm {
            // Capability list with power management 1.1 at 0xdc: D0 and D3, PME from both D3.
            config.fill(0x06, &[0x30 | 0x10], &[]);
            config.fill(0x34, &[0xdc], &[]);
            config.fill(
                0xdc,
                &[0x01, 0x00, 0x22, 0xc8, 0, 0x20],
                &[0, 0, 0, 0, 0x03, 0x01],
            );
        }
        config
    }

    fn fill(&mut self, at: usize, bytes: &[u8], mask: &[u8]) {
        self.bytes
            .iter_mut()
            .skip(at)
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        self.mask
            .iter_mut()
            .skip(at)
            .zip(mask)
            .for_each(|(to, from)| *to = *from);
    }

    pub fn read(&self, at: usize, data: &mut [u8]) {
        data.fill(0);
        data.iter_mut()
            .zip(self.bytes.iter().skip(at))
            .for_each(|(to, from)| *to = *from);
    }

    fn write(&mut self, at: usize, data: &[u8]) {
        let places = self.bytes.iter_mut().zip(&self.mask).skip(at);
        places
            .zip(data)
            .for_each(|((byte, mask), new)| *byte = *byte & !mask | new & mask);
    }

    fn word(&self, at: usize) -> u32 {
        let mut raw = [0; 4];
        self.read(at, &mut raw);
        u32::from_le_bytes(raw)
    }

    pub fn bus_master(&self) -> bool {
        self.word(4) & 4 != 0
    }

    /// The power management control and status register: 3 is D3, 0x100 that it may wake the system.
    pub fn power_state(&self) -> u32 {
        match self.word(0x34) & 0xff {
            0xdc => self.word(0xe0) & 0xffff,
            _ => 0,
        }
    }

    fn asleep(&self) -> bool {
        self.power_state() & 3 == 3
    }
}

impl Nic {
    fn config_read(&mut self, offset: u64, data: &mut [u8]) {
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let fired = self.config.last.map_or(0, |f| self.faults.fired(f)) as u32;
        self.config.fill(DOORBELL + 12, &fired.to_le_bytes(), &[]);
        self.config.read(at, data);
        if self.faults.on(F::GoneConfig) && !(DOORBELL..DOORBELL + 16).contains(&at) {
            data.fill(0xff);
        }
    }

    fn config_write(&mut self, offset: u64, data: &[u8]) {
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let asleep = self.config.asleep();
        self.config.write(at, data);
        if asleep && !self.config.asleep() {
            self.reset(); // D3 loses the registers
        }
        let master = self.config.bus_master() && !self.config.asleep();
        if master != self.dma.master {
            self.dma.master = master;
            match master {
                true => {
                    self.tx_kick();
                    self.rx_pump();
                }
                false => {
                    self.rx.forget();
                    self.tx.forget();
                }
            }
        }
        if at <= DOORBELL && DOORBELL - at < data.len() {
            self.doorbell();
        }
    }

    /// The guest has written the fault number.
    fn doorbell(&mut self) {
        let head = self.config.word(DOORBELL);
        let Some(info) = (head as usize & 0xff)
            .checked_sub(1)
            .and_then(|n| TABLE.get(n))
        else {
            return self.clear_faults();
        };
        let value = u64::from(self.config.word(DOORBELL + 4));
        let argument = self.config.word(DOORBELL + 8);
        let default = Faults::default_arm(info.fault);
        let value = match head >> 8 & 0xff {
            1 => Value::Fixed(value),
            2 => Value::Random,
            3 => Value::Ones,
            4 => Value::Xor(value),
            5 => Value::Add(value),
            _ => default.value,
        };
        let register = matches!(info.fault, F::RegRead | F::RegWrite).then_some(argument);
        let us = match argument {
            0 => default.us,
            us => u64::from(us),
        };
        self.config.last = Some(info.fault);
        self.set_fault(
            info.fault,
            register,
            Arm {
                value,
                count: u64::from(head >> 16),
                us,
                ..default
            },
        );
    }
}

/// The chip as vfio-user sees it.
pub struct Device(pub Shared);

impl Device {
    /// Whatever goes wrong inside must not take QEMU along: say so, and go on.
    fn guarded(&self, work: impl FnOnce(&mut Nic)) {
        let mut nic = self.0.lock();
        if catch_unwind(AssertUnwindSafe(|| work(&mut nic))).is_err() {
            eprintln!("e1000-nic: BUG: an access panicked (above); carrying on");
        }
    }
}

impl ServerBackend for Device {
    fn region_read(&mut self, region: u32, offset: u64, data: &mut [u8]) -> Result<(), Error> {
        self.guarded(|nic| match region {
            VFIO_PCI_BAR0_REGION_INDEX => nic.bar_read(offset, data),
            VFIO_PCI_BAR1_REGION_INDEX => nic.io_read(offset, data),
            VFIO_PCI_CONFIG_REGION_INDEX => nic.config_read(offset, data),
            _ => data.fill(0xff),
        });
        Ok(())
    }

    fn region_write(&mut self, region: u32, offset: u64, data: &[u8]) -> Result<(), Error> {
        self.guarded(|nic| match region {
            VFIO_PCI_BAR0_REGION_INDEX => nic.bar_write(offset, data),
            VFIO_PCI_BAR1_REGION_INDEX => nic.io_write(offset, data),
            VFIO_PCI_CONFIG_REGION_INDEX => nic.config_write(offset, data),
            _ => {}
        });
        Ok(())
    }

    fn dma_map(
        &mut self,
        flags: DmaMapFlags,
        offset: u64,
        address: u64,
        size: u64,
        fd: Option<File>,
    ) -> Result<(), Error> {
        let writable = flags.contains(DmaMapFlags::WRITE);
        if let Err(e) = self.0.lock().dma.map(address, size, offset, writable, fd) {
            eprintln!("e1000-nic: mapping {size:#x} at {address:#x}: {e}; DMA there will fail");
        }
        Ok(())
    }

    fn dma_unmap(&mut self, flags: DmaUnmapFlags, address: u64, size: u64) -> Result<(), Error> {
        let mut nic = self.0.lock();
        match flags.contains(DmaUnmapFlags::UNMAP_ALL) {
            true => nic.dma.unmap(0, u64::MAX),
            false => nic.dma.unmap(address, size),
        }
        Ok(())
    }

    fn reset(&mut self) -> Result<(), Error> {
        self.guarded(|nic| {
            let (device, pm) = (nic.options.device, nic.options.pm);
            nic.config = Config::new(device, pm);
            nic.dma.master = false;
            nic.power_on();
        });
        Ok(())
    }

    fn set_irqs(
        &mut self,
        index: u32,
        flags: u32,
        _start: u32,
        _count: u32,
        mut fds: Vec<File>,
    ) -> Result<(), Error> {
        if index != VFIO_PCI_INTX_IRQ_INDEX {
            return Ok(());
        }
        self.guarded(|nic| {
            let stuck = nic.faults.on(F::IrqStuck);
            if flags & VFIO_IRQ_SET_ACTION_MASK != 0 {
                nic.irq.mask(true, stuck);
            }
            if flags & VFIO_IRQ_SET_ACTION_UNMASK != 0 {
                nic.irq.mask(false, stuck);
            }
            if flags & VFIO_IRQ_SET_ACTION_TRIGGER != 0 {
                nic.irq
                    .connect(fds.pop().filter(|_| flags & VFIO_IRQ_SET_DATA_EVENTFD != 0));
            }
            nic.look_at_line();
        });
        Ok(())
    }
}

/// All regions vfio knows; only BAR 0, BAR 1 and configuration space exist.
pub fn regions() -> Vec<ServerRegion> {
    let region = |index| {
        let size = match index {
            VFIO_PCI_BAR0_REGION_INDEX => u64::from(crate::regs::SIZE),
            VFIO_PCI_BAR1_REGION_INDEX => IO_SIZE,
            VFIO_PCI_CONFIG_REGION_INDEX => 256,
            _ => 0,
        };
        let flags = if size == 0 {
            0
        } else {
            VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE
        };
        let argsz = size_of::<vfio_region_info>() as u32;
        let region_info = vfio_region_info {
            argsz,
            index,
            size,
            flags,
            ..Default::default()
        };
        ServerRegion {
            region_info,
            sparse_areas: Vec::new(),
            mmap_fd: None,
        }
    };
    (0..VFIO_PCI_NUM_REGIONS).map(region).collect()
}

/// All interrupts vfio knows; only INTx exists.
pub fn irqs() -> Vec<IrqInfo> {
    let irq = |index| match index {
        VFIO_PCI_INTX_IRQ_INDEX => IrqInfo {
            index,
            count: 1,
            flags: VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED,
        },
        _ => IrqInfo {
            index,
            count: 0,
            flags: 0,
        },
    };
    (0..VFIO_PCI_NUM_IRQS).map(irq).collect()
}
