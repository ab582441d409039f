#!/bin/sh
# What checkpoints.sh runs in the VM. A container counts; what was made from its checkpoint has to go on from there.
set -eu
count='i=0; while :; do i=$((i+1)); echo $i; echo $i >/count; sleep 1; done'
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
# Whether $1 is greater than $2, both numbers that were printed.
goes_on() { [ "$1" -gt "$2" ] || failed "$3: counted $1 after $2"; }

containerd >/tmp/containerd.log 2>&1 &
await ctr version
dockerd --experimental --iptables=false --ip6tables=false --bridge=none --containerd /run/containerd/containerd.sock \
    --add-runtime nestbox=/usr/local/bin/nestbox-runtime --default-runtime nestbox >/tmp/dockerd.log 2>&1 &
await docker version

docker load -q -i /busybox.tar
# Debian's AppArmor is on here, and its parser not installed.
docker run -d --security-opt apparmor=unconfined --name box --network none busybox sh -c "$count" >/dev/null
await sh -c '[ $(docker logs box | tail -1) -ge 3 ]'
docker checkpoint create box first
[ "$(docker inspect -f '{{.State.Running}}' box)" = false ] || failed "it runs after its checkpoint"
before=$(docker logs box | tail -1)
docker start --checkpoint first box
# From nothing it would count from 1 again.
await sh -c "[ \$(docker logs box | tail -1) -ge $((before + 2)) ]"
[ "$(docker logs box | grep -cx 1)" = 1 ] || failed "it began anew"
echo "docker start --checkpoint: $before, then $(docker logs box | tail -1)"
docker checkpoint create --leave-running box second
[ "$(docker inspect -f '{{.State.Running}}' box)" = true ] || failed "--leave-running: it does not run"
echo "docker checkpoint ls: $(docker checkpoint ls box | tail -n +2 | sort | tr '\n' ' ')"
docker rm -f box >/dev/null

ctr image import /busybox.tar >/dev/null
ctr run -d --runc-binary /usr/local/bin/nestbox-runtime "$image" box sh -c "$count" >/dev/null 2>&1
await sh -c '[ $(ctr task exec --exec-id look box cat /count) -ge 3 ]'
before=$(ctr task exec --exec-id before box cat /count)
ctr container checkpoint --rw --image --task box docker.io/library/checkpoint:latest
ctr task rm -f box >/dev/null 2>&1 || true
ctr container rm box
ctr container restore --live again docker.io/library/checkpoint:latest
await sh -c "[ \$(ctr task exec --exec-id look\$\$ again cat /count) -ge $((before + 2)) ]"
after=$(ctr task exec --exec-id after again cat /count)
goes_on "$after" "$before" "containerd"
echo "ctr container restore --live: $before, then $after"
ctr task rm -f again >/dev/null 2>&1 || true
ctr container rm again
[ -z "$(nestbox-runtime --root /run/containerd/runc/default list -q)" ] || failed "a container is left"
[ -z "$(nestbox-runtime --root /run/docker/runtime-runc/moby list -q)" ] || failed "a container of docker's is left"
echo "nothing is left"
