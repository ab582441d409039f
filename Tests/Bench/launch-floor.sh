#!/bin/bash
# A launch through the library, in a process that lives long, against a static C program that asks the kernel for the same
# (launch-floor.c): from the call to the end of /bin/true. Goal: at most twice the C program's time.
# With 16 threads of its own that compute, both get their turn later: those of the C program's measurement run beside it.
source "$(dirname "$0")/peers.sh"
Tests/Support/packages.sh gcc libc6-dev
runs=${RUNS:-100}
busy=16

gcc -O2 -static -Wall -Wextra -Werror -o "$work/floor" Tests/Bench/launch-floor.c
"$nestbox" "${nestbox_roots[@]}" load -i "${NESTBOX_FIXTURES:-$PWD/.cache/fixtures}/busybox-docker.tar" >/dev/null
# The C program has no ID-mapped mounts: its layer belongs to the ids that it maps, and has what is mounted upon.
chmod 711 "$work"
mkdir "$work/layer"
tar -xf "${NESTBOX_FIXTURES:-$PWD/.cache/fixtures}/busybox.tar" -C "$work/layer"
touch "$work"/layer/etc/{hostname,hosts,resolv.conf}
chown -R 1500000000:1500000000 "$work/layer"

floor() {
    mkdir -p "$work/floor-work"
    timeout 300 "$work/floor" "$work/layer" "$work/floor-work" "$runs" | median
    rm -rf "$work/floor-work"
}
# $1: threads that compute in the same process
library() {
    timeout 300 "$(dirname "$nestbox")/../.build/release/launch-loop" "${nestbox_roots[@]:1:1}" "${nestbox_roots[@]:3:1}" \
        "$(dirname "$nestbox")/nestbox-runtime" "$runs" "$1" | median
}

own=$(floor) ours=$(library 0)
echo "a launch from a long-lived process, all namespaces, no network (medians of $runs):"
echo "  C program $own ms, library $ours ms, ratio $(ratio "$ours" "$own") (goal: at most 2)"
for ((index = 0; index < busy; index++)); do
    while :; do :; done &
done
own=$(floor)
# shellcheck disable=SC2046 # one word for each
kill $(jobs -p)
wait || true
ours=$(library "$busy")
echo "  with $busy threads that compute: C program $own ms, library $ours ms, ratio $(ratio "$ours" "$own")"
