# SPDX-License-Identifier: MIT
# Depth and normal maps named by transforms.json take part in the loss; a broken one is named.
# Geometry mode has its weights by whether photos have alpha or masks.
"$HELIO" synth --scene corner --views 8 --width 48 --height 36 --samples 1 --layout nerf -o data --quiet >/dev/null
sed -i 's|"file_path":\s*"./train/\(r_[0-9]*\)"|&, "depth_file_path": "gt/depth/\1.exr", "normal_file_path": "gt/normal/\1.exr"|' data/transforms_train.json
common="--iterations 16 --max-gaussians 2000 --quiet --save-every 0"
"$HELIO" train data -o plain $common >/dev/null
"$HELIO" train data -o depth $common --depth-weight 1 >/dev/null
"$HELIO" train data -o normal $common --normal-weight 0.1 >/dev/null
at=point_cloud/iteration_16/point_cloud.ply
cmp -s plain/$at depth/$at && echo "depth maps change nothing"
cmp -s plain/$at normal/$at && echo "normal maps change nothing"
# What --geometry weighs without alpha, with masks, with alpha.
"$HELIO" train data -o open $common --geometry >/dev/null
printf '{"consistency_weight": 0.05, "distortion_weight": 1}' >open.json
"$HELIO" train data -o open2 $common --geometry --knobs open.json >/dev/null
cmp open/$at open2/$at
mkdir masks # half of the picture is ignored: one object is shown
for photo in data/train/*; do
    {
        printf 'BM\x76\x14\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x30\0\0\0\x24\0\0\0\x01\0\x18\0' # 48 x 36
        head -c 2616 /dev/zero
        head -c 2592 /dev/zero | tr '\0' '\377'
    } >"masks/$(basename "$photo")"
done
"$HELIO" train data -o masked $common --geometry --masks masks >/dev/null
printf '{"consistency_weight": 0.05, "distortion_weight": 100}' >masked.json
"$HELIO" train data -o masked2 $common --geometry --masks masks --knobs masked.json >/dev/null
cmp masked/$at masked2/$at
"$HELIO" train data -o masked3 $common --geometry --masks masks --knobs open.json >/dev/null
cmp -s masked/$at masked3/$at && echo "the weight changes nothing"
"$HELIO" synth --scene turntable --views 20 --width 48 --height 36 --samples 1 -o object --quiet >/dev/null
"$HELIO" train object -o alpha $common --geometry >/dev/null
printf '{"consistency_weight": 0.2, "distortion_weight": 100}' >alpha.json
"$HELIO" train object -o alpha2 $common --geometry --knobs alpha.json >/dev/null
cmp alpha/$at alpha2/$at
"$HELIO" train object -o views $common --geometry --multi-view --backend cpu >/dev/null
cmp -s alpha/$at views/$at && echo "neighbours change nothing"
for f in data/gt/depth/*.exr; do printf 'abc' >"$f"; done
"$HELIO" train data -o broken $common --depth-weight 1
