# SPDX-License-Identifier: MIT
# A small capture, a little training, its surface in every format; the same bytes for any number of
# threads; wrong requests end in one sentence each.
"$HELIO" synth -o data --scene turntable --views 20 --width 80 --height 80 --samples 1 --bounces 0 \
    --points 1500 --quiet >/dev/null
"$HELIO" train data -o out --geometry --coarse 1 --iterations 200 --max-gaussians 3000 \
    --quiet >/dev/null
common="--resolution 40 --target-faces 4000 --texture-size 128 --quiet"
"$HELIO" mesh out -o scene.glb $common --threads 1
"$HELIO" mesh out -o new/folder/again.glb $common --threads 3 >/dev/null
cmp scene.glb new/folder/again.glb
"$HELIO" mesh out -o scene.ply $common --depth median --json | grep -c '"schema":.*helio.mesh/1'
"$HELIO" mesh out -o scene.obj $common >/dev/null
# One piece, open where it stands and nowhere else, within 1 % of its size of the truth both ways.
"$HELIO" mesh out -o planes.ply --resolution 40 --target-faces 0 --check --json --quiet >planes.json
value() { sed -n "s/.*\"$1\":[[:space:]]*\([-0-9.e+]*\).*/\1/p" planes.json; }
echo "pieces $(value pieces) holes $(value holes) crowded $(value edges_crowded) flipped" \
    "$(value edges_flipped)"
for way in mesh_to_truth truth_to_mesh; do
    awk -v d="$(value $way)" -v size="$(value size)" \
        'BEGIN { print (d > 0 && d < 0.01 * size) ? "within" : d / size }'
done
awk -v a="$(value normals_degrees)" 'BEGIN { print (a > 0 && a < 30) ? "within" : a }'
# A second view leaves the whole of it, and says the same for any number of threads.
"$HELIO" mesh out -o second.ply $common --two-view --threads 1 >/dev/null
"$HELIO" mesh out -o third.ply $common --two-view --threads 3 >/dev/null
cmp second.ply third.ply
cmp -s second.ply scene.ply && echo "--two-view changes nothing"
rm second.ply third.ply
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
try 1 mesh out -o scene.glb/in.glb $common
# What masks ignore is no surface: here they ignore everything.
mkdir data/masks
{
    printf 'BM\x36\x4b\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x50\0\0\0\x50\0\0\0\x01\0\x18\0' # 80 x 80
    head -c 19224 /dev/zero
} >data/masks/none.bmp
for photo in data/images/*; do
    cp data/masks/none.bmp "data/masks/$(basename "${photo%.*}").png"
done
rm data/masks/none.bmp
try 1 mesh out -o masked.ply $common
