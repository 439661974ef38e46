#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Which lines of rust/ a guest executed.

    report.py MODULE.ko DMESG EXECUTED...

EXECUTED is what the plugin executed.so wrote. DMESG tells where the module was each time
that it was loaded: the kernel was booted with dyndbg="func move_module +p". A line counts
if the compiler made an instruction of it, and is covered if one of these was executed,
in whatever function it was inlined.
"""

import re
import subprocess
import sys

MODULE = re.compile(r"Final section addresses for (\S+):")
SECTION = re.compile(r"\t(0x[0-9a-f]+) (0x[0-9a-f]+) (\S+)")
PLACE = re.compile(r"(?:\S*/)?(rust/\S+\.(?:rs|c|h)):(\d+)(?: \(discriminator \d+\))?$")
OTHER_PLACE = re.compile(r"\S+:\d+(?: \(discriminator \d+\))?$")
HEADER = re.compile(r"Disassembly of section (\S+):")
INSN = re.compile(r"\s+([0-9a-f]+):\t")


def instructions(module):
    """{(section, offset): (file, line)} of what comes from rust/, by the line table."""
    found = {}
    section = place = None
    command = ["objdump", "--disassemble", "--line-numbers", "--no-show-raw-insn", "--wide", module]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as objdump:
        for line in objdump.stdout:
            line = line.rstrip("\n")
            if match := HEADER.match(line):
                section, place = match.group(1), None
            elif match := INSN.match(line):
                if place:
                    found[section, int(match.group(1), 16)] = place
            elif (match := PLACE.match(line)) and "generated" not in match.group(1):
                place = match.group(1), int(match.group(2))
            elif OTHER_PLACE.match(line):
                place = None
    return found


def sections(dmesg, name):
    """(address, size, section) for each time that the module was loaded."""
    current = None
    with open(dmesg, encoding="utf-8", errors="replace") as log:
        for line in log:
            if match := MODULE.search(line):
                current = match.group(1)
            elif current == name and (match := SECTION.search(line)):
                yield int(match.group(1), 16), int(match.group(2), 16), match.group(3)


def ranges(lines):
    """[1, 2, 3, 7] as "1-3 7"."""
    spans = []
    for line in sorted(lines):
        if spans and line == spans[-1][1] + 1:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    return " ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in spans)


def main():
    module, dmesg, *files = sys.argv[1:]
    places = instructions(module)
    known = list(sections(dmesg, "af_experimental"))
    if not known or not places:
        sys.exit("error: " + (f"{dmesg} does not say where the module was" if places else
                              f"{module} has no line numbers"))
    addresses = set()
    for path in files:
        with open(path, encoding="ascii") as file:
            addresses.update(int(line, 16) for line in file)
    lines, covered = {}, {}
    for file, line in places.values():
        lines.setdefault(file, set()).add(line)
    for base, size, section in known:
        for address in addresses:
            if base <= address < base + size and (place := places.get((section, address - base))):
                covered.setdefault(place[0], set()).add(place[1])
    print("lines  covered  file, and the lines that were not executed")
    for file in sorted(lines):
        done = covered.get(file, set())
        print(f"{len(lines[file]):5}  {100 * len(done) / len(lines[file]):5.1f} %  {file}: "
              f"{ranges(lines[file] - done)}")
    total = sum(map(len, lines.values()))
    done = sum(map(len, covered.values()))
    print(f"{total:5}  {100 * done / total:5.1f} %  rust/, {done} lines covered")


if __name__ == "__main__":
    main()
