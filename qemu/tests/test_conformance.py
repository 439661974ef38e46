# SPDX-License-Identifier: GPL-2.0
"""What qemu/conformance.py makes of promises, tests and results."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import conformance  # noqa: E402  (the path comes first)

ROWS = ["# Rows.", "api.bind\tAPI\tbind a port", "api.close\tAPI\tclose frees", "# so.mark\tAPI\tmarks"]
TABLE = ["# Tests.", "api.bind\tbind: a.any\tports.rs: no port", "api.bind\tbind: a.one\tports.rs: none",
         "api.close\tclose: b\tclose.rs: nothing"]
GOOD = ["pass\tk: bind: a.any\t", "pass\tk: bind: a.one\t", "pass\tk: close: b\t"]


def judge(rows=None, table=None, results=None, part=False):
    """(problems as "what: why", rows passed)"""
    kernels = [conformance.read_results(lines) for lines in results or [GOOD]]
    problems, passed = conformance.judge(conformance.Table(rows or ROWS, table or TABLE), kernels, part)
    return [f"{what}: {why}" for what, why in problems], passed


def without(test, status=None):
    """GOOD results but for one test."""
    others = [line for line in GOOD if f": {test}\t" not in line]
    return others + ([f"{status}\tk: {test}\twhy"] if status else [])


class Rows(unittest.TestCase):
    def test_all_pass(self):
        self.assertEqual(judge(), ([], 2))

    def test_failed_test_fails_its_row(self):
        self.assertEqual(judge(results=[without("bind: a.one", "fail")]),
                         (["api.bind: bind: a.one failed"], 1))

    def test_skip_beside_a_pass(self):
        self.assertEqual(judge(results=[without("bind: a.one", "skip")]), ([], 2))

    def test_skip_passes_no_row(self):
        self.assertEqual(judge(results=[without("close: b", "skip")]),
                         (["api.close: no test of it passed"], 1))

    def test_row_without_a_line(self):
        self.assertEqual(judge(table=TABLE[:3]), (["api.close: no test shows it"], 1))

    def test_line_without_a_test(self):
        problems, passed = judge(results=[without("bind: a.one")])
        self.assertEqual((problems, passed), (["api.bind: there is no test bind: a.one"], 2))

    def test_program_that_did_not_run(self):
        self.assertEqual(judge(results=[without("close: b")]),
                         (["api.close: no test of it passed"], 1))

    def test_every_kernel_counts(self):
        self.assertEqual(judge(results=[GOOD, without("close: b", "fail")]),
                         (["api.close: close: b failed"], 1))

    def test_skip_where_another_kernel_passes(self):
        self.assertEqual(judge(results=[GOOD, without("bind: a.one", "skip")]),
                         (["bind: a.one: passes on one kernel, and is skipped on another"], 2))

    def test_known_row_needs_no_test_yet(self):
        line = "so.mark\tclose: b\tbroken"
        self.assertEqual(judge(table=TABLE + [line]), ([], 2))
        line = "so.mark\tclose: c\tbroken"
        self.assertEqual(judge(table=TABLE + [line]), (["so.mark: there is no test close: c"], 2))

    def test_name_reported_twice_has_failed_if_one_did(self):
        for twice in (["pass\tk: close: b\t", "fail\tk: close: b\t"],
                      ["fail\tk: close: b\t", "pass\tk: close: b\t"]):
            self.assertEqual(judge(results=[without("close: b") + twice])[1], 1)


class Part(unittest.TestCase):
    def test_lines_of_other_programs_do_not_count(self):
        self.assertEqual(judge(results=[GOOD[2:]], part=True), ([], None))

    def test_lines_of_its_programs_do(self):
        self.assertEqual(judge(results=[GOOD[1:2]], part=True),
                         (["api.bind: there is no test bind: a.any"], None))


class Form(unittest.TestCase):
    def test_unknown_row(self):
        self.assertEqual(judge(table=TABLE + ["api.bnid\tbind: a.any\tx"])[0],
                         ["conformance.tsv: line 5: there is no row api.bnid"])

    def test_no_break(self):
        for line in ("api.bind\tbind: a.any", "api.bind\tbind: a.any\t", "api.bind\tbind\tx"):
            self.assertEqual(judge(table=TABLE + [line])[0],
                             ["conformance.tsv: line 5: is no row, test and break"])

    def test_bad_row(self):
        self.assertEqual(judge(rows=ROWS + ["api.names"])[0],
                         ["rows.tsv: line 5: is no row, source and promise"])

    def test_row_twice(self):
        self.assertEqual(judge(rows=ROWS + [ROWS[1]])[0], ["rows.tsv: line 5: api.bind is there twice"])
        self.assertEqual(judge(rows=ROWS + ["so.mark\tAPI\tmarks"])[0],
                         ["rows.tsv: line 5: so.mark is there twice"])


if __name__ == "__main__":
    unittest.main()
