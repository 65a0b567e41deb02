/* SPDX-License-Identifier: MIT */
/* tiles.glsl -- which tiles of HL_TILE_SIDE pixels an ellipse touches: twin of raster/tile.h.
 *
 * Needs view.  Strip by strip of columns, the rows of tiles between the two roots of the ellipse;
 * the margins are on the outside, because alpha decides at every pixel once more. */

struct hl_cover {
    vec2 mu;
    vec3 conic;
    float q, det, lowest; /* lowest: x of the lowest point, from the centre */
    vec2 reach;           /* half the extent, pixels                        */
    uint first, last;     /* strips                                         */
};

/* a c - b^2 of the numbers as they are, or less: a needle's determinant cancels. */
float determinant_below(vec3 m)
{
    precise const float w = m.y * m.y;
    precise const float det = fma(m.x, m.z, -w) + fma(-m.y, m.y, w);
    return max(det - 1e-6 * m.x * m.z, 1e-7 * m.x * m.z);
}

/* False where nothing is touched. */
bool cover_init(hl_gpu_footprint f, out hl_cover e)
{
    const float opacity = unpackHalf2x16(f.ba).y, q = 2 * log(255 * opacity) * 1.0001 + 0.002;
    e.mu = f.mu;
    e.conic = f.conic;
    e.q = q;
    e.det = determinant_below(f.conic);
    if (!(q > 0 && e.det > 0))
        return false;
    e.reach = sqrt(q / e.det) * sqrt(f.conic.zx);
    e.lowest = -f.conic.y / f.conic.x * e.reach.y;
    const float end = float(view.width - 1), low = f.mu.x - e.reach.x - 0.51,
                high = f.mu.x + e.reach.x - 0.49;
    if (!(low <= end && high >= 0))
        return false;
    e.first = uint(max(low, 0.0)) / HL_TILE_SIDE;
    e.last = uint(min(high, end)) / HL_TILE_SIDE;
    return true;
}

/* First row of tiles of a strip, and one past the last: equal for none. */
uvec2 cover_rows(hl_cover e, uint strip)
{
    const float low = clamp(float(strip * HL_TILE_SIDE) + 0.5 - e.mu.x, -e.reach.x, e.reach.x);
    const float high =
        clamp(float(strip * HL_TILE_SIDE + HL_TILE_SIDE) - 0.5 - e.mu.x, -e.reach.x, e.reach.x);
    const vec2 dx = clamp(vec2(-e.lowest, e.lowest), low, high); /* of the top, of the bottom */
    const vec2 root = sqrt(max(e.conic.z * e.q - e.det * dx * dx, 0.0)) * vec2(-1, 1);
    const vec2 y = e.mu.y + (root - e.conic.y * dx) / e.conic.z;
    const float end = float(view.height - 1), top = y.x - 0.51, bottom = y.y - 0.49;
    if (!(top <= end && bottom >= 0))
        return uvec2(0);
    return uvec2(uint(max(top, 0.0)), uint(min(bottom, end)) + HL_TILE_SIDE) / HL_TILE_SIDE;
}

uint cover_tiles(hl_gpu_footprint f)
{
    hl_cover e;
    uint sum = 0;
    if (cover_init(f, e))
        for (uint strip = e.first; strip <= e.last; strip++) {
            const uvec2 rows = cover_rows(e, strip);
            sum += rows.y - rows.x;
        }
    return sum;
}
