#!/bin/bash
# Installs the Debian packages named as arguments that are not installed yet, and says so before it does.
# usage: packages.sh PACKAGE…
set -euo pipefail

missing=()
for package in "$@"; do
    # Status, not "dpkg -s": a package that was removed but not purged is still known to dpkg.
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

echo "Installing Debian packages: ${missing[*]}" >&2
if [[ $(id -u) != 0 ]]; then
    echo "error: installing packages needs root; run as root: apt-get install ${missing[*]}" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
# Another apt on the machine may be at work: wait for its lock. No service of a peer (docker) may start by itself:
# a start that fails would fail the installation, and a daemon is started by the script that needs it.
apt=(apt-get -q -o DPkg::Lock::Timeout=600)
[[ -e /usr/sbin/policy-rc.d ]] || export RUNLEVEL=1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Package lists may be absent or older than the mirror: refresh them only when the first try fails.
"${apt[@]}" install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1 ||
    { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
    {
        tail -20 "$log" >&2
        echo "error: apt-get could not install: ${missing[*]}" >&2
        exit 1
    }
