#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: a kernel with coarse timers: what waits for microseconds is off, unless it is asked for
# append: highres=off
# rust-only: the C driver has neither

. /root/lib.sh
. /root/net.sh

adaptive() { ethtool -c "$NIC_IF" | sed -n 's/^Adaptive RX: *\([a-z]*\) *TX: *\([a-z]*\)$/\1 \2/p'; }
check "pair up" pair
is "adaptive moderation is off" "off off" "$(adaptive)"
check "pings" ping_all 100 10.9.0.2 -i "$PACE"
# Each answer takes an interrupt, none a tick.
ping -q -f -c $((500 / SLOW)) 10.9.0.2 >/tmp/ping.out
time=$(sed -n 's/.* time \([0-9]*\)ms$/\1/p' /tmp/ping.out)
at_most "a flood of $((500 / SLOW)): milliseconds" 1500 "$time"
ethtool -C "$NIC_IF" adaptive-rx on adaptive-tx on
is "on, if it is asked for" "on on" "$(adaptive)"
check "pings" ping_all 100 10.9.0.2 -i "$PACE"
quiet_log
finish
