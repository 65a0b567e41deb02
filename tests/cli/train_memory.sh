# SPDX-License-Identifier: MIT
# The memory that --dry-run predicts is within 15 % of what training takes.  Needs the test data.
[ -d "$DATA/photos/fox_colmap" ] || { echo "skipped: $DATA/photos/fox_colmap is absent"; exit 77; }
"$HELIO" doctor | grep -q -e -fsanitize -e --coverage && { echo "skipped: an instrumented build takes more"; exit 77; }
common="--max-side-px 480 --iterations 60 --coarse 1 --quiet --json --threads 2"
for cap in 15052 40000; do
    predicted=$("$HELIO" train "$DATA/photos/fox_colmap" -o out $common --max-gaussians $cap --dry-run |
        sed -n 's/.*"total_bytes":\s*\([0-9.]*\).*/\1/p')
    measured=$("$HELIO" train "$DATA/photos/fox_colmap" -o out $common --max-gaussians $cap |
        sed -n 's/.*"peak_rss_mb":\s*\([0-9.]*\).*/\1/p')
    awk -v p="$predicted" -v m="$measured" -v cap="$cap" 'BEGIN {
        ratio = p / (m * 1048576)
        if (ratio < 0.85 || ratio > 1.15)
            printf "at most %d splats: predicted %.1f MB, took %.1f MB\n", cap, p / 1e6, m * 1.048576
    }'
done
