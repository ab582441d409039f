#!/bin/bash
# nestbox-runtime, crun and runc in one VM, where cgroups are v2 alone and all of them do the whole of it: `run` of /bin/true, and
# create + start + state + delete. QEMU translates there, so that the processor time of a command and of all that it starts
# stands for instructions. Goals: at most 0.8 of crun's and 0.25 of runc's.
set -euo pipefail
cd "$(dirname "$0")/../.."
Tests/Support/packages.sh runc crun jq python3 util-linux
runtime=${NESTBOX_BIN:-$PWD/bin}/nestbox-runtime
work=$(mktemp -d /var/tmp/nestbox-oci-vm.XXXXXX)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/bundle/rootfs"
tar -xf "${NESTBOX_FIXTURES:-$PWD/.cache/fixtures}/busybox.tar" -C "$work/bundle/rootfs"
(cd "$work/bundle" && runc spec)
jq '.process.terminal = false | .process.args = ["/bin/true"]' "$work/bundle/config.json" >"$work/config.json"
mv "$work/config.json" "$work/bundle"

python=$(realpath /usr/bin/python3)
programs=("$runtime" "$(command -v crun)" "$(command -v runc)")
options=()
for program in "${programs[@]}"; do options+=(--add "$program:/usr/local/bin/${program##*/}"); done
Tests/VM/vm run --kernel "${KERNEL:-6.12}" --timeout 1200 "${options[@]}" --add "$work/bundle:/bundle" \
    --add "$PWD/Tests/Bench/oci-guest.py:/oci-guest.py" --add "$python:/usr/bin/python3" --add "/usr/lib/${python##*/}" \
    --add /usr/bin/unshare -- unshare --pid --fork --mount-proc python3 /oci-guest.py "${VM_RUNS:-20}" "${programs[@]##*/}"
