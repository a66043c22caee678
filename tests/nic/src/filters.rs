// SPDX-License-Identifier: GPL-2.0
//! Which frames the MAC takes (manual 3.2.1, 13.4.22, 13.5).

use crate::regs::{self as r, rctl, Regs};

/// Why a frame was taken, or that it was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Drop,
    /// A receive address matched.
    Exact,
    /// Only the multicast table matched: software has to look (PIF).
    Inexact,
    Broadcast,
    Promiscuous,
}

/// The 12 bits of a multicast address that index the table, for RCTL.MO.
pub fn hash(dst: [u8; 6], mo: u32) -> u32 {
    let shift = [4, 3, 2, 0].get((mo & 3) as usize).copied().unwrap_or(4);
    let [.., a, b] = dst;
    (u32::from(b) << 8 | u32::from(a)) >> shift & 0xfff
}

/// The address filter.
pub fn address(regs: &Regs, dst: [u8; 6]) -> Verdict {
    let rctl = regs.get(r::RCTL);
    for n in 0..16 {
        let (low, high) = (regs.get(r::RA + n * 8), regs.get(r::RA + n * 8 + 4));
        let [a, b, c, d] = low.to_le_bytes();
        let [e, f, ..] = high.to_le_bytes();
        if high >> 31 != 0 && dst == [a, b, c, d, e, f] {
            return Verdict::Exact;
        }
    }
    let [first, ..] = dst;
    if dst == [0xff; 6] {
        return match rctl & (rctl::BAM | rctl::MPE) {
            0 => Verdict::Drop,
            _ => Verdict::Broadcast,
        };
    }
    if first & 1 == 0 {
        return if rctl & rctl::UPE != 0 {
            Verdict::Promiscuous
        } else {
            Verdict::Drop
        };
    }
    if rctl & rctl::MPE != 0 {
        return Verdict::Promiscuous;
    }
    let hash = hash(dst, rctl >> 12);
    match regs.get(r::MTA + (hash >> 5) * 4) >> (hash & 31) & 1 {
        0 => Verdict::Drop,
        _ => Verdict::Inexact,
    }
}

/// The VLAN filter, for a frame that carries this tag.
pub fn vlan(regs: &Regs, tci: u16) -> bool {
    let rctl = regs.get(r::RCTL);
    if rctl & rctl::VFE == 0 {
        return true;
    }
    if rctl & rctl::CFIEN != 0 && (rctl & rctl::CFI != 0) != (tci & 0x1000 != 0) {
        return false;
    }
    let vid = u32::from(tci & 0xfff);
    regs.get(r::VFTA + (vid >> 5) * 4) >> (vid & 31) & 1 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: [u8; 6] = [0x52, 0x54, 0, 0x12, 0x34, 0x56];
    const GROUP: [u8; 6] = [0x01, 0, 0x5e, 0, 0, 0xfb];

    fn regs(entry: u32) -> Regs {
        let mut regs = Regs::default();
        regs.write(r::RA + entry * 8, 0x1200_5452);
        regs.write(r::RA + entry * 8 + 4, 0x8000_5634);
        regs
    }

    #[test]
    fn hash_takes_the_bits_rctl_mo_names() {
        // Bits 47:36, 46:35, 45:34 and 43:32, the first byte on the wire being the lowest.
        let dst = [0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc];
        let got: Vec<_> = (0..4).map(|mo| hash(dst, mo)).collect();
        assert_eq!(got, [0xbc9, 0x793, 0xf26, 0xc9a]);
    }

    #[test]
    fn each_receive_address_matches_only_while_valid() {
        for n in 0..16 {
            let mut regs = regs(n);
            assert_eq!(address(&regs, OWN), Verdict::Exact);
            regs.write(r::RA + n * 8 + 4, 0x5634);
            assert_eq!(address(&regs, OWN), Verdict::Drop);
        }
    }

    #[test]
    fn switches() {
        let mut regs = regs(0);
        let other = [2, 0, 0, 0, 0, 1];
        for (bits, dst, want) in [
            (0, [0xff; 6], Verdict::Drop),
            (rctl::BAM, [0xff; 6], Verdict::Broadcast),
            (0, other, Verdict::Drop),
            (rctl::UPE, other, Verdict::Promiscuous),
            (rctl::UPE, GROUP, Verdict::Drop),
            (rctl::MPE, GROUP, Verdict::Promiscuous),
            (rctl::MPE, other, Verdict::Drop),
        ] {
            regs.write(r::RCTL, bits);
            assert_eq!(address(&regs, dst), want, "{bits:#x} {dst:x?}");
        }
    }

    #[test]
    fn multicast_table_and_vlan_table_hit_single_bits() {
        let mut regs = regs(0);
        let h = hash(GROUP, 0);
        regs.write(r::MTA + (h >> 5) * 4, 1 << (h & 31));
        assert_eq!(address(&regs, GROUP), Verdict::Inexact);
        assert_eq!(
            address(&regs, [1, 0, 0x5e, 0, 1, 0xfb]),
            Verdict::Inexact,
            "same hash"
        );
        assert_eq!(address(&regs, [1, 0, 0x5e, 0, 0x10, 0xfb]), Verdict::Drop);
        assert!(vlan(&regs, 5));
        regs.write(r::RCTL, rctl::VFE);
        regs.write(r::VFTA + 4, 1 << 3);
        assert_eq!(
            [34, 35, 36, 0xe023].map(|tci| vlan(&regs, tci)),
            [false, true, false, true]
        );
        regs.write(r::RCTL, rctl::VFE | rctl::CFIEN);
        assert!(!vlan(&regs, 0x1023));
    }
}
