// SPDX-License-Identifier: GPL-2.0

//! Whether frames that are sent come back, whole, through the PHY's loopback.
//!
//! The rings are the test's own, and so is the memory they point to: coherent, to be read and
//! written by safe means. What else is received meanwhile (an emulated wire goes on) is told from
//! the test's frames by its contents, and does no harm.

use crate::{
    adapter::{
        Adapter,
        Bar, //
    },
    hw::{
        desc::{
            Descriptors,
            RxDesc,
            TxDesc,
            TxFlags, //
        },
        mac::{
            RxControl,
            RxMode, //
        },
        phy,
        queue,
        reset,
        ring::RingSize, //
    },
    netdev::{
        EthAddr,
        Rtnl, //
    },
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::Coherent,
    io::{
        io_project,
        Io,
        IoBase, //
    },
    prelude::*,
    sync::barrier::{
        dma_mb,
        Read, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
};

/// What was wrong.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    /// No memory for the test.
    NoMemory = 1,
    /// The PHY cannot be put into loopback.
    NoLoopback = 2,
    /// The first frame did not come back.
    Nothing = 3,
    /// A frame got lost.
    Lost = 4,
    /// A frame was not sent in time.
    NotSent = 5,
    /// The device is gone.
    Gone = 6,
    /// The device did not take the rings.
    NoRings = 7,
}

/// The Ethertype for experiments (IEEE 802).
const ETHERTYPE: [u8; 2] = [0x88, 0xb5];

/// Lengths to test, without FCS: the shortest, one that fills no word, the longest.
const LENGTHS: [usize; 4] = [60, 61, 512, 1514];

/// Frames of each length, some more than the rings have descriptors.
const FRAMES: u32 = 64;

/// How long the first frame may take: QEMU's receiver may have another second to rest, a PHY takes
/// some 100 ms to find its own signal. It is sent again every now and then.
const FIRST_TRIES: u32 = 150;
const FIRST_WAIT: Delta = Delta::from_millis(20);

/// How long any other may take: 20 ms.
const TRIES: u32 = 20;
const WAIT: Delta = Delta::from_millis(1);

/// Size of a buffer: the smallest that holds a frame and that the chip knows, in bytes.
const BUFFER: usize = 2048;

/// A buffer as the DMA memory's element.
type Buffer = [u8; BUFFER];

/// Receive buffers; each is in several descriptors, of which fewer than this are in flight.
const BUFFERS: u16 = 8;

/// Rings and memory of the test.
struct Rings {
    size: RingSize,
    rx: Descriptors,
    tx: Descriptors,
    /// Receive buffers, then the one that is sent from.
    memory: Coherent<[Buffer]>,
    /// Next to look at, one past the last in flight, and next to send.
    rx_next: u16,
    rx_tail: u16,
    tx_next: u16,
}

/// Runs the test; the device's own rings must be gone. Afterwards receiver and transmitter are off
/// and the PHY negotiates.
pub(super) fn run(dev: &mut Rtnl<'_, Adapter<'_>>) -> u64 {
    let shared = dev.shared();
    let bar = &shared.bar;
    let address = dev.device().address();
    let Ok(mut rings) = Rings::new(shared.pdev.as_ref()) else {
        return Fault::NoMemory as u64;
    };
    let outcome = if phy::loopback(bar, true).is_err() {
        Err(Fault::NoLoopback)
    } else {
        let control = dev.control();

        rings
            .start(bar, &mut control.filters.control, control.rx_mode)
            .map_err(|_| Fault::NoRings)
            .and_then(|()| rings.exchange(bar, address))
    };
    // What fails here fails the next test as well.
    let _ = phy::loopback(bar, false);
    let stopped = reset::quiesce(bar, &mut dev.control().filters);

    if stopped != Ok(true) {
        // It may be there all the same.
        dev.cut_off();
    }
    // The device is off, or off the bus: it does not touch the memory any more.
    drop(rings);
    match (outcome, stopped) {
        (Ok(()), Ok(_)) => 0,
        // CAST: Small numbers.
        (Err(fault), Ok(_)) => fault as u64,
        (_, Err(_)) => Fault::Gone as u64,
    }
}

impl Rings {
    fn new(dev: &Device<Bound>) -> Result<Self> {
        let size = RingSize::new(RingSize::MIN)?;
        let count = usize::from(size.get());
        let rings = Self {
            size,
            rx: Coherent::zeroed_slice(dev, count, GFP_KERNEL)?,
            tx: Coherent::zeroed_slice(dev, count, GFP_KERNEL)?,
            memory: Coherent::zeroed_slice(dev, usize::from(BUFFERS) + 1, GFP_KERNEL)?,
            rx_next: 0,
            rx_tail: BUFFERS - 1,
            tx_next: 0,
        };

        for index in 0..size.get() {
            rings.offer(index)?;
        }
        Ok(rings)
    }

    /// Returns the DMA address of a buffer.
    fn address(&self, buffer: u16) -> u64 {
        self.memory
            .dma_address()
            .wrapping_add(u64::from(buffer).wrapping_mul(BUFFER as u64))
    }

