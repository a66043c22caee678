#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What an interface costs that has nothing to carry: load, up, idle, link, memory.

. ./lib.sh

# Free memory in KiB, with the pages that processors keep at hand, once all that
# can be given back has been.
free_memory() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	echo 1 >/proc/sys/vm/stat_refresh
	awk '$1 == "nr_free_pages" || $1 == "count:" { pages += $2 } END { print pages * 4 }' /proc/zoneinfo
}

[ "$DRIVER" = virtio_net ] || modprobe virtio_net
free_memory >/dev/null
before=$(free_memory)
load_driver
loaded=$(free_memory)
peer_up
phase ifup ifup "$NIC_IF"
wait_carrier "$NIC_IF"
sleep 5
up=$(free_memory)
echo "{\"value\": \"memory-loaded\", \"kib\": $((before - loaded))}" >>"$RESULTS"
echo "{\"value\": \"memory-up\", \"kib\": $((loaded - up))}" >>"$RESULTS"
phase idle-10s sleep 10000
hostctl '{"execute": "set_link", "arguments": {"name": "nic0", "up": false}}' >/dev/null
sleep 3
hostctl '{"execute": "set_link", "arguments": {"name": "nic0", "up": true}}' >/dev/null
./work carrier "$NIC_IF" >>"$RESULTS" || exit 1
report
