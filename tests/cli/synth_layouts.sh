# SPDX-License-Identifier: MIT
# The other arrangements of the files, and what --bare and --no-gt leave out.
small="--scene turntable --views 9 --width 32 --height 24 --samples 1 --bounces 0 --quiet"
for layout in nerf tensoir; do
    # shellcheck disable=SC2086
    "$HELIO" synth -o $layout --layout $layout $small
done
# shellcheck disable=SC2086
"$HELIO" synth -o bare --bare $small
# shellcheck disable=SC2086
"$HELIO" synth -o posed --no-gt --points 0 $small
for f in nerf tensoir bare posed; do
    echo "$f: $(cd $f && find . -type d | LC_ALL=C sort | paste -sd' ' -)"
done
(cd tensoir && LC_ALL=C ls test_001 train_006)
if command -v python3 >/dev/null; then
    python3 -c '
import json
train = json.load(open("nerf/transforms_train.json"))
test = json.load(open("tensoir/transforms_test.json"))
assert len(train["frames"]) == 7 and train["frames"][0]["file_path"] == "./train/r_0001", train
assert [f["file_path"] for f in test["frames"]] == ["./test_000/rgba", "./test_001/rgba"], test
meta = json.load(open("tensoir/test_001/metadata.json"))
row = [float(x) for x in meta["cam_transform_mat"].split(",")]
flat = [x for r in test["frames"][1]["transform_matrix"] for x in r]
assert max(abs(a - b) for a, b in zip(row, flat)) < 1e-9
assert meta["imw"] == 32 and meta["imh"] == 24 and abs(meta["cam_angle_x"] - 0.8727) < 1e-3'
fi
