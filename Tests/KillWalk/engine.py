"""An engine of the walk's own, a container that runs beside, and all that they can leave."""
import glob
import json
import os
import re
import subprocess
import sys
import time
import urllib.request

ROOT = f"/var/tmp/nestbox-test.kw{os.getpid()}"
RUN_ROOT = f"/run/nb.kw{os.getpid()}"


class Finding(Exception):
    """Something is lost, leaked or doubled."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


class Engine:
    def __init__(self, options):
        self.tool = options.tool
        self.nestbox = [f"{options.bin}/nestbox", "--root", ROOT, "--run-root", RUN_ROOT]
        self.fixtures = options.fixtures
        self.cgroup = self("info", "--format", "{{.CgroupParent}}").stdout.strip()

    def __call__(self, *words, expect=0, seconds=60):
        """Runs a command to its end; with another status than is expected that is a finding."""
        try:
            result = subprocess.run(self.nestbox + list(words), capture_output=True, text=True, timeout=seconds,
                                    stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise Finding("lost", f"{' '.join(words)}: hangs") from None
        if expect is not None and result.returncode != expect:
            raise Finding("lost", f"{' '.join(words)}: status {result.returncode}, {result.stderr.strip()}")
        return result

    def killed(self, words, victim, number, supervisor):
        """Runs a command that is killed; answers whether it was, how many calls there were, and the last one."""
        report = f"{ROOT}.report"
        call = [self.tool, victim, str(number), str(supervisor), report] + self.nestbox + words
        try:
            ended = subprocess.run(call, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise Finding("lost", "the command or its runtime hangs") from None
        if ended.returncode:
            sys.exit(f"killwalk: status {ended.returncode}, {ended.stderr}")
        kind, count, name, status = open(report).read().split()
        if status == "255":
            raise Finding("lost", f"the command hangs after {name}")
        return kind == "killed", int(count), name, int(status), ended.stderr.strip()

    def inspect(self, name, form):
        return self("inspect", "--format", form, name).stdout.strip()

    def inspect_status(self):
        return self("inspect", "--format", "{{.State.Status}}", "victim", expect=None).stdout.strip()

    def supervisor(self, name):
        with open(f"{ROOT}/containers/{self.inspect(name, '{{.Id}}')}/state.json") as file:
            return json.load(file)["supervisor"]["pid"]

    def names(self):
        result = self("ps", "-a", "--format", "{{.Names}}")
        if result.stderr:
            raise Finding("lost", f"ps: {result.stderr.strip()}")
        return result.stdout.split()


class Bystander:
    """A container that runs all the time."""

    PROGRAM = "httpd -p 80 -h /data; n=0; while :; do n=$((n+1)); echo $n >/data/.new; mv /data/.new /data/n; " \
        "echo $n; usleep 10000; done"

    def __init__(self, engine):
        self.engine = engine
        self.id = engine("run", "-d", "--name", "bystander", "-p", "7070:80", "-v", "beside:/data", "--log-opt",
                         "max-size=1m", "--log-opt", "max-file=2", "busybox", "sh", "-c", self.PROGRAM).stdout.strip()
        self.pid = engine.inspect("bystander", "{{.State.Pid}}")
        wait_until(lambda: self.counter() > 0)
        self.last = (0, 0)

    def counter(self):
        try:
            with urllib.request.urlopen("http://127.0.0.1:7070/n", timeout=5) as answer:
                return int(answer.read() or 0)
        except OSError:
            return 0

    def logged(self):
        with open(f"{ROOT}/containers/{self.id}/log.json", "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 400))
            numbers = re.findall(rb'"log":"(\d+)\\n"', file.read())
        return int(numbers[-1]) if numbers else 0

    def check(self):
        def moves():
            now = (self.counter(), self.logged())
            if now[0] > self.last[0] and (now[1] > self.last[1] or now[1] == 0):
                self.last = now
                return True
            return False
        if not wait_until(moves, 5):
            raise Finding("lost", f"the container beside does not go on: {self.last}, {self.counter()}, {self.logged()}")
        if self.engine.inspect("bystander", "{{.State.Status}} {{.State.Pid}}") != f"running {self.pid}":
            raise Finding("lost", "the container beside is not what it was")


def wait_until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def census(engine):
    """All that an engine can leave, as a set of texts."""
    found = set()
    for top in (ROOT, RUN_ROOT):
        for folder, folders, files in os.walk(top):
            folders[:] = [name for name in folders if not (folder.endswith("/volumes/beside") and name == "_data")]
            found |= {f"file {folder}/{name}" for name in folders + files if not re.fullmatch(r"log\.json(\.\d+)?|events.*\.json", name)}
    found |= {"mount " + line.split()[4] for line in read("/proc/self/mountinfo").splitlines() if ROOT in line or RUN_ROOT in line}
    # Made by the first repository, and there from then on; what is in them counts.
    found -= {f"file {ROOT}/registry", f"file {ROOT}/registry/_new"}
    for path in glob.glob(f"/sys/fs/cgroup/{engine.cgroup}") + glob.glob(f"/sys/fs/cgroup/*/{engine.cgroup}"):
        found |= {f"cgroup {folder}" for folder, _, _ in os.walk(path)}
    own, own_pid = os.stat("/proc/self/ns/net").st_ino, os.getpid()
    for process in os.listdir("/proc"):
        if not process.isdigit() or int(process) == own_pid:
            continue
        try:
            is_here = os.stat(f"/proc/{process}/ns/net").st_ino == own
        except OSError:
            continue
        if is_here or engine.cgroup in read(f"/proc/{process}/cgroup"):
            # The shell of the container beside starts others all the time.
            name = read(f"/proc/{process}/comm").strip()
            if name not in ("usleep", "mv") and "State:\tZ" not in read(f"/proc/{process}/status"):
                words = read(f"/proc/{process}/cmdline").split("\0")
                if words[:2] != ["sh", "-c"] or "httpd" not in "".join(words):
                    found.add(f"process {process} {' '.join(words)[:80]}")
    found |= {"link " + line.split(":")[0].strip() for line in read("/proc/self/net/dev").splitlines()[2:]}
    found |= {"route " + " ".join(line.split()[:3]) for line in read("/proc/self/net/route").splitlines()[1:]}
    for kind in ("tcp", "udp", "tcp6", "udp6"):
        for line in read(f"/proc/self/net/{kind}").splitlines()[1:]:
            words = line.split()
            if words[3] in ("0A", "07"):
                found.add(f"{kind} {words[1]}")
    rules = subprocess.run(["nft", "-s", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
    words = {}
    for word in re.split(r"[ ,\n\t]+", rules):
        words[word] = words.get(word, 0) + 1
    return found | {f"rule {count} {word}" for word, count in words.items()}
