# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC2154
#
# What every shell test in the guest begins with: . /root/lib.sh
# Cases, waiting, the log, loading the module.  Traffic is in net.sh.

CASES=0
FAILED=0
C_REASON=
PCI=/sys/bus/pci/devices
echo 'KTAP version 1'

ok() {
	CASES=$((CASES + 1))
	C_REASON=
	echo "ok $CASES $1"
}

# fail NAME [REASON]
fail() {
	if [ -n "$C_REASON" ] && [ "$DRIVER" = e1000 ]; then
		skip "$1" "the C driver: $C_REASON"
		return
	fi
	CASES=$((CASES + 1))
	FAILED=$((FAILED + 1))
	C_REASON=
	echo "not ok $CASES $1${2:+ # $2}"
}

# skip NAME REASON
skip() {
	CASES=$((CASES + 1))
	C_REASON=
	echo "ok $CASES $1 # SKIP $2"
}

# on_c REASON: the next case may fail with the C driver, and is then skipped.
on_c() { C_REASON=$1; }

# check NAME COMMAND...: a case that passes if the command does; what it prints
# is shown if it fails.
check() {
	check_name=$1
	shift
	if "$@" >/tmp/check.out 2>&1; then
		ok "$check_name"
	else
		check_status=$?
		tail -n 20 /tmp/check.out | sed 's/^/# | /'
		fail "$check_name" "status $check_status of: $*"
		return 1
	fi
}

# refused NAME TEXT COMMAND...: passes if the command fails and says TEXT, a
# regular expression.
refused() {
	refused_name=$1 refused_text=$2
	shift 2
	if "$@" >/tmp/check.out 2>&1; then
		fail "$refused_name" "accepted: $*"
	elif ! grep -Eqi -e "$refused_text" /tmp/check.out; then
		sed 's/^/# | /' /tmp/check.out
		fail "$refused_name" "refused without /$refused_text/: $*"
	else
		ok "$refused_name"
	fi
}

# is NAME EXPECTED ACTUAL
is() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		fail "$1" "expected '$2', found '$3'"
	fi
}

# at_least NAME MINIMUM VALUE, at_most NAME MAXIMUM VALUE
at_least() { if [ "${3:-0}" -ge "$2" ]; then ok "$1"; else fail "$1" "$3, expected at least $2"; fi; }
at_most() { if [ "${3:-$(($2 + 1))}" -le "$2" ]; then ok "$1"; else fail "$1" "$3, expected at most $2"; fi; }

# The last line of every test.
finish() {
	echo "1..$CASES"
	[ "$FAILED" -eq 0 ]
	exit
}

# Hundredths of a second since boot.
now() {
	read -r now_up _ </proc/uptime
	echo "${now_up%.*}${now_up#*.}"
}

# wait_until SECONDS COMMAND...: try until it succeeds; longer on a slow machine.
wait_until() {
	wait_end=$(($(now) + $1 * 100 * SLOW))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(now)" -lt "$wait_end" ] || return 1
		sleep 0.05
	done
}

not() { ! "$@"; }

# turns SHORT LONG: how often, in the tests' short form and in the long one (make soak).
turns() { if [ -n "${SOAK:-}" ]; then echo "$2"; else echo "$1"; fi; }

# meminfo KEY: a line of it, in kB; memory_settle first, so that all is free that can be had back.
meminfo() { awk -v key="$1:" '$1 == key { print $2 }' /proc/meminfo; }
memory_settle() {
	echo 3 >/proc/sys/vm/drop_caches
	sleep 0.5
}
# memory_free: what is free now, in kB, with what each processor keeps for its next allocations: in a large guest as much as a ring.
memory_free() { awk '$1 == "nr_free_pages" || $1 == "count:" { pages += $2 } END { print 4 * pages }' /proc/zoneinfo; }
free_memory() { memory_settle && memory_free; }

# memory_mark notes how much is in use, memory_kept checks that later it is hardly more. KASAN keeps freed memory in a quarantine of
# a 32nd of it all, and each stack trace that it saw; on such a kernel tests/debug-guest looks for what nobody holds any more.
memory_mark() {
	memory_settle
	marked_slab=$(meminfo SUnreclaim) marked_free=$(memory_free)
}
memory_kept() {
	memory_settle
	memory_noise=0
	! grep -q ' kasan_quarantine_put$' /proc/kallsyms || memory_noise=$(($(meminfo MemTotal) / 32 + 4096))
	at_most "unreclaimable slab grows by less than $((512 + memory_noise)) kB" $((marked_slab + 512 + memory_noise)) "$(meminfo SUnreclaim)"
	at_least "free memory shrinks by less than $((2048 + memory_noise)) kB" $((marked_free - 2048 - memory_noise)) "$(memory_free)"
}

