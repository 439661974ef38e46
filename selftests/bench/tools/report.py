#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Put together what the guests of a benchmark said: results.json, a table, which
budgets are kept, and what got worse since the results that were last accepted.

    report.py [OPTIONS] --kernel RELEASE --module SHA256 --baseline FILE DIR

DIR has a folder per guest with bench.out, a JSON object a line, and the one of the
guest "locks" also rmw, which the plugin wrote. The exit status is 1 if a cell is
wrong; a budget that is not kept, or a loss, is reported only.
"""

import argparse
import json
import pathlib
import sys

FAMILIES = ["exp", "unix", "pipe", "tcp", "udp", "vsock", "tipc"]
KINDS = ["stream", "seqpacket", "dgram", "rdm"]
KEY = ("pattern", "family", "type", "size", "count", "reader", "extra", "group", "unit")
OURS = "exp"
RIVAL = "unix"

# The patterns that charts show, and how the reader is found by what arrives there.
READERS = {"one way": "ready", "burst": "ready", "round trip": "blocked", "pipelined": "blocked"}

# A result may be so much more than the accepted one before that is a loss.
LOSS = 0.02

LOCKED = "locked instructions"


def rival_kind(kind):
    """AF_UNIX has no SOCK_RDM: its datagrams are never lost."""
    return "dgram" if kind == "rdm" else kind


class Results:
    """All cells, by what they are of."""

    def __init__(self):
        self.cells = {}
        self.wrong = []

    def add(self, cell):
        if "fault" in cell:
            self.wrong.append(cell)
            return
        cell.setdefault("unit", "none")
        self.cells[tuple(cell.get(key) for key in KEY)] = cell

    def get(self, family, pattern, kind, size=1, count=1, reader="ready", extra="none",
            group="child", unit="instructions"):
        """The value of a cell, or None if there is none."""
        key = (pattern, family, kind, size, count, reader, extra, group, unit)
        return self.cells.get(key, {}).get("value")

    def read(self, folder):
        """What one guest said; the counts of the plugin belong to the cells in order."""
        lines = (folder / "bench.out").read_text(errors="replace").splitlines()
        said = []
        for line in lines:
            try:
                said.append(json.loads(line))
            except ValueError:
                self.wrong.append({"pattern": folder.name, "fault": "unreadable: " + line[:200]})
        said = [cell for cell in said if cell.get("pattern") != "end"]
        if not (folder / "rmw").exists():
            for cell in said:
                self.add(cell)
            return
        counts = [list(map(int, line.split())) for line in (folder / "rmw").read_text().splitlines()]
        for cell in said:
            if "value" in cell and not counts:
                cell = {**cell, "fault": "the plugin has no count of it"}
            elif "value" in cell:
                _, windows, locks, xchgs = counts.pop(0)
                # Not this guest's instructions: it has another number of processors.
                cell.update(unit=LOCKED, value=locks + xchgs, lock=locks, xchg=xchgs,
                            samples=windows)
                for key in ("low", "high", "write"):
                    cell.pop(key, None)
            self.add(cell)


class Budget:
    """One row: ours, what it may be at most, and whether it is."""

    def __init__(self, what, ours, limit, of):
        self.what, self.ours, self.limit, self.of = what, ours, limit, of

    @property
    def verdict(self):
        if self.ours is None or self.limit is None:
            return "missing"
        return "pass" if self.ours <= self.limit else "short"

    def as_dict(self):
        return {"case": self.what, "value": self.ours, "limit": self.limit, "of": self.of,
                "verdict": self.verdict}


def budgets(results):
    """The rows of the promise, each against the rival of the same boot."""
    rows = []

    def against(what, share, pattern, kind, rival=RIVAL, rival_type=None, **where):
        ours = results.get(OURS, pattern, kind, **where)
        theirs = results.get(rival, pattern, rival_type or kind, **where)
        limit = None if theirs is None else share * theirs
        of = "%.2f of %s%s" % (share, rival, "" if theirs is None else " (%s)" % number(theirs))
        rows.append(Budget(what, ours, limit, of))

    against("stream, 1 B one way", 0.45, "one way", "stream")
    against("stream, burst of 32 x 64 B, per message", 0.30, "burst", "stream", size=64, count=32)
    against("stream, 4 KiB one way", 0.50, "one way", "stream", size=4096)
    against("stream, 64 KiB one way", 0.50, "one way", "stream", size=65536)
    against("stream, 1 B round trip", 0.70, "round trip", "stream", reader="blocked")
    against("seqpacket, 1 B one way", 0.50, "one way", "seqpacket")
    against("seqpacket, 4 KiB one way", 0.50, "one way", "seqpacket", size=4096)
    against("dgram, 1 B connected", 0.70, "one way", "dgram")
    against("rdm, 1 B connected", 1.0, "one way", "rdm", rival=OURS, rival_type="dgram")
    against("connect cycle, stream", 0.85, "connect cycle", "stream", size=0)
    for pattern in ("bind", "autobind", "connect"):
        few = results.get(OURS, pattern, "dgram", size=0, count=10)
        many = results.get(OURS, pattern, "dgram", size=0, count=1000000)
        rows.append(Budget("%s, dgram, 1 M bound" % pattern, many, few and 1.15 * few,
                           "1.15 of that at 10" + ("" if few is None else " (%s)" % number(few))))
    against("memory of a bound dgram, bytes", 1.0, "memory bound", "dgram", size=0, count=8192,
            unit="bytes")
    against("memory of an idle connection, bytes", 1.0, "memory pair", "stream", size=0, count=4096,
            unit="bytes")
    locks = results.get(OURS, "one way", "stream", unit=LOCKED)
    theirs = results.get(RIVAL, "one way", "stream", unit=LOCKED)
    rows.append(Budget("locked instructions, stream, 1 B one way", locks, 7,
                       "7" + ("" if theirs is None else " (unix has %s)" % number(theirs))))
    return rows


def number(value):
    """Three digits at a time; fractions only of what is small."""
    if value is None:
        return "-"
    text = "%.2f" % value if abs(value) < 10 and value != int(value) else "%.0f" % value
    whole, dot, rest = text.partition(".")
    return "{:,}".format(int(whole)).replace(",", " ") + dot + rest


def size_name(size):
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit and size % unit == 0:
            return "%d %s" % (size // unit, name)
    return "%d B" % size


def grid(rows, out):
    """Columns as wide as they need to be, the first one to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(row[1:], widths[1:])]
        print("  " + "  ".join(cells).rstrip(), file=out)


