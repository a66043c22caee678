// SPDX-License-Identifier: GPL-2.0

//! What a packet asks of the device besides being sent: checksums, segmentation, a VLAN tag.

use crate::{
    hw::desc::{
        ContextFields,
        TxFlags, //
    },
    netdev::{
        Features,
        Gso,
        GsoKind,
        SkBuff, //
    },
};
use kernel::prelude::*;

/// Offset of the checksum in an IPv4 header (RFC 791).
const IPV4_CHECKSUM: usize = 10;
/// Offset of the checksum in a TCP header (RFC 9293).
const TCP_CHECKSUM: usize = 16;
/// Offset of the data offset in a TCP header.
const TCP_DATA_OFFSET: usize = 12;
/// Offset of the checksum in a UDP header (RFC 768).
const UDP_CHECKSUM: usize = 6;
/// Length of a UDP header.
const UDP_HEADER: usize = 8;

/// Length of the shortest frame without FCS (IEEE 802.3, 3.2.7), in bytes.
pub(crate) const MIN_FRAME: usize = 60;

/// The most bytes of a packet to be segmented: what the stack can build at most, and below the
/// 20 bits of a context's payload length.
pub(crate) const MAX_TSO_SIZE: u32 = 8 * 65535;

/// What the descriptors of a packet say besides its bytes.
#[derive(Default)]
pub(crate) struct Plan {
    /// For each data descriptor.
    pub(crate) flags: TxFlags,
    /// The context that the device must have.
    pub(crate) context: Option<ContextFields>,
    /// Bytes of headers that the device repeats, and how often, beyond the first.
    pub(crate) repeated: (usize, usize),
}

/// Works out what to tell the device for `skb`, and prepares its headers.
///
/// Fails with `EINVAL` for what [`check`] would have refused, and with `ENOMEM`.
#[inline]
pub(crate) fn plan(skb: &mut SkBuff) -> Result<Plan> {
    let vlan = skb.vlan_tag();

    if let Some(gso) = skb.gso() {
        let mut plan = segmentation(skb, gso)?;

        plan.flags.vlan = vlan;
        return Ok(plan);
    }
    let Some(csum) = skb.checksum() else {
        return Ok(Plan {
            flags: TxFlags {
                vlan,
                ..TxFlags::default()
            },
            ..Plan::default()
        });
    };

    Ok(Plan {
        flags: TxFlags {
            txsm: true,
            vlan,
            ..TxFlags::default()
        },
        context: Some(ContextFields {
            tucss: u8::try_from(csum.start)?,
            tucso: u8::try_from(csum.start.saturating_add(csum.offset))?,
            ..ContextFields::default()
        }),
        ..Plan::default()
    })
}

/// Where the headers of a packet to be segmented are.
struct Headers {
    l3: usize,
    l4: usize,
    /// Length of all headers.
    len: usize,
}

/// Finds the headers of an IPv4 packet to be segmented, all within what the device can address
/// and in the linear part.
fn headers(skb: &SkBuff, kind: GsoKind) -> Option<Headers> {
    let l3 = skb.network_offset()?;
    let l4 = skb.transport_offset()?;
    let head = skb.head();
    // IPv4 by its version, as UDP segmentation does not say.
    let version = head.get(l3)? >> 4;
    let l4_len = match kind {
        GsoKind::TcpV4 => usize::from(head.get(l4.checked_add(TCP_DATA_OFFSET)?)? >> 4) * 4,
        GsoKind::UdpL4 => UDP_HEADER,
        _ => return None,
    };
    let len = l4.checked_add(l4_len)?;

    // 255 is what `HDRLEN` and the offsets can say, the checksum's in the TCP header included.
    (version == 4 && l3 < l4 && l4_len >= UDP_HEADER && len <= 255 && len <= head.len())
        .then_some(Headers { l3, l4, len })
}

/// Works out the segmentation of `skb`.
fn segmentation(skb: &mut SkBuff, gso: Gso) -> Result<Plan> {
    let Headers { l3, l4, len } = headers(skb, gso.kind).ok_or(EINVAL)?;
    let payload = skb.len().checked_sub(len).ok_or(EINVAL)?;
    let tcp = gso.kind == GsoKind::TcpV4;
    let checksum = if tcp {
        skb.prepare_tso4()?;
        TCP_CHECKSUM
    } else {
        skb.prepare_uso4()?;
        UDP_CHECKSUM
    };
    let segments = payload.div_ceil(gso.size.max(1));

    Ok(Plan {
        flags: TxFlags {
            tse: true,
            ixsm: true,
            txsm: true,
            ..TxFlags::default()
        },
        context: Some(ContextFields {
            ipcss: u8::try_from(l3)?,
            ipcso: u8::try_from(l3.saturating_add(IPV4_CHECKSUM))?,
            ipcse: u16::try_from(l4.saturating_sub(1))?,
            tucss: u8::try_from(l4)?,
            tucso: u8::try_from(l4.saturating_add(checksum))?,
            tucse: 0,
            paylen: u32::try_from(payload)?,
            hdrlen: u8::try_from(len)?,
            mss: u16::try_from(gso.size)?,
            tcp,
            ipv4: true,
            tse: true,
        }),
        repeated: (len, segments.saturating_sub(1)),
    })
}

/// Takes from `features` what the device can't do for this packet; `max_descriptors` is what the
/// ring has for one.
///
/// QEMU sends an empty extra segment if the payload is an exact multiple of the segment size. For
/// TCP that is one more acknowledgement; for UDP it would be a datagram that nobody sent.
pub(crate) fn check(
    skb: &SkBuff,
    features: Features,
    max_segment: usize,
    max_descriptors: usize,
) -> Features {
    if let Some(gso) = skb.gso() {
        let Some(headers) = headers(skb, gso.kind) else {
            return without_segmentation(skb, features);
        };
        let payload = skb.len().saturating_sub(headers.len);
        let descriptors = (skb.len() / max_segment)
            .saturating_add(skb.nr_frags())
            .saturating_add(2);
        let last = payload.checked_rem(gso.size).unwrap_or(0);
        // The stack pads a short last datagram, the device does not.
        let bad_datagrams = gso.kind == GsoKind::UdpL4
            && (last == 0 || headers.len.saturating_add(last) < MIN_FRAME);

        if bad_datagrams || descriptors > max_descriptors || skb.len() > MAX_TSO_SIZE as usize {
            return without_segmentation(skb, features);
        }
        return features;
    }
    without_distant_checksum(skb, features)
}

/// The stack segments in software; the segments have the same offsets.
fn without_segmentation(skb: &SkBuff, features: Features) -> Features {
    without_distant_checksum(skb, features) & !Features::GSO_MASK
}

/// The checksum's place must be within the first 256 bytes.
fn without_distant_checksum(skb: &SkBuff, features: Features) -> Features {
    match skb.checksum() {
        Some(csum) if csum.start.saturating_add(csum.offset) > 255 => {
            features & !(Features::CSUM_MASK | Features::GSO_MASK)
        }
        _ => features,
    }
}
