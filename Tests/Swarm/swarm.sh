#!/bin/bash
# swarm.sh [RUNTIME]: a Docker Swarm of three nodes, each a dockerd on a host of its own (a network namespace), with RUNTIME
# (bin/nestbox-runtime) as default runtime of each. A replicated service is made, scaled, survives the end of one node's daemon, is
# updated and removed; then it is looked for what is left. Prints a line for each step; ends with 1 at the first that fails.
set -euo pipefail
cd "$(dirname "$0")/../.."
runtime=$(realpath "${1:-bin/nestbox-runtime}")
image=${NESTBOX_FIXTURES:-$PWD/.cache/fixtures}/busybox-docker.tar

# A machine of its own: what is made in these namespaces goes with their last process.
if [[ ${NBS_OWN_MACHINE-} != "$$" ]]; then
    NBS_OWN_MACHINE=$$ exec unshare --net --mount --propagation private -- "$0" "$runtime"
fi

nodes=(1 2 3)
work=$(mktemp -d /var/tmp/nbs.XXXX)
cgroup=nestbox-swarm
declare -A daemons=()

docker() { command docker -H "unix://$work/$1.sock" "${@:2}"; }

# What the daemons have started, as containerd and its shims: all have the folder among their arguments.
helpers() { pgrep -f -- "$work/.*$1" || true; }

end_node() {
    [[ ${daemons[$1]-} ]] || return 0
    kill "-${2:-TERM}" "${daemons[$1]}" 2>/dev/null || true
    wait "${daemons[$1]}" 2>/dev/null || true
    daemons[$1]=
}

