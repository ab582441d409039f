#!/bin/bash
# Makes a Debian 12 root filesystem with mmdebstrap (minbase) from the machine's own mirror.
# usage: debian.sh [--large] OUT.tar     --large: more packages, over 200 MB, for the loading benchmark
# The same package versions give the same bytes: times are clamped and what mmdebstrap knows to differ is removed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
include=()
if [[ ${1-} == --large ]]; then
    include=("--include=python3,perl,git,gcc")
    shift
fi
out=${1:?usage: debian.sh [--large] OUT.tar}
"$here/../Tests/Support/packages.sh" mmdebstrap debian-archive-keyring

# shellcheck disable=SC2016 # apt's own variables
mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' | awk '$2 == "bookworm" { print $1; exit }')
[[ $mirror ]] || {
    echo "error: no mirror of Debian bookworm is configured in /etc/apt" >&2
    exit 1
}
trap 'rm -f "$out.$$.tar"' EXIT
export SOURCE_DATE_EPOCH=1700000000
mmdebstrap --quiet --variant=minbase "${include[@]}" \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    bookworm "$out.$$.tar" "$mirror" >&2
mv "$out.$$.tar" "$out"
