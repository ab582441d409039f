#!/bin/bash
# Docker's and containerd's checkpoints with nestbox-runtime, in the VM, where Debian's criu works: checkpoints.sh [KERNEL].
set -euo pipefail
cd "$(dirname "$0")/../.."
Tests/Support/packages.sh docker.io containerd criu
: "${NESTBOX_BIN:=$PWD/bin}" "${NESTBOX_FIXTURES:=$PWD/.cache/fixtures}"
options=()
# dockerd asks runc and docker-init for their versions, and does no more with them.
for program in dockerd docker docker-init runc containerd containerd-shim-runc-v2 ctr criu; do
    options+=(--add "$(PATH=/usr/sbin:/usr/bin type -P "$program")")
done
exec Tests/VM/vm run --kernel "${1:-6.12}" --memory 4096 --disk 2048 --timeout "${VM_TIMEOUT:-900}" "${options[@]}" \
    --add /bin/tar --add /bin/gzip --add /usr/bin/mount --add /usr/bin/umount \
    --add "$NESTBOX_BIN/nestbox-runtime:/usr/local/bin/nestbox-runtime" \
    --add "$NESTBOX_FIXTURES/busybox-docker.tar:/busybox.tar" --add "$PWD/Tests/Engines/checkpoints-guest.sh:/guest.sh" \
    -- sh /guest.sh
