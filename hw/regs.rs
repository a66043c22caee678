// SPDX-License-Identifier: GPL-2.0

//! The register map, with the manual's names (manual chapter 13).
//!
//! Each register's doc starts with its section and access: R/W, RO (read-only), W1C (write one to
//! clear), RC (read to clear), WO. "QEMU:" tells where the emulation differs. Unless it says
//! otherwise, a write is light and a read is heavy (see [`super`]).

use core::ops;

use kernel::{
    io::register,
    num::Bounded,
    prelude::*, //
};

use super::{
    irq::Causes,
    model::Model, //
};

// General registers.

register! {
    /// Device control. 13.4.1, R/W. Initial values come from the EEPROM.
    ///
    /// QEMU: stores it; only `vme` has an effect. A write of `rst` resets nothing.
    pub(crate) CTRL(u32) @ 0x0000 {
        /// Full duplex, if `frcdplx`.
        0:0 fd => bool;
        /// Link reset (TBI mode only).
        3:3 lrst => bool;
        /// Auto-speed detection enable.
        5:5 asde => bool;
        /// Set link up: the MAC may bring the link up.
        6:6 slu => bool;
        /// Invert loss-of-signal.
        7:7 ilos => bool;
        /// Speed, if `frcspd`: 0 = 10, 1 = 100, 2 = 1000 Mb/s.
        9:8 speed;
        /// Force speed.
        11:11 frcspd => bool;
        /// Force duplex.
        12:12 frcdplx => bool;
        /// Data of software definable pin 0.
        18:18 sdp0_data => bool;
        /// Data of software definable pin 1.
        19:19 sdp1_data => bool;
        /// D3cold wake-up capability is advertised.
        20:20 advd3wuc => bool;
        /// PHY power management enable.
        21:21 en_phy_pwr_mgmt => bool;
        /// Software definable pin 0 is an output.
        22:22 sdp0_output => bool;
        /// Device reset; clears itself.
        26:26 rst => bool;
        /// Receive flow control enable: obey PAUSE frames.
        27:27 rfce => bool;
        /// Transmit flow control enable: send PAUSE frames.
        28:28 tfce => bool;
        /// VLAN mode: strip tags on receive, insert on transmit.
        30:30 vme => bool;
        /// PHY reset.
        31:31 phy_rst => bool;
    }

    /// Device status. 13.4.2, RO.
    ///
    /// QEMU: 0x80080783, where only `lu` ever changes.
    pub(crate) STATUS(u32) @ 0x0008 {
        /// Full duplex.
        0:0 fd => bool;
        /// Link up.
        1:1 lu => bool;
        /// Transmission paused by flow control.
        4:4 txoff => bool;
        /// TBI (fibre) mode.
        5:5 tbimode => bool;
        /// Speed: 0 = 10, 1 = 100, 2 or 3 = 1000 Mb/s.
        7:6 speed;
        /// Auto speed detection value.
        9:8 asdv;
        /// PCI bus at 66 MHz.
        11:11 pci66 => bool;
        /// 64-bit bus.
        12:12 bus64 => bool;
        /// PCI-X mode.
        13:13 pcix_mode => bool;
        /// PCI-X speed: 0 = 50-66, 1 = 66-100, 2 = 100-133 MHz.
        15:14 pcixspd;
    }

    /// EEPROM/flash control and data: the Microwire pins. 13.4.3, R/W.
    ///
    /// QEMU: implements the READ opcode only; `ee_pres` and `ee_gnt` always read as set.
    pub(crate) EECD(u32) @ 0x0010 {
        /// Clock.
        0:0 sk => bool;
        /// Chip select.
        1:1 cs => bool;
        /// Data to the EEPROM.
        2:2 di => bool;
        /// Data from the EEPROM (RO).
        3:3 data_out => bool;
        /// Flash write enable; 1 = disabled.
        5:4 fwe;
        /// Request access to the pins (not the 82544).
        6:6 ee_req => bool;
        /// Access granted (RO).
        7:7 ee_gnt => bool;
        /// EEPROM present (RO).
        8:8 ee_pres => bool;
        /// Size: 0 = 64 words (6 address bits), 1 = 256 words (8 address bits) (RO).
        9:9 ee_size => bool;
    }

    /// EEPROM read. 13.4.4, R/W; this is the 8254x layout, later chips have another.
    ///
    /// QEMU: done at once.
    pub(crate) EERD(u32) @ 0x0014 {
        /// Start a read.
        0:0 start => bool;
        /// The read is done (RO).
        4:4 done => bool;
        /// Word address.
        15:8 addr;
        /// The word read (RO).
        31:16 data;
    }

    /// Extended device control. 13.4.6, R/W.
    ///
    /// QEMU: not implemented, reads 0.
    pub(crate) CTRL_EXT(u32) @ 0x0018 {
        /// ASD check.
        12:12 asdchk => bool;
        /// EEPROM reset: reload the EEPROM's settings; clears itself.
        13:13 ee_rst => bool;
        /// Speed select bypass.
        15:15 spd_byps => bool;
        /// Relaxed ordering disable (PCI-X).
        17:17 ro_dis => bool;
        /// Link mode: 0 = GMII copper.
        23:22 link_mode;
    }

    /// MDI control: access to the PHY. 13.4.7, R/W. A write is heavy.
    ///
    /// QEMU: ready at once; PHY address 1 only.
    pub(crate) MDIC(u32) @ 0x0020 {
        /// Data to write or data read.
        15:0 data;
        /// PHY register address.
        20:16 regadd;
        /// PHY address.
        25:21 phyadd;
        /// 1 = write, 2 = read.
        27:26 op;
        /// Ready.
        28:28 ready => bool;
        /// Interrupt (`ICR.MDAC`) at the end of the cycle.
        29:29 int_en => bool;
        /// The PHY did not answer.
        30:30 error => bool;
    }

    /// Flow control address, bytes 0-3: 01:80:c2:00:00:01. 13.4.8, R/W. QEMU: none.
    pub(crate) FCAL(u32) @ 0x0028 {}

    /// Flow control address, bytes 4-5. 13.4.9, R/W. QEMU: none.
    pub(crate) FCAH(u32) @ 0x002c {}

    /// Flow control type, 0x8808. 13.4.10, R/W. QEMU: none.
    pub(crate) FCT(u32) @ 0x0030 {}

    /// VLAN Ethertype, 0x8100. 13.4.11, R/W.
    pub(crate) VET(u32) @ 0x0038 {
        /// The Ethertype, in host order.
        15:0 vet;
    }

    /// Flow control transmit timer value. 13.4.12, R/W. QEMU: none.
    pub(crate) FCTTV(u32) @ 0x0170 {
        /// Pause time sent, in slot times of 512 bits.
        15:0 ttv;
    }

    /// Transmit configuration word (TBI mode auto-negotiation). 13.4.13, R/W. QEMU: none.
    pub(crate) TXCW(u32) @ 0x0178 {}

    /// LED control. 13.4.15, R/W (not the 82544). Initial value from the EEPROM, 0x07068302.
    ///
    /// QEMU: storage only.
    pub(crate) LEDCTL(u32) @ 0x0e00 {
        /// What LED 0 shows.
        3:0 led0_mode;
        /// LED 0 blinks.
        7:7 led0_blink => bool;
        /// What LED 1 shows.
        11:8 led1_mode;
        /// LED 1 blinks.
        15:15 led1_blink => bool;
        /// What LED 2 shows.
        19:16 led2_mode;
        /// LED 2 blinks.
        23:23 led2_blink => bool;
        /// What LED 3 shows.
        27:24 led3_mode;
        /// LED 3 blinks.
        31:31 led3_blink => bool;
    }

    /// Packet buffer allocation. 13.4.16, R/W; takes effect at the next reset of TX and RX.
    ///
    /// QEMU: storage only.
    pub(crate) PBA(u32) @ 0x1000 {
        /// Receive part, in KiB.
        15:0 rxa;
        /// Transmit part, in KiB (RO): what is left.
        31:16 txa;
    }
}

