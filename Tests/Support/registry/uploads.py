#!/usr/bin/env python3
"""A registry that takes images, and breaks off in the middle of the first large blob.

usage: uploads.py MODE FOLDER

MODE says what becomes of what had come: keep, forget, spoil (other bytes) or claim (more than had come). Prints its port once it
listens. FOLDER/log has a line for each request: method, and what matters of its path and of the headers Range and Content-Range.
"""
import hashlib
import http.server
import sys

MODE, FOLDER = sys.argv[1], sys.argv[2]
LARGE = 1_000_000
blobs, uploads, state = {}, {}, {"broken": False}


class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def note(self):
        with open(FOLDER + "/log", "a") as log:
            log.write("%s %s %s\n" % (self.command, self.path.split("?")[0], self.headers.get("Content-Range", "-")))

    def answer(self, status, *headers):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def take(self):
        """What comes with the request; the first large part breaks in its middle, and then this is None."""
        length = int(self.headers.get("Content-Length", "0"))
        if length < LARGE or state["broken"]:
            return self.rfile.read(length)
        state["broken"] = True
        part = self.rfile.read(length // 2)
        name = self.path.split("?")[0].split("/")[-1]
        uploads[name] = {"keep": part, "claim": part, "spoil": bytes(len(part)), "forget": None}[MODE]
        self.close_connection = True
        self.connection.shutdown(2)
        return None

    def place(self, name):
        return ("Location", "/v2/test/image/blobs/uploads/" + name)

    def do_HEAD(self):
        self.note()
        self.answer(200 if self.path.split("/")[-1] in blobs else 404)

    def do_GET(self):
        self.note()
        name = self.path.split("?")[0].split("/")[-1]
        if uploads.get(name) is None:
            return self.answer(200 if self.path == "/v2/" else 404)
        size = len(uploads[name]) + (100 if MODE == "claim" else 0)
        self.answer(204, self.place(name), ("Range", "0-%d" % (size - 1)))

    def do_POST(self):
        self.note()
        name = "upload%d" % len(uploads)
        uploads[name] = b""
        self.answer(202, self.place(name))

    def do_PATCH(self):
        self.note()
        name, part = self.path.split("/")[-1], self.take()
        if int(self.headers["Content-Range"].split("-")[0]) != len(uploads[name]):
            return self.answer(416)
        uploads[name] += part
        self.answer(202, self.place(name))

    def do_PUT(self):
        self.note()
        part = self.take()
        if part is None:
            return None
        path, _, query = self.path.partition("?")
        if "/manifests/" in path:
            return self.answer(201)
        data = uploads[path.split("/")[-1]] + part
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        if digest.replace(":", "%3A") not in query:
            return self.answer(400)
        blobs[digest] = data
        self.answer(201)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