# interrupts LINE: how many there were, of a number or of the interface named last, on all processors.
interrupts() {
	awk -v of="$1" '$1 == of ":" || $NF == of { for (i = 2; $i ~ /^[0-9]+$/; i++) n += $i } END { print n + 0 }' /proc/interrupts
}

# The kernel's log: log_mark notes where it is, log_since prints what came later.
log_mark() {
	LOG_MARK="mark $$ $(cat /proc/uptime)"
	echo "$LOG_MARK" >/dev/kmsg
}

log_since() { dmesg | sed "1,/$LOG_MARK/d"; }

# log_count REGEX: how many lines since the mark match.
log_count() { log_since | grep -Eci -e "$1"; }

# What the driver said at the level of warnings or worse; loading a module from
# outside of the tree taints the kernel, which is said at that level too.
log_warnings() { dmesg -r | grep -E '^<([0-4]|1[0-9]|2[0-9])?[0-4]?>' | grep -E '^<[0-4]>' | grep -i -e "$DRIVER" | grep -v taint; }

quiet_log() {
	if log_warnings >/tmp/check.out; then
		sed 's/^/# | /' /tmp/check.out
		fail "no warnings of the driver in the log"
	else
		ok "no warnings of the driver in the log"
	fi
}

# The module under test: load [PARAMS], unload.
load() {
	case $MODULE in
	*.ko) insmod "/guest/$MODULE" "$@" ;;
	*) modprobe "$MODULE" "$@" ;;
	esac
}
unload() { rmmod "$DRIVER"; }

DRIVER_DIR=/sys/bus/pci/drivers/$DRIVER

# pools [INTERFACE]: how many page pools it has; without, how many were given up and wait for pages.
pools() {
	python3 -c 'if True:
		import socket, sys
		from genl import PAGE_POOL_GET, dump
		owner = sys.argv[1:] and socket.if_nametoindex(sys.argv[1])
		print(sum(pool.get("ifindex") == owner if owner else "detach_time" in pool for pool in dump(PAGE_POOL_GET)))' "$@"
}

# nic_path N: the PCI device of the Nth NIC; nic_name N: its interface.
nic_path() { printf '%s/0000:00:%02x.0\n' $PCI $((4 + $1)); }
nic_name() { ls "$(nic_path "$1")/net" 2>/dev/null; }
nic_named() { NIC_IF=$(nic_name "${1:-0}") && [ -n "$NIC_IF" ]; }

# The command register of the first NIC: command_bits prints its low byte, command_bit BITS on|off
# changes bits of it.  2 answers to memory, 4 may read and write memory.
command_bits() { od -An -tu1 -j4 -N1 "$(nic_path 0)/config" | tr -d ' '; }
command_bit() {
	command_byte=$(command_bits)
	if [ "$2" = on ]; then command_byte=$((command_byte | $1)); else command_byte=$((command_byte & ~$1)); fi
	# shellcheck disable=SC2059 # an octal number
	printf "$(printf '\\%03o' $command_byte)" | dd of="$(nic_path 0)/config" bs=1 seek=4 conv=notrunc 2>/dev/null
}

# reload [PARAMS]: NIC_IF is the interface found afterwards.
reload() {
	unload && load "$@" && wait_until 5 nic_named 0 && nic_named 0
}

# qmp COMMAND [NAME=JSON...]: one command to the machine.
qmp() {
	qmp_command=$1 qmp_arguments=
	shift
	for qmp_argument; do
		qmp_arguments="$qmp_arguments${qmp_arguments:+, }\"${qmp_argument%%=*}\": ${qmp_argument#*=}"
	done
	hostctl "{\"execute\": \"$qmp_command\", \"arguments\": {$qmp_arguments}}"
}

# cable NIC up|down: plug it in or pull it out.
cable() { qmp set_link "name=\"$1\"" "up=$([ "$2" = up ] && echo true || echo false)" >/dev/null; }
