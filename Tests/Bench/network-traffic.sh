#!/bin/bash
# TCP throughput (iperf3) and round trips (sockperf) with a container on the default bridge: from its host and from
# another host by a published port, and from another container. Against docker without and with its userland proxy.
# Goals: throughput at least docker's, round trips at most docker's.
#
# Clients and servers are this machine's programs in the namespaces of containers that sleep; each side has a core of its
# own, for a message between two cores takes three times as long as on one, and the scheduler decides anew each time.
own_network=yes
source "$(dirname "$0")/peers.sh"
rounds=${ROUNDS:-5} seconds=${DURATION:-2}

archive=${NESTBOX_FIXTURES:-$PWD/.cache/fixtures}/busybox-docker.tar
"$nestbox" "${nestbox_roots[@]}" load -i "$archive" >/dev/null
places=("this host, 127.0.0.1" "another host" "another container")
declare -A client address

# at PROCESS COMMAND…: in the network namespace of a process.
at() { nsenter -t "$1" --net -- "${@:2}"; }
serve() { at "$1" setpriv --pdeathsig TERM taskset -c "$(($(nproc) - 1))" "${@:2}" >/dev/null 2>&1; }

# prepare NAME PROCESS COMMAND…: a container that serves, one that calls it, and another host (a process as well) beside
# the one of PROCESS.
prepare() {
    local server caller own neighbour port try
    server=$("${@:3}" run -d -p 5201:5201 -p 5202:5202 busybox sleep 3600)
    caller=$("${@:3}" run -d busybox sleep 3600)
    own=$("${@:3}" inspect -f '{{.State.Pid}}' "$server")
    serve "$own" iperf3 -s -p 5201 &
    serve "$own" sockperf server --tcp -p 5202 &
    "${on_own_host[@]}" setpriv --pdeathsig TERM sleep 3600 &
    neighbour=$!
    for port in 5201 5202; do
        for try in {1..50}; do
            [[ -z $(at "$own" ss -Hltn "sport = $port") ]] || break
            sleep 0.1
        done
        ((try < 50)) || { echo "error: nobody serves port $port" >&2 && exit 1; }
    done
    at "$2" ip link add lan0 type veth peer name lan0 netns "$neighbour"
    at "$2" ip address add 198.51.100.1/24 dev lan0
    at "$2" ip link set lan0 up
    at "$neighbour" ip address add 198.51.100.2/24 dev lan0
    at "$neighbour" ip link set lan0 up
    client[$1.0]=$2 address[$1.0]=127.0.0.1
    client[$1.1]=$neighbour address[$1.1]=198.51.100.1
    client[$1.2]=$("${@:3}" inspect -f '{{.State.Pid}}' "$caller")
    address[$1.2]=$("${@:3}" inspect -f '{{.NetworkSettings.IPAddress}}' "$server")
}

# measure NAME PLACE: adds Gbit/s and µs to the files of that name and place.
measure() {
    local call=(timeout $((seconds + 30)) nsenter -t "${client[$1.$2]}" --net -- taskset -c 0) to=${address[$1.$2]}
    "${call[@]}" iperf3 -c "$to" -p 5201 -t "$seconds" -J >"$work/result" || {
        jq -r '.error // "no answer"' "$work/result" >&2
        exit 1
    }
    jq '.end.sum_received.bits_per_second / 1e9' "$work/result" >>"$work/throughput.$1.$2"
    "${call[@]}" sockperf ping-pong --tcp --full-rtt -i "$to" -p 5202 -t "$seconds" >"$work/result" 2>&1 || {
        tail -3 "$work/result" >&2
        exit 1
    }
    awk '/percentile 50\.000/ { print $NF }' "$work/result" >>"$work/latency.$1.$2"
}

prepare own $$ "$nestbox" "${nestbox_roots[@]}"
for proxy in off on; do
    start_docker "$archive" --userland-proxy="$([[ $proxy == on ]] && echo true || echo false)"
    prepare docker "$dockerd" "${docker[@]}"
    for ((round = 0; round < rounds; round++)); do
        for place in "${!places[@]}"; do
            measure own "$place"
            measure docker "$place"
        done
    done
    echo "traffic with a container, nestbox and docker with its userland proxy $proxy (medians of $rounds):"
    for place in "${!places[@]}"; do
        for unit in throughput latency; do
            own=$(median <"$work/$unit.own.$place") theirs=$(median <"$work/$unit.docker.$place")
            printf '  from %s|%s|%.1f|%.1f %s|ratio %s\n' "${places[place]}" \
                "$([[ $unit == latency ]] && echo 'round trip' || echo throughput)" "$own" "$theirs" \
                "$([[ $unit == latency ]] && echo µs || echo Gbit/s)" "$(ratio "$own" "$theirs")"
        done
    done | column -t -s '|'
    rm "$work"/throughput.* "$work"/latency.*
    stop_docker
done
