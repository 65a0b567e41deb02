# SPDX-License-Identifier: MIT
# What cannot be timed is refused by name.
try() {
    local want=$1 code=0
    shift
    "$HELIO" bench "$@" || code=$?
    [ $code -eq "$want" ] || echo "bench $*: exit $code, expected $want"
}
try 2
try 1 render
try 1 raster --size 100
try 1 raster --size 0x10
try 1 raster --size 10x10x10
try 1 raster --size 99999x10
try 2 raster --isa sse
try 2 raster --splats -1
try 2 rays --rays 1
try 2 sfm --photos 1
try 2 view --raster gl
try 1 view --size 1 --splats 3
try 1 view --input nothing.ply
try 2 sfm --solver qr
try 1 pops --frames 3 --splats 3 --size 9x9
try 1 raster --input nothing.ply
try 2 train --steps 0