cleanup() {
    local status=$? node process
    trap - EXIT
    if ((status)); then
        for node in "${nodes[@]}"; do
            echo "-- node $node:" && grep -E 'level=(error|fatal)' "$work/$node.log" | grep -v 'pulling image' | tail -5
        done
    fi >&2
    for node in "${nodes[@]}"; do
        # shellcheck disable=SC2046 # one word for each container
        [[ ! ${daemons[$node]-} ]] || timeout 60 command docker -H "unix://$work/$node.sock" rm -f \
            $(docker "$node" ps -aq 2>/dev/null) >/dev/null 2>&1 || true
        end_node "$node"
    done
    # A killed daemon leaves them.
    for process in $(helpers containerd); do kill -KILL "$process" 2>/dev/null || true; done
    awk -v work="$work/" 'index($2, work) == 1 { print $2 }' /proc/mounts | sort -r |
        while read -r mount; do umount -l "$mount" || true; done
    rm -rf "$work"
    find /sys/fs/cgroup -depth -type d -path "*/$cgroup*" -exec rmdir {} + 2>/dev/null || true
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

fail() { echo "failed: $*" >&2 && exit 1; }

# Waits until a command prints what is wanted. $1: the most seconds, $2: what is wanted, $3…: the command.
until_prints() {
    local said='' deadline=$((SECONDS + $1))
    while ((SECONDS < deadline)); do
        said=$("${@:3}" 2>&1) || true
        [[ $said != "$2" ]] || return 0
        sleep 0.5
    done
    fail "'${*:3}' printed '$said' and not '$2' for $1 s"
}

start_node() {
    local node=$1
    # Docker names nodes after their hosts.
    # shellcheck disable=SC2016 # expanded by the inner shell
    nsenter --net="/run/netns/node$node" -- unshare --uts -- bash -c 'hostname "$0" && exec "$@"' "node$node" \
        setpriv --pdeathsig TERM dockerd --data-root "$work/$node" \
        --exec-root "$work/$node-run" -p "$work/$node.pid" -H "unix://$work/$node.sock" --iptables=false --ip6tables=false \
        --bridge=none --storage-driver overlay2 --cgroup-parent "/$cgroup/$node" \
        --add-runtime "tried=$runtime" --default-runtime tried >>"$work/$node.log" 2>&1 &
    daemons[$node]=$!
    until_prints 60 "node$node" docker "$node" info --format '{{.Name}}'
}

# Which nodes run tasks, and how many: "1:2 2:1".
tasks() {
    docker 1 service ps app --filter desired-state=running --format '{{.Node}} {{.CurrentState}}' |
        awk '$2 == "Running" { count[$1]++ } END { for (node in count) print node ":" count[node] }' | sort | xargs
}
ready() { docker 1 node ls --format '{{.Status}}' | grep -c Ready; }
running() { docker 1 service ls --format '{{.Replicas}}'; }

# Three hosts with a switch between them.
mount -t tmpfs tmpfs /run/netns 2>/dev/null || { mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns; }
ip link set lo up
ip link add switch type bridge
ip link set switch up
for node in "${nodes[@]}"; do
    ip netns add "node$node"
    ip link add "port$node" type veth peer name eth0 netns "node$node"
    ip link set "port$node" master switch up
    ip -n "node$node" address add "198.51.100.$node/24" dev eth0
    ip -n "node$node" link set eth0 up
    ip -n "node$node" link set lo up
    start_node "$node"
    docker "$node" load -q -i "$image" >/dev/null
done
echo "three daemons with $(docker 1 info --format '{{.DefaultRuntime}}') = $runtime"

docker 1 swarm init --advertise-addr 198.51.100.1 >/dev/null
token=$(docker 1 swarm join-token -q worker)
for node in 2 3; do docker "$node" swarm join --token "$token" 198.51.100.1:2377 >/dev/null; done
until_prints 60 3 ready
echo "swarm: $(docker 1 node ls --format '{{.Status}} {{.Availability}}' | sort | uniq -c | xargs)"

# Without virtual addresses: their IPVS is a kernel module, which not every kernel has.
docker 1 network create --driver overlay --attachable --subnet 203.0.113.0/24 app >/dev/null
docker 1 service create --quiet --detach --name app --replicas 3 --network app --endpoint-mode dnsrr --no-resolve-image \
    --restart-delay 500ms --stop-grace-period 1s --limit-memory 64m --health-cmd 'wget -qO- 127.0.0.1' --health-interval 2s \
    --env VERSION=1 busybox:latest sh -c 'mkdir /www; echo "$HOSTNAME $VERSION" >/www/index.html; exec httpd -f -h /www' >/dev/null
until_prints 90 "node1:1 node2:1 node3:1" tasks
echo "service of 3: $(tasks)"

# Each container, on whichever node, is reached by every other over the overlay network.
answers() {
    docker "$1" run --rm --network app busybox sh -c \
        "nslookup tasks.app 2>/dev/null | awk '/^Address/ && !/127.0.0.11/ { print \$NF }' | sort -u |
         while read -r address; do wget -qO- \$address | cut -d' ' -f2; done" | sort | uniq -c | xargs
}
for node in "${nodes[@]}"; do until_prints 30 "3 1" answers "$node"; done
echo "from each node: 3 replicas answer"

docker 1 service scale --detach app=6 >/dev/null
until_prints 60 "node1:2 node2:2 node3:2" tasks
echo "scaled to 6: $(tasks)"

# A replica that dies is replaced.
victim=$(docker 2 ps -q --filter name=app | head -1)
docker 2 exec "$victim" kill -9 1 || true
docker 2 kill "$victim" >/dev/null 2>&1 || true
until_prints 60 "node1:2 node2:2 node3:2" tasks
echo "one killed: $(tasks)"

# The daemon of a node ends at once; the others take its replicas.
end_node 3 KILL
until_prints 120 "node1:3 node2:3" tasks
until_prints 30 "6 1" answers 1
echo "daemon of node3 killed: $(tasks)"
start_node 3
until_prints 60 3 ready
docker 1 service scale --detach app=9 >/dev/null
until_prints 90 9/9 running
docker 1 service update --quiet --detach --force app >/dev/null
until_prints 180 completed docker 1 service inspect app --format '{{.UpdateStatus.State}}'
until_prints 180 "node1:3 node2:3 node3:3" tasks
echo "node3 back, scaled to 9 and spread anew: $(tasks)"

docker 1 service update --quiet --detach --env-add VERSION=2 --update-parallelism 3 --update-delay 0s app >/dev/null
until_prints 180 "9 2" answers 2
echo "updated: 9 replicas answer with version 2"

docker 1 service scale --detach app=1 >/dev/null
until_prints 60 1/1 running
docker 1 service rm app >/dev/null
for node in "${nodes[@]}"; do until_prints 60 "" docker "$node" ps -aq; done
echo "removed: no container is left on any node"

# Nor a shim, a state of the runtime, or a cgroup.
until_prints 30 "" helpers shim
left=$(find /sys/fs/cgroup -path "*/$cgroup/[1-3]/*" -type d | head -3)
[[ ! $left ]] || fail "cgroups are left: $left"
left=$(find "$work"/*-run/runtime* -name state.json 2>/dev/null | head -3)
[[ ! $left ]] || fail "states are left: $left"
echo "nothing else is left"
