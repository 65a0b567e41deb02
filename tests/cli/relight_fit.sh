# SPDX-License-Identifier: MIT
# From a capture with ground truth to materials, light and scores: a few steps of everything; a
# stopped and resumed solve gives the bytes of the straight one.
"$HELIO" synth -o truth --layout tensoir --scene turntable --views 16 --width 64 --height 64 \
    --samples 1 --bounces 0 --points 0 --quiet >/dev/null
"$HELIO" train truth -o out --iterations 150 --max-gaussians 2000 --quiet >/dev/null
mkdir out/mesh envs
"$HELIO" mesh out -o out/mesh/scene.glb --resolution 40 --target-faces 4000 --texture-size 0 \
    --quiet >/dev/null
cp truth/envmaps/sky.hdr envs/sky.hdr
fit() {
    "$HELIO" relight out --fit --quiet "$@"
}
fit --iterations 12 --refine -1 --threads 1 | sed 's/in [0-9]* s; .*/in TIME/'
cp out/scene.helio straight.helio
fit --iterations 12 --refine 3 --threads 3 --maps maps --envs envs --spp 8 --scale-by-truth >/dev/null
cmp straight.helio out/scene.helio
fit --iterations 12 --refine 3 --resume --json | grep -c '"steps":.*15'
ls out maps/test_000
"$HELIO" eval maps --protocol helio --data truth --require 'relight.psnr>=10,normal.mae_deg<=60' \
    --quiet | grep -c 'protocol helio'
# The scene file under lights without files, from the cameras of the photos, and films.
"$HELIO" relight out -o relit --env own,clear --views 1 --spp 4 --bounces 1 --vertex-samples 4 \
    --outputs color,shadow --turntable 2 --path orbit --quiet 2>/dev/null | grep -c 'at 4 samples'
ls relit/00000
ls relit | grep -c turntable | sed 's/2/1/'
# The viewer lights it by the same file, with shadows of the sky and bounces; a broken one is named.
if "$HELIO" doctor | grep -q '^vulkan *ok'; then
    printf '%s\n' 'size 32 24' 'screenshot lit.png' 'baked 0' 'screenshot open.png' 'show color' \
        'screenshot color.png' >look.txt
    "$HELIO" view out --headless --script look.txt --raster quads --validate --quiet >/dev/null
    ! cmp -s lit.png color.png || echo 'the fit is not shown lit'
    ! cmp -s lit.png open.png || echo 'no light was baked'
    mkdir -p cut/point_cloud/iteration_150
    cp out/point_cloud/iteration_150/point_cloud.ply cut/point_cloud/iteration_150/
    head -c 5000 out/scene.helio >cut/scene.helio
    code=0
    "$HELIO" view cut --headless --script look.txt --quiet >/dev/null 2>cut.log || code=$?
    [ $code -eq 1 ] && grep -q 'cut/scene.helio' cut.log || echo 'a broken fit went unseen'
fi
# The same for programs that know no light: lit colours, and a mesh with textures.
"$HELIO" convert out/scene.helio lit.ply --bake own --quiet | sed 's/: .*splats.*/: splats/'
"$HELIO" info lit.ply | grep 'SH degree'
"$HELIO" convert out/scene.helio dressed.glb --texture-size 128 --quiet | sed 's/: .*triangles.*/: triangles/'
"$HELIO" relight dressed.glb -o relit --env even --views 1 --spp 4 --size 16x16 --quiet | tail -n 1
try() {
    local want=$1 code=0
    shift
    "$HELIO" relight "$@" --quiet || code=$?
    [ $code -eq "$want" ] || echo "$*: exit $code, expected $want"
}
try 2 out --fit --envs envs
try 2 out --fit --fixed-light
try 1 out --fit --mesh absent.glb
try 1 out --fit --light truth/test_000/metadata.json
try 1 absent --fit
mkdir bare
"$HELIO" convert out/point_cloud/iteration_150/point_cloud.ply bare/scene.helio --quiet >/dev/null
try 1 bare -o relit --env studio
try 1 truth -o relit --env studio
try 1 out/mesh/scene.glb -o relit --env own
bad() {
    local code=0
    "$HELIO" convert "$@" --quiet || code=$?
    [ $code -eq 1 ] || echo "convert $*: exit $code, expected 1"
}
bad lit.ply lit.glb
bad lit.ply again.ply --bake own
bad bare/scene.helio lit.ply --bake own
bad out/scene.helio lit.ply --bake absent.hdr
bad out/scene.helio lit.glb --bake own