impl CTRL {
    /// Returns the value the driver runs with, from the value the EEPROM loaded: link allowed up,
    /// speed and duplex from the PHY, no flow control, no VLAN mode (14.3).
    pub(crate) fn operational(self) -> Self {
        self.with_lrst(false)
            .with_asde(false)
            .with_slu(true)
            .with_ilos(false)
            .with_frcspd(false)
            .with_frcdplx(false)
            .with_rst(false)
            .with_rfce(false)
            .with_tfce(false)
            .with_vme(false)
            .with_phy_rst(false)
    }
}

impl STATUS {
    /// Returns whether the link is up.
    #[inline]
    pub(crate) fn link_up(self) -> bool {
        self.lu()
    }

    /// Returns speed and duplex as the MAC sees them; meaningful while the link is up.
    pub(crate) fn link(self) -> super::phy::Link {
        use super::phy::{
            Duplex,
            Link,
            Speed, //
        };

        Link {
            speed: match self.speed().get() {
                0 => Speed::Mbps10,
                1 => Speed::Mbps100,
                _ => Speed::Mbps1000,
            },
            duplex: if self.fd() {
                Duplex::Full
            } else {
                Duplex::Half
            },
        }
    }

    /// Returns the speed of the bus in MHz and its width in bits, for messages.
    pub(crate) fn bus(self) -> (u32, u32) {
        let mhz = match (self.pcix_mode(), self.pcixspd().get(), self.pci66()) {
            (true, 0, _) => 66,
            (true, 1, _) => 100,
            (true, _, _) => 133,
            (false, _, true) => 66,
            (false, _, false) => 33,
        };
        (mhz, if self.bus64() { 64 } else { 32 })
    }
}

