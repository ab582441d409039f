"""The walks of commands about registries, with Debian's docker-registry, and of nestboxd while somebody pushes to it."""
import contextlib
import glob
import os
import shutil
import signal
import socket
import subprocess

from engine import ROOT, RUN_ROOT, Finding, read, wait_until
from walks import Load, RemoveImage, Walk

FOREIGN, OWN = 5998, 5999
FOLDER = f"{ROOT}.registry"
NAME = f"127.0.0.1:{FOREIGN}/app:1"
SKOPEO = ["skopeo", "copy", "-q", "--dest-tls-verify=false"]
registry = None


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def open_registry(engine):
    """docker-registry with an image, once for all walks."""
    global registry
    if registry:
        return
    os.environ["DOCKER_CONFIG"] = f"{FOLDER}/none"
    os.makedirs(FOLDER)
    with open(f"{FOLDER}/config.yml", "w") as file:
        file.write(f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {FOLDER}/data}}}}\nhttp: {{addr: '127.0.0.1:{FOREIGN}'}}\n")
    with open(f"{FOLDER}/log", "w") as log:
        registry = subprocess.Popen(["docker-registry", "serve", f"{FOLDER}/config.yml"], stdout=log, stderr=log)
    if not wait_until(lambda: listens(FOREIGN)):
        raise Finding("lost", "docker-registry does not start")
    subprocess.run(SKOPEO + ["--dest-compress-format", "gzip", f"docker-archive:{engine.fixtures}/app-docker.tar", f"docker://{NAME}"],
                   check=True)


def close_registry():
    if registry:
        registry.kill()
        registry.wait()
    shutil.rmtree(FOLDER, ignore_errors=True)


class Pull(Load):
    words = ["pull", "-q", NAME]

    def prepare(self):
        open_registry(self.engine)

    def whole(self):
        result = self.engine("verify", expect=None)
        if result.returncode:
            raise Finding("lost", f"verify: {result.stdout} {result.stderr.strip()}")

    def check(self, status):
        self.whole()
        super().check(status)
        self.whole()


class Prune(RemoveImage):
    """The image of the container beside stays."""

    words = ["image", "prune", "-af"]

    def prepare(self):
        Load.prepare(self)
        self.engine(*self.words)
        self.words = Prune.words

    def check(self, status):
        if self.engine("verify", expect=None).returncode:
            raise Finding("lost", self.engine("verify", expect=None).stdout)
        super().check(status)


class VerifyRepair(Pull):
    """A blob is gone, one is damaged, and so is a file of a layer."""

    words = ["verify", "--repair"]

    def prepare(self):
        super().prepare()
        engine = self.engine
        before = set(glob.glob(f"{ROOT}/blobs/sha256/*")), set(glob.glob(f"{ROOT}/layers/*"))
        engine("pull", "-q", NAME)
        blobs = sorted(set(glob.glob(f"{ROOT}/blobs/sha256/*")) - before[0], key=os.path.getsize)
        os.unlink(blobs[0])
        with open(blobs[-1], "r+b") as file:
            file.seek(100)
            file.write(b"damage")
        layer = sorted(set(glob.glob(f"{ROOT}/layers/*")) - before[1])[0]
        if os.path.exists(f"{layer}/layer.erofs"):
            with open(f"{layer}/layer.erofs", "r+b") as file:
                file.seek(5000)
                file.write(b"damage")
        else:
            with open(f"{layer}/diff/stranger", "w"):
                pass
        if engine("verify", expect=1).stdout.count("\n") < 3:
            raise Finding("lost", "the damage is not seen")

    def check(self, status):
        engine = self.engine
        if status == 0:
            self.whole()
        engine("verify", "--repair")
        self.whole()
        engine("run", "--rm", "--network", "none", "--entrypoint", "true", NAME)
        engine("rmi", NAME)


class Daemon(Walk):
    """nestboxd receives an image twice: once it is killed at that, and once not."""

    def __init__(self, engine):
        super().__init__(engine)
        self.words = [f"{os.path.dirname(engine.nestbox[0])}/nestboxd", "--root", ROOT, "--run-root", RUN_ROOT, "--listen",
                      f"127.0.0.1:{OWN}"]
        self.push = SKOPEO + [f"oci:{engine.fixtures}/busybox-oci", f"docker://127.0.0.1:{OWN}/forum/web:1"]

    def serving(self, words, body):
        """Runs nestboxd, or what runs it, while something is done."""
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            wait_until(lambda: listens(OWN) or process.poll() is not None)
            return body()
        finally:
            if process.poll() is None:
                # The tracer ends with what it traces.
                children = read(f"/proc/{process.pid}/task/{process.pid}/children").split()
                for child in children if words != self.words else [process.pid]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(child), signal.SIGTERM)
            try:
                self.error = process.communicate(timeout=40)[1]
            except subprocess.TimeoutExpired:
                process.kill()
                raise Finding("lost", "nestboxd does not end") from None

    def run(self):
        self.serving(self.words, lambda: subprocess.run(self.push, check=True, capture_output=True))

    def killed(self, victim, number, supervisor):
        report = f"{ROOT}.report"
        call = [self.engine.tool, victim, str(number), str(supervisor), report] + self.words
        self.serving(call, lambda: subprocess.run(self.push, capture_output=True, timeout=30))
        kind, count, name, status = open(report).read().split()
        return kind == "killed", int(count), name, int(status), self.error.strip()

    def check(self, status):
        def push_again():
            result = subprocess.run(self.push, capture_output=True, text=True, timeout=30)
            if result.returncode:
                raise Finding("lost", f"the second push: {result.stderr.strip()}")
            self.engine("run", "--rm", "--network", "none", f"127.0.0.1:{OWN}/forum/web:1", "true")
            self.engine("rmi", f"127.0.0.1:{OWN}/forum/web:1")
        if self.engine("verify", expect=None).returncode:
            raise Finding("lost", self.engine("verify", expect=None).stdout)
        self.serving(self.words, push_again)
        if self.engine("verify", expect=None).returncode:
            raise Finding("lost", self.engine("verify", expect=None).stdout)
        left = glob.glob(f"{ROOT}/registry/_new/*")
        if len(left) > 1:
            raise Finding("leaked", f"{left}")

    def clean(self):
        """A small file that was being written stays for a day; what the repository had goes with the next removal of an image."""
        for path in glob.glob(f"{ROOT}/registry/_new/*"):
            os.unlink(path)
        self.engine("repository", "rm", "-f", "forum/web")
        self.engine("load", "-q", "-i", f"{self.engine.fixtures}/app-docker.tar")
        self.engine("image", "prune", "-af")
        super().clean()


REGISTRY_WALKS = {"pull": Pull, "image prune": Prune, "verify --repair": VerifyRepair, "nestboxd": Daemon}
