#!/usr/bin/env python3
"""Runs the validation programs of runtime-tools against a runtime and prints a table.

Each program has mount, PID, IPC and network namespaces of its own: run bare, they leave mounts behind. A program passes when it
ends with status 0, prints a plan that is not empty or has nothing to complain of, and no line says "not ok".
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

PLACE = os.path.dirname(os.path.abspath(__file__))


def run(program, folder, runtime, seconds):
    """The program's status and what it printed."""
    command = ["unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "--mount-proc", "--kill-child", program]
    with tempfile.TemporaryDirectory(dir="/var/tmp") as temporary:
        environment = dict(os.environ, RUNTIME=runtime, TMPDIR=temporary)
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, timeout=seconds, text=True, errors="replace")
        except subprocess.TimeoutExpired as error:
            return -1, (error.stdout or b"").decode(errors="replace"), f"took longer than {seconds} s"
    return done.returncode, done.stdout, done.stderr


def complaint(status, output, errors):
    """Why the program does not pass; None when it does."""
    failed = re.findall(r"^\s*not ok \d+(?: - )?(.*)$", output, re.MULTILINE)
    if failed:
        return f"{len(failed)} not ok: {failed[0]}"
    if status != 0:
        text = (errors.strip() or output.strip() or "no output").splitlines()
        return f"status {status}: {text[0]}"
    if re.search(r"^1\.\.0\b", output, re.MULTILINE):
        # Such a program tells of failures by diagnostics only.
        diagnostic = re.search(r'"?error"?: ?"?([^"\n]+)', output)
        if diagnostic:
            return diagnostic.group(1)
        if "skip" in output.lower():
            return None
    # Programs about what must fail print nothing when it does.
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", required=True, help="what build.sh has made")
    parser.add_argument("--runtime", required=True)
    parser.add_argument("--machine", choices=["here", "vm"], default="here", help="whose known causes of failures count")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--keep", help="a folder for what each program prints")
    parser.add_argument("only", nargs="*", help="names of programs; none: all")
    arguments = parser.parse_args()
    with open(os.path.join(PLACE, "known.json")) as file:
        causes = json.load(file)
    known = causes["everywhere"] | causes[arguments.machine]
    folder = os.path.join(os.path.abspath(arguments.programs), "programs")
    runtime = shutil.which(arguments.runtime)
    if runtime is None:
        sys.exit(f"error: there is no {arguments.runtime}")
    passed, surprises, outdated = 0, [], []
    names = arguments.only or sorted(os.listdir(folder))
    print("| program | result | cause |\n| --- | --- | --- |")
    for name in names:
        status, output, errors = run(os.path.join(folder, name), arguments.programs, os.path.abspath(runtime), arguments.seconds)
        if arguments.keep:
            os.makedirs(arguments.keep, exist_ok=True)
            with open(os.path.join(arguments.keep, name), "w") as file:
                file.write(f"status {status}\n{output}\n--- stderr\n{errors}")
        reason = complaint(status, output, errors)
        passed += reason is None
        cause = "" if reason is None else known.get(name, reason.replace("|", "/"))
        if reason is not None and name not in known:
            surprises.append(name)
        if reason is None and name in known:
            outdated.append(name)
        print(f"| {name} | {'pass' if reason is None else 'fail'} | {cause[:160]} |", flush=True)
    print(f"\n{passed} of {len(names)} programs pass with {arguments.runtime}")
    if outdated:
        print(f"known to fail, but pass: {', '.join(outdated)}")
    if surprises:
        sys.exit(f"error: no cause is known for {', '.join(surprises)}")


if __name__ == "__main__":
    main()
