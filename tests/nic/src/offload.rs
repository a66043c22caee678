// SPDX-License-Identifier: GPL-2.0
//! Checksums and TCP segmentation on plain bytes (manual 3.5 and 3.6, 3.2.9).

/// A stored context descriptor (manual 3.3.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    pub ipcss: u8,
    pub ipcso: u8,
    pub ipcse: u16,
    pub tucss: u8,
    pub tucso: u8,
    pub tucse: u16,
    pub paylen: u32,
    pub hdrlen: u8,
    pub mss: u16,
    /// TUCMD.TCP: TCP if set, UDP otherwise.
    pub tcp: bool,
    /// TUCMD.IP: IPv4 if set, IPv6 otherwise.
    pub ipv4: bool,
}

impl Context {
    /// Decodes the two halves of the descriptor.
    pub fn decode(lo: u64, hi: u64) -> Self {
        Self {
            ipcss: lo as u8,
            ipcso: (lo >> 8) as u8,
            ipcse: (lo >> 16) as u16,
            tucss: (lo >> 32) as u8,
            tucso: (lo >> 40) as u8,
            tucse: (lo >> 48) as u16,
            paylen: (hi & 0xf_ffff) as u32,
            tcp: hi >> 24 & 1 != 0,
            ipv4: hi >> 25 & 1 != 0,
            hdrlen: (hi >> 40) as u8,
            mss: (hi >> 48) as u16,
        }
    }
}

/// The one's complement sum of `data`, folded to 16 bits and not inverted.
pub fn sum(data: &[u8], start: u32) -> u16 {
    let mut acc = u64::from(start);
    let mut pairs = data.chunks_exact(2);
    for pair in &mut pairs {
        if let [a, b] = pair {
            acc += u64::from(u16::from_be_bytes([*a, *b]));
        }
    }
    if let [last] = pairs.remainder() {
        acc += u64::from(*last) << 8;
    }
    while acc > 0xffff {
        acc = (acc & 0xffff) + (acc >> 16);
    }
    acc as u16
}

pub fn get16(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*data.get(at)?, *data.get(at + 1)?]))
}

fn put16(data: &mut [u8], at: usize, value: u16) {
    if let Some(place) = data.get_mut(at..at + 2) {
        place.copy_from_slice(&value.to_be_bytes());
    }
}

/// Sums `css..=cse` (to the end if `cse` is 0) and stores the inverse at `cso`.
/// What stands at `cso` takes part: the driver leaves the pseudo header's sum there.
pub fn insert_checksum(frame: &mut [u8], css: u8, cso: u8, cse: u16) {
    let end = match usize::from(cse) {
        0 => frame.len(),
        cse => frame.len().min(cse + 1),
    };
    let Some(covered) = frame.get(usize::from(css)..end) else {
        return;
    };
    let value = match !sum(covered, 0) {
        0 => 0xffff,
        value => value,
    };
    put16(frame, usize::from(cso), value);
}

/// Cuts one TSE packet into the frames that go to the wire.
///
/// `None` if the context cannot be right: no MSS, or fewer bytes than its header.
pub fn segment(data: &[u8], ctx: &Context, ip_sum: bool, l4_sum: bool) -> Option<Vec<Vec<u8>>> {
    let (header, payload) = data.split_at_checked(usize::from(ctx.hdrlen))?;
    if ctx.mss == 0 || ctx.hdrlen == 0 {
        return None;
    }
    let mss = usize::from(ctx.mss);
    let count = payload.len().div_ceil(mss).max(1);
    let (ip, l4) = (usize::from(ctx.ipcss), usize::from(ctx.tucss));
    let mut frames = Vec::with_capacity(count);
    for n in 0..count {
        let from = n * mss;
        let to = payload.len().min(from + mss);
        let mut frame = Vec::with_capacity(header.len() + to - from + 4);
        frame.extend_from_slice(header);
        frame.extend_from_slice(payload.get(from..to)?);
        let (ip_len, l4_len) = (
            frame.len().saturating_sub(ip),
            frame.len().saturating_sub(l4),
        );
        if ctx.ipv4 {
            put16(&mut frame, ip + 2, ip_len as u16);
            let id = get16(&frame, ip + 4)?;
            put16(&mut frame, ip + 4, id.wrapping_add(n as u16));
        } else {
            put16(&mut frame, ip + 4, ip_len.saturating_sub(40) as u16);
        }
        if ctx.tcp {
            let seq = u32::from(get16(&frame, l4 + 4)?) << 16 | u32::from(get16(&frame, l4 + 6)?);
            let seq = seq.wrapping_add(from as u32);
            put16(&mut frame, l4 + 4, (seq >> 16) as u16);
            put16(&mut frame, l4 + 6, seq as u16);
            if n + 1 < count {
                *frame.get_mut(l4 + 13)? &= !0x09; // FIN and PSH belong to the last one
            }
        } else {
            put16(&mut frame, l4 + 4, l4_len as u16);
        }
        if ip_sum {
            insert_checksum(&mut frame, ctx.ipcss, ctx.ipcso, ctx.ipcse);
        }
        if l4_sum {
            // The pseudo header's sum came without a length, which differs by segment.
            let cso = usize::from(ctx.tucso);
            let pseudo = u32::from(get16(&frame, cso)?) + l4_len as u32;
            put16(&mut frame, cso, sum(&[], pseudo));
            insert_checksum(&mut frame, ctx.tucss, ctx.tucso, ctx.tucse);
        }
        frames.push(frame);
    }
    Some(frames)
}

