#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# `make run`: boot the guest, let the driver prove itself, and print the report
# that the guest's script writes.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start=$SECONDS
say "starting the guest"
SCRIPT=$QEMU_DIR/guest-demo SMP=${SMP:-2} TIMEOUT=${TIMEOUT:-180} "$QEMU_DIR/guest" || {
	status=$?
	echo "FAILED: $(basename "${MODULE:-e1000_rust}" .ko) did not hold (see above)"
	exit $status
}
echo "all of it held, in $((SECONDS - start)) s"
