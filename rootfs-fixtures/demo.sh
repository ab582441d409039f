#!/bin/bash
# What `make demo` shows: an image made here, a limited container, what it sees from inside, and what happens when it
# takes more memory than it may. Uses roots of its own and removes them: nothing on the machine changes.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d /tmp/nestbox-demo.XXXXXX)
# Short: a Unix socket's path below it has 107 bytes.
run=$(mktemp -d /run/nbd.XXXX)
nestbox=(bin/nestbox --root "$work/root" --run-root "$run")
name="nestbox-demo-oom"
cleanup() {
    "${nestbox[@]}" rm -f "$name" >/dev/null 2>&1 || true
    "${nestbox[@]}" rmi -f busybox >/dev/null 2>&1 || true
    rm -rf "$work" "$run"
}
trap cleanup EXIT

# Shows a command as a person would type it (a long script shortened), then runs it.
show() {
    local word line='$ nestbox'
    for word in "$@"; do
        case $word in
        *$'\n'*) line+=" '…'" ;;
        *[\ \{]*) line+=" '$word'" ;;
        *) line+=" $word" ;;
        esac
    done
    printf '\n%s\n' "$line"
    "${nestbox[@]}" "$@"
}

echo "An image from Debian's busybox-static:"
rootfs-fixtures/busybox.sh "$work/root.tar"
rootfs-fixtures/image.py --layer "$work/root.tar" --tag busybox --format docker --config '{"Cmd": ["/bin/sh"]}' \
    "$work/busybox.tar"
show load -i "$work/busybox.tar"
show images

cat >"$work/look.sh" <<'EOF'
echo "who:             $(id)"
echo "hostname:        $(hostname)"
echo "process 1:       $(tr '\0' ' ' </proc/1/cmdline | head -1 | cut -c1-20)"
echo "processes seen:  $(ls -d /proc/[0-9]* | wc -l)"
echo "user namespace: $(tr -s ' ' </proc/self/uid_map)   (inside, outside, count)"
echo "cgroup:          $(tail -1 /proc/self/cgroup)"
echo "interfaces:      $(ls /sys/class/net | tr '\n' ' ')"
echo "mounts:          $(wc -l </proc/self/mounts)"
echo "capabilities:    $(sed -n 's/CapEff:\t//p' /proc/self/status), seccomp mode $(sed -n 's/Seccomp:\t//p' /proc/self/status)"
# One hierarchy with cgroup v2, one per controller on hybrid machines.
for file in memory.max cpu.max pids.max memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max; do
    [ ! -r /sys/fs/cgroup/$file ] || echo "limit:           $file $(cat /sys/fs/cgroup/$file)"
done
EOF
limits=(--memory 64m --cpus 0.5 --pids-limit 64 --network none)
show run --rm "${limits[@]}" --hostname demo busybox sh -c "$(cat "$work/look.sh")"

echo
echo "A program that takes more than its 64 MiB:"
status=0
show run --name "$name" "${limits[@]}" busybox sh -c 'dd if=/dev/zero of=/dev/null bs=256M count=1' || status=$?
echo "exit status $status"
show inspect --format '{{.State.Status}} ExitCode={{.State.ExitCode}} OOMKilled={{.State.OOMKilled}}' "$name"
show rm "$name"

if [[ $status != 137 ]]; then
    echo "error: the container should have ended with 137, killed for its memory" >&2
    exit 1
fi
