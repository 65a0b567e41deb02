# SPDX-License-Identifier: MIT
# Wrong requests end in one sentence each.
. "$ROOT/tests/cli/tiny_ply.sh"
tiny_ply in.ply
mkdir empty
try() {
    local want=$1 code=0
    shift
    "$HELIO" "$@" || code=$?
    [ $code -eq "$want" ] || echo "$*: exit $code, expected $want"
}
try 1 eval in.ply
try 1 eval empty
try 1 eval absent.ply --data empty
try 1 eval in.ply --data nowhere
try 1 eval in.ply --data empty
try 2 eval in.ply --require 'nvs.psnr>30'
try 2 eval in.ply --require 'nvs.psnr>=30,psnr>=2'
try 2 eval in.ply --background red
try 1 render in.ply -o out
try 2 render in.ply -o out --path orbit --size 40
try 2 render in.ply -o out --path orbit --outputs color,colour
try 2 render in.ply -o out --path orbit --background 1,2
try 1 render in.ply -o out.png --path orbit --outputs color,depth --frames 2 --size 8x8
try 1 render in.ply -o out.png --path orbit --frames 1000 --size 8x8
try 1 render in.ply -o out --camera-path in.ply
try 1 render in.ply -o in.ply/out --path orbit --frames 1 --size 8x8
ls
