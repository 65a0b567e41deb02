# SPDX-License-Identifier: MIT
# Every format and back; the second PLY equals the first where nothing is lost on the way.
. "$ROOT/tests/cli/tiny_ply.sh"
tiny_ply in.ply
if ! "$HELIO" convert in.ply probe.spz --quiet >text 2>why && grep zstd why; then
    exit 77
fi
"$HELIO" convert in.ply a.ply --quiet
"$HELIO" convert in.ply --out a.helio
"$HELIO" convert a.helio b.ply
cmp a.ply b.ply
"$HELIO" convert a.helio -o plain.ply --plain
grep -qa SplatRenderMode a.ply
if grep -qa SplatRenderMode plain.ply; then echo "plain.ply has a comment"; fi
for version in 2 3 4; do
    "$HELIO" convert a.ply "v$version.spz" --spz-version $version
    "$HELIO" convert "v$version.spz" back.ply
done
"$HELIO" convert a.ply raw.spz --spz-axes raw
"$HELIO" info raw.spz | head -n 1
"$HELIO" convert a.ply c.splat --json >report.json
grep -q '"splats":.*2,' report.json
"$HELIO" convert c.splat deg.ply --sh-degree 3
