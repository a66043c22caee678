// SPDX-License-Identifier: GPL-2.0

//! A chip for the tests, in plain memory and safe code.
//!
//! It answers as QEMU's does where it answers at all: `ICR` clears on reading, `IMS` and `IMC` set
//! and clear, `EERD` and `MDIC` are done at once, statistics clear on reading but for `MPC`,
//! `CTRL.RST` shows no effect. The Microwire pins read, and write if allowed. It can also be stuck
//! or gone. And it counts.

use core::cell::Cell;

use kernel::{
    io::{
        IoLoc,
        Region, //
    },
    prelude::*, //
};

use super::{
    regs::{
        EECD,
        EERD,
        MDIC, //
    },
    Regs,
    BAR_SIZE, //
};

/// Registers above this are not kept.
const END: usize = 0x6000;

/// A fake chip.
pub(crate) struct FakeChip {
    regs: KVec<Cell<u32>>,
    written: KVec<Cell<u32>>,
    eeprom: [Cell<u16>; 64],
    phy: [Cell<u16>; 32],
    wire: Microwire,
    reads: Cell<u32>,
    writes: Cell<u32>,
    heavy: Cell<u32>,
    gone: Cell<bool>,
    frozen: Cell<bool>,
    in_reset: Cell<bool>,
    /// The offset of a register of which writes are lost.
    deaf_at: Cell<usize>,
}

/// The EEPROM's state on its bus.
struct Microwire {
    /// Bits shifted in since it was selected, with how many.
    input: Cell<(u64, u32)>,
    /// Bits to shift out, with how many.
    output: Cell<(u16, u32)>,
    data_out: Cell<bool>,
    write_enabled: Cell<bool>,
    stores: Cell<bool>,
}

fn zeroed(count: usize) -> Result<KVec<Cell<u32>>> {
    let mut cells = KVec::with_capacity(count, GFP_KERNEL)?;
    for _ in 0..count {
        cells.push(Cell::new(0), GFP_KERNEL)?;
    }
    Ok(cells)
}

fn count(cell: &Cell<u32>) {
    cell.set(cell.get().wrapping_add(1));
}

impl FakeChip {
    /// Returns a chip as after power-on, with the station address 52:54:00:12:34:56.
    pub(crate) fn new() -> Result<Self> {
        let chip = Self {
            regs: zeroed(END / 4)?,
            written: zeroed(END / 4)?,
            eeprom: [const { Cell::new(0) }; 64],
            phy: [const { Cell::new(0) }; 32],
            wire: Microwire {
                input: Cell::new((0, 0)),
                output: Cell::new((0, 0)),
                data_out: Cell::new(true),
                write_enabled: Cell::new(false),
                stores: Cell::new(false),
            },
            reads: Cell::new(0),
            writes: Cell::new(0),
            heavy: Cell::new(0),
            gone: Cell::new(false),
            frozen: Cell::new(false),
            in_reset: Cell::new(false),
            deaf_at: Cell::new(usize::MAX),
        };
        chip.set(0x0008, 0x8008_0783);
        chip.set(0x0010, 0x180);
        chip.set(0x5400, 0x1200_5452);
        chip.set(0x5404, 0x8000_5634);
        for (index, word) in [(0, 0x5452), (1, 0x1200), (2, 0x5634), (0x3f, 0xfe34)] {
            chip.eeprom[index].set(word);
        }
        for (address, value) in [
            (0, 0x1140),
            (1, 0x796d),
            (2, 0x0141),
            (3, 0x0c20),
            (4, 0x0de1),
            (9, 0x0e00),
            (16, 0x0360),
            (17, 0xac00),
        ] {
            chip.set_phy(address, value);
        }
        Ok(chip)
    }

    /// Takes the chip away: all reads give ones.
    pub(crate) fn unplug(&self) {
        self.gone.set(true);
    }

    /// Has the chip never finish what it is asked for.
    pub(crate) fn freeze(&self) {
        self.frozen.set(true);
    }

    /// Has `CTRL.RST` never clear.
    pub(crate) fn hold_reset(&self) {
        self.in_reset.set(true);
    }

    /// Has writes of the register at `offset` do nothing.
    pub(crate) fn lose_writes(&self, offset: usize) {
        self.deaf_at.set(offset);
    }

    /// Has the EEPROM store what is written.
    pub(crate) fn allow_eeprom_writes(&self) {
        self.wire.stores.set(true);
    }

    /// Returns what the register at `offset` holds, without a trace.
    pub(crate) fn get(&self, offset: usize) -> u32 {
        self.regs.get(offset / 4).map_or(0, Cell::get)
    }

    /// Sets what the register at `offset` holds, without a trace.
    pub(crate) fn set(&self, offset: usize, value: u32) {
        if let Some(reg) = self.regs.get(offset / 4) {
            reg.set(value);
        }
    }

    /// Returns a PHY register.
    pub(crate) fn phy(&self, address: usize) -> u16 {
        self.phy.get(address).map_or(0, Cell::get)
    }

    /// Sets a PHY register.
    pub(crate) fn set_phy(&self, address: usize, value: u16) {
        if let Some(reg) = self.phy.get(address) {
            reg.set(value);
        }
    }

    /// Returns how many reads there were.
    pub(crate) fn reads(&self) -> u32 {
        self.reads.get()
    }

    /// Returns how many accesses there were.
    pub(crate) fn accesses(&self) -> u32 {
        self.reads.get().wrapping_add(self.writes.get())
    }

    /// Returns how many accesses there were that leave the guest under KVM.
    pub(crate) fn heavy(&self) -> u32 {
        self.heavy.get()
    }