def cell_text(cell):
    if cell is None:
        return ""
    if "errno" in cell:
        return "refused (%s)" % cell["errno"]
    if "limit" in cell:
        return "over its limit"
    return number(cell["value"])


def tables(results, out):
    """A table for each pattern, type and condition; ours against AF_UNIX comes last."""
    groups = {}
    for cell in results.cells.values():
        condition = (cell["pattern"], cell["type"], cell["group"], cell["extra"], cell["reader"],
                     cell["unit"] if "value" in cell else None)
        if condition[-1] is None:
            others = [c["unit"] for c in results.cells.values()
                      if "value" in c and all(c[k] == cell[k] for k in (
                          "pattern", "type", "group", "extra", "reader"))]
            condition = condition[:-1] + (others[0] if others else "none",)
        groups.setdefault(condition, {}).setdefault((cell["size"], cell["count"]), {})[
            cell["family"]] = cell
    for (pattern, kind, group, extra, reader, unit), rows in groups.items():
        families = [f for f in FAMILIES if any(f in row for row in rows.values())]
        title = [pattern, kind, "%s cgroup" % group]
        if pattern in ("one way", "burst", "round trip", "pipelined"):
            title.append("reader " + {"ready": "finds it there", "blocked": "blocked in read",
                                      "epoll": "in epoll_wait"}[reader])
        if extra != "none":
            title.append("with " + {"passcred": "SO_PASSCRED"}.get(extra, "a " + extra))
        print("\n%s: %s" % (", ".join(title), unit), file=out)
        table = [["", *families, "exp/unix"]]
        counted = len({count for _, count in rows}) > 1
        for (size, count), row in sorted(rows.items()):
            ours, theirs = (row.get(f, {}).get("value") for f in (OURS, RIVAL))
            ratio = "%.2f" % (ours / theirs) if ours is not None and theirs else ""
            label = "%s, %s" % (size_name(size), number(count)) if counted and size else \
                number(count) if counted else size_name(size)
            table.append([label, *(cell_text(row.get(f)) for f in families), ratio])
        grid(table, out)


def budget_table(rows, out):
    print("\nbudgets: instructions if nothing else is said, child cgroup", file=out)
    table = [["", "exp", "at most", "which is", ""]]
    for row in rows:
        table.append([row.what, number(row.ours), number(row.limit), row.of, row.verdict])
    grid(table, out)


def baseline_key(cell):
    """A line of the baseline: all sizes or counts of one condition share it."""
    return "/".join(str(cell[key]) for key in ("pattern", "type", "reader", "extra", "group", "unit"))


def baseline_of(results):
    """Our values that are the same in each run: not those by the clock."""
    base = {}
    for cell in results.cells.values():
        if cell["family"] == OURS and "value" in cell and not cell["unit"].startswith("time"):
            place = "%d*%d" % (cell["size"], cell["count"])
            base.setdefault(baseline_key(cell), {})[place] = cell["value"]
    return base


def compare(results, accepted):
    """What is more by LOSS, what is less by as much, and how many were compared."""
    losses, gains, compared = [], [], 0
    for key, places in baseline_of(results).items():
        for place, value in places.items():
            before = accepted.get(key, {}).get(place)
            if before is None:
                continue
            compared += 1
            change = (key + " " + place, before, value)
            if value > before * (1 + LOSS):
                losses.append(change)
            elif value < before * (1 - LOSS):
                gains.append(change)
    return losses, gains, compared


def comparison(changes, title, out):
    print("\n%s" % title, file=out)
    table = [["", "accepted", "now", ""]]
    for what, before, value in changes:
        table.append([what, number(before), number(value), "%+.1f %%" % (100 * (value / before - 1))])
    grid(table, out)


