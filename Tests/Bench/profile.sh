#!/bin/bash
# Where the time of one start goes: the moments of a few system calls, by "perf trace", which stops nothing (strace makes
# the same start three times as long, and some of its parts more than others).
source "$(dirname "$0")/peers.sh"
Tests/Support/packages.sh linux-perf
runs=${RUNS:-31}

fixtures=${NESTBOX_FIXTURES:-$PWD/.cache/fixtures}
"$nestbox" "${nestbox_roots[@]}" load -i "$fixtures/busybox-docker.tar" >/dev/null
for ((index = 0; index < runs; index++)); do
    timeout 60 perf trace -f -e execve,memfd_create,clone3,pivot_root,exit_group -o "$work/trace.$index" \
        "$nestbox" "${nestbox_roots[@]}" run --rm --network host busybox /bin/true
done

# Lines of a trace: MILLISECONDS (DURATION): PROCESS/PID CALL(…. Prints number, duration and name of each phase.
phases() {
    awk '
        function reached(name) {
            printf "%d %.3f %s\n", ++phase, $1 - last, name
            last = $1
        }
        $1 !~ /^[0-9]/ || /continued/ { next }
        phase == 0 && /memfd_create/ { reached("command line; engine: image, names, files, the request"); next }
        phase == 1 && /execve/ { reached("the runtime is executed"); next }
        phase == 2 && /nestbox-runtim.*clone3/ { reached("request, seccomp filter, cgroup"); next }
        phase == 3 && /pivot_root/ { reached("namespaces, layers, mounts, devices"); next }
        phase == 4 && /execve/ { reached("capabilities, identity: the program is executed"); next }
        phase == 5 && /exit_group/ { reached("the program runs"); next }
        phase == 6 && /exit_group/ { reached("cgroup and files are removed, the command ends"); next }
    ' "$1"
}
for trace in "$work"/trace.*; do phases "$trace"; done | sort -k1,1n -k2,2n | awk -v runs="$runs" '
    { phase = $1; value[phase, ++count[phase]] = $2; $1 = $2 = ""; name[phase] = $0 }
    END {
        for (phase = 1; phase in name; phase++) {
            median[phase] = value[phase, int((count[phase] + 1) / 2)]
            total += median[phase]
        }
        printf "where %.1f ms of run --rm --network host go (medians of %d runs, perf trace):\n", total, runs
        for (phase = 1; phase in name; phase++)
            printf "%7.2f ms%4d %% %s\n", median[phase], 100 * median[phase] / total, name[phase]
    }'
