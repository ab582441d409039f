#!/bin/bash
# Builds the examples and runs them, in a network namespace and with roots of their own, on what `make build` and
# `make fixtures` made. They share one build folder, so that the engine is compiled once.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$PWD/.build/examples
bin=${NESTBOX_BIN:-$PWD/bin}
fixtures=${NESTBOX_FIXTURES:-$PWD/.cache/fixtures}
namespace=nbt-ex-$$
work=$(mktemp -d /var/tmp/nestbox-test.exXXXX)
export NESTBOX_ROOT=$work/root NESTBOX_RUN_ROOT=/run/nb.${work##*.} NESTBOX_RUNTIME=$bin/nestbox-runtime

registry=
cleanup() {
    local id
    trap - EXIT
    [[ -z $registry ]] || kill "$registry"
    for id in $("$bin/nestbox" ps -aq); do inside "$bin/nestbox" rm -f "$id" >/dev/null; done
    inside "$bin/nestbox" network rm bridge >/dev/null 2>&1 || true
    ip netns del "$namespace"
    for mount in "$NESTBOX_RUN_ROOT"/layers/*/*; do umount "$mount" 2>/dev/null || true; done
    rm -rf "$work" "$NESTBOX_RUN_ROOT"
}
inside() { nsenter --net="/run/netns/$namespace" -- "$@"; }
# Makes swift look at the next package: it may take the plan that lies in the build folder for this one's, and build nothing.
forget_plan() { rm -f "$build"/*.yaml; }
# Builds package $1 with the options after it.
build() {
    forget_plan
    swift build --package-path "Examples/$1" --scratch-path "$build" "${@:2}"
}

build RunCommand
build CIRunner
build TestContainers --build-tests

ip netns add "$namespace"
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
inside ip link set lo up
"$bin/nestbox" load -q -i "$fixtures/busybox-docker.tar"

echo "== RunCommand"
inside "$build/debug/RunCommand" | tee "$work/output"
grep -qx 'exit code 0: \["hello", "root"\]' "$work/output"

echo "== CIRunner"
mkdir "$work/workspace"
status=0
inside "$build/debug/CIRunner" Examples/CIRunner/steps.json "$work/workspace" | tee "$work/output" || status=$?
for line in 'build | app' '== build passed' 'test | built' 'test ! strict' '== test passed' \
    '== greedy failed: it needed more memory than its limit' 'stuck | waiting' \
    '== stuck failed: it took longer than 1.0 s' 'lint ! app:1: no' '== lint failed with exit code 3'; do
    grep -qxF "$line" "$work/output" || { echo "error: CIRunner did not print: $line" >&2 && exit 1; }
done
if [[ $status != 1 ]] || grep -q publish "$work/output"; then
    echo "error: CIRunner did not stop at the first failure" >&2
    exit 1
fi

echo "== TestContainers"
for library in swift-testing xctest; do
    [[ $library == swift-testing ]] && other=--disable-xctest || other=--disable-swift-testing
    inside swift test --skip-build "$other" --package-path Examples/TestContainers --scratch-path "$build"
done

echo "== the documentation's first container, as it is written but for the clone's path"
tutorial=Sources/Nestbox/Nestbox.docc/FirstContainer.md
# Block number $2 of language $1.
block() {
    awk -v opening="\`\`\`$1" -v number="$2" '
        /^```/ && inside { inside = 0; next }
        $0 == opening { inside = ++count }
        inside == number && $0 != opening { print }
    ' "$tutorial" | sed "s|\.\./nestbox|$PWD|g"
}
mkdir -p "$work/hello/Sources/hello"
block swift 1 >"$work/hello/Package.swift"
block swift 2 >"$work/hello/Sources/hello/Hello.swift"
{ block sh 1 && block sh 2; } >"$work/hello.sh"
forget_plan
(cd "$work/hello" && SWIFTPM_BUILD_DIR=$build inside bash -e "$work/hello.sh") | tee "$work/output"
[[ $(tail -1 "$work/output") == "$(block text 1)" ]] || { echo "error: it does not print what it should" >&2 && exit 1; }

echo "== PullImage, as \`make build\` has compiled it, at a registry of our own"
pulling() { NESTBOX_ROOT=$work/pulled NESTBOX_REGISTRIES=$work/registries.json inside .build/release/pull-image "$@"; }
echo '{}' >"$work/registries.json"
# Not through the function: its process would be another one.
nsenter --net="/run/netns/$namespace" -- "$bin/nestboxd" --root "$work/registry" --listen 127.0.0.1:5000 >"$work/address" &
registry=$!
until [[ -s $work/address ]]; do sleep 0.1; done
inside skopeo copy -q --dest-tls-verify=false "docker-archive:$fixtures/busybox-docker.tar" docker://127.0.0.1:5000/box:1
pulling 127.0.0.1:5000/box:1 echo hello | tee "$work/output"
kill "$registry"
registry=
digest=$(sed -n 's/^pulled //p' "$work/output")
for line in 'exit code 0: hello' "pushed $digest"; do
    grep -qxF "$line" "$work/output" || { echo "error: PullImage did not print: $line" >&2 && exit 1; }
done

echo "== the README's way from a build to a running container, on a machine that has its /etc and /srv to itself"
awk '/^From `buildah build` to/ { found = 1; next } found && /^    / { print substr($0, 5); next } found && NF { exit }' \
    README.md >"$work/walk"
# What it starts ends with it; a person types slower than the server starts.
cat >"$work/walk.sh" <<END
set -euo pipefail
export PATH=$bin:\$PATH HOME=$work/home XDG_RUNTIME_DIR=$work/runtime
mkdir -p "\$HOME" "\$XDG_RUNTIME_DIR" $work/upper $work/etc-work $work/srv $work/containers
# In memory: an overlay's upper folder cannot stand on another overlay, which the machine's root may be.
mount -t tmpfs none $work/upper && mkdir $work/upper/{etc,work}
mount -t overlay -o lowerdir=/etc,upperdir=$work/upper/etc,workdir=$work/upper/work none /etc
mount --bind $work/srv /srv
mkdir -p /var/lib/containers && mount --bind $work/containers /var/lib/containers
trap 'kill \$(jobs -p)' EXIT
END
sed 's|^nestbox run|until curl -s -o /dev/null --cacert /etc/nestbox/tls/registry.crt https://registry.lan:5000/; do sleep 0.1; done; &|' \
    "$work/walk" >>"$work/walk.sh"
inside unshare --mount bash "$work/walk.sh" | tee "$work/output"
[[ $(tail -1 "$work/output") == 'hello from box' ]] || { echo "error: it does not print what it should" >&2 && exit 1; }

left=$("$bin/nestbox" ps -aq)
[[ -z $left ]] || { echo "error: containers are left: $left" >&2 && exit 1; }
echo "All examples ran, and nothing is left of them."
