#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: ethtool -k: what is on, what can be switched, and nothing that the device cannot do
# models: e1000 e1000-82545em e1000-82544gc
# rust-only: the C driver has other features (Documentation/parity.md)

. /root/lib.sh
. /root/net.sh

feature() { ethtool -k "$NIC_IF" | sed -n "s/^[[:space:]]*$1: //p"; }

# Every feature that is on or can be switched; all others are "off [fixed]".
sort >/tmp/expected <<-END
	generic-receive-offload: on
	generic-segmentation-offload: on
	highdma: on [fixed]
	loopback: off
	rx-all: off
	rx-checksumming: on
	rx-gro-list: off
	rx-udp-gro-forwarding: off
	rx-vlan-filter: on
	rx-vlan-offload: on
	scatter-gather: on
	tcp-segmentation-offload: on
	tx-checksum-ip-generic: on
	tx-checksumming: on
	tx-nocache-copy: off
	tx-scatter-gather: on
	tx-tcp-mangleid-segmentation: off
	tx-tcp-segmentation: on
	tx-udp-segmentation: on
	tx-vlan-offload: on
END
ethtool -k "$NIC_IF" | sed -n 's/^[[:space:]]*\([a-z0-9_-]*: o[nf].*\)$/\1/p' | grep -v 'off \[fixed\]' | sed 's/ \[not requested\]//' | sort >/tmp/found
check "on, or to be switched" diff /tmp/expected /tmp/found
for one in tx-tcp6-segmentation tx-tcp-ecn-segmentation rx-fcs large-receive-offload rx-gro-hw tx-checksum-sctp rx-vlan-stag-hw-parse \
	tx-vlan-stag-hw-insert tx-udp_tnl-segmentation tx-gso-partial; do
	is "$one: the device has it not, or not right" "off [fixed]" "$(feature $one)"
	refused "$one cannot be switched on" 'could not change|not supported|cannot|fixed' ethtool -K "$NIC_IF" $one on
done

# Each has its own switch, which changes nothing else; one bit of the device inserts and strips.
state() { ethtool -k "$NIC_IF" | grep -v "^[[:space:]]*\($1\): "; }
alone() {
	before=$(state "$2")
	ethtool -K "$NIC_IF" "$1" off && [ "$(feature "$1")" = off ] && [ "$(state "$2")" = "$before" ] || return 1
	ethtool -K "$NIC_IF" "$1" on && [ "$(feature "$1")" = on ] && [ "$(state "$2")" = "$before" ]
}
sums='tx-checksumming\|.*segmentation.*\|tcp-segmentation-offload\|'
for one in rx-checksumming rx-vlan-filter tx-vlan-offload tx-udp-segmentation; do
	check "$one alone" alone $one $one
done
check "tx-tcp-segmentation alone" alone tx-tcp-segmentation 'tx-tcp-segmentation\|tcp-segmentation-offload'
check "rx-vlan-offload, tx-vlan-offload with it" alone rx-vlan-offload 'rx-vlan-offload\|tx-vlan-offload'
check "tx-checksum-ip-generic, segmentation with it" alone tx-checksum-ip-generic "${sums}tx-checksum-ip-generic"
ethtool -K "$NIC_IF" rx-vlan-offload off >/dev/null
refused "tx-vlan-offload without rx-vlan-offload" 'could not change' ethtool -K "$NIC_IF" tx-vlan-offload on
ethtool -K "$NIC_IF" rx-vlan-offload on >/dev/null
is "back with it" on "$(feature tx-vlan-offload)"

# What packets of a VLAN device get.
ip link add link "$NIC_IF" name v5 type vlan id 5
NIC_IF_SAVED=$NIC_IF NIC_IF=v5
is "a VLAN device has the same offloads" "on on on on" \
	"$(for f in tx-checksum-ip-generic tx-scatter-gather tx-tcp-segmentation tx-udp-segmentation; do feature $f; done | xargs)"
NIC_IF=$NIC_IF_SAVED
ip link del v5
is "the largest packet to be segmented" 524280 "$(ip -d link show "$NIC_IF" | sed -n 's/.* tso_max_size \([0-9]*\) .*/\1/p')"
check "the peer answers" pair
quiet_log
finish
