# SPDX-License-Identifier: MIT
# What cannot be lit is refused in one sentence.
try() {
    local want=$1 code=0
    shift
    "$HELIO" relight "$@" || code=$?
    [ $code -eq "$want" ] || echo "relight $*: exit $code, expected $want"
}
printf 'v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n' >tri.obj
printf '#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 2 +X 2\n' >short.hdr
mkdir -p empty
try 1 tri.obj -o out
try 1 absent.obj -o out --sun 0,0,1,1
try 1 tri.obj -o out --env absent.hdr
try 1 tri.obj -o out --env short.hdr
try 1 tri.obj -o out --env tri.obj
try 1 tri.obj -o out --env empty
try 1 tri.obj -o out --sun 0,0,1
try 1 tri.obj -o out --sun 0,0,0,1
try 1 tri.obj -o out --lamp 0,0,1,-1,1
try 1 tri.obj -o out --panel 0,0,2,1,0,0,1,0,0,1
try 1 tri.obj -o out --sun 0,0,1,1 --outputs colour
try 1 tri.obj -o out --sun 0,0,1,1 --size 3
try 1 tri.obj -o out --sun 0,0,1,1 --up 0,0,0
try 1 empty -o out --gt-materials --sun 0,0,1,1
try 2 tri.obj -o out --spp 1
