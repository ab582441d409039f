#!/usr/bin/env python3
"""Makes an image from layer tars: an OCI layout (folder or tar) or a `docker save` archive.

usage: image.py --layer ROOT.tar [--layer NEXT.tar]... --tag NAME[:TAG] --format oci|oci-tar|docker
                [--compression none|gzip|zstd] [--config JSON] OUT

JSON holds members of the image's "config", as in {"Entrypoint": ["/bin/sh"], "User": "app"}. The same input gives the
same bytes, so the same digests.
"""
import argparse
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile

CREATED = "2023-11-14T22:13:20Z"
LAYER_SUFFIX = {"none": "", "gzip": "+gzip", "zstd": "+zstd"}


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def compress(source, target, how):
    if how == "none":
        shutil.copyfile(source, target)
    elif how == "gzip":
        # mtime=0 and no name: what gzip's header says must not differ from run to run.
        with open(source, "rb") as raw, open(target, "wb") as out:
            with gzip.GzipFile("", "wb", compresslevel=6, fileobj=out, mtime=0) as packed:
                shutil.copyfileobj(raw, packed, 1 << 20)
    else:
        subprocess.run(["zstd", "-q", "-f", "-3", "-o", target, source], check=True)


def encoded(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


class Layout:
    """Blobs below a folder, as OCI's image-layout says."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(os.path.join(folder, "blobs/sha256"))

    def add(self, data, media_type):
        hexadecimal = hashlib.sha256(data).hexdigest()
        with open(os.path.join(self.folder, "blobs/sha256", hexadecimal), "wb") as file:
            file.write(data)
        return {"mediaType": media_type, "digest": "sha256:" + hexadecimal, "size": len(data)}

    def add_file(self, path, media_type):
        size, hexadecimal = os.path.getsize(path), sha256(path)
        os.replace(path, os.path.join(self.folder, "blobs/sha256", hexadecimal))
        return {"mediaType": media_type, "digest": "sha256:" + hexadecimal, "size": size}

    def write(self, name, value):
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(encoded(value))


def image_configuration(arguments):
    config = {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}
    config.update(json.loads(arguments.config))
    return encoded({
        "created": CREATED, "architecture": "amd64", "os": "linux", "config": config,
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha256(layer) for layer in arguments.layer]},
        "history": [{"created": CREATED, "created_by": os.path.basename(layer)} for layer in arguments.layer],
    })


def full_name(tag):
    first = tag.split("/")[0]
    if "/" not in tag:
        return "docker.io/library/" + tag
    return tag if "." in first or ":" in first or first == "localhost" else "docker.io/" + tag


def make_layout(arguments, folder):
    layout = Layout(folder)
    configuration = layout.add(image_configuration(arguments), "application/vnd.oci.image.config.v1+json")
    layers = []
    for layer in arguments.layer:
        packed = os.path.join(folder, "packed")
        compress(layer, packed, arguments.compression)
        layers.append(layout.add_file(
            packed, "application/vnd.oci.image.layer.v1.tar" + LAYER_SUFFIX[arguments.compression]))
    manifest = layout.add(encoded({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": configuration, "layers": layers}), "application/vnd.oci.image.manifest.v1+json")
    manifest["platform"] = {"architecture": "amd64", "os": "linux"}
    # Both spellings are in use: the tag alone (skopeo, umoci) and the full name (containerd).
    manifest["annotations"] = {
        "org.opencontainers.image.ref.name": arguments.tag.rpartition(":")[2],
        "io.containerd.image.name": full_name(arguments.tag)}
    layout.write("index.json", {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                                "manifests": [manifest]})
    layout.write("oci-layout", {"imageLayoutVersion": "1.0.0"})


def make_docker_archive(arguments, folder):
    os.makedirs(folder)
    configuration = image_configuration(arguments)
    name = hashlib.sha256(configuration).hexdigest() + ".json"
    with open(os.path.join(folder, name), "wb") as file:
        file.write(configuration)
    layers = []
    for number, layer in enumerate(arguments.layer):
        # `docker save` names layer folders by an identifier that nothing depends on.
        identifier = hashlib.sha256(f"{number} {sha256(layer)}".encode()).hexdigest()
        os.makedirs(os.path.join(folder, identifier))
        compress(layer, os.path.join(folder, identifier, "layer.tar"), arguments.compression)
        layers.append(identifier + "/layer.tar")
    with open(os.path.join(folder, "manifest.json"), "wb") as file:
        file.write(encoded([{"Config": name, "RepoTags": [arguments.tag], "Layers": layers}]))


def pack(folder, out):
    def plain(member):
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mtime = 1700000000
        member.mode = 0o755 if member.isdir() else 0o644
        return member

    with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(os.listdir(folder)):
            archive.add(os.path.join(folder, name), name, filter=plain)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--layer", action="append", required=True)
    parser.add_argument("--tag", required=True)
    parser.add_argument("--format", choices=["oci", "oci-tar", "docker"], required=True)
    parser.add_argument("--compression", choices=list(LAYER_SUFFIX), default="none")
    parser.add_argument("--config", default="{}")
    parser.add_argument("out")
    arguments = parser.parse_args()
    if ":" not in arguments.tag.rpartition("/")[2]:
        arguments.tag += ":latest"

    # Made beside the target and renamed: nobody sees half an image.
    folder, packed = f"{arguments.out}.{os.getpid()}.d", f"{arguments.out}.{os.getpid()}.tar"
    try:
        if arguments.format == "docker":
            make_docker_archive(arguments, folder)
        else:
            make_layout(arguments, folder)
        if arguments.format == "oci":
            shutil.rmtree(arguments.out, ignore_errors=True)
            os.rename(folder, arguments.out)
        else:
            pack(folder, packed)
            os.rename(packed, arguments.out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if os.path.exists(packed):
            os.remove(packed)


if __name__ == "__main__":
    sys.exit(main())
