# SPDX-License-Identifier: MIT
# Wrong requests end in one sentence each.
. "$ROOT/tests/cli/tiny_ply.sh"
tiny_ply in.ply
mkdir empty
set +e
"$HELIO" eval in.ply
"$HELIO" eval empty
"$HELIO" eval absent.ply --data empty
"$HELIO" eval in.ply --data nowhere
"$HELIO" eval in.ply --data empty
"$HELIO" render in.ply -o out
"$HELIO" render in.ply -o out --path orbit --size 40
"$HELIO" render in.ply -o out --path orbit --outputs color,colour
"$HELIO" render in.ply -o out --path orbit --background 1,2
"$HELIO" render in.ply -o out.png --path orbit --outputs color,depth --frames 2 --size 8x8
"$HELIO" render in.ply -o out.png --path orbit --frames 1000 --size 8x8
"$HELIO" render in.ply -o out --camera-path in.ply
"$HELIO" render in.ply -o in.ply/out --path orbit --frames 1 --size 8x8
ls
exit 1
