# SPDX-License-Identifier: MIT
# Pictures of a procedural scene to cameras: every one registered, near the truth, the same bytes
# for one thread and three and from the cache, and a model that training reads.
"$HELIO" synth -o s --views 20 --width 256 --height 192 --samples 1 --bounces 0 --quiet >/dev/null
"$HELIO" sfm s -o out --truth s --quiet --threads 1 >table
grep -c registered table
sed -n 's/^\(model 0: 20 of 20 photos\).*/\1/p; s/^\(truth: 20 of 20 photos\).*/\1/p' table
rotation=$(sed -n 's/.*rotation \([0-9.]*\).*/\1/p' table)
awk -v r="$rotation" 'BEGIN { exit !(r < 0.6) }' || echo "rotation error $rotation deg"
"$HELIO" sfm s -o again --cache out/cache --quiet --threads 3 >/dev/null
"$HELIO" sfm s -o fresh --no-cache --quiet --threads 2 >/dev/null
for f in cameras images points3D; do
    cmp out/sparse/0/$f.bin again/sparse/0/$f.bin
    cmp out/sparse/0/$f.bin fresh/sparse/0/$f.bin
done
"$HELIO" poses out/sparse/0 s/sparse/0 --json | grep '"registered"'
"$HELIO" sfm s -o known --calibration s --no-cache --quiet --json >known.json
"$HELIO" sfm s -o posed --poses s --no-cache --quiet | sed -n 's/^\(model 0: 20 of 20 photos\).*/\1/p'
mkdir scene && cp -r s/images scene/ && cp -r out/sparse scene/
"$HELIO" train scene -o t --iterations 2 --max-gaussians 500 --quiet >/dev/null
ls out/matches.png out/top.png out/report.json posed/sparse/0
"$HELIO" sfm s -o global --cache out/cache --mapper global --quiet --json >global.json
grep -o '"mapper":.*"global"' global.json | tr -d '[:space:]'
echo " $(grep -c '"registered":.*true' global.json)"
