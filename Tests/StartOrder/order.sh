#!/bin/bash
# Writes down which functions a start executes, in that order, for the linker: side by side in the file they take few of its
# pages, which is time and memory of every container. As root, after `make build fixtures`: order.sh [PROGRAM]… (all).
set -euo pipefail
cd "$(dirname "$0")/../.."
Tests/Support/packages.sh gcc libc6-dev jq runc binutils
: "${NESTBOX_BIN:=$PWD/bin}" "${NESTBOX_FIXTURES:=$PWD/.cache/fixtures}"
work=$(mktemp -d /var/tmp/nestbox-order.XXXXXX)
root=/run/nestbox-order.$$
cleanup() {
    local mount
    # One that an interrupted turn has left.
    "$NESTBOX_BIN/nestbox-runtime" --root "$root/runtime" delete --force b || true
    # A mount of a layer, where the kernel has such; without one it is the pattern itself.
    for mount in "$root"/engine/layers/*/*; do umount "$mount" 2>/dev/null || true; done
    rm -rf "$work" "$root"
}
trap cleanup EXIT

gcc -O2 -Wall -Wextra -Werror -o "$work/steps" Tests/StartOrder/steps.c
mkdir -p "$work/bundle/rootfs"
tar -xf "$NESTBOX_FIXTURES/busybox.tar" -C "$work/bundle/rootfs"
runc spec --bundle "$work/bundle"
jq '.process.terminal = false | .process.args = ["/bin/true"] | .process.rlimits = []' "$work/bundle/config.json" >"$work/config.json"
mv "$work/config.json" "$work/bundle/config.json"
# Loaded before: that is not a start.
engine=("$NESTBOX_BIN/nestbox" --root "$work/root" --run-root "$root/engine")
"${engine[@]}" load -i "$NESTBOX_FIXTURES/busybox-docker.tar" >/dev/null

# $1: name of the program; the rest: a command
steps() { "$work/steps" "$1" "${@:2}" 2>>"$work/$1.txt" >/dev/null; }
(($#)) || set -- nestbox-runtime nestbox
for name in "$@"; do
    if [[ $name == nestbox-runtime ]]; then
        runtime=("$NESTBOX_BIN/nestbox-runtime" --root "$root/runtime")
        for words in "run a" "--cgroup-manager=disabled run a" "create b" "start b" "state b" "delete --force b"; do
            # shellcheck disable=SC2086 # words
            (cd "$work/bundle" && steps "$name" "${runtime[@]}" $words)
        done
    fi
    steps "$name" "${engine[@]}" run --rm --network none busybox true
    Tests/StartOrder/names.py ".build/release/$name" <"$work/$name.txt" >"$work/order"
    mv "$work/order" "Sources/$name/start.order"
    wc -l "Sources/$name/start.order"
done