impl MDIC {
    /// Returns the command that reads `reg` of the PHY.
    #[inline]
    pub(crate) fn read_op(phy: Bounded<u32, 5>, reg: Bounded<u32, 5>) -> Self {
        Self::zeroed()
            .with_phyadd(phy)
            .with_regadd(reg)
            .with_const_op::<2>()
    }

    /// Returns the command that writes `data` to `reg` of the PHY.
    #[inline]
    pub(crate) fn write_op(phy: Bounded<u32, 5>, reg: Bounded<u32, 5>, data: u16) -> Self {
        Self::zeroed()
            .with_phyadd(phy)
            .with_regadd(reg)
            .with_const_op::<1>()
            .with_data(data)
    }
}

impl LEDCTL {
    /// The manual's initial value: link, activity, 100 and 1000 Mb/s.
    pub(crate) const INITIAL: Self = Self::from_raw(0x0706_8302);

    /// Returns the value with all four LEDs forced on (mode 14) or off (mode 15).
    pub(crate) fn all(on: bool) -> Self {
        if on {
            Self::zeroed()
                .with_const_led0_mode::<14>()
                .with_const_led1_mode::<14>()
                .with_const_led2_mode::<14>()
                .with_const_led3_mode::<14>()
        } else {
            Self::zeroed()
                .with_const_led0_mode::<15>()
                .with_const_led1_mode::<15>()
                .with_const_led2_mode::<15>()
                .with_const_led3_mode::<15>()
        }
    }
}

impl PBA {
    /// Returns the split of the 64 KiB packet buffer for frames of up to `max_frame` bytes.
    ///
    /// The manual's default is 48 KiB for receive. The transmit part must hold a whole frame, and
    /// should hold two for full speed, so above 8 KiB it gets 24 KiB.
    pub(crate) fn for_frame(max_frame: u32) -> Self {
        if max_frame > 8192 {
            Self::zeroed().with_const_rxa::<40>()
        } else {
            Self::zeroed().with_const_rxa::<48>()
        }
    }
}

// Flow control.

register! {
    /// Flow control receive threshold low: send XON below. 13.4.23, R/W. QEMU: none.
    pub(crate) FCRTL(u32) @ 0x2160 {
        /// Threshold in units of 8 bytes.
        15:3 rtl;
        /// XON enable.
        31:31 xone => bool;
    }

    /// Flow control receive threshold high: send XOFF above. 13.4.24, R/W. QEMU: none.
    pub(crate) FCRTH(u32) @ 0x2168 {
        /// Threshold in units of 8 bytes.
        15:3 rth;
    }
}