    /// Returns how often the register at `offset` was written.
    pub(crate) fn writes_at(&self, offset: usize) -> u32 {
        self.written.get(offset / 4).map_or(0, Cell::get)
    }

    fn on_read(&self, offset: usize) -> u32 {
        count(&self.reads);
        count(&self.heavy);
        if self.gone.get() {
            return u32::MAX;
        }
        let value = self.get(offset);
        match offset {
            // EECD: the data pin.
            0x10 => EECD::from_raw(value)
                .with_data_out(self.wire.data_out.get())
                .into_raw(),
            0xc0 => {
                self.set(offset, 0);
                value
            }
            0xc8 => self.get(0xc0),
            // All but MPC.
            0x4000..=0x400c | 0x4014..=0x40fc => {
                self.set(offset, 0);
                value
            }
            _ => value,
        }
    }

    fn on_write(&self, offset: usize, value: u32) {
        count(&self.writes);
        if matches!(offset, 0x20 | 0xc0 | 0xc8 | 0xd0 | 0xd8 | 0x400 | 0x3818) {
            count(&self.heavy);
        }
        if let Some(cell) = self.written.get(offset / 4) {
            count(cell);
        }
        if self.gone.get() || self.deaf_at.get() == offset {
            return;
        }
        match offset {
            0x00 if !self.in_reset.get() => self.set(offset, value & !(1 << 26)),
            // STATUS.
            0x08 => {}
            0x10 => {
                self.wire
                    .pins(&self.eeprom, EECD::from_raw(self.get(0x10)), value.into());
                self.set(offset, value & !0x388 | 0x180);
            }
            0x14 => self.set(offset, self.eerd(value.into()).into_raw()),
            0x20 => self.set(offset, self.mdic(value.into()).into_raw()),
            0xc0 => self.set(0xc0, self.get(0xc0) & !value),
            0xc8 => self.set(0xc0, self.get(0xc0) | value),
            0xd0 => self.set(0xd0, self.get(0xd0) | value),
            0xd8 => self.set(0xd0, self.get(0xd0) & !value),
            _ => self.set(offset, value),
        }
    }

    fn eerd(&self, command: EERD) -> EERD {
        if self.frozen.get() || !command.start() {
            return command;
        }
        // CAST: 8 bits.
        let word = self.eeprom.get(command.addr().get() as usize);
        command.with_done(true).with_data(word.map_or(0, Cell::get))
    }

    fn mdic(&self, command: MDIC) -> MDIC {
        if self.frozen.get() {
            return command;
        }
        // CAST: 5 bits.
        let address = command.regadd().get() as usize;
        if command.phyadd().get() != 1 {
            return command.with_ready(true).with_error(true);
        }
        if command.op().get() == 1 {
            // A PHY reset and a restart are over at once.
            let clearing = if address == 0 { 0x8200 } else { 0 };
            self.set_phy(address, u16::from(command.data()) & !clearing);
        }
        command.with_data(self.phy(address)).with_ready(true)
    }
}

impl Microwire {
    /// Follows a change of the pins.
    fn pins(&self, words: &[Cell<u16>; 64], old: EECD, new: EECD) {
        if !new.cs() {
            if old.cs() {
                self.deselected(words);
            }
            self.input.set((0, 0));
            self.output.set((0, 0));
            return;
        }
        if !old.cs() {
            // Selected: shows that it is ready.
            self.data_out.set(true);
        }
        if old.sk() || !new.sk() {
            return;
        }
        // A rising clock.
        let (bits, left) = self.output.get();
        if left > 0 {
            self.data_out.set(bits & 0x8000 != 0);
            self.output.set((bits << 1, left - 1));
            return;
        }
        let (bits, count) = self.input.get();
        // Nothing counts before the start bit.
        if count == 0 && !new.di() {
            return;
        }
        let bits = bits << 1 | u64::from(new.di());
        self.input.set((bits, count + 1));
        if count + 1 == 9 && bits >> 6 == 0b110 {
            self.output.set((words[(bits & 63) as usize].get(), 16));
        }
    }

    /// Does what it was told.
    fn deselected(&self, words: &[Cell<u16>; 64]) {
        let (bits, count) = self.input.get();
        let command = match count {
            9 => bits,
            25 => bits >> 16,
            _ => return,
        };
        let index = (command & 63) as usize;
        let writes = self.write_enabled.get() && self.stores.get();
        match (command >> 6, count) {
            (0b100, 9) => self.write_enabled.set(index >> 4 == 3),
            (0b111, 9) if writes => words[index].set(u16::MAX),
            (0b101, 25) if writes => words[index].set(bits as u16),
            _ => {}
        }
    }
}

impl Regs for &FakeChip {
    fn read<T, L>(self, location: L) -> T
    where
        T: From<u32> + Into<u32>,
        L: IoLoc<Region<BAR_SIZE>, T, IoType = u32>,
    {
        self.on_read(location.offset()).into()
    }

    fn write<T, L>(self, location: L, value: T)
    where
        T: From<u32> + Into<u32>,
        L: IoLoc<Region<BAR_SIZE>, T, IoType = u32>,
    {
        self.on_write(location.offset(), value.into());
    }

    fn try_read<T, L>(self, location: L) -> Result<T>
    where
        T: From<u32> + Into<u32>,
        L: IoLoc<Region<BAR_SIZE>, T, IoType = u32>,
    {
        Ok(self.read(location))
    }

    fn try_write<T, L>(self, location: L, value: T) -> Result
    where
        T: From<u32> + Into<u32>,
        L: IoLoc<Region<BAR_SIZE>, T, IoType = u32>,
    {
        self.write(location, value);
        Ok(())
    }
}
