#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tell where the instructions of the cells of a profile are: per function, and how
much of a cell each kind of work is.

    profile.py DIR

DIR has bench.out, where the names of the kernel's functions stand between the cells,
and profile, which the plugin wrote: the cells in the same order.
"""

import bisect
import collections
import json
import pathlib
import re
import subprocess
import sys

OURS = "this family"
RIVAL = "AF_UNIX itself"

# The first that matches a function's name says what it is for. What is in a module is
# ours, and so are the functions that the kernel has for Rust to call.
KINDS = [
    ("program", r"^\[program\]$"),
    (OURS, r"^rust_helper_"),
    (RIVAL, r"unix_|scm_"),
    ("security modules", r"security|apparmor|^aa_|tomoyo|bpf_lsm|^hook_|common_file_perm"),
    ("memory cgroup", r"memcg|obj_cgroup|mem_cgroup|obj_stock|try_charge|refill_stock"),
    ("buffers of messages", r"skb|kfree|kmalloc|kmem_cache|slab"),
    ("pages", r"alloc_pages|free_page|folio|get_page|clear_page|free_unref|rmqueue|free_frozen|alloc_frozen|post_alloc"),
    ("copy", r"copy|rep_movs|memcpy|memmove|memset|check_object|heap_object|stack_object|virt_addr_valid|iov_iter"),
    ("system call, file, socket layer", r"syscall|SYSCALL|x64_sys|ksys_|vfs_|sock_(read|write|sendmsg|recvmsg)|"
     r"rw_verify|fdget|fput|prandom_u32|fpregs"),
    ("locks, RCU", r"mutex|spin_(un)?lock|__rcu_read|local_bh"),
    ("wake, wait", r"wake_up_(?!q|process)|def_readable|def_write|wait_(queue|woken)|woken|autoremove|sock_"),
    ("scheduler, timers, RCU's grace periods", r""),
]


class Functions:
    """Who has an address."""

    def __init__(self, named):
        self.named = sorted(named)
        self.starts = [address for address, _ in self.named]

    def of(self, address):
        if address < 1 << 63:
            return "[program]"
        at = bisect.bisect_right(self.starts, address) - 1
        return self.named[at][1] if at >= 0 else "[unknown]"


def demangle(names):
    try:
        out = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return dict(zip(names, names))
    return dict(zip(names, out.split("\n")))


def kind_of(name, module):
    if module:
        return OURS
    return next(kind for kind, pattern in KINDS if re.search(pattern, name))


def read(folder):
    """The cells that have a profile, and the functions."""
    cells, named = [], []
    for line in (folder / "bench.out").read_text(errors="replace").splitlines():
        if line.startswith("{"):
            cell = json.loads(line)
            if "value" in cell:
                cells.append(cell)
            continue
        words = line.split()
        if len(words) == 2:
            named.append((int(words[0], 16), words[1]))
    return cells, Functions(set(named))


def profiles(folder):
    """For each cell how many windows it has, and its blocks."""
    found = []
    for line in (folder / "profile").read_text().splitlines():
        words = line.split()
        if words[0] == "cell":
            found.append((int(words[2]), []))
        else:
            found[-1][1].append((int(words[0], 16), int(words[1]), int(words[2])))
    return found


def main():
    folder = pathlib.Path(sys.argv[1])
    cells, functions = read(folder)
    summaries, modules = [], set()
    for cell, (windows, blocks) in zip(cells, profiles(folder)):
        sums = collections.Counter()
        operations = windows * cell["count"]
        for address, instructions, executed in blocks:
            name = functions.of(address)
            if address >= 0xffffffffc0000000 and address < 0xffffffffff000000:
                modules.add(name)
            sums[name] += instructions * executed / max(operations, 1)
        summaries.append((cell, sums))
    names = sorted({name for _, sums in summaries for name in sums})
    spoken = demangle(names)
    kinds = {name: kind_of(name, name in modules) for name in names}

    if not summaries:
        sys.exit("error: %s has no cell with a profile" % folder)
    for cell, sums in summaries:
        total = sum(sums.values())
        print("%s %s, %s B, %s: %.0f (the table: %.0f)" % (
            cell["family"], cell["type"], cell["size"], cell["pattern"], total, cell["value"]))
        by_kind = collections.Counter()
        for name, count in sums.items():
            by_kind[kinds[name]] += count
        for kind, count in by_kind.most_common():
            print("  %8.1f  %s" % (count, kind))
            for name, part in sums.most_common():
                if kinds[name] == kind and part >= 0.5:
                    print("            %8.1f  %s" % (part, spoken[name]))
        print()


if __name__ == "__main__":
    main()