// Interrupts.

register! {
    /// Interrupt cause read. 13.4.17, RC and W1C; heavy both ways.
    ///
    /// A read lowers the interrupt line. All ones: the device is gone.
    pub(crate) ICR(u32) @ 0x00c0 {
        /// The pending causes, masked or not.
        31:0 causes => Causes;
    }

    /// Interrupt throttling. 13.4.18, R/W (not the 82544).
    ///
    /// QEMU: never shorter than 500 (128 us).
    pub(crate) ITR(u32) @ 0x00c4 {
        /// Least time between two interrupts, in units of 256 ns; 0 = no throttling.
        15:0 interval;
    }

    /// Interrupt cause set. 13.4.19, WO; heavy.
    ///
    /// QEMU: reads as `ICR` without clearing.
    pub(crate) ICS(u32) @ 0x00c8 {
        /// The causes to raise.
        31:0 causes => Causes;
    }

    /// Interrupt mask set/read. 13.4.20, R/W; heavy. Ones unmask, zeroes do nothing.
    pub(crate) IMS(u32) @ 0x00d0 {
        /// The causes to unmask, or on reading the unmasked ones.
        31:0 causes => Causes;
    }

    /// Interrupt mask clear. 13.4.21, WO; heavy. Ones mask, zeroes do nothing.
    pub(crate) IMC(u32) @ 0x00d8 {
        /// The causes to mask.
        31:0 causes => Causes;
    }
}

// Receive.

register! {
    /// Receive control. 13.4.22, R/W.
    ///
    /// QEMU: *every* write, even of the same value, stops the receiver for 1.0 s; so compare first
    /// (`mac::RxControl`). `lbm`, `dpf`, `pmcf` and `cfien` do nothing.
    pub(crate) RCTL(u32) @ 0x0100 {
        /// Receiver enable.
        1:1 en => bool;
        /// Store bad packets.
        2:2 sbp => bool;
        /// Unicast promiscuous.
        3:3 upe => bool;
        /// Multicast promiscuous.
        4:4 mpe => bool;
        /// Long packet reception: frames of more than 1522 bytes.
        5:5 lpe => bool;
        /// Loopback mode; 0 = none, 3 = TBI.
        7:6 lbm;
        /// `RXDMT0` when free descriptors fall to: 0 = 1/2, 1 = 1/4, 2 = 1/8 of the ring.
        9:8 rdmts;
        /// Multicast offset: the hash is bits 47:36, 46:35, 45:34 or 43:32 of the address.
        13:12 mo;
        /// Broadcast accept mode.
        15:15 bam => bool;
        /// Buffer size: 2048, 1024, 512, 256; with `bsex` times 16 (and not 0).
        17:16 bsize;
        /// VLAN filter enable.
        18:18 vfe => bool;
        /// Canonical form indicator enable.
        19:19 cfien => bool;
        /// Canonical form indicator value to accept.
        20:20 cfi => bool;
        /// Discard PAUSE frames.
        22:22 dpf => bool;
        /// Pass MAC control frames.
        23:23 pmcf => bool;
        /// Buffer size extension.
        25:25 bsex => bool;
        /// Strip the Ethernet CRC.
        26:26 secrc => bool;
    }

    /// Receive descriptor base, low; 16-byte aligned. 13.4.25, R/W.
    pub(crate) RDBAL(u32) @ 0x2800 {}
    /// Receive descriptor base, high. 13.4.26, R/W.
    pub(crate) RDBAH(u32) @ 0x2804 {}

    /// Receive descriptor ring length in bytes; a multiple of 128. 13.4.27, R/W.
    pub(crate) RDLEN(u32) @ 0x2808 {}

    /// Receive descriptor head: the chip's index. 13.4.28, R/W while disabled, then RO.
    pub(crate) RDH(u32) @ 0x2810 {
        /// Index of the next descriptor the chip fills.
        15:0 rdh;
    }

    /// Receive descriptor tail: one past the last descriptor the chip may fill. 13.4.29, R/W.
    pub(crate) RDT(u32) @ 0x2818 {
        /// Index.
        15:0 rdt;
    }

    /// Receive interrupt delay timer. 13.4.30, R/W.
    ///
    /// QEMU: only a non-zero value matters, and lets `RADV` count. `fpd` does nothing.
    pub(crate) RDTR(u32) @ 0x2820 {
        /// Delay after the last packet, in units of 1.024 us.
        15:0 delay;
        /// Flush partial descriptor block: interrupt now (WO).
        31:31 fpd => bool;
    }

    /// Receive descriptor control. 13.4.46, R/W. QEMU: none.
    pub(crate) RXDCTL(u32) @ 0x2828 {
        /// Prefetch threshold.
        5:0 pthresh;
        /// Host threshold.
        13:8 hthresh;
        /// Write-back threshold.
        21:16 wthresh;
        /// Granularity: thresholds count 0 = cache lines, 1 = descriptors.
        24:24 gran => bool;
    }

    /// Receive interrupt absolute delay timer. 13.4.31, R/W (not the 82544).
    pub(crate) RADV(u32) @ 0x282c {
        /// Delay after the first packet, in units of 1.024 us; 0 = off.
        15:0 delay;
    }

    /// Receive checksum control. 13.4.47, R/W.
    ///
    /// QEMU: none; always acts as if both offloads were on.
    pub(crate) RXCSUM(u32) @ 0x5000 {
        /// Start of the packet checksum.
        7:0 pcss;
        /// IP checksum offload.
        8:8 ipofld => bool;
        /// TCP/UDP checksum offload.
        9:9 tuofld => bool;
    }
}

