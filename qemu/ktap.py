#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Read the KTAP of a guest from stdin while it runs, show a line per test case,
then look for splats in the guest's kernel log.

    ktap.py NAME DMESG RESULTS

NAME is the kernel's, DMESG the file with the log. RESULTS gets a line per test
case, "pass|fail|skip <tab> test <tab> reason"; the exit status is 1 if one failed.
"""

import re
import sys

VERSION = re.compile(r"(K?TAP) version \d+$")
PLAN = re.compile(r"1\.\.(\d+)(?:\s+#\s*SKIP\s*(.*))?$")
RESULT = re.compile(r"(ok|not ok)\s+\d+(?:\s+-)?\s*([^#]*?)\s*(?:#\s*(.*))?$")
SUBTEST = re.compile(r"# Subtest: (.*)$")
FIGURES = re.compile(r"# \[(.*)\]$")
DIRECTIVE = re.compile(r"(SKIP|TODO|XFAIL)\b[:\s]*(.*)$", re.IGNORECASE)

# What a healthy kernel never logs.
SPLAT = re.compile(
    r"WARNING: |\bBUG\b|\bOops\b|Kernel panic|kernel panic|general protection fault|"
    r"Unable to handle|unable to handle|stack-protector|double fault|invalid opcode: |"
    r"possible circular locking|possible recursive locking|possible irq lock inversion|"
    r"inconsistent lock state|suspicious RCU usage|held lock freed|sleeping function called|"
    r"scheduling while atomic|INFO: |rcu: .*detected (?:stalls|expedited)|soft lockup|hard LOCKUP|"
    r"blocked for more than|refcount_t: |use-after-free|unreferenced object|kmemleak: |ref_tracker: |"
    r"pagealloc: |ODEBUG: |"
    r"KASAN: |KCSAN: |UBSAN: |KFENCE: |DEBUG_LOCKS_WARN|list_(?:add|del) corruption|"
    r"unregister_netdevice: waiting|Attempt to release alive|still has objects|"
    r"rust_kernel: panicked|Bad page state|Bad rss-counter|page allocation failure|"
    r"Out of memory|oom-kill"
)
# Lines that only look like splats.
HARMLESS = re.compile(r"SELinux|Speculative|loading out-of-tree module|module verification failed|"
                      # One that a memory cgroup's limit called for; without one it says "Out of memory" too.
                      r"invoked oom-killer|oom-kill:constraint=CONSTRAINT_MEMCG|"
                      r"kmemleak: Kernel memory leak detector initialized|"
                      # Memory was made short; it looks through the whole object instead.
                      r"kmemleak: Cannot allocate a scan area")
MARK = re.compile(r"selftest (\S+): (start|end)$")

# What a debug kernel says of a task that ended; STACK_LEFT bytes have to be left.
# Such a kernel's stacks are twice as large: half of one is all that others have.
STACK = re.compile(r"(\S+) \(\d+\) used greatest stack depth: (\d+) bytes left")
STACK_LEFT = 16384

# Bits of /proc/sys/kernel/tainted that are no fault: F is 2, O is 4096, E is 8192.
TAINT_FAULTS = {2: "forced unload", 5: "bad page", 7: "died", 9: "warned", 14: "soft lockup"}


class Level:
    """One level of nesting: a plan and the results that came so far."""

    def __init__(self, indent, name):
        self.indent, self.name = indent, name
        self.planned = None
        self.seen = 0
        self.failed = 0
        self.bailed = False


class Reader:
    """Turns lines into results. Lines of a test that are no KTAP stay with the
    test case that they precede, and are shown if it fails."""

    def __init__(self, kernel, results):
        self.kernel, self.results = kernel, results
        self.levels = []
        self.subtest = None
        self.notes = []
        self.counts = {"pass": 0, "fail": 0, "skip": 0}
        self.finished = False
        self.tainted = 0

    def report(self, status, name, reason=""):
        self.counts[status] += 1
        print(f"{status}\t{self.kernel}: {name}\t{reason}", file=self.results)
        tail = f" ({reason})" if reason else ""
        print(f"  {status.upper()}  {self.kernel}: {name}{tail}", flush=True)
        if status == "fail":
            for note in self.notes[-40:]:
                print(f"        | {note}", flush=True)
            for level in self.levels:
                level.failed += 1
        self.notes = []

    def close(self, indent):
        """End the levels that are nested deeper than indent."""
        while self.levels and self.levels[-1].indent > indent:
            level = self.levels[-1]
            if level.bailed:
                pass
            elif level.planned is None:
                self.report("fail", level.name, "no plan")
            elif level.planned != level.seen:
                self.report("fail", level.name, f"{level.planned} cases planned, {level.seen} reported")
            self.levels.pop()

    def result(self, indent, ok, name, comment):
        nested = bool(self.levels) and self.levels[-1].indent > indent
        cases = self.levels[-1].seen if nested else 0
        before = self.levels[-1].failed if nested else 0
        mute = self.subtest is not None and not nested and not self.notes
        self.close(indent)
        if self.levels:
            self.levels[-1].seen += 1
        self.subtest = None
        prefix = ": ".join(level.name for level in self.levels if level.name)
        full = f"{prefix}: {name}" if prefix else name
        directive = DIRECTIVE.match(comment)
        if directive:
            what, reason = directive.group(1).upper(), directive.group(2)
            if what != "SKIP":
                reason = f"expected to fail: {reason}"
            # A skipped test may have said why case by case.
            if not cases:
                self.report("skip", full, reason or self.last_note() or "no reason given")
        elif not ok:
            # The cases of a test tell of its failure, unless none failed.
            if not before:
                self.report("fail", full, comment)
        elif mute:
            self.report("fail", full, "it printed nothing")
        elif not cases:
            self.report("pass", full, self.figures())
        self.notes = []

    def figures(self):
        """What a test measured: a line of its own, "# [so much]"."""
        return "; ".join(found.group(1) for found in map(FIGURES.match, self.notes) if found)

    def last_note(self):
        return self.notes[-1].lstrip("# ") if self.notes else ""

    def line(self, line):
        text = line.lstrip(" ")
        indent = len(line) - len(text)
        if found := SUBTEST.match(text):
            self.subtest = found.group(1)
        elif VERSION.match(text):
            self.close(indent - 1)
            name = self.subtest or ("" if not self.levels else "?")
            self.levels.append(Level(indent, name))
            self.subtest = None
        elif found := PLAN.match(text):
            if self.levels and self.levels[-1].indent == indent:
                self.levels[-1].planned = int(found.group(1))
                if found.group(2):
                    self.notes.append(found.group(2))
        elif found := RESULT.match(text):
            self.result(indent, found.group(1) == "ok", found.group(2), found.group(3) or "")
        elif text.startswith("Bail out!"):
            self.report("fail", self.where(), text)
            if self.levels:
                self.levels[-1].bailed = True
        elif line == "# guest finished":
            self.finished = True
        elif line.startswith("# tainted "):
            self.tainted = int(text.split()[2])
        elif text and not text.startswith("# Totals:"):
            self.notes.append(text)

    def where(self):
        names = [level.name for level in self.levels if level.name]
        if self.subtest:
            names.append(self.subtest)
        return ": ".join(names) or "guest"

    def end(self):
        if not self.finished:
            self.report("fail", self.where(), "the guest did not get past this")
            self.levels = []
        self.close(-1)
        for bit, what in TAINT_FAULTS.items():
            if self.tainted >> bit & 1:
                self.report("fail", "kernel state", f"tainted: {what}")


def splats(lines):
    """The splats of a log: a list of (test, lines)."""
    found, test, room = [], "no test", 0
    for line in lines:
        text = re.sub(r"^\[[^]]*\]\s*", "", line)
        if mark := MARK.match(text):
            test = mark.group(1) if mark.group(2) == "start" else f"after {mark.group(1)}"
            room = 0
        elif SPLAT.search(text) and not HARMLESS.search(text):
            # What follows closely belongs to the same report.
            if room:
                found[-1][1].append(line)
            else:
                found.append((test, [line]))
                room = 60
        elif room:
            found[-1][1].append(line)
            room -= 1
            if "end trace" in line:
                room = 0
    return found


def deepest(lines):
    """(bytes left, task) of the task that went deepest into its stack, or None."""
    found = [(int(match.group(2)), match.group(1)) for match in map(STACK.search, lines) if match]
    return min(found, default=None)


def main():
    kernel, dmesg, results = sys.argv[1:]
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    with open(results, "w", encoding="utf-8") as out, \
         open(f"{results}.ktap", "w", encoding="utf-8") as raw:
        reader = Reader(kernel, out)
        for line in sys.stdin:
            line = line.rstrip("\r\n")
            print(line, file=raw, flush=True)
            reader.line(line)
        reader.end()
        with open(dmesg, encoding="utf-8", errors="replace") as log:
            lines = [line.rstrip("\r\n") for line in log]
        reports = splats(lines)
        for test, text in reports:
            reader.notes = text[:40]
            reader.report("fail", f"kernel log: {test}", re.sub(r"^\[[^]]*\]\s*", "", text[0]))
        if not reports:
            reader.report("pass", "kernel log is clean")
        if stack := deepest(lines):
            enough = stack[0] >= STACK_LEFT
            reader.report("pass" if enough else "fail", "stacks are deep enough",
                          f"{stack[1]} left {stack[0]} bytes of its own")
        if not reader.finished and not reports:
            print("        the kernel log ends with:")
            for line in lines[-30:]:
                print(f"        | {line}")
    sys.exit(1 if reader.counts["fail"] else 0)


if __name__ == "__main__":
    main()
