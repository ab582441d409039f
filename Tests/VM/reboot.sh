#!/bin/bash
# Containers after a reboot, in the VM: a Debian with systemd where Nestbox came by `make install` starts containers, reboots, and
# finds those running again whose policy wants it. usage: reboot.sh [KERNEL], from what `make build fixtures` left
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${NESTBOX_FIXTURES:=$PWD/.cache/fixtures}"
Tests/Support/packages.sh debootstrap
system=.cache/vm/debian

# Whole or not at all, and made once.
if [[ ! -d $system ]]; then
    echo "Installing Debian with systemd into $system" >&2
    mkdir -p .cache/vm
    new=$(mktemp -d .cache/vm/debian.XXXXXX)
    trap 'rm -rf "$new"' EXIT
    mirror=$(Tests/Support/mirror.sh)
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,iproute2,dnsmasq-base bookworm "$new/root" "$mirror" \
        >"$new/log" 2>&1 || {
        tail -20 "$new/log" >&2
        exit 1
    }
    rm -rf "$new"/root/var/cache/apt/* "$new"/root/var/lib/apt/lists/* "$new"/root/usr/share/{doc,locale,man}
    mv -T "$new/root" "$system"
    rm -rf "$new"
    trap - EXIT
fi
installed=$(mktemp -d)
trap 'rm -rf "$installed"' EXIT
make install DESTDIR="$installed" >"$installed/log"
Tests/VM/vm run --kernel "${1:-6.12}" --root "$system" --init /sbin/init --timeout "${VM_TIMEOUT:-600}" \
    --add "$installed/usr/local:/usr/local" --add "$NESTBOX_FIXTURES/busybox-docker.tar:/busybox.tar" \
    --add "$PWD/Tests/VM/reboot-guest.sh:/guest.sh" -- sh /guest.sh
