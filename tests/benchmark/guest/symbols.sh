#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's own functions, as the profile names them.

grep -v '\[' /proc/kallsyms | grep -i ' [tw] '
