#!/bin/bash
# All benchmarks, or those named: start-time start profile parallel launch-floor supervisor oci oci-vm load layers network-start
# network-ports network-traffic network-parallel. Figures are kept in .cache/bench.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
(($#)) || set -- start-time start profile parallel launch-floor supervisor oci oci-vm load layers \
    network-start network-ports network-traffic network-parallel
mkdir -p .cache/bench
failed=0
{
    echo "$(date -u +%F), $(uname -sr), $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)"
    for part in "$@"; do
        script=$here/$part.sh
        [[ $part != start-time ]] || script=$here/../Checks/start-time.sh
        # One that fails leaves the others their turn.
        "$script" || { echo "$part: failed" && failed=1; }
    done
    exit "$failed"
} | tee ".cache/bench/$(date -u +%Y%m%d-%H%M%S).txt"
