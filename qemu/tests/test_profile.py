# SPDX-License-Identifier: GPL-2.0
"""Tests of selftests/bench/tools/profile.py: whose instructions are whose."""

import contextlib
import importlib.util
import io
import json
import pathlib
import tempfile
import unittest
from unittest import mock

PATH = pathlib.Path(__file__).parents[2] / "selftests/bench/tools/profile.py"
SPEC = importlib.util.spec_from_file_location("profile_of_bench", PATH)
profile = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(profile)

FUNCTIONS = """ffffffff81000000 vfs_write
ffffffff81000100 mutex_lock
ffffffffc0000000 send
"""
CELL = {"pattern": "burst", "family": "exp", "type": "stream", "size": 64, "count": 2, "value": 30.0}


class Profile(unittest.TestCase):
    def output(self, blocks):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "bench.out").write_text(FUNCTIONS + json.dumps(CELL) + "\n")
            (folder / "profile").write_text(blocks)
            out = io.StringIO()
            with mock.patch("sys.argv", ["profile.py", name]), contextlib.redirect_stdout(out):
                profile.main()
        return [line.split(None, 1) for line in out.getvalue().splitlines() if line.strip()]

    def test_a_block_belongs_to_the_function_before_it(self):
        lines = self.output("cell 0 1\nffffffff81000010 5 4\n")
        self.assertIn(["10.0", "vfs_write"], lines)
        self.assertIn(["10.0", "system call, file, socket layer"], lines)

    def test_what_a_module_has_is_ours(self):
        self.assertIn(["3.0", "this family"], self.output("cell 0 1\nffffffffc0000004 6 1\n"))

    def test_the_program_has_low_addresses(self):
        self.assertIn(["1.0", "program"], self.output("cell 0 1\n401000 2 1\n"))

    def test_windows_and_operations_divide(self):
        self.assertIn(["2.0", "locks, RCU"], self.output("cell 0 4\nffffffff81000100 8 2\n"))


if __name__ == "__main__":
    unittest.main()