/// What a receiver found out: `None` where it did not look.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
pub struct Checked {
    pub ip: Option<bool>,
    pub l4: Option<bool>,
}

/// Verifies a received frame (no FCS) as RXCSUM asks (manual 3.2.9, 13.4.36).
pub fn verify(frame: &[u8], ipofl: bool, tuofl: bool, ipv6ofl: bool) -> Checked {
    check(frame, ipofl, tuofl, ipv6ofl).unwrap_or_default()
}

fn check(frame: &[u8], ipofl: bool, tuofl: bool, ipv6ofl: bool) -> Option<Checked> {
    let mut out = Checked::default();
    let mut at = 12;
    if get16(frame, at)? == 0x8100 {
        at += 4;
    }
    let kind = get16(frame, at)?;
    let ip = at + 2;
    let first = *frame.get(ip)?;
    let (proto, l4, end, addrs) = if kind == 0x0800 && first >> 4 == 4 {
        let header = usize::from(first & 15) * 4;
        let total = usize::from(get16(frame, ip + 2)?);
        let bytes = frame.get(ip..ip + header)?;
        if ipofl {
            out.ip = Some(sum(bytes, 0) == 0xffff);
        }
        if header < 20 || total < header || get16(frame, ip + 6)? & 0x3fff != 0 {
            return Some(out);
        }
        (
            *frame.get(ip + 9)?,
            ip + header,
            ip + total,
            bytes.get(12..20)?,
        )
    } else if kind == 0x86dd && first >> 4 == 6 && ipv6ofl {
        let length = usize::from(get16(frame, ip + 4)?);
        (
            *frame.get(ip + 6)?,
            ip + 40,
            ip + 40 + length,
            frame.get(ip + 8..ip + 40)?,
        )
    } else {
        return Some(out);
    };
    let Some(segment) = frame.get(l4..end).filter(|_| tuofl) else {
        return Some(out);
    };
    let silent_udp = proto == 17 && get16(segment, 6)? == 0;
    if (proto == 6 && segment.len() >= 20 || proto == 17 && segment.len() >= 8) && !silent_udp {
        let pseudo = u32::from(sum(addrs, u32::from(proto) + segment.len() as u32));
        out.l4 = Some(sum(segment, pseudo) == 0xffff);
    }
    Some(out)
}

