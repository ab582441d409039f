#!/bin/bash
# Start time of nestbox-runtime against a static C program, measured in the same run: the ratio should be at most 2
# (what the loader and the kernel need cannot be saved; the rest is ours).
set -euo pipefail
cd "$(dirname "$0")/../.."
Tests/Support/packages.sh hyperfine gcc libc6-dev jq
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/hello.c" <<'EOF'
#include <stdio.h>
int main(void) { puts("hello"); return 0; }
EOF
gcc -O2 -static -o "$work/hello" "$work/hello.c"
hyperfine -N --warmup 20 --runs 500 --export-json "$work/times.json" --style none \
    "$work/hello" "${NESTBOX_BIN:-bin}/nestbox-runtime --version" >&2 2>/dev/null
# Medians: a few outliers of a shared machine must not decide.
jq -r '.results | "start: static C \(.[0].median * 1000 | . * 100 | round / 100) ms, nestbox-runtime --version \(
    .[1].median * 1000 | . * 100 | round / 100) ms, ratio \(.[1].median / .[0].median * 100 | round / 100) (at most 2)"' \
    "$work/times.json"
jq -e '.results | .[1].median / .[0].median <= 2' "$work/times.json" >/dev/null
