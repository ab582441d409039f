#!/bin/bash
# fuzz.sh PROGRAM SECONDS [ENTRY…]: feeds each parser for that long, and keeps what it found in the corpus.
# An input that breaks a parser stays in .cache/fuzz, and this ends with 1.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=$PWD/$1 seconds=$2 folder=$PWD/.cache/fuzz failed=0
shift 2
(($#)) || set -- reference header manifest configuration tar json settings call
# libFuzzer wants the signals for itself.
export SWIFT_BACKTRACE=enable=no
rm -rf "$folder/corpus"
Tests/Fuzz/corpus.py unpack "$folder/corpus"
for entry in "$@"; do
    mkdir -p "$folder/new/$entry" "$folder/corpus/$entry"
    NESTBOX_FUZZ_ENTRY=$entry "$program" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="$folder/$entry-" "$folder/new/$entry" "$folder/corpus/$entry" >"$folder/$entry.log" 2>&1 ||
        failed=1
    echo "$entry: $(grep -aE 'DONE|SUMMARY' "$folder/$entry.log" | tail -1)"
    # Only what takes another way through the parser than all before.
    NESTBOX_FUZZ_ENTRY=$entry "$program" -merge=1 "$folder/corpus/$entry" "$folder/new/$entry" \
        >>"$folder/$entry.log" 2>&1 || failed=1
done
Tests/Fuzz/corpus.py pack "$folder/corpus"
exit "$failed"