/// Size of each receive buffer (13.4.22, `RCTL.BSIZE` and `RCTL.BSEX`).
///
/// The chip fills the buffer to this size and goes on in the next descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RxBufferSize {
    /// 2048 bytes.
    B2048,
    /// 4096 bytes.
    B4096,
    /// 8192 bytes.
    B8192,
    /// 16384 bytes.
    B16384,
}

impl RxBufferSize {
    /// Returns the size in bytes.
    #[inline]
    pub(crate) const fn bytes(self) -> u32 {
        match self {
            Self::B2048 => 2048,
            Self::B4096 => 4096,
            Self::B8192 => 8192,
            Self::B16384 => 16384,
        }
    }

    /// Returns the smallest size that holds `bytes`, or the largest there is.
    pub(crate) const fn holding(bytes: u32) -> Self {
        match bytes {
            0..=2048 => Self::B2048,
            2049..=4096 => Self::B4096,
            4097..=8192 => Self::B8192,
            _ => Self::B16384,
        }
    }
}

impl RCTL {
    /// Returns the value with the receive buffer size set.
    pub(crate) fn with_buffer_size(self, size: RxBufferSize) -> Self {
        match size {
            RxBufferSize::B2048 => self.with_bsex(false).with_const_bsize::<0>(),
            RxBufferSize::B16384 => self.with_bsex(true).with_const_bsize::<1>(),
            RxBufferSize::B8192 => self.with_bsex(true).with_const_bsize::<2>(),
            RxBufferSize::B4096 => self.with_bsex(true).with_const_bsize::<3>(),
        }
    }
}

impl RDT {
    /// Returns the tail with index `index`.
    #[inline(always)]
    pub(crate) fn at(index: u16) -> Self {
        Self::from_raw(u32::from(index))
    }
}

// Transmit.