/// The Ethernet FCS of a frame, as its four bytes follow it on the wire.
pub fn fcs(data: &[u8]) -> [u8; 4] {
    static TABLE: [u32; 256] = crc_table();
    let crc = data.iter().fold(!0u32, |crc, byte| {
        let at = (crc as u8 ^ byte) as usize;
        crc >> 8 ^ TABLE.get(at).copied().unwrap_or(0)
    });
    (!crc).to_le_bytes()
}

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let mut c = n as u32;
        let mut bit = 0;
        while bit < 8 {
            c = if c & 1 != 0 {
                c >> 1 ^ 0xedb8_8320
            } else {
                c >> 1
            };
            bit += 1;
        }
        table[n] = c;
        n += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An IPv4 or IPv6 TCP packet whose sums are left for the hardware.
    fn packet(v6: bool, payload: usize) -> (Vec<u8>, Context) {
        let mut f = vec![0x52, 0x54, 0, 0x12, 0x34, 0x56, 2, 0, 0, 0, 0, 1];
        let (ip, l4) = if v6 { (14, 54) } else { (14, 34) };
        if v6 {
            f.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 6, 64]);
            f.extend_from_slice(&[0xfd; 16]);
            f.extend_from_slice(&[0xfe; 16]);
        } else {
            f.extend_from_slice(&[8, 0, 0x45, 0, 0, 0, 0x12, 0x34, 0x40, 0, 64, 6, 0, 0]);
            f.extend_from_slice(&[10, 0, 2, 15, 10, 0, 2, 2]);
        }
        f.extend_from_slice(&[
            0x10, 0, 0x14, 0x51, 0xff, 0xff, 0xff, 0, 0, 0, 0, 9, 0x50, 0x19, 1, 0, 0, 0, 0, 0,
        ]);
        let addrs = if v6 {
            f[22..54].to_vec()
        } else {
            f[26..34].to_vec()
        };
        let pseudo = sum(&addrs, 6);
        put16(&mut f, l4 + 16, pseudo);
        f.extend((0..payload).map(|n| n as u8));
        let ctx = Context {
            ipcss: ip as u8,
            ipcso: ip as u8 + 10,
            ipcse: l4 as u16 - 1,
            tucss: l4 as u8,
            tucso: l4 as u8 + 16,
            hdrlen: l4 as u8 + 20,
            mss: 100,
            paylen: payload as u32,
            tcp: true,
            ipv4: !v6,
            ..Context::default()
        };
        (f, ctx)
    }

    #[test]
    fn segments_have_right_sums_lengths_and_flags() {
        for v6 in [false, true] {
            for (payload, count) in [
                (0, 1),
                (1, 1),
                (99, 1),
                (100, 1),
                (101, 2),
                (200, 2),
                (1001, 11),
            ] {
                let (data, ctx) = packet(v6, payload);
                let frames = segment(&data, &ctx, !v6, true).unwrap();
                assert_eq!(frames.len(), count, "{payload}");
                let mut back = Vec::new();
                for (n, f) in frames.iter().enumerate() {
                    let want = Checked {
                        ip: (!v6).then_some(true),
                        l4: Some(true),
                    };
                    assert_eq!(verify(f, true, true, true), want, "v6 {v6} {payload} {n}");
                    assert_eq!(
                        f[usize::from(ctx.tucss) + 13],
                        if n + 1 == count { 0x19 } else { 0x10 }
                    );
                    back.extend_from_slice(&f[usize::from(ctx.hdrlen)..]);
                }
                assert_eq!(back, data[usize::from(ctx.hdrlen)..]);
            }
        }
    }

    #[test]
    fn impossible_contexts_are_refused() {
        let (data, ctx) = packet(false, 10);
        assert!(segment(&data, &Context { mss: 0, ..ctx }, true, true).is_none());
        assert!(segment(&data[..20], &ctx, true, true).is_none());
        assert!(segment(&data, &Context { hdrlen: 0, ..ctx }, true, true).is_none());
        for byte in 0..=255 {
            let wild = Context {
                ipcss: byte,
                tucss: byte,
                tucso: byte,
                ipcso: byte,
                hdrlen: byte,
                ..ctx
            };
            let _ = segment(&data, &wild, true, true);
        }
    }

    #[test]
    fn a_wrong_byte_is_seen() {
        let (data, ctx) = packet(false, 50);
        let mut f = segment(&data, &ctx, true, true).unwrap().remove(0);
        f[60] ^= 1;
        assert_eq!(
            verify(&f, true, true, false),
            Checked {
                ip: Some(true),
                l4: Some(false)
            }
        );
        f[22] ^= 1;
        assert_eq!(
            verify(&f, true, false, false),
            Checked {
                ip: Some(false),
                l4: None
            }
        );
        for n in 0..f.len() {
            let _ = verify(&f[..n], true, true, true);
        }
    }

    #[test]
    fn checksum_never_becomes_zero_and_fcs_is_crc32() {
        let mut f = [0xff, 0xff, 0, 0];
        insert_checksum(&mut f, 0, 2, 0);
        assert_eq!(f, [0xff, 0xff, 0xff, 0xff]);
        assert_eq!(u32::from_le_bytes(fcs(b"123456789")), 0xcbf4_3926);
        insert_checksum(&mut [0; 4], 200, 250, 0);
    }

    #[test]
    fn context_fields_lie_where_the_manual_says() {
        let c = Context::decode(0x0506_0403_0102_0e0f, 0x05b4_3600_0700_1234);
        assert_eq!((c.ipcss, c.ipcso, c.ipcse), (0x0f, 0x0e, 0x0102));
        assert_eq!((c.tucss, c.tucso, c.tucse), (0x03, 0x04, 0x0506));
        assert_eq!(
            (c.paylen, c.hdrlen, c.mss, c.tcp, c.ipv4),
            (0x1234, 0x36, 0x5b4, true, true)
        );
    }
}
