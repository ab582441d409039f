#!/bin/bash
# This project's tests in the VM, from what `make build build-tests fixtures` left.
# usage: tests.sh run KERNEL       the test bundle, filtered by VM_FILTER
#        tests.sh shell KERNEL     a prompt beside the executables and images
# Executables and images lie in /nestbox there; the test bundle and the tests' sources keep their paths, for #filePath.
set -euo pipefail
cd "$(dirname "$0")/../.."
action=${1:?usage: tests.sh run|shell KERNEL} kernel=${2:?usage: tests.sh run|shell KERNEL}
: "${NESTBOX_BIN:=$PWD/bin}" "${NESTBOX_FIXTURES:=$PWD/.cache/fixtures}"

# Tests that touch the kernel, attacks and crashes among them: those of pure values say nothing new on another one.
# NESTBOX_TEST_PATIENCE makes bounds longer and a few repetitions fewer. Two tests skip themselves, here as on any
# machine without v1 hierarchies: they freeze a container by the v1 freezer. ImageStoreTests say nothing new and take two
# minutes: two of them, slow here (10 GB through gzip), hold both processors before any other ends.
filter=${VM_FILTER:-IntegrationTests|LinuxSystemTests|OCIRuntimeTests}
skip=${VM_SKIP:-^$}
options=(--kernel "$kernel" --memory 4096 --disk 4096 --timeout "${VM_TIMEOUT:-5400}"
    --env NESTBOX_TEST_PATIENCE=10 --env NESTBOX_OWN_CLOCK=1 --env NESTBOX_BIN=/nestbox/bin --env NESTBOX_FIXTURES=/nestbox/fixtures
    --add "$NESTBOX_FIXTURES:/nestbox/fixtures" --add /bin/tar --add /bin/gzip --add /usr/bin/zstd --add /usr/bin/find
    --add /usr/sbin/ip --add /usr/sbin/nft --add /usr/bin/nsenter --add /usr/bin/tee # tests of networks
    --add /usr/sbin/bridge --add /usr/bin/unshare --add /usr/sbin/dnsmasq
    --add /usr/sbin/criu # tests of checkpoints; it needs tar and gzip, too
    --add /usr/sbin/apparmor_parser # tests of its profiles
    --add /usr/sbin/mkfs.ext4 --add /usr/sbin/mkfs.xfs --add /usr/bin/chattr # tests of quotas
    --add /usr/include/x86_64-linux-gnu/asm) # tests of seccomp read the kernel's table of calls
[[ ! -d $NESTBOX_BIN ]] || options+=(--add "$NESTBOX_BIN:/nestbox/bin")

case $action in
run)
    bundle=$PWD/.build/debug/nestboxPackageTests.xctest
    # Without debug information the image is made sooner; tests are found all the same.
    mkdir -p .cache/vm
    stripped=$(mktemp .cache/vm/bundle.XXXXXX)
    trap 'rm -f "$stripped"' EXIT
    strip --strip-debug -o "$stripped" "$bundle"
    chmod 755 "$stripped"
    Tests/VM/vm run "${options[@]}" --add "$stripped:$bundle" --add "$PWD/Tests:$PWD/Tests" \
        -- "$bundle" --testing-library swift-testing --filter "$filter" --skip "$skip"
    ;;
shell)
    # Where the PATH looks, too.
    for name in nestbox nestbox-runtime nestbox-registry nestboxd; do options+=(--add "$NESTBOX_BIN/$name:/usr/local/bin/$name"); done
    Tests/VM/vm shell "${options[@]}"
    ;;
*)
    echo "usage: tests.sh run|shell KERNEL" >&2
    exit 2
    ;;
esac
