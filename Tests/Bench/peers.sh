# shellcheck shell=bash
# Sourced by the benchmarks: the runtimes that Nestbox is compared with, each in folders of its own below $work, ended
# and removed when the script ends, however it ends. All are Debian's packages.
#
# With own_network set, the benchmark runs in a network namespace of its own, which stands for Nestbox's host: no
# interface and no rule of the machine is touched, and whatever is left goes with its last process.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$bench/../.."
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
# shellcheck disable=SC2086 # one word for each package
Tests/Support/packages.sh hyperfine docker.io podman runc crun umoci skopeo jq time iproute2 \
    ${own_network:+iptables netavark iperf3 sockperf}
# A command in front of others: they run on a host of their own, a network namespace with loopback up.
on_own_host=(unshare --net -- bash -c 'ip link set lo up && exec "$@"' bash)
# exec keeps the process: a variable that was merely inherited has another number.
[[ -z ${own_network-} || ${NBB_OWN_NETWORK-} == "$$" ]] ||
    NBB_OWN_NETWORK=$$ exec "${on_own_host[@]}" "$bench/${0##*/}" "$@"

# Short paths: Unix sockets below them must fit in 107 bytes.
work=$(mktemp -d "${scratch:-/var/tmp}/nbb.XXXX")
cgroup="nestbox-bench"
nestbox=${NESTBOX_BIN:-$PWD/bin}/nestbox
run=$(mktemp -d /run/nbb.XXXX)
nestbox_roots=(--root "$work/nestbox" --run-root "$run")
podman=(podman --root "$work/podman" --runroot "$work/podman-run" --cgroup-manager cgroupfs --storage-driver overlay)
docker=(/usr/bin/docker -H "unix://$work/docker.sock")
dockerd=''

cleanup() {
    local id
    trap - EXIT
    # shellcheck disable=SC2046 # one word for each server
    kill $(jobs -p | grep -vx "${dockerd:-none}") 2>/dev/null || true
    for id in $("$nestbox" "${nestbox_roots[@]}" ps -aq 2>/dev/null); do
        "$nestbox" "${nestbox_roots[@]}" rm -f "$id" >/dev/null 2>&1 || true
    done
    # A network's bridge and name server stay for the next container.
    [[ -z ${own_network-} ]] || "$nestbox" "${nestbox_roots[@]}" network rm bridge >/dev/null 2>&1 || true
    stop_docker
    [[ ! -d $work/podman ]] || "${podman[@]}" rm -af >/dev/null 2>&1 || true
    # What podman makes whatever its roots are; others may use it.
    rmdir /run/containers/networks /run/containers 2>/dev/null || true
    # podman and dockerd may leave their folders mounted on themselves.
    awk -v work="$work/" 'index($2, work) == 1 { print $2 }' /proc/mounts | sort -r |
        while read -r mount; do umount -l "$mount" || true; done
    for mount in "$run"/layers/*/*; do umount "$mount" 2>/dev/null || true; done
    rm -rf "$work" "$run"
    find /sys/fs/cgroup -depth -type d -path "*/$cgroup*" -exec rmdir {} + 2>/dev/null || true
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# dockerd on a host of its own: no firewall rule or interface of this machine is touched. $1: archive to load. The others:
# options for its bridge and firewall; without any there is neither, and containers use --network host.
# shellcheck disable=SC2120 # the archive may be left out
start_docker() {
    local try options=(--iptables=false --bridge=none)
    (($# < 2)) || options=("${@:2}")
    "${on_own_host[@]}" setpriv --pdeathsig TERM dockerd --data-root "$work/docker" --exec-root "$work/docker-run" \
        -p "$work/docker.pid" -H "unix://$work/docker.sock" --ip6tables=false "${options[@]}" \
        --storage-driver overlay2 --cgroup-parent "/$cgroup" >"$work/dockerd.log" 2>&1 &
    dockerd=$!
    for try in {1..100}; do
        ! "${docker[@]}" version >/dev/null 2>&1 || break
        sleep 0.2
    done
    [[ $try -lt 100 ]] || {
        tail -5 "$work/dockerd.log" >&2
        echo "error: dockerd did not start" >&2
        exit 1
    }
    [[ -z ${1-} ]] || "${docker[@]}" load -q -i "$1" >/dev/null
}

# Removes docker's containers and ends dockerd.
stop_docker() {
    [[ $dockerd ]] || return 0
    # shellcheck disable=SC2046 # one word for each container
    timeout 300 "${docker[@]}" rm -f $("${docker[@]}" ps -aq) >/dev/null 2>&1 || true
    kill "$dockerd" 2>/dev/null || true
    wait "$dockerd" 2>/dev/null || true
    dockerd=''
}

# $work/bundle: what `runc spec` writes, for $1 (a root filesystem tar) and /bin/true, on the host's network and
# without rlimits, which machines without CAP_SYS_RESOURCE cannot raise.
make_bundle() {
    mkdir -p "$work/bundle/rootfs"
    tar -x -f "$1" -C "$work/bundle/rootfs"
    (cd "$work/bundle" && runc spec)
    jq '.process.args = ["/bin/true"] | .process.terminal = false | del(.process.rlimits)
        | .linux.namespaces |= map(select(.type != "network")) | .linux.cgroupsPath = $cgroup' \
        --arg cgroup "/$cgroup/bundle" "$work/bundle/config.json" >"$work/config" &&
        mv "$work/config" "$work/bundle/config.json"
}

# Prints medians in ms of a hyperfine result and the first command's ratio to each of the others. Medians: a few
# outliers of a shared machine must not decide.
report() {
    jq -rs 'map(.results) | add | .[0].median as $own | .[]
        | "\(.command)\t\(.median * 10000 | round / 10) ms\t\($own / .median * 1000 | round / 1000)"' "$@" |
        awk -F '\t' 'NR == 1 { print "  " $1 "|" $2; next } { print "  " $1 "|" $2 "|ratio " $3 }' | column -t -s '|'
}

# Prints the quotient of two numbers to three digits.
ratio() { jq -n "$1 / $2 * 1000 | round / 1000"; }

# Prints the median of the numbers on standard input.
median() { jq -s 'sort | .[length / 2 | floor]'; }
