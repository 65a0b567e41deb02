#!/bin/bash
# SPDX-License-Identifier: MIT
# The runner itself: it must pass what matches and fail what does not.
set -u
run=$(cd "$(dirname "$0")" && pwd)/run.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
failures=0
expect() { # expect NAME CODE: run.sh on case.sh exits with CODE
    "$run" case.sh /bin/true >log 2>&1
    local code=$?
    [ $code -eq "$2" ] || { echo "FAILED $1: exit $code, expected $2"; cat log; failures=1; }
    rm -f case.*
}
echo 'echo a; echo b; echo c' >case.sh; printf 'a\nb\nc\n' >case.stdout; expect equal 0
echo 'echo a; echo b; echo c' >case.sh; printf 'a\nb\n' >case.stdout; expect extra_line 1
echo 'echo a' >case.sh; printf 'a\nb\n' >case.stdout; expect missing_line 1
echo 'echo a; echo b; echo c' >case.sh; printf '...\nc\n' >case.stdout; expect dots 0
echo 'echo a; echo b; echo c' >case.sh; printf '...\nb\n' >case.stdout; expect dots_end 1
echo 'echo took 12 ms' >case.sh; printf 'took * ms\n' >case.stdout; expect glob 0
echo 'echo "[1, 2]"' >case.sh; printf '[1, 2]\n' >case.stdout; expect literal 0
echo 'echo a >&2' >case.sh; expect unexpected_stderr 1
echo 'exit 3' >case.sh; echo 3 >case.exit; expect code 0
echo 'exit 3' >case.sh; expect wrong_code 1
echo 'false; true' >case.sh; expect stops_at_failure 1
echo 'echo no data; exit 77' >case.sh; expect skip 77
exit $failures
