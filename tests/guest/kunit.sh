#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: the KUnit suites inside the module; only a debug kernel runs them
# rust-only: it has no suites
# timeout: 400

. /root/lib.sh

RESULTS=/sys/kernel/debug/kunit
if [ ! -d $RESULTS ]; then
	skip "KUnit suites" "this kernel has no KUnit"
	finish
fi

# suite NAME: its cases, one by one, named after the suite.
suite() {
	while IFS= read -r line; do
		name=${line#*ok }
		name=${name#* }
		name=${name#- }
		case $line in
		"    ok "*"# SKIP"*) skip "$1: ${name%%# SKIP*}" "${name##*# SKIP}" ;;
		"    ok "*) ok "$1: $name" ;;
		"    not ok "*) fail "$1: $name" ;;
		"ok "* | "not ok "* | *"KTAP version"* | *"# Subtest:"* | *"# module:"* | *"# Totals:"* | *": pass:"* | "    1.."* | "1.."*) ;;
		*) echo "# | $line" ;;
		esac
	done <$RESULTS/"$1"/results
}

for name in $KUNIT_SUITES; do
	[ -e $RESULTS/"$name"/results ] || fail "$name" "the suite did not run"
done
for results in $RESULTS/*/results; do
	[ ! -e "$results" ] || suite "$(basename "${results%/results}")"
done
finish
