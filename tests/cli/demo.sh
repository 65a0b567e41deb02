# SPDX-License-Identifier: MIT
# The whole way at toy size: every step is printed as a command that can be repeated, and the last
# lines are the pictures.
small="--scene corner --views 8 --width 96 --height 72 --iterations 40"
# shellcheck disable=SC2086
"$HELIO" demo -o out $small --fit-iterations 2 --quiet --seed 7
# shellcheck disable=SC2086
"$HELIO" demo -o json $small --quiet --seed 7 --threads 1 --fit-iterations 0 --json >report.json
cmp out/sheet.png json/sheet.png
cmp out/orbit.png json/orbit.png
cmp out/train/point_cloud/iteration_40/point_cloud.ply \
    json/train/point_cloud/iteration_40/point_cloud.ply
[ ! -e out/data/sparse ] && [ ! -e out/data/transforms.json ] # nothing but photos to start from
if command -v python3 >/dev/null; then
    python3 -c '
import json
r = json.load(open("report.json"))
assert r["schema"] == "helio.demo/1" and r["sheet"] == "json/sheet.png" and r["psnr"] > 5, r'
fi
