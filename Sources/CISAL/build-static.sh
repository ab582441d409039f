#!/bin/bash
# build-static.sh FOLDER: makes FOLDER/libisal.a from the source of Debian's libisal, which packages the shared library only;
# executables that are static need the other. Only what inflates and deflates is compiled.
set -euo pipefail
folder=$(realpath -m "$1")
[[ ! -e $folder/libisal.a ]] || exit 0
echo "Building libisal.a from the source of Debian's package libisal" >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Lists of sources beside the machine's own, which stay as they are; signatures are checked with the same keys.
mkdir -p "$work/parts" "$work/lists/partial"
debian=/etc/apt/sources.list.d/debian.sources
[[ ! -e $debian ]] || sed 's/^Types:.*/Types: deb-src/' "$debian" >"$work/parts/own.sources"
[[ ! -e /etc/apt/sources.list ]] || sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >"$work/parts/own.list"
apt=(apt-get -q -o Acquire::Retries=3 -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/parts"
    -o Dir::State::Lists="$work/lists" -o APT::Sandbox::User=root)
{
    "${apt[@]}" update
    cd "$work"
    "${apt[@]}" source libisal
    make -C libisal-*/ -f Makefile.unx units=igzip lib
} >"$work/log" 2>&1 || {
    tail -20 "$work/log" >&2
    echo "error: libisal.a cannot be built; see what apt-get says above" >&2
    exit 1
}
# Two builds at once make the same file, and each sees a whole one.
mkdir -p "$folder"
cp "$work"/libisal-*/bin/isa-l.a "$folder/.libisal.$$"
mv "$folder/.libisal.$$" "$folder/libisal.a"
