# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What all scripts of the platform share. To be sourced:
#
#   say, die, step      messages, and a long command with progress and a log
#   take_lock           one maker of a cache entry at a time; sweeps half-made ones
#   suite_of            the Debian suite of a kernel name
#   cc_of               the C compiler of a kernel name
#   code_of, short_hash what the keys of cache entries are made of
#
# Variables: TOP (the tree), CACHE (outside of it, survives "make clean"),
# BUILD (all that is made in the tree).

set -euo pipefail
shopt -s inherit_errexit

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/af_experimental}
# shellcheck disable=SC2034 # for those who source this
BUILD=$TOP/build
QEMU=$TOP/qemu
case $CACHE in /*) ;; *) CACHE=$PWD/$CACHE ;; esac
export CACHE

# Messages go to stderr: stdout is for what a script answers (a path, say).
say() { printf '%s\n' "$*" >&2; }

die()
{
	local line
	printf 'error: %s\n' "$1" >&2
	shift
	for line; do printf '       %s\n' "$line" >&2; done
	exit 1
}

# step WHAT LOG COMMAND...: run a long command with its output in LOG, show what
# runs and how long it took, and on failure the end of the log.
step()
{
	local what=$1 log=$2 start=$SECONDS pid rc=0 beat=60 took shown=0
	shift 2
	mkdir -p "$(dirname "$log")"
	if [ -t 2 ]; then printf '  %s ...' "$what" >&2; else say "  $what ..."; fi
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	trap 'kill -TERM $pid 2>/dev/null; exit 130' INT TERM HUP
	while kill -0 $pid 2>/dev/null; do
		sleep 0.2
		took=$((SECONDS - start))
		if [ -t 2 ]; then
			[ $took -eq $shown ] || printf '\r  %s ... %d s ' "$what" $took >&2
			shown=$took
		elif [ $took -ge $beat ]; then
			say "  $what ... $took s so far"
			beat=$((beat + 60))
		fi
	done
	wait $pid || rc=$?
	trap - INT TERM HUP
	took=$((SECONDS - start))
	if [ -t 2 ]; then printf '\r\033[K' >&2; fi
	if [ $rc -eq 0 ]; then
		say "  $what: $took s"
		return 0
	fi
	say "  $what: FAILED after $took s; the log ends with:"
	tail -n "${STEP_TAIL:-25}" "$log" | sed 's/^/    | /' >&2
	say "  whole log: $log"
	return $rc
}

# take_lock DIR NAME: wait until no one else makes entries of that name in DIR, hold
# the place until this process ends, and remove what an interrupted maker left behind.
take_lock()
{
	mkdir -p "$1"
	exec {LOCK}>"$1/$2.lock"
	if ! flock --nonblock "$LOCK"; then
		say "  waiting for another make that is busy with $1/$2"
		flock "$LOCK"
	fi
	remove_parts "$1/$2"
}

remove_parts()
{
	local part
	for part in "$1"[.-]*.part; do
		[ -e "$part" ] || continue
		say "  removing half-made $part"
		"$QEMU"/remove "$part"
	done
}

# sweep DIR...: the same, unless someone is at work there. Those who were killed may
# take a moment to let go of the lock.
sweep()
{
	local dir lock
	for dir; do
		for lock in "$dir"/*.lock; do
			[ -e "$lock" ] || continue
			(flock --wait 3 9 && remove_parts "${lock%.lock}") 9>"$lock" || true
		done
	done
}

suite_of()
{
	case $1 in
	trixie|sid) echo "$1" ;;
	debug) echo sid ;;
	*) die "no kernel is called \"$1\"" "there are: trixie (the default), sid and debug" ;;
	esac
}

cc_of()
{
	case $1 in
	debug) echo clang ;;
	*) echo gcc ;;
	esac
}

# What a script does, without what it says of itself: comments rebuild nothing.
code_of() { grep -vE '^\s*(#|$)' "$1"; }

short_hash() { sha256sum | cut -c1-12; }
