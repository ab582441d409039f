#!/usr/bin/env python3
"""Fails when what runs at nestbox-runtime's entry, before the C library is set up, could need it.

usage: early-start.py BUILD-FOLDER [ENTRY]

Follows the calls from ENTRY (nb_start_sealed) through the objects of CSealedStart and CLinux. Neither functions of others, of which
memcpy and the like are not chosen for the processor yet, nor threads' own variables, as errno is, may be reached.
"""

import collections
import pathlib
import re
import subprocess
import sys

FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
TARGET = re.compile(r"\bR_\S+\s+(\S+?)(?:[-+]0x[0-9a-f]+)?$")
THREAD = re.compile(r"%fs:|\btpidr_el0\b", re.IGNORECASE)


def functions(folder):
    """Each function's targets of relocations, and whether it has to do with threads' variables."""
    targets, threads = collections.defaultdict(set), set()
    objects = [path for name in ("CSealedStart", "CLinux") for path in (folder / f"{name}.build").glob("*.o")]
    if not objects:
        sys.exit(f"error: {folder} has no objects of CSealedStart and CLinux: build them first")
    for path in objects:
        text = subprocess.run(
            ["objdump", "--disassemble", "--reloc", "--no-show-raw-insn", path], check=True, capture_output=True, text=True
        ).stdout
        name = None
        for line in text.splitlines():
            if match := FUNCTION.match(line):
                name = match[1]
                targets[name]
            elif match := TARGET.search(line):
                targets[name].add(match[1])
            elif THREAD.search(line):
                threads.add(name)
            elif match := re.search(r"\b(?:call|jmp|bl?)\s+[0-9a-f]+ <([^>+]+)>$", line):
                targets[name].add(match[1])
    return targets, threads


def main():
    folder = pathlib.Path(sys.argv[1])
    entry = sys.argv[2] if len(sys.argv) > 2 else "nb_start_sealed"
    targets, threads = functions(folder)
    seen, waiting, faults = set(), [entry], []
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name.startswith("."):  # Constants, no code.
            continue
        if name not in targets:
            faults.append(f"{name} is not CLinux's own")
        if name in threads:
            faults.append(f"{name} uses a thread's own variable")
        waiting += targets.get(name, ())
    for fault in sorted(faults):
        print(f"error: what runs before the C library is set up reaches what needs it: {fault}", file=sys.stderr)
    return 1 if faults else 0


sys.exit(main())
