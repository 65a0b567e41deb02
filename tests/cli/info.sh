# SPDX-License-Identifier: MIT
. "$ROOT/tests/cli/tiny_ply.sh"
tiny_ply in.ply
"$HELIO" info in.ply
"$HELIO" info in.ply --json >report.json
if command -v python3 >/dev/null; then
    python3 -c '
import json
r = json.load(open("report.json"))
assert r["count"] == 2 and r["kind"] == "ply" and r["antialiased"], r
assert r["low"] == [-1, -2, -3] and r["high"] == [1, 2, 3], r
assert r["skipped"] == "roughness" and r["fill_ratio"] > 0, r'
fi
printf 'ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\nend_header\n0 1 2\n3 4 nan\n' >points.ply
"$HELIO" info points.ply
"$HELIO" convert in.ply two.helio --quiet >text
"$HELIO" info two.helio --quiet | grep -c "^chunk "
