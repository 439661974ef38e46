# SPDX-License-Identifier: GPL-2.0
"""What qemu/ktap.py makes of good, bad and broken output of a guest."""

import contextlib
import io
import pathlib
import sys
import textwrap
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import ktap  # noqa: E402  (the path comes first)


def read(text):
    """The results of a guest's output, as "status name (reason)"."""
    results = io.StringIO()
    reader = ktap.Reader("k", results)
    with contextlib.redirect_stdout(io.StringIO()):
        for line in textwrap.dedent(text).strip("\n").split("\n"):
            reader.line(line)
        reader.end()
    found = []
    for line in results.getvalue().splitlines():
        status, name, reason = line.split("\t")
        found.append(f"{status} {name.removeprefix('k: ')}" + (f" ({reason})" if reason else ""))
    return found


class Results(unittest.TestCase):
    def test_cases_count_and_not_the_test_around_them(self):
        self.assertEqual(read("""
            KTAP version 1
            1..2
              # Subtest: bind
              TAP version 13
              1..2
              # Starting 2 tests from 1 test cases.
              #  RUN           global.any ...
              ok 1 global.any
              ok 2 global.one
              # Totals: pass:2 fail:0 xfail:0 xpass:0 skip:0 error:0
            ok 1 bind # 1 s
            ok 2 modules unload
            # tainted 12288
            # guest finished
            """), ["pass bind: global.any", "pass bind: global.one", "pass modules unload"])

    def test_failed_case_is_one_failure(self):
        self.assertEqual(read("""
            KTAP version 1
            1..1
              # Subtest: bind
              TAP version 13
              1..2
              not ok 1 a
              ok 2 b
            not ok 1 bind # exit status 1
            # guest finished
            """), ["fail bind: a", "pass bind: b"])

    def test_bad_exit_without_failed_case(self):
        self.assertEqual(read("""
            KTAP version 1
            1..1
              # Subtest: bind
              TAP version 13
              1..1
              ok 1 a
            not ok 1 bind # exit status 139
            # guest finished
            """), ["pass bind: a", "fail bind (exit status 139)"])

    def test_missing_cases(self):
        self.assertEqual(read("""
            KTAP version 1
            1..1
              # Subtest: bind
              TAP version 13
              1..3
              ok 1 a
            ok 1 bind
            # guest finished
            """), ["pass bind: a", "fail bind (3 cases planned, 1 reported)"])

    def test_no_output_at_all(self):
        self.assertEqual(read("""
            KTAP version 1
            1..1
              # Subtest: quiet
            ok 1 quiet
            # guest finished
            """), ["fail quiet (it printed nothing)"])

    def test_script_that_prints_no_ktap_counts_by_its_exit(self):
        self.assertEqual(read("""
            KTAP version 1
            1..1
              # Subtest: script
              all went well
            ok 1 script
            # guest finished
            """), ["pass script"])

    def test_figures(self):
        self.assertEqual(read("""
            KTAP version 1
            1..1
              # Subtest: walk
              TAP version 13
              1..2
              # [4 points]
              ok 1 a
              ok 2 b
            ok 1 walk
            # guest finished
            """), ["pass walk: a (4 points)", "pass walk: b"])

    def test_skips(self):
        self.assertEqual(read("""
            KTAP version 1
            1..3
              # Subtest: a
              TAP version 13
              1..2
              ok 1 x # SKIP no vsock
              ok 2 y # XFAIL known
            ok 1 a
              # Subtest: b
              TAP version 13
              1..0 # SKIP not here
            ok 2 b # SKIP
              # Subtest: c
              needs a moon
            ok 3 c # SKIP
            # guest finished
            """), ["skip a: x (no vsock)", "skip a: y (expected to fail: known)",
                   "skip b (not here)", "skip c (needs a moon)"])

    def test_deeper_nesting(self):
        self.assertEqual(read("""
            KTAP version 1
            1..1
              # Subtest: suite
              KTAP version 1
              1..1
                # Subtest: inner
                KTAP version 1
                1..2
                ok 1 a
                not ok 2 b
              not ok 1 inner
            not ok 1 suite
            # guest finished
            """), ["pass suite: inner: a", "fail suite: inner: b"])

    def test_bail_out_is_one_failure(self):
        self.assertEqual(read("""
            KTAP version 1
            1..1
              # Subtest: a
              TAP version 13
              Bail out! no module
            not ok 1 a # exit status 1
            # guest finished
            """), ["fail a (Bail out! no module)"])

    def test_guest_that_dies(self):
        self.assertEqual(read("""
            KTAP version 1
            1..2
              # Subtest: bind
              TAP version 13
              1..2
              ok 1 a
            """), ["pass bind: a", "fail bind (the guest did not get past this)"])

    def test_taint(self):
        self.assertEqual(read("""
            KTAP version 1
            1..1
            ok 1 a
            # tainted 12800
            # guest finished
            """), ["pass a", "fail kernel state (tainted: warned)"])

    def test_nothing(self):
        self.assertEqual(read(""), ["fail guest (the guest did not get past this)"])


