#!/bin/bash
# Makes a small root filesystem from Debian's busybox-static: every applet, users and groups, empty mount points.
# usage: busybox.sh OUT.tar        The same input gives the same bytes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: busybox.sh OUT.tar}
"$here/../Tests/Support/packages.sh" busybox-static

work=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{bin,dev,etc,home/app,proc,root,run,sys,tmp,usr/bin,usr/sbin,sbin,var/log,var/tmp}
chmod 755 "$root" "$root/home/app"
chmod 700 "$root/root"
chmod 1777 "$root"/{tmp,var/tmp}
install -m 755 /bin/busybox "$root/bin/busybox"
# --list-full names the folders: /usr/bin/env and /sbin/init are where scripts expect them.
busybox --list-full | while read -r applet; do
    [[ $applet == bin/busybox ]] || { mkdir -p "$root/$(dirname "$applet")" && ln -s /bin/busybox "$root/$applet"; }
done
cat >"$root/etc/passwd" <<'EOF'
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
app:x:1000:1000:Application:/home/app:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
EOF
cat >"$root/etc/group" <<'EOF'
root:x:0:
daemon:x:1:
tty:x:5:
audio:x:29:app
staff:x:50:app
app:x:1000:
nogroup:x:65534:
EOF
echo 'root:*:19000:0:99999:7:::' >"$root/etc/shadow"
chmod 640 "$root/etc/shadow"
echo 'Busybox on Nestbox' >"$root/etc/issue"

# shellcheck disable=SC2054 # commas belong to the options
tar=(tar --format=pax --pax-option=delete=atime,delete=ctime --sort=name --mtime=@1700000000 --numeric-owner -C "$root")
"${tar[@]}" --owner=0 --group=0 --exclude=./home/app -cf "$work/out.tar" .
"${tar[@]}" --owner=1000 --group=1000 -rf "$work/out.tar" ./home/app
mv "$work/out.tar" "$out"
