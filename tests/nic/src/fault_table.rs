// SPDX-License-Identifier: GPL-2.0
//! All faults: name, kind, what they do without arguments, and a line for people.

/// What counts the opportunities of a fault: its position in the fuzz sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stream {
    Rx,
    Tx,
    Irq,
    Reg,
}

/// What a fault does when it is armed without a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    Fixed(u64),
    Ones,
    Random,
    Xor(u64),
    Add(u64),
}

pub struct Info {
    pub fault: F,
    pub name: &'static str,
    pub stream: Stream,
    /// A state that lasts until cleared, not an event.
    pub level: bool,
    /// Fuzz weight: one opportunity in `fuzz` x rate; 0 keeps it out (guest memory would be lost).
    pub fuzz: u32,
    pub value: Value,
    /// Default of `us=`.
    pub us: u64,
    pub doc: &'static str,
}

macro_rules! faults {
    ($($id:ident $name:literal $stream:ident $kind:ident $fuzz:literal $value:expr, $us:literal, $doc:literal;)*) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum F { $($id,)* }
        pub static TABLE: &[Info] = &[$(Info {
            fault: F::$id, name: $name, stream: Stream::$stream, level: faults!(@$kind),
            fuzz: $fuzz, value: $value, us: $us, doc: $doc,
        },)*];
    };
    (@level) => { true };
    (@event) => { false };
}

use Value::{Add, Fixed, Ones, Random};

