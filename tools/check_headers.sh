#!/bin/bash
# SPDX-License-Identifier: MIT
# check_headers.sh [ROOT [GENERATED]] -- every header compiles alone as C11; headers that define
# HL_HD functions also with HL_REAL=double, and as C++17, which stands for nvcc.  Headers of
# single test folders are left out.
set -u
root=$(cd "${1:-$(dirname "$0")/..}" && pwd)
generated=${2:-$root/build/generated}
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/files.sh"
cd "$root" || exit 2
flags=(-fsyntax-only -Wall -Wextra -Wpedantic -Werror -Wshadow -Wundef -Wconversion
    -Wdouble-promotion -Wno-unused-function -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE=1
    -I"$root" -I"$generated")

try() { # try HEADER WHAT COMPILER FLAGS...
    local header=$1 what=$2
    shift 2
    local log
    if ! log=$(printf '#include "%s"\n#include "%s"\nextern int hl_alone;\n' "$header" "$header" | "$@" "${flags[@]}" - 2>&1)
    then
        echo "$header: does not compile alone as $what"
        head -n 5 <<<"$log"
        return 1
    fi
}
one() {
    local status=0
    try "$1" C11 "${CC:-cc}" -std=c11 -Wstrict-prototypes -x c || status=1
    if grep -q '^HL_HD\b' "$1"; then
        try "$1" 'C11 with HL_REAL=double' "${CC:-cc}" -std=c11 -DHL_REAL=double -x c || status=1
        try "$1" C++17 "${CXX:-c++}" -std=c++17 -x c++ || status=1
    fi
    return $status
}
bad=0
for header in $(list_files . | grep '\.h$' | grep -v '^tests/.*/'); do
    one "$header" || bad=1
done
exit $bad
