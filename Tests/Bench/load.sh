#!/bin/bash
# Loading a Debian image of more than 200 MB in `docker save` form: against docker load, podman load and umoci unpack
# (of the same layer as an OCI layout). Goals: no slower than the fastest; peak memory under 64 MiB.
source "$(dirname "$0")/peers.sh"
runs=${RUNS:-3}

cache=$PWD/.cache/bench
mkdir -p "$cache"
[[ -e $cache/debian.tar ]] || rootfs-fixtures/debian.sh --large "$cache/debian.tar"
for form in none gzip; do
    [[ -e $cache/debian-$form.tar ]] || rootfs-fixtures/image.py --layer "$cache/debian.tar" --tag debian \
        --format docker --compression "$form" "$cache/debian-$form.tar"
    [[ -e $cache/debian-$form-oci ]] || rootfs-fixtures/image.py --layer "$cache/debian.tar" --tag debian \
        --format oci --compression "$form" "$cache/debian-$form-oci"
done
# shellcheck disable=SC2119
start_docker

for form in none gzip; do
    archive=$cache/debian-$form.tar
    timeout 1200 hyperfine --style none --runs "$runs" --export-json "$work/load.json" \
        -n "nestbox load" --prepare "rm -rf $work/nestbox; sync" "$nestbox ${nestbox_roots[*]} load -i $archive" \
        -n "docker load" --prepare "${docker[*]} rmi -f debian; sync" "${docker[*]} load -q -i $archive" \
        -n "podman load" --prepare "${podman[*]} rmi -f debian; sync" "${podman[*]} load -q -i $archive" \
        -n "umoci unpack" --prepare "rm -rf $work/umoci; sync" \
        "umoci unpack --image $cache/debian-$form-oci:latest $work/umoci" >/dev/null
    echo "load of $(($(stat -c %s "$archive") / 1000000)) MB, layer compression $form (median of $runs):"
    report "$work/load.json"
    rm -rf "$work/nestbox"
    /usr/bin/time -f '%M' -o "$work/memory" "$nestbox" "${nestbox_roots[@]}" load -i "$archive" >/dev/null
    echo "  nestbox load's peak memory: $(($(cat "$work/memory") / 1024)) MiB"
done
