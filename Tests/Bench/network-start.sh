#!/bin/bash
# A container on the default bridge that publishes one port and runs /bin/true, from the command to its end: Nestbox
# against docker and podman, and against itself without a network. Goals: at most 1/20 of docker and podman, and at most
# 3 ms more than with --network none.
own_network=yes
source "$(dirname "$0")/peers.sh"
runs=${RUNS:-30} rounds=${ROUNDS:-10}

archive=${NESTBOX_FIXTURES:-$PWD/.cache/fixtures}/busybox-docker.tar
"$nestbox" "${nestbox_roots[@]}" load -i "$archive" >/dev/null
start_docker "$archive" --userland-proxy=true
own=("$nestbox" "${nestbox_roots[@]}" run --rm)
bridged="-p 18080:80 busybox /bin/true"
# The first container of a network waits for its name server; of the others each would find it.
"${own[@]}" busybox /bin/true

measure() { timeout 300 hyperfine -N --style none --export-json "$@" >/dev/null; }
# After its end the kernel takes a container's namespace down and lets whoever makes interfaces meanwhile wait: one start
# is measured after a pause, for all.
pause=(--prepare "sleep 0.15")
# The difference is small beside what a file system full of just-removed files costs (see parallel.sh): by turns, and
# every other time the other way round.
bridge=(-n "nestbox run -p" "${own[*]} $bridged")
no_port=(-n "nestbox run, no port" "${own[*]} busybox /bin/true")
none=(-n "nestbox run --network none" "${own[*]} --network none busybox /bin/true")
each=$(((runs + rounds - 1) / rounds))
for ((round = 0; round < rounds; round++)); do
    commands=("${bridge[@]}" "${no_port[@]}" "${none[@]}")
    ((round % 2 == 0)) || commands=("${none[@]}" "${no_port[@]}" "${bridge[@]}")
    measure "$work/own.$round" --warmup 1 --runs "$each" "${pause[@]}" "${commands[@]}"
    measure "$work/row.$round" --warmup 1 --runs "$each" -n "nestbox run -p, without a pause" "${own[*]} $bridged"
done
for name in own row; do
    jq -s '. as $rounds | {results: [.[0].results[] | {command, median: (.command as $command
        | [$rounds[].results[] | select(.command == $command).times[]] | sort | .[length / 2 | floor])}]}' \
        "$work/$name".[0-9]* >"$work/$name.json"
done
measure "$work/docker.json" --warmup 3 --runs "$runs" "${pause[@]}" -n "docker run -p" "${docker[*]} run --rm $bridged"
# Podman on a host of its own with the files below /run that all its roots share (its addresses are leased there), with
# Debian's netavark; for the rest see start.sh.
printf '[network]\nnetwork_backend = "netavark"\n' >"$work/containers.conf"
podman_run=("${podman[@]}" --runtime runc run --rm --network bridge --ulimit nofile=1024:1024 --ulimit nproc=1024:1024
    --cgroup-parent "/$cgroup")
export -f measure
CONTAINERS_CONF=$work/containers.conf "${on_own_host[@]}" unshare --mount --propagation private bash -euc "
    mkdir -p /run/netns /run/containers
    mount -t tmpfs none /run/netns
    mount -t tmpfs none /run/containers
    ${podman[*]} load -q -i '$archive' >/dev/null
    measure $work/podman.json --warmup 3 --runs $runs ${pause[0]} '${pause[1]}' -n 'podman run -p' '${podman_run[*]} $bridged'"

echo "run --rm -p 18080:80 on the default bridge, busybox /bin/true (median of $runs):"
report "$work/own.json" "$work/row.json" "$work/docker.json" "$work/podman.json"
jq -r '.results | map({(.command): .median}) | add
    | (."nestbox run -p" - ."nestbox run --network none") * 10000 | round / 10
    | "  more than with --network none: \(.) ms"' "$work/own.json"
