#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Programs of the fuzzer, between the files of libFuzzer and text.

    programs.py unpack TEXT DIR     a file each, as libFuzzer wants them
    programs.py pack DIR TEXT       a line each, in hexadecimal
    programs.py flight FILE TEXT    what a guest left in selftests/fuzz/flight.c's memory,
                                    the last one last
"""

import hashlib
import os
import struct
import sys

HEADER = "# SPDX-License-Identifier: GPL-2.0\n"
NOTE = struct.Struct("<II1016s")


def read(path):
    with open(path, encoding="ascii") as file:
        return [bytes.fromhex(line) for line in file if not line.startswith("#")]


def write(path, programs):
    with open(path, "w", encoding="ascii") as file:
        file.write(HEADER)
        file.writelines(program.hex() + "\n" for program in programs)


def unpack(text, folder):
    for program in read(text):
        name = hashlib.sha1(program, usedforsecurity=False).hexdigest()
        with open(os.path.join(folder, name), "wb") as file:
            file.write(program)


def pack(folder, text):
    programs = []
    for entry in os.scandir(folder):
        with open(entry, "rb") as file:
            programs.append(file.read())
    write(text, sorted(programs, key=lambda program: (len(program), program)))


def flight(path, text):
    with open(path, "rb") as file:
        notes = sorted((number, data[:size]) for number, size, data in NOTE.iter_unpack(file.read())
                       if number)
    write(text, [data for _, data in notes])


def main():
    command, source, target = sys.argv[1:]
    {"unpack": unpack, "pack": pack, "flight": flight}[command](source, target)


if __name__ == "__main__":
    main()
