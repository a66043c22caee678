// SPDX-License-Identifier: GPL-2.0
//! The register file: names, places, writable bits and values after reset
//! (manual chapter 13, table 13-3).

macro_rules! registers {
    ($($name:ident = $offset:literal, $mask:literal, $reset:literal;)*) => {
        // The table is the chip's; the program names only those with effects.
        $(#[allow(dead_code)] pub const $name: u32 = $offset;)*
        /// Name, offset, writable bits, value after reset.
        pub const TABLE: &[(&str, u32, u32, u32)] = &[$((stringify!($name), $offset, $mask, $reset),)*];
    };
}

registers! {
    CTRL = 0x0000, 0xffff_ffff, 0x0000_0201;
    STATUS = 0x0008, 0, 0;
    EECD = 0x0010, 0x0000_0077, 0x0000_0010;
    EERD = 0x0014, 0, 0;
    CTRL_EXT = 0x0018, 0xffff_ffff, 0;
    FLA = 0x001c, 0x0000_007f, 0;
    MDIC = 0x0020, 0, 0x1000_0000;
    FCAL = 0x0028, 0xffff_ffff, 0;
    FCAH = 0x002c, 0x0000_ffff, 0;
    FCT = 0x0030, 0x0000_ffff, 0;
    VET = 0x0038, 0x0000_ffff, 0x0000_8100;
    ICR = 0x00c0, 0, 0;
    ITR = 0x00c4, 0x0000_ffff, 0;
    ICS = 0x00c8, 0, 0;
    IMS = 0x00d0, 0, 0;
    IMC = 0x00d8, 0, 0;
    RCTL = 0x0100, 0x06ff_fffe, 0;
    FCTTV = 0x0170, 0x0000_ffff, 0;
    TXCW = 0x0178, 0xc000_ffff, 0;
    RXCW = 0x0180, 0, 0;
    TCTL = 0x0400, 0x03ff_fffa, 0;
    TIPG = 0x0410, 0x3fff_ffff, 0;
    AIT = 0x0458, 0x0000_ffff, 0;
    LEDCTL = 0x0e00, 0xffff_ffff, 0x0706_8302;
    PBA = 0x1000, 0x0000_007f, 0x0010_0030;
    FCRTL = 0x2160, 0x8000_fff8, 0;
    FCRTH = 0x2168, 0x0000_fff8, 0;
    RDFH = 0x2410, 0x0000_1fff, 0;
    RDFT = 0x2418, 0x0000_1fff, 0;
    RDFHS = 0x2420, 0x0000_1fff, 0;
    RDFTS = 0x2428, 0x0000_1fff, 0;
    RDFPC = 0x2430, 0x0000_1fff, 0;
    RDBAL = 0x2800, 0xffff_fff0, 0;
    RDBAH = 0x2804, 0xffff_ffff, 0;
    RDLEN = 0x2808, 0x000f_ff80, 0;
    RDH = 0x2810, 0x0000_ffff, 0;
    RDT = 0x2818, 0x0000_ffff, 0;
    RDTR = 0x2820, 0x0000_ffff, 0;
    RXDCTL = 0x2828, 0x013f_3f3f, 0x0001_0000;
    RADV = 0x282c, 0x0000_ffff, 0;
    RSRPD = 0x2c00, 0x0000_0fff, 0;
    TXDMAC = 0x3000, 0x0000_0001, 0;
    TDFH = 0x3410, 0x0000_07ff, 0;
    TDFT = 0x3418, 0x0000_07ff, 0;
    TDFHS = 0x3420, 0x0000_1fff, 0;
    TDFTS = 0x3428, 0x0000_1fff, 0;
    TDFPC = 0x3430, 0x0000_1fff, 0;
    TDBAL = 0x3800, 0xffff_fff0, 0;
    TDBAH = 0x3804, 0xffff_ffff, 0;
    TDLEN = 0x3808, 0x000f_ff80, 0;
    TDH = 0x3810, 0x0000_ffff, 0;
    TDT = 0x3818, 0x0000_ffff, 0;
    TIDV = 0x3820, 0x0000_ffff, 0;
    TXDCTL = 0x3828, 0xff3f_3f3f, 0;
    TADV = 0x382c, 0x0000_ffff, 0;
    TSPMT = 0x3830, 0xffff_ffff, 0x0100_0400;
    CRCERRS = 0x4000, 0, 0;
    ALGNERRC = 0x4004, 0, 0;
    SYMERRS = 0x4008, 0, 0;
    RXERRC = 0x400c, 0, 0;
    MPC = 0x4010, 0, 0;
    SCC = 0x4014, 0, 0;
    ECOL = 0x4018, 0, 0;
    MCC = 0x401c, 0, 0;
    LATECOL = 0x4020, 0, 0;
    COLC = 0x4028, 0, 0;
    DC = 0x4030, 0, 0;
    TNCRS = 0x4034, 0, 0;
    SEC = 0x4038, 0, 0;
    CEXTERR = 0x403c, 0, 0;
    RLEC = 0x4040, 0, 0;
    XONRXC = 0x4048, 0, 0;
    XONTXC = 0x404c, 0, 0;
    XOFFRXC = 0x4050, 0, 0;
    XOFFTXC = 0x4054, 0, 0;
    FCRUC = 0x4058, 0, 0;
    PRC64 = 0x405c, 0, 0;
    PRC127 = 0x4060, 0, 0;
    PRC255 = 0x4064, 0, 0;
    PRC511 = 0x4068, 0, 0;
    PRC1023 = 0x406c, 0, 0;
    PRC1522 = 0x4070, 0, 0;
    GPRC = 0x4074, 0, 0;
    BPRC = 0x4078, 0, 0;
    MPRC = 0x407c, 0, 0;
    GPTC = 0x4080, 0, 0;
    GORCL = 0x4088, 0, 0;
    GORCH = 0x408c, 0, 0;
    GOTCL = 0x4090, 0, 0;
    GOTCH = 0x4094, 0, 0;
    RNBC = 0x40a0, 0, 0;
    RUC = 0x40a4, 0, 0;
    RFC = 0x40a8, 0, 0;
    ROC = 0x40ac, 0, 0;
    RJC = 0x40b0, 0, 0;
    MGTPRC = 0x40b4, 0, 0;
    MGTPDC = 0x40b8, 0, 0;
    MGTPTC = 0x40bc, 0, 0;
    TORL = 0x40c0, 0, 0;
    TORH = 0x40c4, 0, 0;
    TOTL = 0x40c8, 0, 0;
    TOTH = 0x40cc, 0, 0;
    TPR = 0x40d0, 0, 0;
    TPT = 0x40d4, 0, 0;
    PTC64 = 0x40d8, 0, 0;
    PTC127 = 0x40dc, 0, 0;
    PTC255 = 0x40e0, 0, 0;
    PTC511 = 0x40e4, 0, 0;
    PTC1023 = 0x40e8, 0, 0;
    PTC1522 = 0x40ec, 0, 0;
    MPTC = 0x40f0, 0, 0;
    BPTC = 0x40f4, 0, 0;
    TSCTC = 0x40f8, 0, 0;
    TSCTFC = 0x40fc, 0, 0;
    RXCSUM = 0x5000, 0x0000_07ff, 0;
    WUC = 0x5800, 0x0000_000f, 0;
    WUFC = 0x5808, 0x000f_00ff, 0;
    WUS = 0x5810, 0, 0;
    MANC = 0x5820, 0xffff_ffff, 0;
    IPAV = 0x5838, 0x0001_000f, 0;
    WUPL = 0x5900, 0, 0;
}

/// Arrays: name, first offset, entries, distance, writable bits of even and of odd entries.
const ARRAYS: &[(&str, u32, u32, u32, u32)] = &[
    ("MTA", MTA, 128, 4, 0xffff_ffff),
    ("RAL", RA, 16, 8, 0xffff_ffff),
    ("RAH", RA + 4, 16, 8, 0x8003_ffff),
    ("VFTA", VFTA, 128, 4, 0xffff_ffff),
    ("IP4AT", 0x5840, 8, 4, 0xffff_ffff),
    ("IP6AT", 0x5880, 4, 4, 0xffff_ffff),
    ("WUPM", 0x5a00, 32, 4, 0xffff_ffff),
    ("FFLT", 0x5f00, 8, 4, 0x0000_07ff),
    ("FFMT", 0x9000, 256, 4, 0x0000_000f),
    ("FFVT", 0x9800, 256, 4, 0xffff_ffff),
    ("PBM", 0x10000, 0x4000, 4, 0xffff_ffff),
];

pub const MTA: u32 = 0x5200;
pub const RA: u32 = 0x5400;
pub const VFTA: u32 = 0x5600;
/// The second address of CTRL (manual 13.4.1).
pub const CTRL_DUP: u32 = 0x0004;
/// BAR 0 in bytes.
pub const SIZE: u32 = 0x20000;

/// CTRL bits.
pub mod ctrl {
    pub const SLU: u32 = 1 << 6;
    pub const FRCSPD: u32 = 1 << 11;
    pub const FRCDPX: u32 = 1 << 12;
    pub const RST: u32 = 1 << 26;
    pub const RFCE: u32 = 1 << 27;
    pub const VME: u32 = 1 << 30;
    pub const PHY_RST: u32 = 1 << 31;
}

/// RCTL bits.
pub mod rctl {
    pub const EN: u32 = 1 << 1;
    pub const SBP: u32 = 1 << 2;
    pub const UPE: u32 = 1 << 3;
    pub const MPE: u32 = 1 << 4;
    pub const LPE: u32 = 1 << 5;
    pub const BAM: u32 = 1 << 15;
    pub const VFE: u32 = 1 << 18;
    pub const CFIEN: u32 = 1 << 19;
    pub const CFI: u32 = 1 << 20;
    pub const DPF: u32 = 1 << 22;
    pub const PMCF: u32 = 1 << 23;
    pub const SECRC: u32 = 1 << 26;

    /// Bytes in a receive buffer (BSIZE and BSEX).
    pub fn buffer(rctl: u32) -> usize {
        match (rctl >> 16 & 3, rctl >> 25 & 1) {
            (n, 0) => 2048 >> n,
            (0, _) => 2048, // reserved
            (n, _) => 32768 >> n,
        }
    }
}

/// TCTL bits.
pub mod tctl {
    pub const EN: u32 = 1 << 1;
    pub const PSP: u32 = 1 << 3;
}

/// Every register by offset: storage, and what may be written.
pub struct Regs {
    value: Vec<u32>,
    mask: Vec<u32>,
    reset: Vec<u32>,
    known: Vec<bool>,
}

impl Default for Regs {
    fn default() -> Self {
        let n = (SIZE / 4) as usize;
        let mut regs = Self {
            value: vec![0; n],
            mask: vec![0; n],
            reset: vec![0; n],
            known: vec![false; n],
        };
        for (_, offset, mask, reset) in TABLE {
            regs.define(*offset, *mask, *reset);
        }
        for (_, base, count, stride, mask) in ARRAYS {
            for k in 0..*count {
                regs.define(base + k * stride, *mask, 0);
            }
        }
        regs.value.clone_from(&regs.reset);
        regs
    }
}

impl Regs {
    fn define(&mut self, offset: u32, mask: u32, reset: u32) {
        let at = (offset / 4) as usize;
        for (list, value) in [(&mut self.mask, mask), (&mut self.reset, reset)] {
            if let Some(place) = list.get_mut(at) {
                *place = value;
            }
        }
        if let Some(place) = self.known.get_mut(at) {
            *place = true;
        }
    }

    pub fn get(&self, offset: u32) -> u32 {
        self.value.get((offset / 4) as usize).copied().unwrap_or(0)
    }

    /// Stores a value as the chip itself does, past the write mask.
    pub fn set(&mut self, offset: u32, value: u32) {
        if let Some(place) = self.value.get_mut((offset / 4) as usize) {
            *place = value;
        }
    }

    /// Stores what software writes: writable bits only.
    pub fn write(&mut self, offset: u32, value: u32) {
        let mask = self.mask.get((offset / 4) as usize).copied().unwrap_or(0);
        self.set(offset, self.get(offset) & !mask | value & mask);
    }

    pub fn is_known(&self, offset: u32) -> bool {
        self.known
            .get((offset / 4) as usize)
            .copied()
            .unwrap_or(false)
    }

    /// A software or power-on reset (manual 14.7); the packet buffer memory keeps its content.
    pub fn reset(&mut self) {
        let keep = (0x10000 / 4) as usize;
        for (value, reset) in self.value.iter_mut().zip(&self.reset).take(keep) {
            *value = *reset;
        }
    }

    /// A statistics register: counts up and stays at all ones.
    pub fn count(&mut self, offset: u32, n: u32) {
        self.set(offset, self.get(offset).saturating_add(n));
    }

    /// A pair of octet counters.
    pub fn count64(&mut self, low: u32, n: u64) {
        let old = u64::from(self.get(low)) | u64::from(self.get(low + 4)) << 32;
        let new = old.saturating_add(n);
        self.set(low, new as u32);
        self.set(low + 4, (new >> 32) as u32);
    }

    /// Reads a statistics register, which clears it; octet pairs clear with their high half.
    pub fn take_stat(&mut self, offset: u32) -> u32 {
        let value = self.get(offset);
        match offset {
            GORCL | GOTCL | TORL | TOTL => {}
            GORCH | GOTCH | TORH | TOTH => {
                self.set(offset, 0);
                self.set(offset - 4, 0);
            }
            _ => self.set(offset, 0),
        }
        value
    }
}

/// A register's offset from its name (`RCTL`, `RAL0`, `MTA127`, `0x2810`).
pub fn offset_of(name: &str) -> Option<u32> {
    if let Some(hex) = name.strip_prefix("0x") {
        return u32::from_str_radix(hex, 16)
            .ok()
            .filter(|o| *o < SIZE && o % 4 == 0);
    }
    let upper = name.to_ascii_uppercase();
    if let Some(entry) = TABLE.iter().find(|t| t.0 == upper) {
        return Some(entry.1);
    }
    ARRAYS.iter().find_map(|(array, base, count, stride, _)| {
        let index: u32 = upper.strip_prefix(array)?.parse().ok()?;
        (index < *count).then(|| base + index * stride)
    })
}

/// The name of a register, for people.
pub fn name_of(offset: u32) -> String {
    if let Some(entry) = TABLE.iter().find(|t| t.1 == offset) {
        return entry.0.to_string();
    }
    for (array, base, count, stride, _) in ARRAYS {
        let Some(skip) = offset.checked_sub(*base) else {
            continue;
        };
        if skip % stride == 0 && skip / stride < *count {
            return format!("{array}{}", skip / stride);
        }
    }
    format!("{offset:#07x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_offsets_agree() {
        for (name, offset, ..) in TABLE {
            assert_eq!(offset_of(name), Some(*offset));
            assert_eq!(name_of(*offset), *name);
        }
        assert_eq!(offset_of("ral15"), Some(0x5478));
        assert_eq!(offset_of("RAH15"), Some(0x547c));
        assert_eq!(offset_of("RAL16"), None);
        assert_eq!(offset_of("MTA127"), Some(0x53fc));
        assert_eq!(offset_of("0x20000"), None);
        assert_eq!(name_of(0x5404), "RAH0");
    }

    #[test]
    fn only_writable_bits_change() {
        let mut r = Regs::default();
        for (offset, want) in [
            (RDLEN, 0x000f_ff80),
            (RDBAL, 0xffff_fff0),
            (STATUS, 0),
            (PBA, 0x0010_007f),
            (0x5404, 0x8003_ffff),
            (0x0c, 0),
        ] {
            r.write(offset, !0);
            assert_eq!(r.get(offset), want, "{offset:#x}");
        }
        r.reset();
        assert_eq!(r.get(PBA), 0x0010_0030);
        r.write(u32::MAX, 1);
    }

    #[test]
    fn statistics_clear_on_read_and_saturate() {
        let mut r = Regs::default();
        r.set(MPC, u32::MAX - 1);
        r.count(MPC, 5);
        assert_eq!((r.take_stat(MPC), r.take_stat(MPC)), (u32::MAX, 0));
        r.count64(GORCL, 0x1_0000_0002);
        assert_eq!((r.take_stat(GORCL), r.take_stat(GORCL)), (2, 2));
        assert_eq!((r.take_stat(GORCH), r.get(GORCL)), (1, 0));
    }

    #[test]
    fn buffer_sizes() {
        let sizes: Vec<_> = (0..4).map(|n| rctl::buffer(n << 16)).collect();
        assert_eq!(sizes, [2048, 1024, 512, 256]);
        let sizes: Vec<_> = (1..4).map(|n| rctl::buffer(n << 16 | 1 << 25)).collect();
        assert_eq!(sizes, [16384, 8192, 4096]);
    }
}
