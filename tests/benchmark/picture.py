# SPDX-License-Identifier: GPL-2.0
"""The picture of Documentation/performance.md: bars of this driver's cost, the C driver's being 1."""

from xml.sax.saxutils import escape

# (load, figure, label); less is better in all
BARS = (
    ("tx-60-b32-c0", "module", "send, bursts: instructions in the module"),
    ("tx-60-b32-c0", "instructions", "send, bursts: instructions in all"),
    ("rx-drop-1514-b32", "instructions", "receive, bursts: instructions in all"),
    ("tcp-rr", "heavy", "TCP request/response: device accesses"),
    ("tcp-rr", "p50_us", "TCP request/response: median time"),
    ("tcp-rr", "kvm", "TCP request/response: model for KVM"),
    ("tcp-send", "kvm", "TCP send: model for KVM"),
    ("tcp-recv", "kvm", "TCP receive: model for KVM"),
    ("udp-send-1470", "kvm", "UDP send: model for KVM"),
    ("udp-recv-1470", "kvm", "UDP receive: model for KVM"),
    ("load", "ms", "module load: time"),
    ("ifup", "ms", "ifup to first frame: time"),
)
LABEL, SCALE, ROW, TOP, RIGHT = 290, 300, 24, 46, 90
FULL = 1.2  # the largest bar drawn


def draw(results):
    """The SVG, from {driver: {load: {figure: value}}}."""
    rows = []
    for load, figure, label in BARS:
        mine, theirs = results["rust"].get(load, {}).get(figure), results["c"].get(load, {}).get(figure)
        if mine is not None and theirs:
            rows.append((label, mine / theirs))
    width, height = LABEL + SCALE * FULL + RIGHT, TOP + ROW * len(rows) + 10
    one = LABEL + SCALE
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
           f'viewBox="0 0 {width:.0f} {height}" font-family="sans-serif" font-size="13">',
           f'<rect width="{width:.0f}" height="{height}" fill="#ffffff"/>',
           f'<text x="8" y="18" font-weight="bold">e1000_rust beside the C driver (= 1.0); shorter is better</text>']
    for number, (label, ratio) in enumerate(rows):
        y = TOP + number * ROW
        length = max(min(ratio, FULL) * SCALE, 1)
        colour = "#2a7f62" if ratio <= 1 else "#b5482f"
        out.append(f'<text x="{LABEL - 8}" y="{y + 15}" text-anchor="end">{escape(label)}</text>'
                   f'<rect x="{LABEL}" y="{y + 3}" width="{length:.1f}" height="{ROW - 7}" fill="{colour}"/>'
                   f'<text x="{LABEL + length + 6:.1f}" y="{y + 15}">{ratio:.2f}</text>')
    out.append(f'<line x1="{one}" y1="{TOP - 8}" x2="{one}" y2="{height - 6}" stroke="#444444" stroke-dasharray="4 3"/>')
    out.append(f'<text x="{one}" y="{TOP - 12}" text-anchor="middle">C driver</text>')
    return "\n".join(out + ["</svg>", ""])
