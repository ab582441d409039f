#!/usr/bin/env python3
"""A registry that misbehaves in one way, for tests. It serves one image, which it makes itself.

usage: hostile.py MODE FOLDER

Prints its port once it listens. What it was asked is in FOLDER/log, a line for each request: method, path, and the names of the
headers Authorization and Range where they were there, with their values.
"""
import base64
import gzip
import hashlib
import http.server
import io
import json
import os
import random
import sys
import tarfile
import threading
import time

MODE, FOLDER = sys.argv[1], sys.argv[2]


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(name, size):
    """A layer of one file; the same bytes in each process."""
    content = random.Random(name).randbytes(size)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = size
        tar.addfile(entry, io.BytesIO(content))
    plain = out.getvalue()
    return plain, gzip.compress(plain, 1, mtime=0)


PARTS = [layer("first", 3_000_000), layer("second", 1_000_000)]
LAYERS = [packed for _, packed in PARTS]
CONFIG = json.dumps({
    "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine), "os": "linux",
    "config": {"Cmd": ["/first"]}, "rootfs": {"type": "layers", "diff_ids": [sha(plain) for plain, _ in PARTS]},
}).encode()
OCI = "application/vnd.oci.image."
MANIFEST = json.dumps({
    "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
    "config": {"mediaType": OCI + "config.v1+json", "digest": sha(CONFIG), "size": len(CONFIG)},
    "layers": [{"mediaType": OCI + "layer.v1.tar+gzip", "digest": sha(data), "size": len(data)} for data in LAYERS],
}).encode()
BLOBS = {sha(data): data for data in LAYERS + [CONFIG]}
# The same for another machine: only what it says of itself differs.
OTHER_CONFIG = CONFIG.replace(b'"Cmd"', b'"Entrypoint": [], "Cmd"').replace(
    b'"architecture": "%s"' % json.loads(CONFIG)["architecture"].encode(), b'"architecture": "s390x"')
OTHER = MANIFEST.replace(sha(CONFIG).encode(), sha(OTHER_CONFIG).encode()).replace(
    b'"size": %d}, "layers"' % len(CONFIG), b'"size": %d}, "layers"' % len(OTHER_CONFIG))
BLOBS[sha(OTHER_CONFIG)] = OTHER_CONFIG
MANIFESTS = {sha(data): data for data in (MANIFEST, OTHER)}
INDEX = json.dumps({
    "schemaVersion": 2, "mediaType": OCI + "index.v1+json",
    "manifests": [
        {"mediaType": OCI + "manifest.v1+json", "digest": sha(data), "size": len(data),
         "platform": {"os": "linux", "architecture": json.loads(config)["architecture"]}}
        for data, config in ((OTHER, OTHER_CONFIG), (MANIFEST, CONFIG))],
}).encode()
FIRST = sha(LAYERS[0])
state = {"failures": 0, "lock": threading.Lock()}
TAGS = ["v%05d" % number for number in range(10_000)]


