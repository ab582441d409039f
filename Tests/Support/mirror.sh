#!/bin/bash
# Prints the address of the mirror of Debian 12 that this machine's apt uses; nothing, and 1, when it has none.
set -euo pipefail
# shellcheck disable=SC2016 # apt expands them
apt-get indextargets --format '$(REPO_URI) $(CODENAME)' | awk '$2 == "bookworm" && !found++ { print $1 } END { exit !found }' || {
    echo "error: no mirror of Debian bookworm is configured in /etc/apt" >&2
    exit 1
}
