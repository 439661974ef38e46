#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Loading and unloading the module: references, parameters, what stays behind.
# MODULE names its file, if that is not where depmod expects it.

cd "$(dirname "$0")" || exit 1
# shellcheck source=/dev/null
. ./ktap_helpers.sh

name=af_experimental
stream=1
dgram=2
other=19

module=${MODULE:-$(find "/lib/modules/$(uname -r)" -name "$name.ko*" 2>/dev/null | head -n 1)}
seen=$(mktemp -d)
trap 'rm -r "$seen"' EXIT

note()
{
	ktap_print_msg "$@"
}

loaded()
{
	[ -d "/sys/module/$name" ]
}

# The last sockets are freed after a grace period, and hold the module until then.
unload()
{
	tries=50
	while loaded; do
		rmmod "$name" 2>"$seen/rmmod" && return
		tries=$((tries - 1))
		if [ $tries -eq 0 ]; then
			note "$(cat "$seen/rmmod")"
			return 1
		fi
		sleep 0.1
	done
}

# What modules can leave behind: protocols, and caches of the allocator.
traces()
{
	cut -d' ' -f1 /proc/net/protocols | sort >"$seen/protocols.$1"
	cut -d' ' -f1 /proc/slabinfo | sort >"$seen/slabs.$1"
}

# Lines of the second list that the first one does not have.
added()
{
	grep -vxFf "$1" "$2"
}

in_use()
{
	holder=$(./module_helper "$1" 18 "$2") || return
	answer=$(./module_helper delete "$name")
	said=$(rmmod "$name" 2>&1) && answer="unloaded"
	kill "$holder"
	note "delete_module: $answer; $said"
	[ "$answer" = EAGAIN ] && loaded && ./module_helper talk 18 >/dev/null
}

unloads()
{
	traces loaded
	unload || return
	! loaded && ! grep -q "^$name " /proc/modules
}

traces_are_gone()
{
	traces unloaded
	protocols=$(added "$seen/protocols.unloaded" "$seen/protocols.loaded")
	slabs=$(added "$seen/slabs.unloaded" "$seen/slabs.loaded")
	echo "$protocols" "$slabs" | tr '\n' ' ' >"$seen/gone"
	note "went with it: $(cat "$seen/gone")"
	[ -n "$protocols" ]
}

# Somebody reads and writes the settings until they are gone.
settings_go()
{
	insmod "$module" || return
	settings=$(find /proc/sys/net/core -name 'experimental_*')
	note "$(echo "$settings" | wc -l) settings"
	[ -n "$settings" ] || return
	for setting in $settings; do
		while value=$(cat "$setting" 2>/dev/null) && echo "$value" >"$setting"; do
			:
		done 2>/dev/null &
	done
	sleep 0.2
	unload || return
	wait
	[ -z "$(find /proc/sys/net/core -name 'experimental_*')" ]
}

unknown_family()
{
	modprobe=$(cat /proc/sys/kernel/modprobe)
	echo /bin/false >/proc/sys/kernel/modprobe
	answer=$(./module_helper socket 18 $stream)
	echo "$modprobe" >/proc/sys/kernel/modprobe
	note "socket: $answer"
	[ "$answer" = EAFNOSUPPORT ]
}

other_slot()
{
	insmod "$module" family=$other || return
	answer=$(./module_helper talk $other)
	note "talk: $answer"
	[ "$answer" = ok ] && [ "$(./module_helper socket 18 $stream)" = EAFNOSUPPORT ] &&
		[ "$(cat "/sys/module/$name/parameters/family" 2>/dev/null || echo $other)" = $other ]
	result=$?
	unload && [ $result -eq 0 ]
}

# Refused by insmod, and with a line in the log that tells which number it was.
refused()
{
	dmesg -c >/dev/null
	if insmod "$module" "family=$1" 2>"$seen/insmod"; then
		note "insmod took family=$1"
		unload
		return 1
	fi
	note "$(cat "$seen/insmod")"
	dmesg -c | sed -n "s/.*\($name\)/\1/p" >"$seen/log"
	note "$(cat "$seen/log")"
	! loaded && grep -qw -e "$1" "$seen/log"
}

all_refused()
{
	for number; do
		refused "$number" || return
	done
}

many_times()
{
	traces before
	round=0
	while [ $round -lt 20 ]; do
		insmod "$module" || return
		./module_helper talk 18 >/dev/null || return
		unload || return
		round=$((round + 1))
	done
	traces after
	left=$(added "$seen/protocols.before" "$seen/protocols.after")
	left="$left$(added "$seen/slabs.before" "$seen/slabs.after" | grep -iE 'exp')"
	note "left behind: ${left:-nothing}"
	[ -z "$left" ]
}

autoload()
{
	unload || return
	answer=$(./module_helper socket 18 $dgram)
	note "socket: $answer"
	[ "$answer" = ok ] && loaded
}

# try WHAT COMMAND...
try()
{
	what=$1
	shift
	if "$@"; then
		ktap_test_pass "$what"
	else
		ktap_test_fail "$what"
	fi
}

ktap_print_header
if [ -z "$module" ]; then
	ktap_exit_fail_msg "$name.ko not found: set MODULE"
fi
ktap_set_plan 15

# The second family may sit in the slot that is tried here.
echo_loaded=
if [ -d /sys/module/af_echo ]; then
	echo_loaded=1
	rmmod af_echo
fi
loaded || insmod "$module"

try "a stream socket keeps it loaded" in_use hold $stream
try "a message socket keeps it loaded" in_use hold $dgram
try "an accepted connection keeps it loaded" in_use hold-pair $stream
try "a connected message socket keeps it loaded" in_use hold-pair $dgram
try "unloads when the last one is closed" unloads
try "takes its protocols and caches along" traces_are_gone
try "takes its settings along, in use or not" settings_go
try "no sockets without it" unknown_family
try "another slot" other_slot
try "no slot at all" all_refused 0 -1
try "a slot out of range" all_refused 46 1000
try "a slot in use" all_refused 1 2 16
try "loads in its own slot after that" insmod "$module"
unload
try "twenty times" many_times
try "loaded by the first socket" autoload

loaded || insmod "$module"
[ -z "$echo_loaded" ] || modprobe af_echo
ktap_finished
