#!/bin/bash
# A container that runs /bin/true, from the command to its end: Nestbox against docker, podman, runc and crun.
# Goals: at most 1/10 of docker and podman, at most 1 of runc.
source "$(dirname "$0")/peers.sh"
runs=${RUNS:-30}

# Podman sets limits of its own, which this machine may not allow it to raise (no CAP_SYS_RESOURCE), also with
# "--ulimit host"; its default crun 1.8.1 refuses hybrid cgroups.
podman_run=("${podman[@]}" --runtime runc run --rm --network host --ulimit nofile=1024:1024 --ulimit nproc=1024:1024
    --cgroup-parent "/$cgroup")

fixtures=${NESTBOX_FIXTURES:-$PWD/.cache/fixtures}
"$nestbox" "${nestbox_roots[@]}" load -i "$fixtures/busybox-docker.tar" >/dev/null
"${podman[@]}" load -q -i "$fixtures/busybox-docker.tar" >/dev/null
start_docker "$fixtures/busybox-docker.tar"
make_bundle "$fixtures/busybox.tar"

measure() { timeout 300 hyperfine -N --style none --warmup 3 --runs "$runs" --export-json "$@" >/dev/null; }
measure "$work/all.json" \
    -n "nestbox run" "$nestbox ${nestbox_roots[*]} run --rm --network host busybox /bin/true" \
    -n "nestbox run --network none" "$nestbox ${nestbox_roots[*]} run --rm --network none busybox /bin/true" \
    -n "runc run" "runc --root $work/runc run -b $work/bundle bench" \
    -n "docker run" "${docker[*]} run --rm --network host busybox /bin/true" \
    -n "podman run" "${podman_run[*]} busybox /bin/true"
# crun gets a private view of cgroup2 (see above) and makes no cgroup, an advantage for it.
export -f measure
runs=$runs unshare --mount --propagation private bash -euc "
    mount -t cgroup2 none /sys/fs/cgroup
    measure $work/crun.json -n 'crun run, no cgroup' \
        'crun --root $work/crun --cgroup-manager=disabled run -b $work/bundle bench'"
echo "run --rm --network host, busybox /bin/true (median of $runs):"
report "$work/all.json" "$work/crun.json"
