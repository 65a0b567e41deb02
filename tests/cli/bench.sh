# SPDX-License-Identifier: MIT
# Tiny runs: the text lists stages and pairs; the JSON parses and agrees with itself.
"$HELIO" bench raster --splats 300 --size 70x50 --repeat 1 --threads 2 --isa plain
"$HELIO" bench raster --splats 300 --size 70x50 --repeat 1 --threads 3 --isa plain --scaling
"$HELIO" bench raster --splats 0 --size 1x1 --repeat 1 --isa plain
"$HELIO" bench raster --splats 300 --size 70x50 --repeat 2 --isa all --json --quiet >all.json
if command -v python3 >/dev/null; then
    python3 -c '
import json
r = json.load(open("all.json"))
assert r["schema"] == "helio.bench.raster/1" and r["splats"] == 300, r
assert r["width"] == 70 and r["height"] == 50 and r["pairs"] > 0, r
assert 0 < r["visible"] <= r["instances"], r
for name, p in r["paths"].items():
    assert p["forward_ms"] > 0 and p["backward_ms"] > 0, (name, p)
    assert p["colour_error"] < 1e-4 and p["gradient_error"] < 1e-3, (name, p)
    assert p["times_faster_than_plain"]["forward"] > 0, (name, p)
assert "plain" in r["paths"], r'
else
    grep -q '"schema":.*"helio.bench.raster/1"' all.json
fi
"$HELIO" bench rays --triangles 2000 --rays 3000 --repeat 1 --json --quiet >rays.json
grep -q '"schema":.*"helio.bench.rays/1"' rays.json
grep -q '"closest_per_core_s"' rays.json
"$HELIO" bench train --splats 200 --size 64x48 --steps 2 --threads 2 --deterministic --save scene
grep -q '"t":' scene/cameras.json && [ -s scene/photo_7.png ]
sed 's/"r":/"rotation":/; s/"t":/"position":/' scene/cameras.json >cameras.json # the first looks along z
"$HELIO" bench raster --input scene/splats.ply --cameras cameras.json --isa plain --repeat 1 --threads 2
"$HELIO" bench train --splats 200 --size 64x48 --steps 2 --json --quiet >train.json
if command -v python3 >/dev/null; then
    python3 -c '
import json
r = json.load(open("train.json"))
assert r["schema"] == "helio.bench.train/1" and r["splats"] == 200 and r["pairs"] > 0, r
assert r["step_ms"] > 0 and r["copy_gb_s"] > 0 and 0 < r["loss"] < 1, r
assert r["stages_ms"]["blend_bwd"] > 0 and r["backward_pairs_per_s"] > 0, r'
else
    grep -q '"schema":.*"helio.bench.train/1"' train.json
fi
"$HELIO" bench view --splats 300 --size 70x50 --frames 3 --raster cpu --save orbit --json --quiet >view.json
grep -q '"schema":.*"helio.bench.view/1"' view.json
grep -q '"poses"' orbit/orbit.json
"$HELIO" bench view --input orbit/scene.splat --size 70x50 --frames 2 --raster cpu --threads 2
"$HELIO" bench pops --splats 300 --size 70x50 --frames 6 --raster cpu --save pops --json --quiet >pops.json
if command -v python3 >/dev/null; then
    python3 -c '
import json
r = json.load(open("pops.json"))
assert r["schema"] == "helio.bench.pops/1" and list(r["paths"]) == ["cpu"], r
a, b = r["rounded"], r["paths"]["cpu"]
assert abs(a["change"] - b["change"]) < 0.01 * a["change"] and a["change"] > 0, r
assert abs(a["percent"] - b["percent"]) < 0.05 * a["percent"], r
assert 0 < r["reordered"]["percent"] < r["by_centre"]["percent"] < 100, r'
fi
[ -s pops/difference_x20.png ] && cmp -s pops/own_order.png pops/order_before.png || echo 'pops are saved'
"$HELIO" bench sfm --photos 200 --points 8000 --solver pcg --json --quiet >sfm.json
if command -v python3 >/dev/null; then
    python3 -c '
import json
r = json.load(open("sfm.json"))
assert r["schema"] == "helio.bench.sfm/1" and r["photos"] == 200, r
assert r["pcg_iterations"] > 0 and r["sights"] > 4 * r["points"], r
# Noise of half a pixel an axis, less what the unknowns take of it.
assert r["start_px"] > 20 and 0.5 < r["end_px"] < 0.65, r
assert r["center_error"] < 0.05 and r["rotation_error_deg"] < 0.2, r
assert abs(r["focal_error_px"]) < 3, r'
else
    grep -q '"schema":.*"helio.bench.sfm/1"' sfm.json
fi
"$HELIO" bench sfm --photos 20 --points 500 --noise-px 0 --quiet | sed -n 's/^residual [0-9.]* px, then \(0.0000 px\).*/\1/p'
