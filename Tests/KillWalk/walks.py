"""The commands that are walked: what is made before each, and what must hold when it was killed."""
import hashlib
import json
import os

from engine import ROOT, Finding, read, wait_until


class Walk:
    """One command: what is made before it, and what must hold when it was killed."""

    words = []
    follows = False  # a supervisor that is there already

    def __init__(self, engine):
        self.engine = engine

    def prepare(self):
        pass

    def run(self):
        """The command once, whatever comes of it."""
        self.engine(*self.words, expect=None)

    def killed(self, victim, number, supervisor):
        """As Engine.killed."""
        return self.engine.killed(self.words, victim, number, supervisor)

    def check(self, status):
        """What is there can be used."""

    def repeat(self):
        """The same once more, to its end."""
        engine = self.engine
        engine("run", "--rm", "--name", "victim", "-p", "8080:80", "-v", "vol:/d", "busybox", "true")

    def clean(self):
        engine = self.engine
        for name in ("victim", "other"):
            if name in engine.names():
                engine("rm", "-f", "-v", name)
            if name in engine.names():
                raise Finding("doubled", f"{name} is there after rm -f")
        self.repeat()
        engine("volume", "rm", "vol", expect=None)

    def usable(self, name="victim"):
        """Whether a container is listed; if it is, it is whole."""
        engine = self.engine
        names = engine.names()
        if len(names) != len(set(names)):
            raise Finding("doubled", f"{names}")
        if name not in names:
            return None
        # Between two runs of it: it goes on by itself.
        wait_until(lambda: engine("inspect", "--format", "{{.State.Restarting}}", name, expect=None).stdout != "true\n")
        looked = engine("inspect", "--format", "{{.State.Status}}", name, expect=None)
        status = looked.stdout.strip()
        if looked.returncode and name not in engine.names():
            # One with --rm has come to its end.
            return None
        if status == "running":
            result = engine("exec", name, "echo", "in", expect=None)
            if result.stdout != "in\n" and name in engine.names() and engine.inspect(name, "{{.State.Status}}") == "running":
                raise Finding("lost", f"{name} runs, but exec: {result.stderr.strip()}")
        elif status not in ("created", "exited"):
            raise Finding("lost", f"{name} is {status}")
        return status


class RunDetached(Walk):
    words = ["run", "-d", "--name", "victim", "-p", "8080:80", "-v", "vol:/d", "-v", "/anonymous", "busybox", "sleep", "1000"]

    def check(self, status):
        state = self.usable()
        if status == 0 and state is None:
            raise Finding("lost", "run -d has succeeded, and there is no container")
        if state in ("created", "exited"):
            self.engine("start", "victim")
            if self.usable() != "running":
                raise Finding("lost", "it was started and does not run")


class RunTemporary(Walk):
    words = ["run", "--rm", "--name", "victim", "-p", "8080:80", "-v", "vol:/d", "-v", "/anonymous", "busybox", "true"]

    def check(self, status):
        # It comes to its end by itself: nobody need do anything about that.
        if not wait_until(lambda: "victim" not in self.engine.names() or self.engine.inspect_status() == "created"):
            raise Finding("lost", "the container does not go")


class RunHost(RunDetached):
    words = ["run", "-d", "--name", "victim", "--network", "none", "--user", "1000", "-v", "vol:/d", "busybox", "sleep", "1000"]


class Create(RunDetached):
    words = ["create", "--name", "victim", "-p", "8080:80", "-v", "vol:/d", "-v", "/anonymous", "busybox", "sleep", "1000"]


class Running(Walk):
    """A command about a container that runs."""

    follows = True

    def prepare(self):
        self.engine("run", "-d", "--name", "victim", "-p", "8080:80", "-v", "vol:/d", "-v", "/anonymous", "busybox",
                    "sh", "-c", "echo first; exec sleep 1000")

    def check(self, status):
        if self.usable() is None:
            raise Finding("lost", "the container is gone")