class Thief(http.server.BaseHTTPRequestHandler):
    """Another host: hands out blobs, and notes who says who he is."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with open(FOLDER + "/stolen", "a") as log:
            log.write("%s %s\n" % (self.path, self.headers.get("Authorization", "-")))
        data = BLOBS.get(self.path.split("/")[-1], b"")
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=(), length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def close(self):
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(2)

    def hang(self):
        time.sleep(3600)

    def do_HEAD(self):
        self.do_GET()

    def do_CONNECT(self):
        """As a proxy: what comes through the tunnel is for this server, wherever it was meant to go."""
        with open(FOLDER + "/log", "a") as log:
            log.write("CONNECT %s\n" % self.path)
        self.send_response(200)
        self.end_headers()
        self.close_connection = False

    def do_POST(self):
        form = self.rfile.read(int(self.headers["Content-Length"])).decode().split("&")
        with open(FOLDER + "/log", "a") as log:
            log.write("POST %s %s\n" % (self.path, " ".join(form)))
        self.grant("refresh_token=identity" in form and "grant_type=refresh_token" in form)

    def grant(self, is_known):
        self.answer(200 if is_known else 401, json.dumps({"access_token": "granted"} if is_known else {}).encode())

    def do_GET(self):
        with open(FOLDER + "/log", "a") as log:
            words = [self.command, self.path]
            words += ["%s=%s" % (name, self.headers[name]) for name in ("Authorization", "Range") if name in self.headers]
            log.write(" ".join(words) + "\n")
        path, _, query = self.path.partition("?")
        if path == "/token" and MODE == "tokens":
            user = "Basic " + base64.b64encode(b"user:secret").decode()
            return self.grant(self.headers.get("Authorization") == user)
        if path == "/token":
            return self.answer(200, json.dumps({"token": "secret-token"}).encode())
        challenge = {
            "realm": 'Bearer realm="not a place",service="x"',
            "thief": 'Bearer realm="http://%s/token",service="x"' % self.headers["Host"],
            "tokens": 'Bearer realm="http://%s/token",service="x"' % self.headers["Host"],
        }.get(MODE)
        shown = self.headers.get("Authorization")
        if challenge and (shown is None or (MODE == "tokens" and shown != "Bearer granted")):
            return self.answer(401, b"{}", [("WWW-Authenticate", challenge)])
        if path == "/v2/":
            return self.answer(200, b"{}")
        if MODE == "html":
            return self.answer(200, b"<html><body>Welcome to the hotel's network</body></html>", [("Content-Type", "text/html")])
        if MODE == "loop":
            return self.answer(302, b"", [("Location", self.path)])
        if "/tags/list" in path:
            return self.tags(query)
        if "/manifests/" in path:
            return self.manifest(path.split("/")[-1])
        return self.blob(path.split("/")[-1])

    def tags(self, query):
        parameters = dict(pair.split("=") for pair in query.split("&") if "=" in pair)
        start = TAGS.index(parameters["last"]) + 1 if "last" in parameters else 0
        # Fewer than were asked for, as servers do.
        page = TAGS[start:start + min(int(parameters.get("n", 100)), 700)]
        headers = []
        if start + len(page) < len(TAGS):
            headers = [("Link", '</v2/test/image/tags/list?last=%s&n=700>; rel="next"' % page[-1])]
        self.answer(200, json.dumps({"name": "test/image", "tags": page}).encode(), headers)

    def manifest(self, name):
        if MODE == "missing":
            error = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest \u001b[31munknown"}]}
            return self.answer(404, json.dumps(error).encode())
        if MODE == "huge":
            return self.answer(200, b"{" + b" " * (5 << 20) + b"}", [("Content-Type", OCI + "manifest.v1+json")])
        if MODE == "endless":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
            except OSError:
                return None
        if MODE == "busy":
            with state["lock"]:
                state["failures"] += 1
                if state["failures"] <= 2:
                    return self.answer(429 if state["failures"] == 1 else 503, b"", [("Retry-After", "1")])
        if name in MANIFESTS:
            return self.answer(200, MANIFESTS[name], [("Content-Type", OCI + "manifest.v1+json")])
        if MODE == "index":
            return self.answer(200, INDEX, [("Content-Type", OCI + "index.v1+json")])
        headers = [("Content-Type", OCI + "manifest.v1+json"), ("Docker-Content-Digest", sha(MANIFEST))]
        if MODE == "lying-digest":
            headers[1] = ("Docker-Content-Digest", sha(b"another"))
        body = MANIFEST
        if MODE == "lying-diff-ids":
            config = CONFIG.replace(sha(PARTS[0][0]).encode(), sha(b"another").encode())
            BLOBS[sha(config)] = config
            body = MANIFEST.replace(sha(CONFIG).encode(), sha(config).encode())
            headers = headers[:1]
        self.answer(200, body, headers)

    def blob(self, digest):
        data = BLOBS.get(digest)
        if data is None:
            return self.answer(404, b"{}")
        if MODE == "thief":
            return self.answer(307, b"", [("Location", "http://127.0.0.1:%d/blobs/%s" % (thief.server_port, digest))])
        start = 0
        if "Range" in self.headers and MODE != "no-ranges":
            start = int(self.headers["Range"].split("=")[1].split("-")[0])
        rest, status, headers = data[start:], 200, []
        if start:
            status, headers = 206, [("Content-Range", "bytes %d-%d/%d" % (start, len(data) - 1, len(data)))]
        if digest != FIRST:
            return self.answer(status, rest, headers)
        if MODE == "hang" and start:
            return self.hang()
        if MODE == "wrong":
            return self.answer(status, rest[:-100] + bytes(100), headers)
        if MODE == "other":
            return self.answer(status, b"x" * len(rest), headers)
        if MODE == "long":
            return self.answer(status, rest + b"more", headers)
        if MODE == "long-chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            body = rest + b"more"
            return self.wfile.write(b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n")
        if MODE == "short":
            return self.answer(status, rest[:-5], headers)
        if MODE in ("hang", "cuts", "cut-always", "no-ranges", "slow"):
            self.answer(status, b"", headers, length=len(rest))
            self.wfile.write(rest[:700_000])
            self.wfile.flush()
            if MODE == "hang" or (MODE == "slow" and not os.path.exists(FOLDER + "/go")):
                return self.hang()
            if MODE == "slow" or len(rest) <= 700_000:
                self.wfile.write(rest[700_000:])
                return None
            with state["lock"]:
                state["failures"] += 1
                if MODE == "no-ranges" and state["failures"] > 2:
                    self.wfile.write(rest[700_000:])
                    return None
            return self.close()
        self.answer(status, rest, headers)


if MODE == "cut-always":
    # Nothing comes any more after the first part.
    original = Registry.blob

    def blob(self, digest):
        if digest == FIRST and "Range" in self.headers:
            return self.close()
        return original(self, digest)

    Registry.blob = blob

thief = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Thief)
threading.Thread(target=thief.serve_forever, daemon=True).start()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
