#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: netconsole's lines arrive complete and in order, also those of a burst and while traffic flows

. /root/lib.sh
. /root/net.sh

check "pair up" pair
answers 10.9.0.2
mac=$(peer cat /sys/class/net/peer0/address)
peer python3 -u -c '
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 22)
sock.bind(("10.9.0.2", 6666))
while True:
    sys.stdout.write(sock.recv(4096).decode(errors="replace"))
' >/tmp/console 2>&1 &
wait_until 10 peer sh -c "ss -Hlun | grep -q :6666"
check "netconsole starts" modprobe netconsole "netconsole=6665@10.9.0.1/$NIC_IF,6666@10.9.0.2/$mac"
dmesg -n 8
echo on >/proc/sys/kernel/printk_devkmsg

# lines NAME COUNT: how many of the kernel's lines NAME 1, NAME 2... are there, in order.
arrived() { sed -n "s/.*$1 \([0-9]*\) x*\$/\1/p" /tmp/console | awk '$1 == NR { n++ } END { print n + 0 }'; }
all_arrived() { [ "$(arrived "$1")" -eq "$2" ]; }
tell() { n=0; while [ $n -lt "$2" ]; do n=$((n + 1)); echo "<4>$1 $n $(printf '%0100d' 0 | tr 0 x)" >/dev/kmsg; done; }

# It starts in a thread of its own.
first_line() { echo '<4>first line' >/dev/kmsg && sleep 0.2 && grep -q 'first line' /tmp/console; }
check "the first line arrives" wait_until 20 first_line
tell slowly 20
wait_until 10 all_arrived slowly 20
is "20 lines" 20 "$(arrived slowly)"
tell burst 300
wait_until 20 all_arrived burst 300
is "a burst of 300 lines" 300 "$(arrived burst)"
ping -q -f 10.9.0.2 >/dev/null 2>&1 &
tell traffic 100
wait_until 20 all_arrived traffic 100
is "100 lines under traffic" 100 "$(arrived traffic)"
clients_stop
# From a context in which the driver may wait for nothing.
echo h >/proc/sysrq-trigger
check "lines from an interrupt" wait_until 5 grep -q 'sysrq.*HELP' /tmp/console
check "the peer answers" ping_all 50 10.9.0.2 -i "$PACE"
ip link set "$NIC_IF" down
up "$NIC_IF"
check "over down and up the peer answers" answers 10.9.0.2
modprobe -r netconsole
check "unloaded" unload
quiet_log
finish