register! {
    /// Transmit control. 13.4.33, R/W. A write is heavy.
    ///
    /// QEMU: `psp` does nothing (a short frame leaves short, so pad in software); a write runs the
    /// ring.
    pub(crate) TCTL(u32) @ 0x0400 {
        /// Transmitter enable.
        1:1 en => bool;
        /// Pad short packets to 64 bytes.
        3:3 psp => bool;
        /// Collision threshold: tries after a collision (half duplex).
        11:4 ct;
        /// Collision distance in byte times.
        21:12 cold;
        /// Send an XOFF frame; clears itself.
        22:22 swxoff => bool;
        /// Retransmit on late collision.
        24:24 rtlc => bool;
        /// No retransmission on underrun (82544 only).
        25:25 nrtu => bool;
    }

    /// Transmit inter-packet gap. 13.4.34, R/W. QEMU: none.
    pub(crate) TIPG(u32) @ 0x0410 {
        /// Back-to-back gap.
        9:0 ipgt;
        /// Non-back-to-back gap, part 1.
        19:10 ipgr1;
        /// Non-back-to-back gap, part 2.
        29:20 ipgr2;
    }

    /// Adaptive inter-frame spacing throttle. 13.4.35, R/W. QEMU: dead in 11.1.
    pub(crate) AIT(u32) @ 0x0458 {
        /// Extra gap in units of 8 ns.
        15:0 aifs;
    }

    /// Transmit descriptor base, low; 16-byte aligned. 13.4.36, R/W.
    pub(crate) TDBAL(u32) @ 0x3800 {}
    /// Transmit descriptor base, high. 13.4.37, R/W.
    pub(crate) TDBAH(u32) @ 0x3804 {}

    /// Transmit descriptor ring length in bytes; a multiple of 128. 13.4.38, R/W.
    pub(crate) TDLEN(u32) @ 0x3808 {}

    /// Transmit descriptor head: the chip's index. 13.4.39, R/W while disabled, then RO.
    pub(crate) TDH(u32) @ 0x3810 {
        /// Index of the next descriptor the chip sends.
        15:0 tdh;
    }

    /// Transmit descriptor tail: one past the last descriptor to send. 13.4.40, R/W. Heavy.
    ///
    /// QEMU: sends everything up to the tail before the store retires.
    pub(crate) TDT(u32) @ 0x3818 {
        /// Index.
        15:0 tdt;
    }

    /// Transmit interrupt delay value. 13.4.41, R/W. QEMU: none.
    pub(crate) TIDV(u32) @ 0x3820 {
        /// Delay after the last descriptor with IDE, in units of 1.024 us; must not be 0.
        15:0 delay;
    }

    /// Transmit descriptor control. 13.4.43, R/W. QEMU: storage only.
    pub(crate) TXDCTL(u32) @ 0x3828 {
        /// Prefetch threshold.
        5:0 pthresh;
        /// Host threshold.
        13:8 hthresh;
        /// Write-back threshold.
        21:16 wthresh;
        /// Granularity: thresholds count 0 = cache lines, 1 = descriptors.
        24:24 gran => bool;
        /// Low threshold for `ICR.TXD_LOW`, in units of 8 descriptors.
        31:25 lwthresh;
    }

    /// Transmit absolute interrupt delay value. 13.4.44, R/W (not the 82544).
    pub(crate) TADV(u32) @ 0x382c {
        /// Delay after the first write-back, in units of 1.024 us; 0 = off.
        15:0 delay;
    }
}

impl TCTL {
    /// Returns the value of an enabled transmitter: padding on, 15 tries, and the collision
    /// distance for full duplex (0x40) or half duplex (0x200, for 10 and 100 Mb/s) (14.5).
    pub(crate) fn operational(full_duplex: bool) -> Self {
        let tctl = Self::zeroed()
            .with_en(true)
            .with_psp(true)
            .with_const_ct::<0x0f>()
            .with_rtlc(true);
        if full_duplex {
            tctl.with_const_cold::<0x40>()
        } else {
            tctl.with_const_cold::<0x200>()
        }
    }
}

impl TIPG {
    /// Returns the IEEE 802.3 gap for copper: 10 (8 for the 82544), 8 and 6 (table 13-77).
    pub(crate) fn copper(model: Model) -> Self {
        let tipg = Self::zeroed()
            .with_const_ipgr1::<8>()
            .with_const_ipgr2::<6>();
        match model {
            Model::I82544Gc => tipg.with_const_ipgt::<8>(),
            _ => tipg.with_const_ipgt::<10>(),
        }
    }
}

impl TXDCTL {
    /// Returns the value that has every descriptor with RS written back whole and at once: a
    /// threshold of one, counted in descriptors (13.4.43).
    pub(crate) fn write_back_each() -> Self {
        Self::zeroed().with_gran(true).with_const_wthresh::<1>()
    }
}

