#!/bin/bash
# Builds the validation programs of opencontainers/runtime-tools: build.sh SOURCE TARGET. SOURCE is a clone of it; only its tree of
# the named commit is used.
set -euo pipefail
# What Debian 12 packages as 0.9.0+git20220423; its dependencies are in its vendor folder.
commit=0105384
source=$(realpath "$1")
target=$2
mkdir -p "$target"
target=$(realpath "$target")
[[ -e $target/complete ]] && exit

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export GO111MODULE=off GOFLAGS='' GOPATH="$work" GOCACHE="$work/cache" CGO_ENABLED=0
tree="$work/src/github.com/opencontainers/runtime-tools"
mkdir -p "$tree"
git -C "$source" archive "$commit" | tar -x -C "$tree"
cd "$tree"
go build -o "$target/runtimetest" ./cmd/runtimetest
for folder in validation/*/; do
    name=$(basename "$folder")
    [[ $name == util ]] || go build -o "$target/programs/$name" "./$folder"
done
cp rootfs-*.tar.gz "$target"
touch "$target/complete"
