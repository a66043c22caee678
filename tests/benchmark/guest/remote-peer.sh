#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The second guest of remote.sh.

. ./lib.sh

modprobe virtio_net
NIC_IF=$(interface "$NIC_PCI")
ip addr add 10.9.9.1/24 dev "$NIC_IF"
ip link set "$NIC_IF" up
./work serve
