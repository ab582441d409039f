#!/bin/sh
# What checkpoints.sh runs in the VM. A container counts; what was made from its checkpoint has to go on from there.
set -eu
# shellcheck disable=SC2016 # the container's shell
# The number, and in the file who counts: one that began anew would be another.
count='read -r me </proc/sys/kernel/random/uuid; i=0
while :; do i=$((i+1)); echo $i; echo "$i $me" >/new; mv /new /count; sleep 1; done'
image=docker.io/library/busybox:latest
failed() {
    echo "failed: $*" >&2
    tail -20 /tmp/*.log >&2
    exit 1
}
# Tries a command until it succeeds.
await() {
    for _ in $(seq 120); do
        "$@" >/dev/null 2>&1 && return
        sleep 1
    done
    failed "$*"
}

containerd >/tmp/containerd.log 2>&1 &
await ctr version
dockerd --experimental --iptables=false --ip6tables=false --bridge=none --containerd /run/containerd/containerd.sock \
    --add-runtime nestbox=/usr/local/bin/nestbox-runtime --default-runtime nestbox >/tmp/dockerd.log 2>&1 &
await docker version

docker load -q -i /busybox.tar
# Debian's AppArmor is on here, and its parser not installed.
docker run -d --security-opt apparmor=unconfined --name box --network none busybox sh -c "$count" >/dev/null
# $1: what it has to have printed at least
has_printed() { [ "$(docker logs box | tail -1)" -ge "$1" ]; }
await has_printed 3
docker checkpoint create box first
[ "$(docker inspect -f '{{.State.Running}}' box)" = false ] || failed "it runs after its checkpoint"
before=$(docker logs box | tail -1)
docker start --checkpoint first box
# From nothing it would count from 1 again.
await has_printed $((before + 2))
[ "$(docker logs box | grep -cx 1)" = 1 ] || failed "it began anew"
echo "docker start --checkpoint: $before, then $(docker logs box | tail -1)"
docker checkpoint create --leave-running box second
[ "$(docker inspect -f '{{.State.Running}}' box)" = true ] || failed "--leave-running: it does not run"
echo "docker checkpoint ls: $(docker checkpoint ls box | tail -n +2 | sort | tr '\n' ' ')"
# What the runtime knows of containers.
records() { find /run /var/run -name state.json; }
[ -n "$(records)" ] || failed "it is no container of nestbox-runtime's"
docker rm -f box >/dev/null

ctr image import /busybox.tar >/dev/null
ctr run -d --runc-binary /usr/local/bin/nestbox-runtime "$image" box sh -c "$count" >/dev/null 2>&1
# $1: container, $2: what its file has to say at least
has_counted() { [ "$(ctr task exec --exec-id "look-$(cat /proc/sys/kernel/random/uuid)" "$1" cat /count | cut -d' ' -f1)" -ge "$2" ]; }
await has_counted box 3
before=$(ctr task exec --exec-id before box cat /count)
ctr container checkpoint --rw --image --task box docker.io/library/checkpoint:latest
# It ends with the task's own status, which is that of a killed one; a task that stays keeps its container.
ctr task rm -f box >/dev/null 2>&1 || true
ctr container rm box
ctr container restore --live again docker.io/library/checkpoint:latest
await has_counted again $((${before% *} + 2))
after=$(ctr task exec --exec-id after again cat /count)
[ "${after#* }" = "${before#* }" ] || failed "containerd: it began anew"
echo "ctr container restore --live: ${before% *}, then ${after% *}"
ctr task rm -f again >/dev/null 2>&1 || true
ctr container rm again
[ -z "$(records)" ] || failed "left: $(records)"
echo "nothing is left"
