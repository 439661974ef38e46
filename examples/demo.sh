#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Carries a file through echo servers on AF_EXPERIMENTAL, over a connection and
# message by message, and compares what comes back with what was sent.

cd "$(dirname "$0")" || exit 1
work=$(mktemp -d) || exit 1
servers=
# shellcheck disable=SC2086 # one word per server
trap '[ -z "$servers" ] || kill $servers 2>/dev/null; rm -r "$work"' EXIT

fail()
{
	echo "demo: $1" >&2
	exit 1
}

# serve NAME OPTION...: start a server, and wait until it can be reached.
serve()
{
	log=$work/$1
	shift
	./exp_echo_server "$@" >"$log" 2>&1 &
	servers="$servers $!"
	tries=100
	until grep -q ready "$log"; do
		tries=$((tries - 1))
		if [ $tries -eq 0 ] || ! kill -0 $! 2>/dev/null; then
			cat "$log"
			fail "the server did not start"
		fi
		sleep 0.1
	done
	cat "$log"
}

# carry NAME OPTION...: the file, there and back.
carry()
{
	name=$1
	shift
	start=$(cut -d' ' -f1 /proc/uptime)
	./exp_echo_client "$@" <"$work/file" >"$work/copy" || fail "$name: the client failed"
	end=$(cut -d' ' -f1 /proc/uptime)
	sum=$(sha256sum <"$work/copy")
	echo "$name: $(wc -c <"$work/copy") bytes back, $(echo "$start $end" |
		awk '{ printf "%.2f", $2 - $1 }') s, sha256 ${sum%% *}"
	[ "$sum" = "$wanted" ] || fail "$name: what came back is not what was sent"
}

# A real file, and text after it.
{ cat "$(command -v busybox || command -v sh)"; seq 1 400000; } >"$work/file"
wanted=$(sha256sum <"$work/file")
echo "file: $(wc -c <"$work/file") bytes, sha256 ${wanted%% *}"

# Every socket type has ports of its own: both servers have the same.
serve stream-server 4242
serve message-server -d 4242
carry stream 4242
carry messages -d 4242
echo "demo: both copies are the same as the file"
