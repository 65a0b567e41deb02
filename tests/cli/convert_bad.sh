# SPDX-License-Identifier: MIT
# One sentence and exit 1 for the file, 2 for the command line; nothing half-written.
. "$ROOT/tests/cli/tiny_ply.sh"
tiny_ply in.ply
try() {
    local want=$1 code=0
    shift
    "$HELIO" convert "$@" || code=$?
    [ $code -eq "$want" ] || echo "convert $*: exit $code, expected $want"
}
try 2 in.ply
try 1 absent.ply out.ply
: >empty.ply
try 1 empty.ply out.ply
head -c 300 in.ply >cut.ply
try 1 cut.ply out.ply
try 1 in.ply out.obj
try 1 in.ply nowhere/out.ply
printf 'ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\nend_header\n0 0 0\n' >points.ply
try 1 points.ply out.ply
for format in helio spz splat; do
    "$HELIO" convert in.ply "whole.$format" --spz-version 3 --quiet >text
    head -c 55 "whole.$format" >"cut.$format"
    try 1 "cut.$format" out.ply
done
ls out.* nowhere 2>/dev/null || true
