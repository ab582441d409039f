# shellcheck shell=bash disable=SC2154 # variables of vm
# Sourced by vm: builds what a VM boots from, once, into the cache. Everything is built beside its place and renamed
# into it, so a build that was killed leaves nothing that the next one would trust.

# Changed whenever the recipe below changes: a cache made by an older one is not used.
recipe=$(cat "$here/guest.sh" "$here/init" | sha256sum | cut -c1-12)

# Options for an apt with its own lists and sources: bookworm-backports, from the machine's own mirror, without
# touching /etc/apt.
backports_apt() {
    local state=$1 mirror
    mkdir -p "$state"/{lists,cache/archives}/partial
    mirror=$("$here/../Support/mirror.sh") || exit 125
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm-backports main" \
        >"$state/sources.list"
    backports=(-qq -o APT::Sandbox::User=root -o Dir::Etc::sourcelist="$state/sources.list"
        -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$state/lists" -o Dir::Cache="$state/cache")
    apt-get "${backports[@]}" update >&2
}

# QEMU 10.0.2. Bookworm's own 7.2 must not be used: its emulation of cmpxchg16b returns wrong flags now and then, and
# the Swift runtime is built on that instruction.
prepare_qemu() {
    local target=$cache/qemu-$recipe build=$cache/qemu-$recipe.$$ deb lib
    qemu=$target/qemu
    [[ -x $qemu ]] && return
    note "Unpacking QEMU from bookworm-backports into $target"
    rm -rf "$cache"/qemu-*
    mkdir -p "$build"/{deb,root}
    backports_apt "$build/apt"
    (cd "$build/deb" && apt-get "${backports[@]}" download \
        qemu-system-x86 qemu-system-common qemu-system-data >&2)
    # Its libraries are bookworm's; unpacked privately too, since installing them would need a QEMU package.
    (cd "$build/deb" && apt-get -qq -o APT::Sandbox::User=root download seabios ipxe-qemu libaio1 libbpf1 \
        libcapstone4 libfdt1 libfuse3-3 libibverbs1 libjpeg62-turbo libnuma1 libpixman-1-0 libpmem1 libndctl6 \
        libdaxctl1 libpng16-16 librdmacm1 libsasl2-2 libslirp0 liburing2 libvdeplug2 libnl-3-200 \
        libnl-route-3-200 libkmod2 >&2)
    for deb in "$build"/deb/*.deb; do dpkg-deb -x "$deb" "$build/root"; done
    cat >"$build/qemu" <<'EOF'
#!/bin/sh
r=$(dirname "$0")/root
l=$r/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH="$l:$r/lib/x86_64-linux-gnu" QEMU_MODULE_DIR="$l/qemu"
exec "$r/usr/bin/qemu-system-x86_64" -L "$r/usr/share/qemu" -L "$r/usr/share/seabios" -L "$r/usr/lib/ipxe/qemu" "$@"
EOF
    chmod 755 "$build/qemu"
    "$build/qemu" --version >&2 || fail "QEMU does not start; missing libraries: $(
        lib=$build/root/usr/lib/x86_64-linux-gnu
        LD_LIBRARY_PATH=$lib ldd "$build/root/usr/bin/qemu-system-x86_64" | grep 'not found'
    )"
    rm -rf "$build"/{deb,apt}
    mv -T "$build" "$target"
}

# The uncompressed kernel (QEMU enters it through its PVH note) from a bzImage: decompressing it inside the emulated
# machine would take seconds. Offsets are those of Linux's boot protocol (setup_sects, payload_offset, payload_length).
extract_kernel() {
    python3 - "$1" "$2" <<'EOF'
import struct, subprocess, sys
image = open(sys.argv[1], 'rb').read()
offset, length = struct.unpack('<II', image[0x248:0x250])
start = ((image[0x1f1] or 4) + 1) * 512 + offset
payload = image[start:start + length]
tools = {b'\x02\x21\x4c\x18': ['lz4', '-dc', '-'], b'\x28\xb5\x2f\xfd': ['zstd', '-dcq', '-'],
         b'\xfd7zX': ['xz', '-dc', '--single-stream']}
tool = tools.get(payload[:4]) or sys.exit(f'unknown kernel compression {payload[:4]!r}')
# The tools complain about the size that follows the compressed data: only what comes out counts.
kernel = subprocess.run(tool, input=payload, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout
kernel[:4] == b'\x7fELF' or sys.exit('the kernel could not be decompressed')
open(sys.argv[2], 'wb').write(kernel)
EOF
}

# Modules for the payload's disk and for what tests use; each name brings its dependencies, in load order.
modules="virtio_pci virtio_blk virtio_console virtio_rng ext4 quota_v2 xfs erofs
    overlay loop fuse tun veth bridge br_netfilter dummy macvlan ipvlan vxlan sctp
    nf_tables nft_chain_nat nft_masq nft_nat nft_redir nft_ct nft_reject_inet nft_fib_inet nft_meta_bridge nft_limit nft_log
    nft_compat nf_conntrack nf_conntrack_netlink nf_nat iptable_nat iptable_filter ip6table_nat ip6table_filter
    xt_MASQUERADE xt_conntrack xt_addrtype xt_comment xt_mark xt_nat xt_tcpudp
    inet_diag tcp_diag udp_diag raw_diag unix_diag netlink_diag af_packet_diag"

# Debian's cloud kernel of one series with an initrd of busybox and modules: $cache/guest-SERIES-RECIPE.
prepare_guest() {
    local series=$1 build package version module file name tree
    guest=$cache/guest-$series-$recipe
    [[ -e $guest/initrd ]] && return
    note "Building the guest with Debian's kernel $series into $guest"
    rm -rf "$cache"/guest-"$series"-*
    build=$guest.$$
    tree=$build/initrd.d
    mkdir -p "$build"/{deb,kernel} "$tree"/{bin,dev,proc,sys,payload,modules}
    backports=(-qq -o APT::Sandbox::User=root)
    [[ $series == 6.1 ]] || backports_apt "$build/apt"
    package=$(apt-cache "${backports[@]}" show linux-image-cloud-amd64 |
        sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p' | grep "^linux-image-${series//./\\.}\." | head -1)
    [[ $package ]] || fail "Debian's mirror has no cloud kernel $series (apt-get update may help)"
    (cd "$build/deb" && apt-get "${backports[@]}" download "$package" >&2)
    dpkg-deb -x "$build"/deb/*.deb "$build/kernel"
    version=$(ls "$build/kernel/lib/modules")
    extract_kernel "$build/kernel/boot/vmlinuz-$version" "$build/vmlinux"
    depmod -b "$build/kernel" "$version"
    for module in $modules; do
        # Some names are built in, or absent from one series: the guest simply lacks those.
        modprobe -d "$build/kernel" -S "$version" --show-depends "$module" 2>/dev/null |
            sed -n 's/^insmod \([^ ]*\).*/\1/p' || note "kernel $series has no module $module"
    done | awk '!seen[$0]++' | while read -r file; do
        name=$(basename "${file%.xz}")
        if [[ $file == *.xz ]]; then xz -dc "$file" >"$tree/modules/$name"; else cp "$file" "$tree/modules/$name"; fi
        echo "$name"
    done >"$tree/modules/order"
    cp /bin/busybox "$tree/bin/busybox"
    ln -s busybox "$tree/bin/sh"
    install -m 755 "$here/init" "$tree/init"
    (cd "$tree" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) >"$build/initrd"
    echo "$version" >"$build/version"
    rm -rf "$tree" "$build"/{deb,kernel,apt}
    mv -T "$build" "$guest"
}