class Splats(unittest.TestCase):
    def test_clean(self):
        self.assertEqual(ktap.splats([
            "[    0.5] kmemleak: Kernel memory leak detector initialized (mem pool available: 15866)",
            "[    0.9] kmemleak: Cannot allocate a scan area, scanning the full object",
            "[    1.0] af_experimental: loading out-of-tree module taints kernel.",
            "[    1.1] selftest bind: start", "[    1.2] selftest bind: end"]), [])

    def test_out_of_memory(self):
        limit = ["stress invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
                 "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/a,task_memcg=/a",
                 "Memory cgroup out of memory: Killed process 7 (stress) total-vm:1000kB"]
        machine = ["stress invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
                   "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),global_oom",
                   "Out of memory: Killed process 7 (stress) total-vm:1000kB"]
        self.assertEqual(ktap.splats(limit), [])
        self.assertEqual(len(ktap.splats(machine)), 1)

    def test_attributed(self):
        found = ktap.splats([
            "[    1.0] selftest bind: start",
            "[    1.1] ------------[ cut here ]------------",
            "[    1.1] WARNING: CPU: 0 PID: 1 at net/core/sock.c:1 f+0x1/0x2",
            "[    1.1] Call Trace:",
            "[    1.2] ---[ end trace 0000000000000000 ]---",
            "[    1.3] selftest bind: end",
            "[    1.4] BUG: kernel NULL pointer dereference, address: 0000000000000000"])
        self.assertEqual([test for test, _ in found], ["bind", "after bind"])
        self.assertEqual(len(found[0][1]), 3)

    def test_kinds(self):
        for line in ("INFO: task a:1 blocked for more than 120 seconds.",
                     "WARNING: possible circular locking dependency detected",
                     "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
                     "unreferenced object 0xffff888100000000 (size 64):",
                     "Oops: general protection fault, probably for non-canonical address",
                     "refcount_t: underflow; use-after-free.",
                     "Kernel panic - not syncing: Fatal exception",
                     "kernel BUG at mm/slub.c:1!",
                     "kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
                     "kmemleak: Memory pool empty, consider increasing CONFIG_DEBUG_KMEMLEAK_MEM_POOL_SIZE",
                     "ref_tracker: net notrefcnt@ffff888100000000 has 1/1 users at",
                     "pagealloc: memory corruption",
                     "BUG: sleeping function called from invalid context",
                     "watchdog: BUG: soft lockup - CPU#0 stuck for 22s!"):
            self.assertEqual(len(ktap.splats([line])), 1, line)


class Stacks(unittest.TestCase):
    def test_none(self):
        self.assertIsNone(ktap.deepest(["[    1.0] selftest bind: start"]))

    def test_deepest(self):
        self.assertEqual(ktap.deepest([
            "[    1.0] modprobe (12) used greatest stack depth: 28000 bytes left",
            "[    2.0] stream (99) used greatest stack depth: 9000 bytes left"]), (9000, "stream"))


if __name__ == "__main__":
    unittest.main()