impl RXDCTL {
    /// Returns the value that has every receive descriptor written back at once (13.4.46).
    pub(crate) fn write_back_each() -> Self {
        Self::zeroed().with_gran(true).with_const_wthresh::<1>()
    }
}

impl TDT {
    /// Returns the tail with index `index`.
    #[inline(always)]
    pub(crate) fn at(index: u16) -> Self {
        Self::from_raw(u32::from(index))
    }
}

// Filters.

register! {
    /// Multicast table array: 4096 bits, one per hash value. 13.5.1, R/W.
    pub(crate) MTA(u32)[128] @ 0x5200 {}

    /// Receive address, bytes 0-3. 13.5.2, R/W.
    pub(crate) RAL(u32)[16, stride = 8] @ 0x5400 {}

    /// Receive address, bytes 4-5 and whether the entry counts. 13.5.3, R/W.
    ///
    /// Writing it with `av` makes the entry live, so `RAL` comes first; for a change clear `av`
    /// before.
    pub(crate) RAH(u32)[16, stride = 8] @ 0x5404 {
        /// Bytes 4 and 5 of the address, byte 4 lowest.
        15:0 rah;
        /// Compare with: 0 = destination, 1 = source address.
        17:16 asel;
        /// Address valid.
        31:31 av => bool;
    }

    /// VLAN filter table array: 4096 bits, one per VLAN id. 13.5.4, R/W.
    pub(crate) VFTA(u32)[128] @ 0x5600 {}
}

// Wake-up and management.

register! {
    /// Wake up control. 13.6.1, R/W. QEMU: storage at most.
    pub(crate) WUC(u32) @ 0x5800 {
        /// Advance power management enable.
        0:0 apme => bool;
        /// PME enable.
        1:1 pme_en => bool;
        /// PME status (W1C).
        2:2 pme_status => bool;
        /// Assert PME on an APM wake-up.
        3:3 apmpme => bool;
    }

    /// Wake up filter control. 13.6.2, R/W. QEMU: storage only, wakes nothing.
    pub(crate) WUFC(u32) @ 0x5808 {
        /// Link status change.
        0:0 lnkc => bool;
        /// Magic packet.
        1:1 mag => bool;
        /// Directed exact.
        2:2 ex => bool;
        /// Directed multicast.
        3:3 mc => bool;
        /// Broadcast.
        4:4 bc => bool;
        /// ARP request.
        5:5 arp => bool;
        /// Directed IPv4.
        6:6 ipv4 => bool;
        /// Directed IPv6.
        7:7 ipv6 => bool;
    }

    /// Wake up status: which filter woke. 13.6.3, W1C. QEMU: storage at most.
    pub(crate) WUS(u32) @ 0x5810 {}

    /// Management control, R/W (not the 82544). QEMU: RO, 0x222300.
    pub(crate) MANC(u32) @ 0x5820 {
        /// SMBus enabled.
        0:0 smbus_en => bool;
        /// ASF enabled.
        1:1 asf_en => bool;
        /// Answer ARP requests in the chip, keeping them from the host.
        13:13 arp_en => bool;
        /// Receive management traffic.
        17:17 rcv_tco_en => bool;
    }
}

// Statistics.

register! {
    /// The statistics block, 64 counters from `CRCERRS` on. 13.7, RC.
    ///
    /// QEMU: only GPRC, GPTC, TPR, TPT, TOR, TOT and MPC count, and MPC does not clear on reading.
    pub(crate) STAT(u32)[64] @ 0x4000 {}
}

impl From<Bounded<u32, 32>> for Causes {
    #[inline(always)]
    fn from(value: Bounded<u32, 32>) -> Self {
        Self::from_raw(value.get())
    }
}

impl From<Causes> for Bounded<u32, 32> {
    #[inline(always)]
    fn from(causes: Causes) -> Self {
        causes.into_raw().into()
    }
}

impl ops::BitOr for Causes {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self::from_raw(self.into_raw() | other.into_raw())
    }
}
