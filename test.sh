#!/bin/bash
# SPDX-License-Identifier: MIT
# test.sh [STAGE...] -- set-up and every test on Debian 12, cheapest first.  Without arguments all
# stages: deps lint release tidy asan tsan fuzz.  The last line counts what passed and failed.
#   HL_FUZZ_SECONDS=90  time of the fuzz stage, shared by all targets
#   HL_JOBS=N            parallel jobs, by default one per processor
set -u
cd "$(dirname "$0")" || exit 2
jobs=${HL_JOBS:-$(nproc)}
logs=build-logs
mkdir -p $logs
passed=0
failed=0
table=
stage= # the stage that is running

# The counts of a ctest log, "N tests failed out of M", go to the totals.
count_ctest() {
    local line bad all
    line=$(grep -E 'tests? failed out of' "$1" | tail -n1)
    bad=$(sed -nE 's/.* ([0-9]+) tests? failed out of ([0-9]+).*/\1/p' <<<"$line")
    all=$(sed -nE 's/.* ([0-9]+) tests? failed out of ([0-9]+).*/\2/p' <<<"$line")
    passed=$((passed + ${all:-0} - ${bad:-0}))
    failed=$((failed + ${bad:-0}))
    [ "${all:-0}" -gt 0 ] && [ "${bad:-1}" -eq 0 ]
}

# build PRESET [SUFFIX [TARGET]]: configures and compiles; counts as one test.
build() {
    if cmake --preset "$1" && cmake --build "build${2-}" -j "$jobs" ${3:+--target "$3"} -- -k 0; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        return 1
    fi
}
# tests FOLDER [CTEST OPTIONS]: runs ctest there.
tests() {
    local folder=$1
    shift
    ctest --test-dir "$folder" -j "$jobs" --output-on-failure "$@" >$logs/ctest 2>&1
    cat $logs/ctest
    grep -E 'SKIPPED|\*\*\*Skipped' $folder/Testing/Temporary/LastTest.log | sort | uniq -c
    count_ctest $logs/ctest
}

stage_deps() {
    tools/deps.sh
}
stage_lint() {
    local lint bad=0
    for lint in style layers; do
        if tools/check_$lint.sh; then passed=$((passed + 1)); else failed=$((failed + 1)) bad=1; fi
    done
    return $bad
}
stage_release() {
    build release && tests build
}
stage_tidy() {
    build tidy -tidy
}
stage_asan() {
    build asan -asan && tests build-asan -LE lint
}
stage_tsan() {
    build tsan -tsan && tests build-tsan -L parallel
}
stage_fuzz() {
    : >$logs/fuzz-runs
    build fuzz -fuzz fuzzers && tools/fuzz.sh build-fuzz "$jobs" "${HL_FUZZ_SECONDS:-90}" >$logs/fuzz-runs 2>&1
    local code=$?
    cat $logs/fuzz-runs
    passed=$((passed + $(grep -c '^fuzz .* passed' $logs/fuzz-runs)))
    failed=$((failed + $(grep -c '^fuzz .* FAILED' $logs/fuzz-runs)))
    return $code
}

run_stage() {
    stage=$1
    local start=$SECONDS before=$failed result=passed
    echo "== $stage"
    if ! "stage_$stage" >$logs/$stage 2>&1; then
        result=FAILED
        [ $failed -gt $before ] || failed=$((failed + 1))
        tail -n 200 $logs/$stage
    fi
    table+=$(printf '%-10s %-8s %5d s' "$stage" $result $((SECONDS - start)))$'\n'
    tail -n1 <<<"${table%$'\n'}"
}

for name in "${@:-deps lint release tidy asan tsan fuzz}"; do
    for one in $name; do
        declare -F "stage_$one" >/dev/null || { echo "test.sh: no stage \"$one\"" >&2; exit 2; }
        run_stage "$one"
    done
done
printf '\n%s' "$table"
printf '%-10s %-8s %5d s, logs in %s/\n' all '' $SECONDS $logs
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
