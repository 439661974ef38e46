#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The second family, written on the same abstraction: it loads beside the first
# one, works, and unloads. ECHO_MODULE names its file, if depmod does not know it.

cd "$(dirname "$0")" || exit 1
# shellcheck source=/dev/null
. ./ktap_helpers.sh

name=af_echo
module=${ECHO_MODULE:-$(find "/lib/modules/$(uname -r)" -name "$name.ko*" 2>/dev/null | head -n 1)}

unload()
{
	tries=50
	while [ -d "/sys/module/$name" ]; do
		rmmod "$name" 2>/dev/null && return
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return
		sleep 0.1
	done
}

ktap_print_header
if [ -z "$module" ]; then
	ktap_exit_fail_msg "$name.ko not found: set ECHO_MODULE"
fi
ktap_set_plan 3
was_loaded=
[ ! -d "/sys/module/$name" ] || was_loaded=1
unload

ktap_test_result "the second family loads" insmod "$module"

echo "  # Subtest: af_echo_test"
said=$(mktemp)
./af_echo_test >"$said" 2>&1
status=$?
sed 's/^/  /' "$said"
rm "$said"
ktap_test_result "af_echo_test" [ $status -eq 0 ]

ktap_test_result "the second family unloads" unload

[ -z "$was_loaded" ] || insmod "$module"
ktap_finished
