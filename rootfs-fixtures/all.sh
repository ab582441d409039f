#!/bin/bash
# Makes every small fixture that tests use, once: see README.md for the names.
# usage: all.sh FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?usage: all.sh FOLDER}
mkdir -p "$folder"
"$here/../Tests/Support/packages.sh" busybox-static python3 zstd
# One maker at a time, and nothing to do while the recipes are the ones that made what is there.
exec {lock}>"$folder/.lock"
flock "$lock"
recipe=$(cat "$here/all.sh" "$here/busybox.sh" "$here/image.py" /bin/busybox | sha256sum)
[[ $(cat "$folder/.recipe" 2>/dev/null) != "$recipe" ]] || exit 0
echo "Making image fixtures in $folder" >&2

image() { python3 "$here/image.py" --layer "$folder/busybox.tar" "$@"; }
"$here/busybox.sh" "$folder/busybox.tar"
shell='{"Cmd": ["/bin/sh"]}'
image --tag busybox --config "$shell" --format docker "$folder/busybox-docker.tar"
image --tag busybox --config "$shell" --format docker --compression gzip "$folder/busybox-docker-gzip.tar"
image --tag busybox --config "$shell" --format oci "$folder/busybox-oci"
for compression in none gzip zstd; do
    image --tag busybox --config "$shell" --format oci-tar --compression "$compression" \
        "$folder/busybox-oci-$compression.tar"
done

# A second layer over the first: a whiteout, an opaque folder, a new file, an entry point.
layer=$(mktemp -d "$folder/layer.XXXXXX")
trap 'rm -rf "$layer"' EXIT
mkdir -p "$layer"/{etc,var/tmp,srv/data}
touch "$layer/etc/.wh.issue" "$layer/var/tmp/.wh..wh..opq"
echo 'second layer' >"$layer/etc/motd"
echo 'from the image' >"$layer/srv/data/file"
# shellcheck disable=SC2016 # the container's shell expands these
printf '#!/bin/sh\necho "entrypoint: $*"\nexec "$@"\n' >"$layer/entrypoint"
chmod 755 "$layer" "$layer"/{etc,var,srv,srv/data} "$layer/entrypoint"
chmod 1777 "$layer/var/tmp"
tar --format=pax --pax-option=delete=atime,delete=ctime --sort=name --mtime=@1700000000 --numeric-owner \
    --owner=0 --group=0 -C "$layer" -cf "$folder/app-layer.tar" .
image --layer "$folder/app-layer.tar" --tag example/app:1.0 --format docker --config '{
    "Entrypoint": ["/entrypoint"], "Cmd": ["/bin/id"], "User": "app:staff", "WorkingDir": "/srv/data",
    "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "GREETING=hello world"], "Volumes": {"/srv/data": {}},
    "StopSignal": "SIGUSR1", "ExposedPorts": {"8080/tcp": {}}, "Labels": {"org.example.purpose": "fixture"}}' \
    "$folder/app-docker.tar"
echo "$recipe" >"$folder/.recipe"
