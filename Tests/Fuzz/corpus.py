#!/usr/bin/env python3
"""The corpus as libFuzzer has it, a folder of files for each parser, and as it is kept: a line of base64 for each input.

corpus.py unpack FOLDER    writes FOLDER/ENTRY/NUMBER
corpus.py pack FOLDER      adds what is in FOLDER/ENTRY, shortest first, up to a size that tests can go through
"""
import base64
import pathlib
import sys

KEPT = pathlib.Path(__file__).parent / "Corpus"
# Bytes of all inputs of one parser.
LIMIT = 64 << 10


def kept(path):
    return [base64.b64decode(line) for line in path.read_text().splitlines()] if path.exists() else []


def unpack(folder):
    for path in sorted(KEPT.glob("*.txt")):
        target = folder / path.stem
        target.mkdir(parents=True, exist_ok=True)
        for number, content in enumerate(kept(path)):
            (target / f"{number:04}").write_bytes(content)


def pack(folder):
    for source in sorted(path for path in folder.iterdir() if path.is_dir()):
        target = KEPT / f"{source.name}.txt"
        inputs = kept(target)
        size = sum(map(len, inputs))
        for content in sorted((path.read_bytes() for path in source.iterdir()), key=lambda item: (len(item), item)):
            if content in inputs or size + len(content) > LIMIT:
                continue
            inputs.append(content)
            size += len(content)
        target.write_text("".join(base64.b64encode(item).decode() + "\n" for item in inputs))


{"unpack": unpack, "pack": pack}[sys.argv[1]](pathlib.Path(sys.argv[2]))
