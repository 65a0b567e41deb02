#!/bin/bash
# SPDX-License-Identifier: MIT
# run.sh SCRIPT HELIO -- runs a script in an empty folder and compares what it printed.
#
# Beside NAME.sh lie NAME.stdout, NAME.stderr (absent: nothing may be printed; "*" alone: not
# compared) and NAME.exit (absent: 0).  An expected line is the text itself or a glob pattern; a
# line "..." stands for any number of lines.  The script sees $HELIO, $ROOT (the project) and
# $DATA (the shared test data, may be absent); it exits 77 to skip.
set -u
script=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
HELIO=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
DATA=$ROOT/../shared/data
export HELIO ROOT DATA
base=${script%.sh}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/cwd"

(cd "$work/cwd" && bash -eu "$script") >"$work/stdout" 2>"$work/stderr"
code=$?
if [ $code -eq 77 ]; then
    cat "$work/stdout" "$work/stderr"
    exit 77
fi

# same EXPECTED GOT: true where every line matches, in order.
same() {
    local -a want got
    mapfile -t want <"$1"
    mapfile -t got <"$2"
    [ ${#want[@]} -eq 1 ] && [ "${want[0]}" = '*' ] && return 0
    match_from 0 0
}
match_from() { # want index, got index
    local i=$1 j=$2
    while [ "$i" -lt ${#want[@]} ]; do
        local pattern=${want[i]}
        if [ "$pattern" = ... ]; then
            while [ "$j" -le ${#got[@]} ]; do
                match_from $((i + 1)) "$j" && return 0
                j=$((j + 1))
            done
            return 1
        fi
        [ "$j" -lt ${#got[@]} ] || return 1
        # shellcheck disable=SC2053
        [[ ${got[j]} == "$pattern" || ${got[j]} == $pattern ]] || return 1
        i=$((i + 1))
        j=$((j + 1))
    done
    [ "$j" -eq ${#got[@]} ]
}

status=0
for stream in stdout stderr; do
    expected=$base.$stream
    [ -e "$expected" ] || expected=/dev/null
    if ! same "$expected" "$work/$stream"; then
        echo "$stream differs from $(basename "$base").$stream:"
        diff "$expected" "$work/$stream"
        status=1
    fi
done
want_code=0
[ -e "$base.exit" ] && read -r want_code <"$base.exit"
if [ "$code" -ne "$want_code" ]; then
    echo "exit code $code, expected $want_code"
    cat "$work/stderr"
    status=1
fi
exit $status
