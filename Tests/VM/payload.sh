# shellcheck shell=bash disable=SC2154,SC2016 # variables of vm; apt expands its own
# Sourced by vm: makes the ext4 image that is the guest's root from files of the host and Debian's busybox and dash.

# The shared libraries that an ELF file names, the loader among them, where the host finds them.
libraries() {
    { ldd "$1" 2>/dev/null || true; } | awk '{ for (i = 1; i <= NF; i++) if ($i ~ /^\//) { print $i; break } }'
}

# Copies FILE|DIR[:DEST] into the tree, with the libraries that its programs need.
add_to_payload() {
    local tree=$1 source=${2%%:*} target=$2 file library
    if [[ $2 == *:* ]]; then target=${2#*:}; else target=$(realpath -s "$source"); fi
    [[ -e $source ]] || fail "--add $source: no such file or folder"
    [[ $target == /* ]] || fail "--add $2: the place in the guest must be an absolute path"
    mkdir -p "$tree$(dirname "$target")"
    # A busybox applet gives way to the real program of its name.
    rm -f "$tree/bin/$(basename "$target")"
    if [[ -d $source ]]; then
        mkdir -p "$tree$target"
        cp -a "$source/." "$tree$target/"
    else
        cp -aL "$source" "$tree$target"
    fi
    find -L "$source" -type f -perm /111 2>/dev/null | while read -r file; do libraries "$file"; done | sort -u |
        while read -r library; do
            [[ -e $tree$library ]] || { mkdir -p "$tree$(dirname "$library")" && cp -L "$library" "$tree$library"; }
        done
}

# Quotes a word for a POSIX shell (printf %q may write bash's own $'…').
quoted() { printf "'%s' " "${1//\'/\'\\\'\'}"; }

# What there is of a system without one: busybox's programs, dash, the files that name root.
busybox_tree() {
    local tree=$1 applet
    mkdir -p "$tree"/{bin,sbin,usr/bin,usr/sbin,usr/lib,usr/local/bin,lib,lib64,etc,root,home,mnt,opt,dev,proc,sys,run}
    mkdir -p "$tree"/{tmp,var/tmp,var/lib,var/log}
    chmod 1777 "$tree"/{tmp,var/tmp}
    chmod 700 "$tree/root"
    for applet in $(/bin/busybox --list); do ln -s /.vm/busybox "$tree/bin/$applet"; done
    # Busybox's shell prefers its own applets to programs on the PATH, so /bin/sh is dash.
    rm -f "$tree/bin/sh"
    ln -s dash "$tree/bin/sh"
    printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'nobody:x:65534:65534:nobody:/:/bin/false' >"$tree/etc/passwd"
    printf '%s\n' 'root:x:0:' 'tty:x:5:' 'nogroup:x:65534:' >"$tree/etc/group"
    echo 'root:100000:65536' | tee "$tree/etc/subuid" >"$tree/etc/subgid"
    echo '127.0.0.1 localhost' >"$tree/etc/hosts"
    : >"$tree/etc/resolv.conf"
    add_to_payload "$tree" /bin/dash
}

# make_payload IMAGE: uses additions, environment, collect, disk (MiB of free space), root and command from the caller.
make_payload() {
    local image=$1 tree=$work/tree addition size word
    mkdir -p "$tree/.vm"
    cp /bin/busybox "$tree/.vm/busybox"
    if [[ $root ]]; then cp -a "$root/." "$tree/"; else busybox_tree "$tree"; fi
    for addition in "${additions[@]}"; do add_to_payload "$tree" "$addition"; done
    install -m 644 "$here/session" "$tree/.vm/session"
    {
        echo '#!/.vm/busybox sh'
        for word in "${environment[@]}"; do echo "export $(quoted "$word")"; done
        echo 'cd /root'
        printf 'exec '
        for word in "${command[@]}"; do quoted "$word"; done
        echo
    } >"$tree/.vm/command"
    chmod 755 "$tree/.vm/command"
    printf '%s\n' "${collect[@]#/}" | sed '/^$/d' >"$tree/.vm/collect"
    # Sparse: free space costs nothing until the guest writes to it, and that goes to a snapshot thrown away.
    size=$(($(du -sm --apparent-size "$tree" | cut -f1) * 115 / 100 + 32 + disk))
    truncate -s "${size}M" "$image"
    mke2fs -q -F -t ext4 -O ^has_journal -m 0 -E root_owner=0:0,lazy_itable_init=1 -d "$tree" "$image"
    rm -rf "$tree"
}
