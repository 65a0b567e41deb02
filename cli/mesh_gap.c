/* SPDX-License-Identifier: MIT */
#include "cli/mesh_check.h"
#include "core/memory.h"
#include "core/mesh_distance.h"
#include "core/vec.h"

#include <math.h>
#include <stdlib.h>

enum { POINTS = 9, POINTS_MAX = 8000000, SAMPLES_MIN = 20000, SAMPLES_MAX = 2000000 };

static const float LIMIT_VOXELS = 16.0f;
static const float EIGHTH = 0.78539816f;   /* of a turn */
static const double SAMPLES_PER_VOXEL = 4; /* of area */

/* Nine points of the ellipse of a splat's two longer axes. */
static void splat_points(const hl_splats *s, int32_t i, float *out)
{
    const float *l = s->log_scale + 3 * (size_t)i, *x = s->mean + 3 * (size_t)i;
    const int least = hl_least3(l);
    const int u = (least + 1) % 3, v = (least + 2) % 3;
    const float su = expf(l[u]), sv = expf(l[v]);
    float q[4], r[9];
    hl_quat_unit(s->quat + 4 * (size_t)i, q);
    hl_rotation(q, r);
    for (int k = 0; k < POINTS; k++) {
        const float angle = (float)k * EIGHTH, reach = k == POINTS - 1 ? 0 : 1;
        const float a = reach * su * cosf(angle), b = reach * sv * sinf(angle);
        for (int c = 0; c < 3; c++)
            out[3 * k + c] = x[c] + a * r[3 * c + u] + b * r[3 * c + v];
    }
}

/* Points on the splats that can be seen; *points is the caller's to free. */
static hl_status gather(const hl_splats *s, float **points, int32_t *count)
{
    int32_t seen = 0, every = 1;
    for (int32_t i = 0; i < s->count; i++)
        seen += s->logit_opa[i] > 0;
    while (seen / every > POINTS_MAX / POINTS)
        every++;
    float *p = hl_alloc((size_t)(seen / every) + 1, POINTS * 3 * sizeof *p);
    if (!p)
        return HL_E_MEMORY;
    int32_t n = 0, at = 0;
    for (int32_t i = 0; i < s->count; i++)
        if (s->logit_opa[i] > 0 && at++ % every == 0)
            splat_points(s, i, p + (size_t)POINTS * 3 * (size_t)n++);
    *points = p;
    *count = POINTS * n;
    return HL_OK;
}

static int ascending(const void *a, const void *b)
{
    const float *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static hl_status measure(const float *from, int32_t n, const float *to, int32_t m, float limit,
                         double out[2])
{
    float *d = hl_alloc((size_t)n, sizeof *d);
    if (!d)
        return HL_E_MEMORY;
    const hl_status s = hl_points_nearest(from, n, to, m, limit, d);
    if (s == HL_OK) {
        qsort(d, (size_t)n, sizeof *d, ascending);
        out[0] = (double)d[n / 2];
        out[1] = (double)d[(size_t)n * 95 / 100];
    }
    hl_free(d);
    return s;
}

hl_status hl_mesh_gap(mesh_gap *gap, const hl_splats *splats, const hl_mesh *mesh, float voxel)
{
    const double h = (double)voxel, wanted = SAMPLES_PER_VOXEL * hl_mesh_area(mesh) / (h * h);
    const int32_t n = (int32_t)fmin(fmax(wanted, SAMPLES_MIN), SAMPLES_MAX);
    mesh_gap g = {{nan(""), nan("")}, {nan(""), nan("")}};
    float *point = NULL;
    int32_t count = 0;
    HL_TRY(gather(splats, &point, &count));
    float *sample = hl_alloc((size_t)n, 3 * sizeof *sample);
    hl_status s = sample ? hl_mesh_sample(mesh, n, 1, sample) : HL_E_MEMORY;
    if (s == HL_OK && count)
        s = measure(point, count, sample, n, LIMIT_VOXELS * voxel, g.splats);
    if (s == HL_OK && count)
        s = measure(sample, n, point, count, LIMIT_VOXELS * voxel, g.mesh);
    hl_free(point);
    hl_free(sample);
    if (s == HL_OK)
        *gap = g;
    return s;
}
