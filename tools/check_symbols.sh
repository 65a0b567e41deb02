#!/bin/bash
# SPDX-License-Identifier: MIT
# check_symbols.sh LIBRARY... -- every external symbol of our libraries starts with hl_; templates
# of cub, which nvcc leaves in the objects that use them, are cub's.
set -u
[ $# -gt 0 ] || { echo 'usage: check_symbols.sh LIBRARY...' >&2; exit 2; }
# Inline templates of Dear ImGui are emitted wherever they are used.
bad=0
for lib in "$@"; do
    symbols=$(nm -g --defined-only "$lib" 2>/dev/null) || { echo "$lib: nm cannot read it"; bad=1; }
    found=$(awk 'NF == 3 && $3 !~ /^hl_/ && $3 !~ /^__(odr_)?(asan|ubsan|tsan|gcov)/ &&
        $3 !~ /^_ZN8ImVector/ && $3 !~ /^_Z.*(3cub|4cuda|6thrust)/ {print $3}' \
        <<<"$symbols")
    for symbol in $found; do
        echo "$lib: exported symbol $symbol does not start with hl_"
        bad=1
    done
done
exit $bad