    /// Fills a receive descriptor.
    fn offer(&self, index: u16) -> Result {
        RxDesc::new(self.address(index % BUFFERS)).store(&self.rx, index.into())
    }

    /// Gives the rings to the device, with a descriptor less in flight than there are buffers.
    fn start(&self, bar: &Bar<'_>, receiver: &mut RxControl, mode: RxMode) -> Result {
        queue::set_tx_ring(bar, self.tx.dma_address(), self.size)?;
        queue::enable_tx(bar, true);
        queue::set_rx_ring(bar, self.rx.dma_address(), self.size, self.rx_tail)?;
        // It was turned off, unless it is emulated.
        receiver.apply(bar, mode);
        Ok(())
    }

    /// Sends frames, one at a time, and waits for each.
    fn exchange(&mut self, bar: &Bar<'_>, address: EthAddr) -> Result<(), Fault> {
        self.first(bar, address)?;

        for length in LENGTHS {
            for number in 1..=FRAMES {
                let frame = Frame {
                    address,
                    length,
                    number,
                };

                self.send(bar, &frame)?;
                self.await_frame(bar, &frame, TRIES).ok_or(Fault::Lost)?;
            }
        }
        Ok(())
    }

    /// Sends until something comes back.
    fn first(&mut self, bar: &Bar<'_>, address: EthAddr) -> Result<(), Fault> {
        let frame = Frame {
            address,
            length: 60,
            number: 0,
        };

        for _ in 0..FIRST_TRIES {
            self.send(bar, &frame)?;
            if self.await_frame(bar, &frame, 1).is_some() {
                return Ok(());
            }
            fsleep(FIRST_WAIT);
        }
        Err(Fault::Nothing)
    }

    /// Sends one frame, and waits until it is sent.
    fn send(&mut self, bar: &Bar<'_>, frame: &Frame) -> Result<(), Fault> {
        let index = usize::from(self.tx_next);
        let flags = TxFlags {
            eop: true,
            rs: true,
            ..TxFlags::default()
        };
        // CAST: At most 1514.
        let desc = TxDesc::data(self.address(BUFFERS), frame.length as u16, flags);

        self.write(frame)
            .and_then(|()| desc.store(&self.tx, index))
            .map_err(|_| Fault::NoMemory)?;
        self.tx_next = self.size.next(self.tx_next);
        // `writel` orders the doorbell after what was written to memory.
        queue::tx_doorbell(bar, self.tx_next);

        for _ in 0..TRIES {
            if TxDesc::is_done(&self.tx, index).unwrap_or(false) {
                return Ok(());
            }
            fsleep(WAIT);
        }
        Err(Fault::NotSent)
    }

    fn write(&self, frame: &Frame) -> Result {
        let memory = IoBase::as_view(&self.memory);

        for at in 0..frame.length {
            let byte = frame.byte(at);

            Io::write_val(
                io_project!(memory, [try: usize::from(BUFFERS)][try: at]),
                byte,
            );
        }
        Ok(())
    }

    /// Looks `tries` times for `frame` among what was received.
    fn await_frame(&mut self, bar: &Bar<'_>, frame: &Frame, tries: u32) -> Option<()> {
        for _ in 0..tries {
            while let Some(found) = self.received(bar, frame) {
                if found {
                    return Some(());
                }
            }
            fsleep(WAIT);
        }
        None
    }

    /// Takes the next that was received, if there is anything, and returns whether it is `frame`.
    fn received(&mut self, bar: &Bar<'_>, frame: &Frame) -> Option<bool> {
        let index = self.rx_next;
        let writeback = RxDesc::read_writeback(&self.rx, index.into()).ok()?;

        if !writeback.dd() {
            return None;
        }
        // The device writes the buffer before DD.
        dma_mb(Read);
        let same = writeback.eop()
            && !writeback.frame_error()
            && usize::from(writeback.len()) == frame.length
            && self.matches(index % BUFFERS, frame).unwrap_or(false);

        self.offer(index).ok()?;
        self.rx_next = self.size.next(index);
        self.rx_tail = self.size.next(self.rx_tail);
        queue::rx_doorbell(bar, self.rx_tail);
        Some(same)
    }

    fn matches(&self, buffer: u16, frame: &Frame) -> Result<bool> {
        let memory = IoBase::as_view(&self.memory);

        for at in 0..frame.length {
            let byte: u8 = Io::read_val(io_project!(memory, [try: usize::from(buffer)][try: at]));

            if byte != frame.byte(at) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// A frame of the test, to and from the station itself.
struct Frame {
    address: EthAddr,
    length: usize,
    number: u32,
}

impl Frame {
    /// Returns the byte at `at`: of the header, or something that depends on place and number.
    fn byte(&self, at: usize) -> u8 {
        let [.., low] = self.number.to_be_bytes();
        let [a, b, c, d, e, f] = self.address.0;
        let [g, h] = ETHERTYPE;
        let header = [a, b, c, d, e, f, a, b, c, d, e, f, g, h];

        // CAST: The low byte is wanted.
        let filling = (at as u8).wrapping_mul(31).wrapping_add(low);

        header.get(at).copied().unwrap_or(filling)
    }
}
