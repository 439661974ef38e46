#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Hold the promises of selftests/rows.tsv against the results of a run.

    conformance.py [--part] ROWS TABLE PROBLEMS RESULTS...

ROWS has a promise a line, "row <tab> source <tab> what a program must observe", and
each has to be kept. A line "# row <tab> ..." is a promise that is known, and perhaps
tested, but need not be kept yet. TABLE has lines "row <tab> test <tab> break". RESULTS
are what ktap.py wrote, a file a kernel.

A row is passed if on each kernel a test of it passed and none failed: a skip passes no
row. A test that one kernel skips and another one passes is a problem too: what it needs
could be there. PROBLEMS gets a line a problem, in the form of RESULTS; the exit status is 1 if
there is one. --part says that only some programs ran: the lines of the others are not
looked at, and no rows are counted.
"""

import argparse
import re
import sys

ROW = re.compile(r"(# )?([a-z0-9_]+(?:\.[a-z0-9_]+)+)\t([^\t]+)\t([^\t]+)$")
LINE = re.compile(r"([^\t]+)\t([^\t:]+: [^\t]+)\t([^\t]+)$")


class Table:
    """The promises, and the tests that show each of them."""

    def __init__(self, rows, table):
        self.problems = []
        self.due = []
        self.tests = {}
        for number, line in enumerate(rows, 1):
            self.read_row(f"rows.tsv: line {number}", line.rstrip("\n"))
        for number, line in enumerate(table, 1):
            self.read_line(f"conformance.tsv: line {number}", line.rstrip("\n"))

    def read_row(self, where, line):
        found = ROW.match(line)
        if not found:
            if line and not line.startswith("#"):
                self.problems.append((where, "is no row, source and promise"))
        elif found.group(2) in self.tests:
            self.problems.append((where, f"{found.group(2)} is there twice"))
        else:
            self.tests[found.group(2)] = []
            if not found.group(1):
                self.due.append(found.group(2))

    def read_line(self, where, line):
        if not line or line.startswith("#"):
            return
        found = LINE.match(line)
        if not found:
            self.problems.append((where, "is no row, test and break"))
        elif found.group(1) not in self.tests:
            self.problems.append((where, f"there is no row {found.group(1)}"))
        else:
            self.tests[found.group(1)].append(found.group(2))


def read_results(lines):
    """The results of one kernel: {test: status}."""
    found = {}
    for line in lines:
        status, name, _ = line.rstrip("\n").split("\t")
        test = name.split(": ", 1)[1]
        # A test that failed in any way has failed.
        if found.get(test) != "fail":
            found[test] = status
    return found


def missing(table, results):
    """The tests of the table that no kernel knows, of the programs that ran."""
    known = {test for kernel in results for test in kernel}
    programs = {test.split(": ")[0] for test in known}
    for row, tests in table.tests.items():
        for test in tests:
            if test not in known and test.split(": ")[0] in programs:
                yield row, f"there is no test {test}"


def uneven(results):
    """The tests that one kernel skips and another one passes."""
    passed = {test for kernel in results for test, status in kernel.items() if status == "pass"}
    skipped = {test for kernel in results for test, status in kernel.items() if status == "skip"}
    for test in sorted(passed & skipped):
        yield test, "passes on one kernel, and is skipped on another"


def failure(tests, results):
    """Why a row with these tests is not passed; None if it is."""
    if not tests:
        return "no test shows it"
    for kernel in results:
        seen = [kernel.get(test) for test in tests]
        if "fail" in seen:
            return f"{tests[seen.index('fail')]} failed"
        if "pass" not in seen:
            return "no test of it passed"
    return None


def judge(table, results, part):
    """All problems as (what, why), and the number of rows that are passed."""
    problems = table.problems + list(missing(table, results)) + list(uneven(results))
    if part:
        return problems, None
    failures = [(row, failure(table.tests[row], results)) for row in table.due]
    failures = [(row, why) for row, why in failures if why]
    return problems + failures, len(table.due) - len(failures)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", action="store_true")
    for name in ("rows", "table", "problems"):
        parser.add_argument(name)
    parser.add_argument("results", nargs="+")
    args = parser.parse_args()

    with open(args.rows, encoding="utf-8") as rows, open(args.table, encoding="utf-8") as lines:
        table = Table(rows, lines)
    results = []
    for name in args.results:
        with open(name, encoding="utf-8") as lines:
            results.append(read_results(lines))
    problems, passed = judge(table, results, args.part)
    with open(args.problems, "w", encoding="utf-8") as out:
        for what, why in problems:
            print(f"fail\tconformance: {what}\t{why}", file=out)
    if not args.part:
        print(f"conformance: rows passed {passed} of rows known {len(table.due)}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
