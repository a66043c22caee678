// SPDX-License-Identifier: GPL-2.0

//! Registers of wake-up and management (manual section 13.6).

use kernel::io::register;

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
