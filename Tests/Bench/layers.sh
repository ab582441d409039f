#!/bin/bash
# From an image's archive to the end of its first process, on the disk: layers kept as EROFS images, and as folders, which is what
# `load` makes of them without the capability to mount. Whoever starts has all capabilities in either case.
#
# Each run has roots of its own, and all are removed at the end: ext4 without a journal makes files slowly for minutes after others
# were removed.
source "$(dirname "$0")/peers.sh"
runs=${RUNS:-5}

cache=$PWD/.cache/bench
mkdir -p "$cache"
[[ -e $cache/debian.tar ]] || rootfs-fixtures/debian.sh --large "$cache/debian.tar"
number=0
# Prints the seconds from the archive of form $1 to the process's end; the others: a command in front of `load`.
to_start() {
    local archive=$cache/debian-$1.tar roots started
    shift
    number=$((number + 1))
    roots=(--root "$work/$number" --run-root "$run")
    cat "$archive" >/dev/null
    sync
    started=$EPOCHREALTIME
    "$@" "$nestbox" "${roots[@]}" load -q -i "$archive" >/dev/null
    "$nestbox" "${roots[@]}" run --rm --network none debian true
    echo "$EPOCHREALTIME $started" | awk '{ printf "%.3f\n", $1 - $2 }'
}
median() { sort -n | awk '{ values[NR] = $1 } END { print values[int((NR + 1) / 2)] }'; }

for form in none gzip; do
    [[ -e $cache/debian-$form.tar ]] || rootfs-fixtures/image.py --layer "$cache/debian.tar" --tag debian \
        --format docker --compression "$form" "$cache/debian-$form.tar"
    for ((turn = 0; turn < runs; turn++)); do
        to_start "$form" >>"$work/images"
        to_start "$form" setpriv --bounding-set -sys_admin --inh-caps -sys_admin >>"$work/folders"
    done
    images=$(median <"$work/images")
    folders=$(median <"$work/folders")
    awk -v form="$form" -v runs="$runs" -v images="$images" -v folders="$folders" 'BEGIN {
        printf "archive to first process on the disk, layer compression %s (median of %d): ", form, runs
        printf "as one image %.2f s, as folders %.2f s, ratio %.3f\n", images, folders, images / folders
    }'
    rm "$work/images" "$work/folders"
done
