// SPDX-License-Identifier: GPL-2.0

//! General registers (manual section 13.4), and those of flow control.

use kernel::{
    io::register,
    num::Bounded,
    prelude::*, //
};

use crate::hw::phy::{
    Duplex,
    Link,
    Speed, //
};

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
        self.kept()
            .with_asde(false)
            .with_frcspd(false)
            .with_frcdplx(false)
            .with_rfce(false)
            .with_tfce(false)
            .with_vme(false)
    }

    /// Returns the value as it may be written back in part: link allowed up, and without the bits
    /// that reset chip or PHY, whatever a device that lies said of these.
    pub(crate) fn kept(self) -> Self {
        self.with_slu(true)
            .with_ilos(false)
            .with_lrst(false)
            .with_rst(false)
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
    pub(crate) fn link(self) -> Link {
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
