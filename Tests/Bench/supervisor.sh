#!/bin/bash
# Private memory (Private_* of smaps_rollup) of a supervisor: the tenth of ten, so that what all share is shared.
# Goal: at most 256 KiB.
source "$(dirname "$0")/peers.sh"
fixtures=${NESTBOX_FIXTURES:-$PWD/.cache/fixtures}
"$nestbox" "${nestbox_roots[@]}" load -i "$fixtures/busybox-docker.tar" >/dev/null
for _ in {1..10}; do
    id=$("$nestbox" "${nestbox_roots[@]}" run -d --network none busybox sleep 600)
done
pid=$(jq -r .supervisor.pid "$work/nestbox/containers/$id/state.json")
echo "supervisor (pid $pid): $(awk '/^Private_/ { sum += $2 } END { print sum }' "/proc/$pid/smaps_rollup") KiB private," \
    "$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup") KiB proportional"