class Stop(Running):
    words = ["stop", "-t", "0", "victim"]

    def check(self, status):
        super().check(status)
        self.engine("stop", "-t", "0", "victim")
        if self.engine.inspect("victim", "{{.State.Status}}") != "exited":
            raise Finding("lost", "stop does not stop it")
        if self.engine("logs", "victim").stdout != "first\n":
            raise Finding("lost", "its log is gone")


class Remove(Running):
    words = ["rm", "-f", "-v", "victim"]

    def check(self, status):
        self.usable()


class Exec(Running):
    words = ["exec", "victim", "sh", "-c", "echo x >/tmp/x"]
    follows = False

    def check(self, status):
        super().check(status)
        if self.engine.inspect("victim", "{{.State.Status}}") != "running":
            raise Finding("lost", "exec has ended the container")


class Update(Running):
    words = ["update", "-m", "64m", "--memory-swap", "64m", "victim"]

    def check(self, status):
        super().check(status)
        if self.engine.inspect("victim", "{{.State.Status}}") == "running":
            self.engine("update", "-m", "48m", "--memory-swap", "48m", "victim")
            if self.engine.inspect("victim", "{{.HostConfig.Memory}}") != str(48 << 20):
                raise Finding("lost", "update does not change the limit")


class Rename(Running):
    words = ["rename", "victim", "other"]

    def check(self, status):
        names = self.engine.names()
        if ("victim" in names) == ("other" in names):
            raise Finding("doubled" if "other" in names else "lost", f"{names}")
        if status == 0 and "victim" in names:
            raise Finding("lost", "it was renamed and has its old name")
        self.usable("other" if "other" in names else "victim")


class Pause(Running):
    words = ["pause", "victim"]

    def check(self, status):
        state = self.engine.inspect("victim", "{{.State.Status}}")
        if state == "paused":
            self.engine("unpause", "victim")
        super().check(status)


class Kill(Running):
    words = ["kill", "victim"]


class Restart(Running):
    words = ["restart", "-t", "0", "victim"]

    def prepare(self):
        super().prepare()
        self.started = self.engine.inspect("victim", "{{.State.StartedAt}}")

    def check(self, status):
        super().check(status)
        if status != 0 or self.engine.inspect("victim", "{{.State.Status}}") == "running":
            return
        # A container ends with its supervisor, which may have been killed behind the start that the command was told of.
        if self.engine.inspect("victim", "{{.State.StartedAt}}") == self.started:
            raise Finding("lost", "restart has succeeded, and it was not started again")
        self.engine("start", "victim")
        if self.usable() != "running":
            raise Finding("lost", "it was started and does not run")


class StopAlways(Stop):
    """Its policy would start it again."""

    def prepare(self):
        self.engine("run", "-d", "--name", "victim", "--restart", "always", "-p", "8080:80", "-v", "vol:/d", "busybox",
                    "sh", "-c", "echo first; exec sleep 1000")


