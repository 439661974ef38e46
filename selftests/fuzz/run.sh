#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In the debug guest, with /share from the host: fuzz for FUZZ_SECONDS, from the programs in
# /share/corpus; then leave in /share/small those of them that cover what all do. With
# REPLAY, run those in /share/replay again and again instead.

cd "$(dirname "$0")" || exit 1
# shellcheck source=/dev/null
. ./ktap_helpers.sh

# said COMMAND...: with its output as comments, each line at once.
said()
{
	echo 1 >/run/fuzz.status
	{
		"$@" 2>&1
		echo $? >/run/fuzz.status
	} | while IFS= read -r line; do
		printf '# %s\n' "$line"
	done
	read -r status </run/fuzz.status
	return "$status"
}

ktap_print_header
if [ -n "$REPLAY" ]; then
	ktap_set_plan 1
	if said ./replay --seconds "$FUZZ_SECONDS" /share/replay; then
		ktap_test_pass "replay"
	else
		ktap_test_fail "replay"
	fi
	ktap_finished
fi

ktap_set_plan 2
mkdir -p /share/corpus /share/small /share/artifacts
if said ./fuzz -max_total_time="$FUZZ_SECONDS" -max_len=512 -timeout=300 -rss_limit_mb=0 \
	-entropic_scale_per_exec_time=1 -print_final_stats=1 -reload=0 -report_slow_units=60 \
	-artifact_prefix=/share/artifacts/ /share/corpus; then
	ktap_test_pass "fuzzing"
else
	ktap_test_fail "fuzzing"
fi
if [ -n "$MERGE" ]; then
	if said ./fuzz -merge=1 -max_len=512 -timeout=300 -rss_limit_mb=0 -verbosity=1 /share/small /share/corpus; then
		ktap_test_pass "what covers the same"
	else
		ktap_test_fail "what covers the same"
	fi
else
	ktap_test_skip "what covers the same"
fi
ktap_finished
