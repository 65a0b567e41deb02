# SPDX-License-Identifier: MIT
# Needs the shared test data: a few steps of training, the tree it leaves, resuming, threads.
[ -d "$DATA/photos/fox_colmap" ] || { echo "skipped: $DATA/photos/fox_colmap is absent"; exit 77; }
common="--max-side-px 120 --eval --quiet --max-gaussians 3000 --save-every 20"
"$HELIO" train "$DATA/photos/fox_colmap" -o a --iterations 40 --threads 1 $common | sed 's/ after.*//; s/[0-9.]* dB, SSIM [0-9.]*/X/'
find a -type f | sort
"$HELIO" train "$DATA/photos/fox_colmap" -o b --iterations 40 --threads 3 $common >/dev/null
cmp a/point_cloud/iteration_40/point_cloud.ply b/point_cloud/iteration_40/point_cloud.ply
rm -r b/ckpt/step_40.helio b/point_cloud
"$HELIO" train "$DATA/photos/fox_colmap" -o b --iterations 40 --threads 2 $common --resume >/dev/null
cmp a/point_cloud/iteration_40/point_cloud.ply b/point_cloud/iteration_40/point_cloud.ply
cmp a/ckpt/step_40.helio b/ckpt/step_40.helio
grep -c '"loss"' b/log.jsonl
"$HELIO" train --config a/config.json -o c --dry-run | tail -n 1 | sed 's/ *[0-9.]* MB/ X MB/'