def write_baseline(path, kernel, base):
    """A condition a line, so that a diff tells what changed."""
    lines = [json.dumps(key) + ": " + json.dumps(places) for key, places in sorted(base.items())]
    path.write_text('{"kernel": %s, "cells": {\n%s\n}}\n' % (json.dumps(kernel), ",\n".join(lines)))


def curves(results):
    """What the charts show: the ratio to AF_UNIX over the size, for each pattern and type."""
    charts = {}
    for cell in results.cells.values():
        if cell["pattern"] not in READERS or cell["extra"] != "none" or cell["group"] != "child" or \
           cell["unit"] != "instructions" or cell["reader"] != READERS[cell["pattern"]]:
            continue
        where = {key: cell[key] for key in ("pattern", "size", "count", "reader", "group", "unit")}
        theirs = results.get(RIVAL, kind=rival_kind(cell["type"]), **where)
        if theirs:
            panel = charts.setdefault(cell["type"], {}).setdefault(cell["pattern"], {})
            panel.setdefault(cell["family"], []).append((cell["size"], cell["value"] / theirs))
    return charts


def write_charts(folder, results):
    """A script for gnuplot, with its data: a chart per type, a panel per pattern."""
    script = []
    for kind, panels in curves(results).items():
        for terminal, suffix in (("pngcairo size 1280,960 font 'DejaVu Sans,11'", "png"),
                                 ("svg size 1280,960 font 'DejaVu Sans,11' background 'white'", "svg")):
            script += ["set terminal %s noenhanced" % terminal, "set output 'ratio-%s.%s'" % (kind, suffix),
                       "set multiplot layout 2,2 title 'SOCK_%s: instructions, AF_UNIX%s = 1'" % (
                           kind.upper(), " SOCK_DGRAM" if kind == "rdm" else ""),
                       "set logscale x 2", "set logscale y 2", "set grid", "set key outside right",
                       "set xlabel 'bytes of a message'", "set format x '%.0b%B'"]
            for pattern in READERS:
                families = panels.get(pattern, {})
                if not families:
                    script.append("set multiplot next")
                    continue
                lines = []
                for family in sorted(families, key=FAMILIES.index):
                    name = "$%s_%s_%s" % (kind, pattern.replace(" ", "_"), family)
                    points = "\n".join("%d %.4f" % point for point in sorted(families[family]))
                    script.append("%s << EOD\n%s\nEOD" % (name, points))
                    lines.append("%s using 1:2 with linespoints linetype %d linewidth %d title '%s'" % (
                        name, FAMILIES.index(family) + 1, 3 if family == OURS else 1, family))
                script += ["set title '%s'" % pattern, "plot " + ", ".join(lines)]
            script.append("unset multiplot")
    (folder / "charts.gp").write_text("\n".join(script) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--module", required=True)
    parser.add_argument("--tested", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--accept", type=pathlib.Path)
    parser.add_argument("--baseline", type=pathlib.Path, required=True)
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    out = sys.stdout

    results = Results()
    # Those of the guest that is the same with --quick replace others of the same cell.
    folders = [said.parent for said in options.folder.glob("*/bench.out")]
    for folder in sorted(folders, key=lambda f: (f.name == "budgets", f.name)):
        results.read(folder)
    rows = budgets(results)
    accepted = json.loads(options.baseline.read_text()) if options.baseline.exists() else {}
    losses, gains, compared = compare(results, accepted.get("cells", {}))

    tables(results, out)
    budget_table(rows, out)
    if losses:
        comparison(losses, "REGRESSIONS: more than %.0f %% over the accepted results" % (100 * LOSS), out)
    if gains:
        comparison(gains, "less than the accepted results by more than %.0f %%" % (100 * LOSS), out)
    if results.wrong:
        print("\nWRONG:", file=out)
        for cell in results.wrong:
            print("  " + json.dumps(cell), file=out)
    kept = sum(row.verdict == "pass" for row in rows)
    print("\nkernel %s, module %s, %s" % (
        options.kernel, options.module[:16],
        "as make test passed it" if options.tested else "which make test has NOT passed in full"), file=out)
    print("%d of %d budgets kept; %d cells compared with the accepted results: %d regressions, %d gains; "
          "%d cells wrong" % (kept, len(rows), compared, len(losses), len(gains), len(results.wrong)), file=out)

    (options.folder / "results.json").write_text(json.dumps({
        "kernel": options.kernel, "module": options.module, "tested": options.tested,
        "quick": options.quick, "budgets": [row.as_dict() for row in rows],
        "regressions": [{"case": w, "accepted": b, "value": v} for w, b, v in losses],
        "wrong": results.wrong, "cells": list(results.cells.values())}, indent=1) + "\n")
    write_charts(options.folder, results)
    if options.accept:
        base = accepted.get("cells", {}) if options.quick else {}
        for key, places in baseline_of(results).items():
            base.setdefault(key, {}).update(places)
        write_baseline(options.accept, options.kernel, base)
    return 1 if results.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