class Commit(Running):
    words = ["commit", "victim", "made:1"]

    def check(self, status):
        super().check(status)
        engine = self.engine
        images = engine("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split()
        if status == 0 and "made:1" not in images:
            raise Finding("lost", "the image was made and is not there")
        if "made:1" in images:
            engine("run", "--rm", "--network", "none", "made:1", "true")
            engine("rmi", "made:1")
        elif images != ["busybox:latest"]:
            # It is whole, and was not named yet: listed, and removed like any other without a name.
            if images.count("<none>:<none>") != 1:
                raise Finding("leaked", f"{images}")
            engine("image", "prune", "-f")


class Start(Walk):
    words = ["start", "victim"]

    def prepare(self):
        self.engine("create", "--name", "victim", "-p", "8080:80", "-v", "vol:/d", "-v", "/anonymous", "busybox",
                    "sleep", "1000")

    def check(self, status):
        state = self.usable()
        if state is None:
            raise Finding("lost", "the container is gone")
        if status == 0 and state == "created":
            raise Finding("lost", "it was started, and nothing is known of that")
        if state != "running":
            self.engine("start", "victim")
            if self.usable() != "running":
                raise Finding("lost", "it was started and does not run")


class Connect(Running):
    words = ["network", "connect", "lane", "victim"]

    def is_connected(self):
        return '"lane"' in self.engine.inspect("victim", "{{json .NetworkSettings.Networks}}")

    def check(self, status):
        super().check(status)
        if status == 0 and not self.is_connected():
            raise Finding("lost", "it was connected and is not")
        if self.engine.inspect("victim", "{{.State.Status}}") != "running":
            return
        links = self.engine("exec", "victim", "ls", "/sys/class/net").stdout.split()
        if len(links) != (3 if self.is_connected() else 2):
            raise Finding("lost", f"it has {links}, and is {'' if self.is_connected() else 'not '}connected")
        if not self.is_connected():
            self.engine("network", "connect", "lane", "victim")
        self.engine("network", "disconnect", "lane", "victim")


class Disconnect(Connect):
    words = ["network", "disconnect", "lane", "victim"]

    def prepare(self):
        super().prepare()
        self.engine("network", "connect", "lane", "victim")

    def check(self, status):
        super().check(0 if self.is_connected() else 1)


class VolumeRemove(Walk):
    words = ["volume", "rm", "vol"]

    def prepare(self):
        self.engine("volume", "create", "vol")
        with open(f"{ROOT}/volumes/vol/_data/file", "w") as file:
            file.write("content")

    def check(self, status):
        names = self.engine("volume", "ls", "-q").stdout.split()
        if status == 0 and "vol" in names:
            raise Finding("lost", "the volume was removed and is there")
        if "vol" in names and read(f"{ROOT}/volumes/vol/_data/file") != "content":
            raise Finding("lost", "the volume is there without its file")


class VolumeCreate(Walk):
    words = ["volume", "create", "--label", "a=b", "vol"]

    def check(self, status):
        names = self.engine("volume", "ls", "-q").stdout.split()
        if status == 0 and "vol" not in names:
            raise Finding("lost", "the volume was made and is not there")
        if "vol" in names and self.engine("volume", "inspect", "-f", "{{.Labels.a}}", "vol").stdout != "b\n":
            raise Finding("lost", "the volume is there without its label")


class NetworkCreate(Walk):
    words = ["network", "create", "--ipv6", "new"]

    def check(self, status):
        names = self.engine("network", "ls", "--format", "{{.Name}}").stdout.split()
        if status == 0 and "new" not in names:
            raise Finding("lost", "the network was made and is not there")
        if "new" not in names:
            self.engine("network", "create", "--ipv6", "new")
        self.engine("run", "--rm", "--network", "new", "busybox", "true")
        self.engine("network", "rm", "new")


class NetworkRemove(NetworkCreate):
    words = ["network", "rm", "new"]

    def prepare(self):
        self.engine("network", "create", "--ipv6", "new")
        self.engine("run", "--rm", "--network", "new", "busybox", "true")

    def check(self, status):
        super().check(1)


class Load(Walk):
    def prepare(self):
        self.words = ["load", "-q", "-i", f"{self.engine.fixtures}/app-docker.tar"]

    def images(self):
        """The names of the images; of one that has none its id: a name is the last that an image gets."""
        lines = self.engine("images", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}").stdout.splitlines()
        return [line.split()[1 if line.startswith("<none>") else 0] for line in lines]

    def check(self, status):
        engine = self.engine
        images = self.images()
        if "busybox:latest" not in images:
            raise Finding("lost", "the other image is gone")
        others = [image for image in images if image != "busybox:latest"]
        if status == 0 and not others:
            raise Finding("lost", "the image was loaded and is not there")
        for image in others:
            engine("run", "--rm", "--network", "none", "--entrypoint", "true", image)
        if len(others) > 1:
            raise Finding("doubled", f"{images}")
        engine(*self.words)
        if any(":" not in image for image in self.images()):
            raise Finding("lost", f"an image has no name once it was loaded: {self.images()}")
        for image in self.images():
            if image != "busybox:latest":
                engine("run", "--rm", "--network", "none", "--entrypoint", "true", image)
                engine("rmi", image)


class RemoveImage(Load):
    def prepare(self):
        super().prepare()
        self.engine(*self.words)
        self.words = ["rmi"] + [image for image in self.images() if image != "busybox:latest"]

    def check(self, status):
        Load.prepare(self)
        super().check(1)


class LifecycleApply(Walk):
    """A policy over a repository with two images, of which it takes one and archives the other."""

    words = ["repository", "lifecycle", "apply", "walked"]
    policy = {"rules": [
        {"rulePriority": 1, "selection": {"tagStatus": "tagged", "tagPatternList": ["old"], "countType": "sinceImagePushed",
                                          "countUnit": "days", "countNumber": 1}, "action": {"type": "expire"}},
        {"rulePriority": 2, "selection": {"tagStatus": "any", "countType": "sinceImagePulled", "countUnit": "days",
                                          "countNumber": 1}, "action": {"type": "transition", "targetStorageClass": "archive"}}]}

    def prepare(self):
        engine = self.engine
        engine("repository", "create", "walked")
        self.folder = f"{ROOT}/registry/walked"
        self.manifests = [self.push(tag) for tag in ("old", "new")]
        with open(f"{self.folder}/_lifecycle", "w", encoding="utf-8") as file:
            json.dump({"text": json.dumps(self.policy)}, file)

    def push(self, tag):
        """An image of an empty layer, pushed long ago."""
        def blob(content):
            digest = hashlib.sha256(content).hexdigest()
            with open(f"{ROOT}/blobs/sha256/{digest}", "wb") as file:
                file.write(content)
            return digest

        empty = blob(b"{}")
        open(f"{self.folder}/_blobs/{empty}", "w", encoding="utf-8").close()
        kind = "application/vnd.oci.image.manifest.v1+json"
        config = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": f"sha256:{empty}", "size": 2}
        manifest = blob(json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [config],
                                    "annotations": {"tag": tag}}).encode())
        for path, text in ((f"_manifests/{manifest}", json.dumps({"mediaType": kind, "pushed": "2020-01-01T00:00:00Z"})),
                           (f"_tags/{tag}", f"sha256:{manifest}\n")):
            with open(f"{self.folder}/{path}", "w", encoding="utf-8") as file:
                file.write(text)
        return manifest

    def images(self):
        rows = self.engine("repository", "images", "--format", "{{.Tags}} {{.Status}}", "walked").stdout
        return sorted(rows.splitlines())

    def check(self, status):
        if status == 0 and self.images() != ["new archived"]:
            raise Finding("lost", f"applied, and there is {self.images()}")
        self.engine(*self.words)
        if self.images() != ["new archived"]:
            raise Finding("lost", f"applied once more, and there is {self.images()}")
        if os.listdir(f"{self.folder}/_tags") != ["new"]:
            raise Finding("leaked", f"{os.listdir(self.folder + '/_tags')}")
        if os.path.exists(f"{ROOT}/blobs/sha256/{self.manifests[0]}"):
            raise Finding("leaked", "the manifest that expired is there")

    def repeat(self):
        if "walked" in self.engine("repository", "ls", "-q").stdout:
            self.engine("repository", "rm", "-f", "walked")
        # What a removal that died has left goes when one of its name is made.
        self.engine("repository", "create", "walked")
        self.engine("repository", "rm", "walked")


class RepositoryRemove(LifecycleApply):
    words = ["repository", "rm", "-f", "walked"]

    def check(self, status):
        if status == 0 and self.engine("repository", "ls", "-q").stdout:
            raise Finding("lost", "it was removed and is there")


WALKS = {
    "run -d": RunDetached, "run --rm": RunTemporary, "run none": RunHost, "create": Create, "start": Start, "stop": Stop,
    "restart": Restart, "stop always": StopAlways, "commit": Commit, "kill": Kill, "rm -f": Remove, "exec": Exec, "update": Update, "rename": Rename, "pause": Pause, "load": Load,
    "rmi": RemoveImage, "volume create": VolumeCreate, "volume rm": VolumeRemove, "network create": NetworkCreate,
    "network rm": NetworkRemove, "lifecycle apply": LifecycleApply, "repository rm": RepositoryRemove, "network connect": Connect, "network disconnect": Disconnect,
}
