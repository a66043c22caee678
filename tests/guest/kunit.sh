#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: the KUnit suites inside the module; only a debug kernel runs them
# debug: only this kernel has KUnit
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
		"ok "* | "not ok "* | *"KTAP version"* | *"# Subtest:"* | *"# module:"* | *"# Totals:"* | *"speed: "* | *": pass:"* | "    1.."* | "1.."*) ;;
		*) echo "# | $line" ;;
		esac
	done <$RESULTS/"$1"/results
}

# The kernel has suites of its own: the source of the module says which are ours.
for name in $KUNIT_SUITES; do
	if [ -e $RESULTS/"$name"/run ]; then
		ran=$CASES
		echo 1 >$RESULTS/"$name"/run
		suite "$name"
		[ "$CASES" -gt "$ran" ] || fail "$name" "it has no cases"
	else
		fail "$name" "the suite did not run"
	fi
done
finish
