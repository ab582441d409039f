#!/bin/bash
# 100 containers started in parallel with -d, on the host's network or on $NETWORK: until every command has returned.
# Goal: at most 1/10 of docker.
source "$(dirname "$0")/peers.sh"
count=${COUNT:-100} rounds=${ROUNDS:-2} network=${NETWORK:-host} docker_options=()
[[ $network == host ]] || docker_options=(--userland-proxy=true)

fixtures=${NESTBOX_FIXTURES:-$PWD/.cache/fixtures}
"$nestbox" "${nestbox_roots[@]}" load -i "$fixtures/busybox-docker.tar" >/dev/null
start_docker "$fixtures/busybox-docker.tar" "${docker_options[@]}"
# Who is the first on a network makes its bridge and its name server.
"$nestbox" "${nestbox_roots[@]}" run --rm --network "$network" busybox true
"${docker[@]}" run --rm --network "$network" busybox true

# start COMMAND…: prints the ms that $count of it took, side by side; a failure ends the benchmark.
start() {
    local begin end
    begin=$(date +%s%N)
    seq "$count" | timeout 300 xargs -P "$count" -I '{}' "$@" >/dev/null
    end=$(date +%s%N)
    echo $(((end - begin) / 1000000))
}
# ext4 without a journal passes over the inodes of files removed within the last minute, one by one (recently_deleted in
# fs/ext4/ialloc.c): who starts after a removal, ours or theirs, would be charged for that.
settle() { sleep "${SETTLE:-70}"; }
best() { sort -n | head -1; }

for ((round = 0; round < rounds; round++)); do
    settle
    start "$nestbox" "${nestbox_roots[@]}" run -d --network "$network" busybox sleep 600 >>"$work/own"
    "$nestbox" "${nestbox_roots[@]}" ps -aq | xargs -r "$nestbox" "${nestbox_roots[@]}" rm -f >/dev/null
    settle
    start "${docker[@]}" run -d --network "$network" busybox sleep 600 >>"$work/docker-times"
    "${docker[@]}" ps -aq | xargs -r "${docker[@]}" rm -f >/dev/null
done
own=$(best <"$work/own") theirs=$(best <"$work/docker-times")
echo "$count containers in parallel, -d --network $network (best of $rounds): nestbox $own ms, docker $theirs ms," \
    "ratio $(ratio "$own" "$theirs")"