// Numbers for the doorbell are positions here, from 1: append, do not reorder.
faults! {
    RxLength    "rx.length"    Rx event 1 Fixed(0xffff), 0, "receive descriptor: length lies";
    RxCsum      "rx.csum"      Rx event 1 Random, 0, "receive descriptor: packet checksum lies";
    RxStatus    "rx.status"    Rx event 1 Random, 0, "receive descriptor: status lies (DD, EOP, VP, checksum bits)";
    RxErrors    "rx.errors"    Rx event 1 Ones, 0, "receive descriptor: errors lie";
    RxSpecial   "rx.special"   Rx event 1 Random, 0, "receive descriptor: VLAN tag lies, with VP set";
    RxAddr      "rx.addr"      Rx event 1 Random, 0, "receive descriptor: buffer address overwritten at write-back";
    RxNoEop     "rx.noeop"     Rx event 1 Fixed(0), 0, "receive descriptor: EOP missing";
    RxStale     "rx.stale"     Rx event 0 Fixed(0), 0, "write-back as QEMU's: status ORed onto the old, errors and checksum kept";
    RxLate      "rx.late"      Rx event 1 Fixed(0), 20_000, "receive write-back comes us= late";
    RxMissing   "rx.missing"   Rx event 4 Fixed(0), 0, "receive write-back never comes, RDH moves on";
    RxDup       "rx.dup"       Rx event 1 Fixed(0), 0, "receive write-back is written to the next descriptor too";
    RxWrong     "rx.wrong"     Rx event 4 Add(1), 0, "receive write-back goes to the index add:N further on";
    RxSwap      "rx.swap"      Rx event 1 Fixed(0), 0, "receive write-back is held until after the next one";
    RxDdAll     "rx.ddall"     Rx event 16 Fixed(0x07), 0, "DD and EOP appear on all descriptors of the ring (value: status byte)";
    RxNoData    "rx.nodata"    Rx event 1 Fixed(0), 0, "descriptor written, buffer not";
    RxEarly     "rx.early"     Rx event 0 Fixed(0), 2_000, "descriptor first, data us= later";
    RxRecycled  "rx.recycled"  Rx event 0 Fixed(0), 0, "data goes also to the buffer this slot held a lap ago, or (value N) to that N descriptors back";
    RxCorrupt   "rx.corrupt"   Rx event 1 Random, 0, "some bytes of the frame are changed";
    RxGrow      "rx.grow"      Rx event 2 Fixed(16_000), 0, "the frame is padded to this many bytes (many descriptors)";
    RxCrc       "rx.crc"       Rx event 1 Fixed(0), 0, "the frame arrives with a bad FCS";
    RxNever     "rx.never"     Rx event 8 Fixed(0), 0, "the frame vanishes without a trace";
    RxOverrun   "rx.rxo"       Rx event 8 Fixed(0), 0, "the frame is lost with RXO and MPC";
    RxStall     "rx.stall"     Rx level 400 Fixed(0), 0, "no frame is delivered while on; they wait in the FIFO";
    RxRdh       "rx.rdh"       Rx event 32 Random, 0, "RDH itself jumps (device and register)";
    TxDd        "tx.status"    Tx event 1 Random, 0, "transmit descriptor: status byte lies";
    TxCmd       "tx.cmd"       Tx event 1 Random, 0, "transmit descriptor: command and length overwritten at write-back";
    TxAddr      "tx.addr"      Tx event 1 Random, 0, "transmit descriptor: buffer address overwritten at write-back";
    TxSpecial   "tx.special"   Tx event 1 Random, 0, "transmit descriptor: CSS/POPTS and special overwritten at write-back";
    TxLate      "tx.late"      Tx event 1 Fixed(0), 20_000, "transmit write-back comes us= late";
    TxMissing   "tx.missing"   Tx event 4 Fixed(0), 0, "transmit write-back never comes";
    TxDup       "tx.dup"       Tx event 1 Fixed(0), 0, "DD is written to the next descriptor too";
    TxWrong     "tx.wrong"     Tx event 4 Add(1), 0, "DD goes to the index add:N further on";
    TxDdAll     "tx.ddall"     Tx event 16 Fixed(0x01), 0, "DD appears on all descriptors of the ring";
    TxDdBefore  "tx.ddbefore"  Tx event 0 Fixed(0), 5_000, "DD at the doorbell, the buffer is read us= later";
    TxDrop      "tx.drop"      Tx event 1 Fixed(0), 0, "reported sent, not sent";
    TxTwice     "tx.twice"     Tx event 1 Fixed(0), 0, "sent twice";
    TxStall     "tx.stall"     Tx level 400 Fixed(0), 0, "no descriptor is fetched while on";
    TxTdh       "tx.tdh"       Tx event 32 Random, 0, "TDH itself jumps (device and register)";
    TxNoIrq     "tx.noirq"     Tx event 2 Fixed(0), 0, "TXDW is not raised";
    IrqLost     "irq.lost"     Irq event 8 Fixed(0), 0, "an interrupt's edge is lost";
    IrqLate     "irq.late"     Irq event 2 Fixed(0), 10_000, "an interrupt comes us= late";
    IrqSpurious "irq.spurious" Irq event 2 Fixed(0), 0, "one more interrupt without a cause after a real one";
    IrqStuck    "irq.stuck"    Irq level 0 Fixed(0), 0, "the line stays asserted";
    IrqStorm    "irq.storm"    Irq level 0 Fixed(0x80), 100, "causes (value) are raised every us=";
    IrqNoClear  "irq.noclear"  Irq level 0 Fixed(0), 0, "reading ICR clears nothing";
    LinkDown    "link.down"    Rx level 2000 Fixed(0), 0, "the cable is out";
    LinkFlap    "link.flap"    Irq level 0 Fixed(0), 50_000, "the cable goes out and in, changing every us=";
    LinkLsc     "link.lsc"     Irq event 8 Fixed(0), 0, "LSC with each interrupt, without a change";
    EeSum       "eeprom.badsum"    Reg level 0 Fixed(0), 0, "EEPROM checksum wrong";
    EeZero      "eeprom.zero"      Reg level 0 Fixed(0), 0, "EEPROM reads all zero";
    EeOnes      "eeprom.ones"      Reg level 0 Fixed(0), 0, "EEPROM reads all ones";
    EeMulticast "eeprom.multicast" Reg level 0 Fixed(0), 0, "EEPROM has a multicast MAC address, checksum right";
    EeNoMac     "eeprom.nomac"     Reg level 0 Fixed(0), 0, "EEPROM has MAC 00:00:00:00:00:00, checksum right";
    EerdNever   "eerd.never"   Reg level 0 Fixed(0), 0, "EERD never says DONE";
    EerdData    "eerd.data"    Reg event 0 Random, 0, "EERD gives this data";
    MdicNever   "mdic.never"   Reg level 0 Fixed(0), 0, "MDIC never becomes ready";
    MdicError   "mdic.error"   Reg event 4 Fixed(0), 0, "MDIC ends with its error bit";
    MdicData    "mdic.data"    Reg event 4 Ones, 0, "MDIC gives this data";
    ResetNever  "reset.never"  Reg level 0 Fixed(0), 0, "CTRL.RST does not clear itself";
    Gone        "gone"         Reg level 0 Fixed(0), 0, "registers read all ones, no DMA, no interrupt; comes back as after power-on";
    GoneKept    "gone.kept"    Reg level 0 Fixed(0), 0, "as gone, but comes back with its state";
    GoneConfig  "gone.config"  Reg level 0 Fixed(0), 0, "as gone, and configuration space reads all ones";
    DmaOff      "dma.off"      Rx level 2000 Fixed(0), 0, "every DMA access fails silently";
    RegRead     "reg"          Reg event 0 Ones, 0, "a register read lies: set reg.NAME VALUE (doorbell: register offset in ARG)";
    RegWrite    "wreg"         Reg event 0 Fixed(0), 0, "writes to a register are lost: set wreg.NAME";
    RegFlaky    "reg.flaky"    Reg event 40 Random, 0, "any register read lies";
}

/// Reads a fault's name; `reg.NAME` and `wreg.NAME` bring a register along.
pub fn by_name(name: &str) -> Option<(F, Option<u32>)> {
    if let Some(info) = TABLE
        .iter()
        .find(|i| i.name == name && !matches!(i.fault, F::RegRead | F::RegWrite))
    {
        return Some((info.fault, None));
    }
    let (kind, reg) = name.split_once('.')?;
    let reg = crate::regs::offset_of(reg)?;
    match kind {
        "reg" => Some((F::RegRead, Some(reg))),
        "wreg" => Some((F::RegWrite, Some(reg))),
        _ => None,
    }
}
