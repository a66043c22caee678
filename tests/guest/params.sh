#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: module parameters: their ranges in modinfo, right ones taken, wrong ones named and replaced by the default

. /root/lib.sh
. /root/net.sh

rings() { ethtool -g "$NIC_IF" | awk '/^Current/ { now = 1 } now && /^RX:/ { rx = $2 } now && /^TX:/ { tx = $2 } END { print rx, tx }'; }
file=$([ -f "/guest/$MODULE" ] && echo "/guest/$MODULE" || echo "$MODULE")

modinfo "$file" >/tmp/info
for parameter in TxDescriptors RxDescriptors; do
	is "modinfo has $parameter" 1 "$(grep -c "^parm: *$parameter:" /tmp/info)"
	on_c "it names neither range nor default"
	is "with its range and default" 1 "$(grep -c "^parm: *$parameter:.*48.*4096.*256" /tmp/info)"
done
is "modinfo: licence" GPL "$(sed -n 's/^license: *\(GPL\).*/\1/p' /tmp/info)"
is "modinfo: description" 1 "$(grep -c '^description: *[^ ]' /tmp/info)"
on_c "it names none"
is "modinfo: author" 1 "$(grep -m 1 -c '^author: *[^ ]' /tmp/info)"
for id in 100E 100F 100C; do
	is "modinfo: alias of 8086:$id" 1 "$(grep -c "^alias: *pci:v00008086d0000${id}sv" /tmp/info)"
done
is "vermagic is the kernel's" "$(uname -r)" "$(sed -n 's/^vermagic: *\([^ ]*\).*/\1/p' /tmp/info)"

# given PARAMS RX TX: these rings, no complaint.
for sizes in "48 48" "4096 4096" "64 512" "56 4088"; do
	log_mark
	check "RxDescriptors and TxDescriptors $sizes" reload "RxDescriptors=${sizes% *}" "TxDescriptors=${sizes#* }"
	is "taken" "$sizes" "$(rings)"
	is "without a complaint" 0 "$(log_since | grep -v taint | grep -Eci 'invalid|out of range|ignored')"
	check "traffic" pair
done

# wrong NAME VALUE: the default, and one line that names parameter and value.
wrong() {
	log_mark
	check "$1=$2 loads" reload "$1=$2"
	on_c "it rounds"
	is "the default is taken" "256 256" "$(rings)"
	on_c "its message names neither"
	is "a line names parameter and value" 1 "$(log_since | grep "$1" | grep -c -- "$2")"
}
for value in 0 1 47 4104 100000; do wrong RxDescriptors $value; done
for value in 40 4097 65536; do wrong TxDescriptors $value; done
on_c "it rounds"
wrong RxDescriptors 257
on_c "it rounds"
wrong TxDescriptors 4095
check "traffic with the default" pair

unload
refused "a parameter that is no number" 'invalid' load RxDescriptors=many
check "nothing is loaded then" not grep -q "^$DRIVER " /proc/modules
check "an unknown parameter does not keep it from loading" load NoSuchParameter=1
loaded_pair() { wait_until 5 nic_named 0 && nic_named 0 && pair; }
check "traffic" loaded_pair
finish
