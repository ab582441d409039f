#!/bin/bash
# nestbox-runtime as an OCI runtime, in one run with crun and runc: `run` of /bin/true, and create + start + state + delete.
# Goals: at most 0.8 of crun's time and 0.25 of runc's, at most 3 times that of a C program which asks the kernel for the same
# container, at most crun's memory. The container starts with 512 KiB of memory.
# crun 1.8 refuses hybrid cgroups: it gets a mount namespace with cgroup2 alone, and makes no cgroup; so do we beside it.
set -euo pipefail
cd "$(dirname "$0")/../.."
Tests/Support/packages.sh hyperfine jq runc crun gcc libc6-dev time golang-github-containers-common
runs=${RUNS:-100}
runtime=${NESTBOX_BIN:-$PWD/bin}/nestbox-runtime
work=$(mktemp -d /var/tmp/nestbox-oci.XXXXXX)
trap 'rm -rf "$work" /run/nestbox-oci.$$' EXIT
root=/run/nestbox-oci.$$

mkdir -p "$work/bundle/rootfs"
tar -xf "${NESTBOX_FIXTURES:-$PWD/.cache/fixtures}/busybox.tar" -C "$work/bundle/rootfs"
gcc -O2 -static -Wall -Wextra -Werror -o "$work/floor" Tests/Bench/oci-floor.c
cd "$work/bundle"
runc spec
jq '.process.terminal = false | .process.args = ["/bin/true"] | .process.rlimits = []
    | .mounts |= map(select(.type != "cgroup"))' config.json >plain.json
cp plain.json config.json

# $1: file of the times; the rest: name and command of each
measure() {
    local times=$1 options=()
    shift
    while (($#)); do
        options+=(-n "$1" "$2")
        shift 2
    done
    hyperfine -N --warmup 5 --runs "$runs" --export-json "$times" --style none "${options[@]}" >/dev/null 2>&1
}
# $1: file, $2: name
median() { jq -r --arg name "$2" '.results[] | select(.command == $name) | .median * 1e5 | round / 100' "$1"; }
ratio() { jq -n "$1 / $2 * 1000 | round / 1000"; }
# $1: the runtime with its options; a shell's words
cycle() { echo "sh -c '$1 create b && $1 start b && $1 state b >/dev/null && $1 delete --force b'"; }
# The most memory, in KiB, of a command.
peak() { { command time -f %M "$@" >/dev/null; } 2>&1 | tail -1; }
# What a program has in memory depends on how its file came into the page cache: by reading, as after a boot, or by having
# just been written. Its pages go, and come back as they are read.
read_anew() {
    dd of="$1" oflag=nocache conv=notrunc,fdatasync count=0 status=none
    shift
    for _ in 1 2 3; do "$@" >/dev/null; done
}

cat >"$work/alone.sh" <<EOS
set -euo pipefail
mount -t cgroup2 none /sys/fs/cgroup
$(declare -f measure cycle peak read_anew)
runs=$runs
crun="crun --root $root/crun --cgroup-manager=disabled"
ours="$runtime --root $root/ours --cgroup-manager=disabled"
measure "$work/run.json" floor "$work/floor $work/bundle/rootfs" crun "\$crun run a" ours "\$ours run a"
measure "$work/cycle.json" crun "\$(cycle "\$crun")" ours "\$(cycle "\$ours")"
{ peak \$crun run a; peak \$ours run a; } >"$work/peaks"
read_anew "$(command -v crun)" \$crun run a
read_anew "$runtime" \$ours run a
{ peak \$crun run a; peak \$ours run a; } >>"$work/peaks"
EOS
unshare -m bash "$work/alone.sh"
measure "$work/runc-run.json" runc "runc --root $root/runc run a" ours "$runtime --root $root/ours run a"
measure "$work/runc-cycle.json" runc "$(cycle "runc --root $root/runc")" ours "$(cycle "$runtime --root $root/ours")"

echo "OCI runtime, medians of $runs in ms:"
for part in run cycle; do
    own=$(median "$work/$part.json" ours) crun=$(median "$work/$part.json" crun)
    with=$(median "$work/runc-$part.json" ours) runc=$(median "$work/runc-$part.json" runc)
    [[ $part == run ]] && name="run of /bin/true" || name="create, start, state, delete"
    echo "  $name: without cgroup $own, crun $crun, ratio $(ratio "$own" "$crun") (goal: at most 0.8)"
    echo "    with cgroups $with, runc $runc, ratio $(ratio "$with" "$runc") (goal: at most 0.25)"
done
floor=$(median "$work/run.json" floor)
echo "  C program for the same container $floor, ratio $(ratio "$(median "$work/run.json" ours)" "$floor") (goal: at most 3)"
mapfile -t peaks <"$work/peaks"
echo "  peak memory: ours ${peaks[3]}, crun ${peaks[2]} KiB; as their files were in the page cache ${peaks[1]}, ${peaks[0]}"
jq '.linux.resources.memory.limit = 524288' plain.json >config.json
"$runtime" --root "$root/ours" run small && echo "  starts with 512 KiB of memory"

# What the cache of compiled seccomp programs saves, with the calls that Podman's profile allows whatever their arguments.
jq --slurpfile podman /usr/share/containers/seccomp.json '.linux.seccomp = {
        defaultAction: "SCMP_ACT_ERRNO", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        syscalls: [{action: "SCMP_ACT_ALLOW", names: ([$podman[0].syscalls[]
            | select(.action == "SCMP_ACT_ALLOW" and (.args // [] | length) == 0 and (.includes.caps // [] | length) == 0)
            | .names[]] | unique)}]}' plain.json >config.json
ours="$runtime --root $root/ours --cgroup-manager=disabled run c"
hyperfine -N --warmup 3 --runs "$runs" --export-json "$work/seccomp.json" --style none \
    --prepare true -n cached "$ours" --prepare "rm -rf $root/ours/@seccomp" -n compiled "$ours" >/dev/null 2>&1
echo "  with a seccomp profile of $(jq '.linux.seccomp.syscalls[0].names | length' config.json) calls: compiled" \
    "$(median "$work/seccomp.json" compiled), from the cache $(median "$work/seccomp.json" cached)"
