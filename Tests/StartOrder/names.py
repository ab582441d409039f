#!/usr/bin/env python3
"""names.py PROGRAM <ADDRESSES: the functions that have these blocks of 16 bytes, in their order.

The program must have its symbols.
"""

import bisect
import subprocess
import sys


def main():
    text = subprocess.run(["nm", "--defined-only", sys.argv[1]], check=True, capture_output=True, text=True).stdout
    lines = (line.split(" ", 2) for line in text.splitlines())
    table = sorted((int(address, 16), name) for address, kind, name in lines if kind in "tTwW")
    starts = [address for address, _ in table]
    names = {}
    for line in sys.stdin:
        address = int(line, 16)
        # All that have a part in the block; those that begin before it share one beginning.
        index = bisect.bisect_right(starts, address + 15) - 1
        while index >= 0 and table[index][0] > address:
            names.setdefault(table[index][1])
            index -= 1
        start = table[index][0]
        while index >= 0 and table[index][0] == start:
            names.setdefault(table[index][1])
            index -= 1
    for name in names:
        print(name)


if __name__ == "__main__":
    main()
