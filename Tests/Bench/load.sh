#!/bin/bash
# Loading a Debian image of more than 200 MB in `docker save` form: against docker load, podman load, ctr image import and umoci
# unpack (of the same layer as an OCI layout). Goals: half the time of each; peak memory under 64 MiB. Then what each part of the work
# takes alone, with the fastest tool for it that is known here: nobody is faster than the slowest of them.
#
# In memory: a disk's pace would be most of it, and on ext4 without a journal files are made slowly for minutes after others were removed.
scratch=/dev/shm
source "$(dirname "$0")/peers.sh"
Tests/Support/packages.sh containerd isal libarchive-tools libdeflate-tools openssl
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

printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >"$work/containerd.toml"
setpriv --pdeathsig TERM containerd --config "$work/containerd.toml" --root "$work/containerd" \
    --state "$work/containerd-run" --address "$work/containerd.sock" >"$work/containerd.log" 2>&1 &
ctr=(ctr -a "$work/containerd.sock")
for _ in {1..100}; do
    ! "${ctr[@]}" version >/dev/null 2>&1 || break
    sleep 0.2
done

# $1: what is done, $2…: the command. Prints seconds, the least of three.
alone() {
    local best
    best=$(for _ in 1 2 3; do /usr/bin/time -f %e "${@:2}" 2>&1 >/dev/null | tail -1; done | sort -n | head -1)
    echo "$best $1"
}

for form in none gzip; do
    archive=$cache/debian-$form.tar
    timeout 1200 hyperfine --style none --warmup 1 --runs "$runs" --export-json "$work/load.json" \
        -n "nestbox load" --prepare "rm -rf $work/nestbox" "$nestbox ${nestbox_roots[*]} load -i $archive" \
        -n "docker load" --prepare "${docker[*]} rmi -f debian" "${docker[*]} load -q -i $archive" \
        -n "podman load" --prepare "${podman[*]} rmi -f debian" "${podman[*]} load -q -i $archive" \
        -n "ctr image import" \
        --prepare "${ctr[*]} image rm --sync docker.io/library/debian:latest; ${ctr[*]} content prune references" \
        "${ctr[*]} image import $archive" \
        -n "umoci unpack" --prepare "rm -rf $work/umoci" \
        "umoci unpack --image $cache/debian-$form-oci:latest $work/umoci" >/dev/null
    echo "load of $(($(stat -c %s "$archive") / 1000000)) MB in memory, layer compression $form (median of $runs):"
    report "$work/load.json"
    rm -rf "$work/nestbox" "$work/umoci"
    /usr/bin/time -f '%M' -o "$work/memory" "$nestbox" "${nestbox_roots[@]}" load -i "$archive" >/dev/null
    echo "  nestbox load's peak memory: $(($(cat "$work/memory") / 1024)) MiB"
    mkdir -p "$work/tree"
    parts=$(
        alone reading cat "$archive"
        alone hashing openssl dgst -sha256 "$cache/debian.tar"
        alone writing tar -x -f "$cache/debian.tar" -C "$work/tree"
        [[ $form == none ]] || {
            gzip -c "$cache/debian.tar" >"$work/layer.gz"
            alone inflating igzip -d -c "$work/layer.gz"
        }
    )
    rm -rf "$work/tree" "$work/layer.gz" "$work/nestbox"
    own=$(jq '.results[0].median' "$work/load.json")
    slowest=$(sort -rn <<<"$parts" | head -1)
    echo "  alone, in seconds: $(tr '\n' ' ' <<<"$parts")- ratio to the slowest: $(ratio "$own" "${slowest%% *}")"
done

# Whose filters are the fastest, each in one thread; nestbox's are ISA-L and, through libarchive, libzstd.
gzip -c "$cache/debian.tar" >"$work/layer.gz"
zstd -q -c "$cache/debian.tar" >"$work/layer.zst"
inflaters=$(
    alone ISA-L igzip -d -c "$work/layer.gz"
    alone libarchive bsdcat "$work/layer.gz"
    # All of its output at once, in memory: it knows no streams.
    alone libdeflate libdeflate-gunzip -c "$work/layer.gz"
    alone gzip gzip -d -c "$work/layer.gz"
)
zstds=$(
    alone libarchive bsdcat "$work/layer.zst"
    alone zstd zstd -q -d -c "$work/layer.zst"
)
echo "inflating $(($(stat -c %s "$cache/debian.tar") / 1000000)) MB alone, in seconds: $(tr '\n' ' ' <<<"$inflaters"); zstd: $(tr '\n' ' ' <<<"$zstds")"
rm -f "$work/layer.gz" "$work/layer.zst"
