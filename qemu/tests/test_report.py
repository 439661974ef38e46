# SPDX-License-Identifier: GPL-2.0
"""Tests of selftests/bench/tools/report.py: what it makes of a benchmark's lines."""

import importlib.util
import io
import json
import pathlib
import tempfile
import unittest

PATH = pathlib.Path(__file__).parents[2] / "selftests/bench/tools/report.py"
SPEC = importlib.util.spec_from_file_location("report", PATH)
report = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(report)


def cell(family, value=None, **other):
    base = {"pattern": "one way", "family": family, "type": "stream", "size": 1, "count": 1,
            "reader": "ready", "extra": "none", "group": "child"}
    if value is not None:
        base.update(unit="instructions", value=value)
    base.update(other)
    return base


def results_of(*cells):
    results = report.Results()
    for one in cells:
        results.add(one)
    return results


def row(results, what):
    return next(r for r in report.budgets(results) if r.what == what)


class Budgets(unittest.TestCase):
    WHAT = "stream, 1 B one way"

    def test_kept_up_to_the_limit(self):
        self.assertEqual(row(results_of(cell("exp", 450), cell("unix", 1000)), self.WHAT).verdict, "pass")

    def test_short_beyond_it(self):
        self.assertEqual(row(results_of(cell("exp", 451), cell("unix", 1000)), self.WHAT).verdict, "short")

    def test_no_figure_is_no_pass(self):
        self.assertEqual(row(results_of(cell("exp", 450)), self.WHAT).verdict, "missing")
        refused = cell("exp", errno="EOPNOTSUPP", call="socket")
        self.assertEqual(row(results_of(refused, cell("unix", 1000)), self.WHAT).verdict, "missing")

    def test_another_group_does_not_count(self):
        root = cell("exp", 1, group="root")
        self.assertEqual(row(results_of(root, cell("unix", 1000)), self.WHAT).verdict, "missing")


class Comparison(unittest.TestCase):
    def changes(self, before, after):
        accepted = report.baseline_of(results_of(cell("exp", before)))
        return report.compare(results_of(cell("exp", after)), accepted)

    def test_two_percent_are_no_loss(self):
        self.assertEqual(self.changes(1000, 1020), ([], [], 1))

    def test_more_is(self):
        losses, gains, compared = self.changes(1000, 1021)
        self.assertEqual((len(losses), len(gains), compared), (1, 0, 1))

    def test_less_is_a_gain(self):
        losses, gains, _ = self.changes(1000, 979)
        self.assertEqual((len(losses), len(gains)), (0, 1))

    def test_only_ours_is_kept(self):
        self.assertEqual(report.baseline_of(results_of(cell("unix", 5))), {})


class Lines(unittest.TestCase):
    def read(self, lines, rmw=None):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "bench.out").write_text("".join(line + "\n" for line in lines))
            if rmw is not None:
                (folder / "rmw").write_text(rmw)
            results = report.Results()
            results.read(folder)
        return results

    def test_counts_of_the_plugin_pass_over_what_was_refused(self):
        lines = [json.dumps(cell("exp", 100)),
                 json.dumps(cell("tcp", errno="EMSGSIZE", call="write")),
                 json.dumps(cell("unix", 200)), '{"pattern":"end"}']
        results = self.read(lines, "0 9 4 1\n1 9 11 0\n")
        self.assertEqual(results.get("exp", "one way", "stream", unit=report.LOCKED), 5)
        self.assertEqual(results.get("unix", "one way", "stream", unit=report.LOCKED), 11)
        self.assertIsNone(results.get("exp", "one way", "stream"))

    def test_faults_and_garbage_are_wrong(self):
        results = self.read([json.dumps(cell("exp", fault="message 0 is not what was sent")), "{oops"])
        self.assertEqual(len(results.wrong), 2)

    def test_refused_cells_have_their_errno_in_the_table(self):
        out = io.StringIO()
        report.tables(results_of(cell("exp", errno="EOPNOTSUPP", call="socket"), cell("unix", 1000)), out)
        self.assertIn("refused (EOPNOTSUPP)", out.getvalue())


if __name__ == "__main__":
    unittest.main()
