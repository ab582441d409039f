#!/usr/bin/env python3
"""Kills Nestbox after each system call by which it changes anything, and checks what the next commands make of that.

usage: walk.py --tool KILLWALK --bin FOLDER --fixtures FOLDER [--stride K] [--seconds S] [COMMAND]...

For each COMMAND (all by default) and each victim - the command, its supervisor, or both - the walk goes from the first
changing call to the last: everything is made anew, the command is run under KILLWALK, which kills the victim right after
that call, and then:

lost     a container that ran beside must have gone on: its process, its counter in a volume, its published port, its log;
         whatever is listed can be used, and what was told to be there is there.
doubled  no name is listed twice, and a second container with the same name, port and volume works.
leaked   after that everything is as it was before: files below both roots, mounts, cgroups, processes, interfaces, routes,
         nf_tables elements, listening sockets.

With a stride only each K-th call is walked, from a random offset, which is printed. A hundred findings end it.
"""
import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from engine import ROOT, RUN_ROOT, Bystander, Engine, Finding, census, wait_until  # noqa: E402
from registries import REGISTRY_WALKS, close_registry  # noqa: E402
from walks import WALKS  # noqa: E402

if all(shutil.which(name) for name in ("docker-registry", "skopeo")):
    WALKS = WALKS | REGISTRY_WALKS

NAMESPACE = f"nbt-kw-{os.getpid()}"
VICTIMS = ["command", "supervisor", "both"]
MAXIMUM_FINDINGS = 100


class Driver:
    def __init__(self, options):
        self.options = options
        self.engine = Engine(options)
        self.findings = []
        self.points = 0

    def setup(self):
        engine = self.engine
        engine("load", "-q", "-i", f"{engine.fixtures}/busybox-docker.tar")
        self.bystander = Bystander(engine)
        engine("network", "create", "lane")
        # What the first of its kind leaves on purpose: caches, folders, the network's bridge and name server.
        for name in self.options.commands or list(WALKS):
            work = WALKS[name](engine)
            work.prepare()
            work.run()
            work.check(1)
            work.clean()
        time.sleep(0.5)
        self.before = census(engine)

    def restore(self):
        """Waits until everything is as it was."""
        changes = []

        def is_same():
            self.engine.names()
            now = census(self.engine)
            changes[:] = [f"+{item}" for item in now - self.before] + [f"-{item}" for item in self.before - now]
            return not changes
        if not wait_until(is_same, 8):
            left = sorted(changes)
            self.before = census(self.engine)
            raise Finding("leaked", "; ".join(left)[:800])

    def point(self, work, victim, number):
        """Walks one point; answers how many calls there were when it came too late."""
        label = f"{work.name}, {victim}, call {number}"
        try:
            work.prepare()
            supervisor = self.engine.supervisor("victim") if work.follows else 0
            was_killed, count, name, status, error = work.killed(victim, number, supervisor)
            label += f" ({name}), status {status}"
            if not was_killed:
                work.check(1)
                work.clean()
                return count
            if victim == "supervisor" and status and len(error.splitlines()) != 1:
                raise Finding("lost", f"the error is not one line: {error!r}")
            self.bystander.check()
            work.check(status)
            work.clean()
            self.bystander.check()
            self.restore()
        except Finding as finding:
            print(f"{finding.kind}: {label}: {finding}", flush=True)
            self.findings.append(finding.kind)
            self.counts[finding.kind] += 1
            self.recover()
        self.points += 1
        return None

    def recover(self):
        """Makes room for the next point after a finding."""
        engine = self.engine
        for name in ("victim", "other"):
            engine("rm", "-f", "-v", name, expect=None)
        engine("volume", "rm", "-f", "vol", expect=None)
        engine("network", "rm", "new", expect=None)
        try:
            self.restore()
        except Finding as finding:
            print(f"  still: {finding}", flush=True)

    def walk(self, name, victim):
        work = WALKS[name](self.engine)
        work.name = name
        self.counts = {"lost": 0, "leaked": 0, "doubled": 0}
        before = self.points
        stride = self.options.stride
        number = random.randint(1, stride) if stride > 1 else 1
        offset, total = number, None
        start = time.monotonic()
        while total is None and len(self.findings) < MAXIMUM_FINDINGS and time.monotonic() < self.end:
            total = self.point(work, victim, number)
            number += stride
        counts = self.counts
        print(f"{name:20} {victim:10} {self.points - before:6} {total if total is not None else '?':>6} {offset:6} "
              f"{counts['lost']:5} {counts['leaked']:6} {counts['doubled']:7} {time.monotonic() - start:6.0f} s", flush=True)

    def run(self):
        self.end = time.monotonic() + self.options.seconds
        self.setup()
        print(f"{'command':20} {'victim':10} {'points':>6} {'calls':>6} {'offset':>6}  lost leaked doubled    time", flush=True)
        chosen = self.options.commands or list(WALKS)
        pairs = [(name, victim) for name in chosen for victim in self.options.victims.split(",")
                 if victim == "command" or name in ("run -d", "run --rm", "run none", "start", "exec") or WALKS[name].follows]
        if self.options.stride > 1:
            random.shuffle(pairs)
        for name, victim in pairs:
            self.walk(name, victim)
        print(f"{self.points} points in all, {len(self.findings)} findings")

    def close(self):
        engine = self.engine
        close_registry()
        for name in engine("ps", "-aq", expect=None).stdout.split():
            engine("rm", "-f", "-v", name, expect=None)
        for name in ("lane", "bridge", "new"):
            engine("network", "rm", name, expect=None)
        # A layer that is an image stays mounted for as long as the store has it.
        engine("image", "prune", "-af", expect=None)
        wait_until(lambda: not [line for line in census(engine) if line.startswith(("cgroup", "mount", "process"))], 5)
        left = [line for line in census(engine) if line.startswith(("cgroup", "mount", "process"))]
        if left:
            print("left behind:", *left, sep="\n  ")
            self.findings.append("leaked")
        subprocess.run(["rm", "-rf", ROOT, RUN_ROOT, f"{ROOT}.report"], check=False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", required=True)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--fixtures", required=True)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=86400)
    parser.add_argument("--victims", default=",".join(VICTIMS))
    parser.add_argument("commands", nargs="*")
    options = parser.parse_args()
    if "KILLWALK_NAMESPACE" not in os.environ:
        # The walk is done in a network namespace of its own: the machine's own is never touched.
        subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
        try:
            subprocess.run(["ip", "-n", NAMESPACE, "link", "set", "lo", "up"], check=True)
            words = ["nsenter", f"--net=/run/netns/{NAMESPACE}", sys.executable] + sys.argv
            process = subprocess.Popen(words, env=dict(os.environ, KILLWALK_NAMESPACE=NAMESPACE))
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: process.terminate())
            sys.exit(process.wait())
        finally:
            subprocess.run(["ip", "netns", "del", NAMESPACE], check=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    driver = Driver(options)
    try:
        driver.run()
    finally:
        driver.close()
    sys.exit(1 if driver.findings else 0)


if __name__ == "__main__":
    main()
