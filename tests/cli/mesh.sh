# SPDX-License-Identifier: MIT
# A small capture, a little training, its surface in every format; the same bytes for any number of
# threads; wrong requests end in one sentence each.
"$HELIO" synth -o data --scene turntable --views 20 --width 64 --height 64 --samples 1 --bounces 0 \
    --points 1500 --quiet >/dev/null
"$HELIO" train data -o out --iterations 150 --max-gaussians 2000 --quiet >/dev/null
common="--resolution 40 --target-faces 4000 --texture-size 128 --quiet"
"$HELIO" mesh out -o scene.glb $common --threads 1
"$HELIO" mesh out -o again.glb $common --threads 3 >/dev/null
cmp scene.glb again.glb
"$HELIO" mesh out -o scene.ply $common --depth median --json | grep -c '"schema":.*helio.mesh/1'
"$HELIO" mesh out -o scene.obj $common >/dev/null
"$HELIO" mesh out -o planes.ply $common --depth planes --check --json | grep -c '"mesh_to_truth"'
ls
try() {
    local want=$1 code=0
    shift
    "$HELIO" "$@" --quiet || code=$?
    [ $code -eq "$want" ] || echo "$*: exit $code, expected $want"
}
try 2 mesh out -o scene.stl
try 2 mesh out -o scene.glb --texture-size 20
try 1 mesh absent -o scene.glb
try 1 mesh out -o nowhere/scene.glb $common
