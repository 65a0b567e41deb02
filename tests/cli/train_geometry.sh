# SPDX-License-Identifier: MIT
# Depth and normal maps named by transforms.json take part in the loss; a broken one is named.
"$HELIO" synth --scene corner --views 8 --width 48 --height 36 --samples 1 --layout nerf -o data --quiet >/dev/null
sed -i 's|"file_path":\s*"./train/\(r_[0-9]*\)"|&, "depth_file_path": "gt/depth/\1.exr", "normal_file_path": "gt/normal/\1.exr"|' data/transforms_train.json
common="--iterations 40 --max-gaussians 2000 --quiet --save-every 0"
"$HELIO" train data -o plain $common >/dev/null
"$HELIO" train data -o depth $common --depth-weight 1 >/dev/null
"$HELIO" train data -o normal $common --normal-weight 0.1 >/dev/null
at=point_cloud/iteration_40/point_cloud.ply
cmp -s plain/$at depth/$at && echo "depth maps change nothing"
cmp -s plain/$at normal/$at && echo "normal maps change nothing"
for f in data/gt/depth/*.exr; do printf 'abc' >"$f"; done
"$HELIO" train data -o broken $common --depth-weight 1
