/* SPDX-License-Identifier: MIT */
#include "core/atlas/atlas.h"

#include <math.h>

/* Corners of a face in texels. */
static void corners_of(const hl_mesh *mesh, int32_t face, int32_t side, double p[3][2])
{
    for (size_t k = 0; k < 3; k++)
        for (size_t c = 0; c < 2; c++)
            p[k][c] =
                side * (double)mesh->uv[2 * (size_t)mesh->triangles[3 * (size_t)face + k] + c];
}

/* Weights of the point (x, y); false without area. */
static bool weights(const double p[3][2], double x, double y, double w[3])
{
    const double area =
        (p[1][0] - p[0][0]) * (p[2][1] - p[0][1]) - (p[1][1] - p[0][1]) * (p[2][0] - p[0][0]);
    if (!(fabs(area) > 1e-12))
        return false;
    for (int k = 0; k < 2; k++) {
        const double *a = p[(k + 1) % 3], *b = p[(k + 2) % 3];
        w[k] = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / area;
    }
    w[2] = 1 - w[0] - w[1];
    return true;
}

bool hl_atlas_weights(const hl_mesh *mesh, int32_t face, int32_t side, const int32_t at[2],
                      double w[3])
{
    double p[3][2];
    corners_of(mesh, face, side, p);
    return weights((const double(*)[2])p, at[0] + 0.5, at[1] + 0.5, w);
}

/* First and last texel whose centre can lie between lo and hi. */
static void span(double lo, double hi, int32_t side, int32_t out[2])
{
    const double first = ceil(lo - 0.5), last = floor(hi - 0.5);
    out[0] = first < 0 ? 0 : first > side ? side : (int32_t)first;
    out[1] = last < 0 ? -1 : last > side - 1 ? side - 1 : (int32_t)last;
}

/* How far a centre must lie inside both faces to be a clash, as a share of their heights. */
static const double INSIDE = 1e-3;

/* Texel (x, y) under `face`: the first face keeps it; 1 where a second one lies well inside both.
 */
static bool cover(const hl_mesh *mesh, int32_t face, int32_t side, const int32_t at[2],
                  const double w[3], int32_t *id)
{
    if (*id < 0) {
        *id = face;
        return false;
    }
    double other[3];
    return w[0] > INSIDE && w[1] > INSIDE && w[2] > INSIDE &&
           hl_atlas_weights(mesh, *id, side, at, other) && other[0] > INSIDE && other[1] > INSIDE &&
           other[2] > INSIDE;
}

int32_t hl_atlas_rasterize(const hl_mesh *mesh, int32_t side, int32_t *ids, uint8_t *clash)
{
    int32_t clashes = 0;
    for (size_t i = 0; i < (size_t)side * (size_t)side; i++)
        ids[i] = -1;
    for (int32_t face = 0; face < mesh->triangle_count; face++) {
        double p[3][2], w[3];
        int32_t xs[2], ys[2];
        bool clashed = false;
        corners_of(mesh, face, side, p);
        span(fmin(p[0][0], fmin(p[1][0], p[2][0])), fmax(p[0][0], fmax(p[1][0], p[2][0])), side,
             xs);
        span(fmin(p[0][1], fmin(p[1][1], p[2][1])), fmax(p[0][1], fmax(p[1][1], p[2][1])), side,
             ys);
        for (int32_t y = ys[0]; y <= ys[1]; y++)
            for (int32_t x = xs[0]; x <= xs[1]; x++) {
                const int32_t at[2] = {x, y};
                if (weights((const double(*)[2])p, x + 0.5, y + 0.5, w) && w[0] >= 0 && w[1] >= 0 &&
                    w[2] >= 0)
                    clashed |=
                        cover(mesh, face, side, at, w, &ids[(size_t)y * (size_t)side + (size_t)x]);
            }
        if (clash && clashed)
            clash[face] = 1;
        clashes += clashed;
    }
    return clashes;
}
