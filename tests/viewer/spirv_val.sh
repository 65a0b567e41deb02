#!/bin/bash
# SPDX-License-Identifier: MIT
# spirv_val.sh GLSLANG SPIRV_VAL -- compiles every shader and validates the result.
set -u
shaders=$(cd "$(dirname "$0")/../../shaders" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
count=0
for f in "$shaders"/*.{vert,frag,comp}; do
    out=$work/$(basename "$f").spv
    "$1" -V --quiet --target-env vulkan1.2 -o "$out" "$f" &&
        "$2" --target-env vulkan1.2 --scalar-block-layout "$out" || { echo "$f: not valid"; bad=1; }
    count=$((count + 1))
done
echo "$count shaders"
[ $count -gt 0 ] || bad=1
exit $bad
