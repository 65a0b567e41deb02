#!/bin/bash
# SPDX-License-Identifier: MIT
# Every lint must be able to fail: a tiny good tree passes, and each mutation of it is caught by
# the lint that it is meant for, with the sentence that it is meant for.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
cases=0

good_tree() {
    rm -rf "$work/tree"
    mkdir -p "$work/tree/core/io" "$work/tree/raster/cpu" "$work/tree/cli"
    cd "$work/tree" || exit 2
    cp "$root/.clang-format" .
    printf '%s\n' '/* SPDX-License-Identifier: MIT */' '#ifndef HL_CORE_A_H' '#define HL_CORE_A_H' '' \
        '#define HL_HD static inline' '' 'int hl_a(int x);' '' 'HL_HD float hl_half(float x)' '{' \
        '    return x / 2;' '}' '' '#endif /* HL_CORE_A_H */' >core/a.h
    printf '%s\n' '/* SPDX-License-Identifier: MIT */' '#include "core/a.h"' '' 'int hl_a(int x)' \
        '{' '    return x + 1;' '}' >core/a.c
    printf '%s\n' '/* SPDX-License-Identifier: MIT */' '#include "core/a.h"' >raster/r.h
    printf '%s\n' '/* SPDX-License-Identifier: MIT */' '#include "raster/r.h"' >raster/cpu/r_cpu.c
}

expect() { # expect NAME LINT PART: the lint fails and says PART; PART empty: it passes
    local out rc
    cases=$((cases + 1))
    out=$("$root/tools/check_$2.sh" "$work/tree" 2>&1)
    rc=$?
    if [ -z "$3" ]; then
        [ $rc -eq 0 ] && return
    else
        [ $rc -eq 1 ] && grep -qF -- "$3" <<<"$out" && return
    fi
    echo "FAILED $1: check_$2 exit $rc, wanted \"$3\", said: $out"
    failures=$((failures + 1))
}

mutate() { # mutate NAME LINT PART COMMAND: after COMMAND in the good tree
    good_tree
    eval "$4"
    expect "$1" "$2" "$3"
}

good_tree
for lint in layers style headers complexity; do
    [ $lint = complexity ] && ! command -v pmccabe >/dev/null && continue
    expect good $lint ''
done

mutate upward layers 'core must not include raster' "echo '#include \"raster/r.h\"' >>core/a.h"
mutate private layers 'is private to core' "echo '#include \"core/io/x.h\"' >>raster/r.h"
mutate relative layers 'must be written from the root' "echo '#include \"a.h\"' >>core/a.c"
mutate home layers 'has another home' "echo '#include <stb_image.h>' >>raster/cpu/r_cpu.c"
mutate folder layers 'not in the table' 'mkdir new; cp core/a.c new/'
mutate included_c layers 'a .c file is included' "echo '#include \"core/a.c\"' >>core/a.h"

mutate tab style 'core/a.c:8: tab' "printf '/*\t*/\n' >>core/a.c"
mutate blank style 'trailing blank' "echo '/* */ ' >>core/a.c"
mutate newline style 'no newline at the end' 'printf "/* */" >>core/a.c'
mutate spdx style 'no SPDX line' 'sed -i 1d core/a.h'
mutate invisible style 'invisible character' "printf '/* \342\200\213 */\n' >>core/a.c"
mutate marks style 'unfinished mark' "echo '/* TO''DO */' >>core/a.c"
mutate cpp style 'C++ outside' 'cp core/a.c core/b.cpp'
mutate unsafe style 'banned call' "printf 'int hl_b(void)\n{\n    return atoi(\"1\");\n}\n' >>core/a.c"
mutate heap style 'heap call outside core' "echo 'void *p = malloc(1);' >>raster/cpu/r_cpu.c"
mutate comment style '' "printf '\n/* malloc(1), atoi(\"2\") and printf( */\n' >>raster/cpu/r_cpu.c"
mutate talk style 'neither prints nor exits' "echo 'int x = puts(\"a\");' >>core/a.c"
mutate long style 'limit 700' 'for i in $(seq 700); do echo "/* */" >>core/a.c; done'
mutate wide style 'longer than 100' "printf '#define HL_W \"%0100d\"\n' 0 >>core/a.h"
command -v clang-format >/dev/null &&
    mutate format style 'not clang-formatted' "echo 'int   hl_q;' >>core/a.c"

mutate alone headers 'does not compile alone as C11' "sed -i 's/int hl_a(int/size_t hl_a(int/' core/a.h"
mutate twice headers 'does not compile alone as C11' "sed -i '/ifndef\|endif/d' core/a.h"
mutate cxx headers 'alone as C++17' "sed -i 's/    return x/    int *p = (void *)0;\n    return p ? 0 : x/' core/a.h"
mutate double headers 'HL_REAL=double' "printf '#ifdef HL_REAL\n#error no\n#endif\n' >>core/a.h"

if command -v pmccabe >/dev/null; then
    mutate branches complexity 'limit 20' \
        '{ echo "int hl_b(int x) {"; for i in $(seq 21); do echo "if (x == $i) x++;"; done
        echo "return x; }"; } >>core/a.c'
    mutate length complexity 'limit 120' \
        '{ echo "int hl_b(int x)"; echo "{"; for i in $(seq 120); do echo "x++;"; done
        echo "return x;"; echo "}"; } >>core/a.c'
fi

cases=$((cases + 2))
good_tree
for name in hl_b stray; do
    echo "int $name(void); int $name(void) { return 1; }" >b.c
    "${CC:-cc}" -c b.c -o b.o && ar rcs "$name.a" b.o
done
"$root/tools/check_symbols.sh" hl_b.a >/dev/null || { echo 'FAILED symbols: good'; failures=1; }
"$root/tools/check_symbols.sh" stray.a | grep -q 'symbol stray does not start' ||
    { echo 'FAILED symbols: stray'; failures=1; }

echo "$cases lint cases, $failures failed"
[ $failures -eq 0 ]
