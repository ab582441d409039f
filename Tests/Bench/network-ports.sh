#!/bin/bash
# What it costs to publish 200 ports when many others are published: one container with -p 20000-20199:20000-20199 beside
# 0, 50, 250 and 500 that publish 10 each, and how much more that is than the same container without ports. Docker
# without its userland proxy, and only as far as its time allows. Goal: the time per port does not depend on the others.
own_network=yes
source "$(dirname "$0")/peers.sh"
runs=${RUNS:-15} steps=${STEPS:-0 50 250 500} docker_steps=${DOCKER_STEPS:-0 50} docker_seconds=${DOCKER_SECONDS:-180}

archive=${NESTBOX_FIXTURES:-$PWD/.cache/fixtures}/busybox-docker.tar
"$nestbox" "${nestbox_roots[@]}" load -i "$archive" >/dev/null
# Before $deadline. Functions end with the first failure: set -e is off in what is tested.
within() { timeout --foreground "$((deadline > SECONDS ? deadline - SECONDS : 1))" "$@"; }

# add FROM TO COMMAND…: the containers with these numbers, which publish 10 ports each.
add() {
    local number
    for ((number = $1; number < $2; number++)); do
        echo "$((21000 + 10 * number))-$((21009 + 10 * number)):8000-8009"
    done | within xargs -r -P 2 -I '{}' "${@:3}" run -d -p '{}' busybox sleep 3600 >/dev/null
}

# start COMMAND…: prints the ms until a detached container had started, and removes it. The kernel is still at work on the
# one before (see network-start.sh): a pause.
start() {
    local begin end id
    sleep 0.15
    begin=$EPOCHREALTIME
    id=$(within "$@") || return
    end=$EPOCHREALTIME
    within "${remove[@]}" "$id" >/dev/null || return
    jq -n "$end * 1000 - $begin * 1000"
}

# curve RUNS STEPS NAME COMMAND…: a line for each step.
curve() {
    local name=$3 here=0 step index runs=$1 remove=("${@:4}" rm -f) ports none more
    within "${@:4}" run --rm busybox true || return
    for step in $2; do
        add "$here" "$step" "${@:4}" || return
        here=$step
        rm -f "$work/ports" "$work/none"
        for ((index = 0; index < runs; index++)); do
            start "${@:4}" run -d busybox sleep 3600 >>"$work/none" || return
            start "${@:4}" run -d -p 20000-20199:20000-20199 busybox sleep 3600 >>"$work/ports" || return
        done
        ports=$(median <"$work/ports") none=$(median <"$work/none")
        # The two of a pair were measured within a second: what else the machine does falls out.
        more=$(paste "$work/ports" "$work/none" | awk '{ print $1 - $2 }' | median)
        jq -nr "[\"  $name|$step others, $((step * 10)) ports\", \"200 ports: \($ports * 10 | round / 10) ms\",
            \"none: \($none * 10 | round / 10) ms\", \"\($more * 5 | round) µs a port\"] | join(\"|\")"
    done
}

{
    deadline=$((SECONDS + 900))
    curve "$runs" "$steps" nestbox "$nestbox" "${nestbox_roots[@]}" || {
        echo "error: nestbox failed or took longer than 900 s" >&2
        exit 1
    }
    "$nestbox" "${nestbox_roots[@]}" ps -aq | xargs -r "$nestbox" "${nestbox_roots[@]}" rm -f >/dev/null
    start_docker "$archive" --userland-proxy=false
    deadline=$((SECONDS + docker_seconds))
    # What it did not get done is left out.
    curve 3 "$docker_steps" docker "${docker[@]}" || echo "  docker|not finished within $docker_seconds s"
} >"$work/curve"
echo "a container that publishes 200 ports beside others that publish 10 each (median of $runs, docker: of 3):"
column -t -s '|' "$work/curve"
