#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The programs that the fuzzer found to cover the module, without the fuzzer: the kernel
# has nothing to say of them, and each comes to an end.

cd "$(dirname "$0")" || exit 1
# shellcheck source=/dev/null
. ./ktap_helpers.sh

seen=$(mktemp)
trap 'rm "$seen"' EXIT

# replay PROGRAM WHAT
replay()
{
	if "./fuzz/$1" fuzz/corpus >"$seen"; then
		echo "# [$(cat "$seen")]"
		ktap_test_pass "$2"
	else
		sed 's/^/# /' "$seen"
		ktap_test_fail "$2"
	fi
}

ktap_print_header
ktap_set_plan 2
replay replay "programs of the fuzzer"
replay replay-32 "the same of a 32-bit process"
ktap_finished
