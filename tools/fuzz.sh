#!/bin/bash
# SPDX-License-Identifier: MIT
# fuzz.sh BUILD JOBS SECONDS -- runs each libFuzzer target of BUILD/fuzz, JOBS at a time, from the
# corpus in tests/fuzz/corpus/NAME.  They share SECONDS of wall time, at least 5 each.  Prints one
# line per target; a crasher is left in BUILD/crashes.  Exit 1 if any target failed.
# The seed is fixed, so that a build meets the same inputs on every machine, only more of them on a
# faster one; HL_FUZZ_SEED=$RANDOM and many SECONDS look for new ones.
set -u
build=$1 jobs=$2 total=$3
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$build/crashes" "$build/fuzz-logs"

one() {
    local target=$1 name work corpus log
    name=$(basename "$target")
    name=${name#fuzz_}
    log=$build/fuzz-logs/$name
    corpus=$root/tests/fuzz/corpus/$name
    work=$(mktemp -d)
    [ -d "$corpus" ] || corpus=
    if "$target" -max_total_time="$seconds" -rss_limit_mb=2048 -malloc_limit_mb=1024 -timeout=10 \
        -print_final_stats=1 -seed="${HL_FUZZ_SEED:-1}" \
        -artifact_prefix="$build/crashes/$name-" "$work" $corpus >"$log" 2>&1
    then
        echo "fuzz $name passed, $(sed -n 's/stat::number_of_executed_units: *//p' "$log") runs"
    else
        echo "fuzz $name FAILED, log $log"
        grep -E 'ERROR|SUMMARY|Test unit' "$log" | head -n 5
    fi
    rm -rf "$work"
}
targets=("$build"/fuzz/fuzz_*)
[ -x "${targets[0]}" ] || { echo 'no fuzz targets'; exit 0; }
seconds=$((total * jobs / ${#targets[@]}))
[ $seconds -ge 5 ] || seconds=5
export -f one
export build root seconds
printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I{} bash -c 'one {}' | tee "$build/fuzz-logs/all"
! grep -q FAILED "$build/fuzz-logs/all"
