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
