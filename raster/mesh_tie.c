/* SPDX-License-Identifier: MIT */
#include "raster/mesh_tie.h"

#include "core/memory.h"
#include "core/mesh_distance.h"
#include "core/parallel.h"
#include "core/se3.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 1024 };

#define BOUND    4.0f  /* x h: splats within are held                     */
#define HIDDEN   2.0f  /* x h under the mesh: dropped at the start ...    */
#define DEEPEST  20.0f /* ... down to here: deeper ones are another thing */
#define FADING   1.0f  /* x h under the mesh: fade                        */
#define NEW_FLAT 0.1f  /* thickness of a new splat against its width      */

struct hl_mesh_tie {
    const hl_mesh *mesh;
    hl_bvh bvh;
    float edge;
    float *maps; /* depth, normal, window: 6 floats a pixel */
    size_t pixels;
};

hl_status hl_mesh_tie_create(hl_mesh_tie **out, const hl_mesh *mesh)
{
    if (mesh->triangle_count < 1 || !mesh->normals)
        return hl_fail(HL_E_ARG, "a mesh to hold splats has %s",
                       mesh->triangle_count < 1 ? "no triangles" : "no normals");
    hl_mesh_tie *tie = hl_alloc(1, sizeof *tie);
    if (!tie)
        return HL_E_MEMORY;
    const hl_status s = hl_bvh_create(&tie->bvh, mesh);
    if (s != HL_OK) {
        hl_free(tie);
        return s;
    }
    tie->mesh = mesh;
    tie->edge = hl_mesh_mean_edge(mesh);
    *out = tie;
    return HL_OK;
}

void hl_mesh_tie_destroy(hl_mesh_tie **tie)
{
    if (!*tie)
        return;
    hl_bvh_release(&(*tie)->bvh);
    hl_free((*tie)->maps);
    hl_free(*tie);
    *tie = NULL;
}

float hl_mesh_tie_edge(const hl_mesh_tie *tie)
{
    return tie->edge;
}

/* The nearest point of the mesh within `reach`: its normal, and how far above it x lies. */
static bool nearest(const hl_mesh_tie *tie, const float x[3], float reach, float normal[3],
                    float *above)
{
    hl_nearest near;
    if (!hl_bvh_nearest(&tie->bvh, x, reach, &near))
        return false;
    const uint32_t *t = tie->mesh->triangles + 3 * (size_t)near.triangle;
    const float w[3] = {1 - near.u - near.v, near.u, near.v};
    float side = 0;
    for (int k = 0; k < 3; k++) {
        normal[k] = 0;
        for (int corner = 0; corner < 3; corner++)
            normal[k] += w[corner] * tie->mesh->normals[3 * (size_t)t[corner] + (size_t)k];
        side += normal[k] * (x[k] - near.at[k]);
    }
    hl_normalize3(normal, normal);
    *above = side < 0 ? -near.distance : near.distance;
    return hl_dot3(normal, normal) > 0.5f;
}

/* ---- start ---------------------------------------------------------------------------------- */

/* Standard deviation of splat i along the unit vector n. */
static float reach_along(const hl_splats *s, int32_t i, const float n[3])
{
    float unit[4], r[9], sum = 0;
    hl_quat_unit(s->quat + 4 * (size_t)i, unit);
    hl_rotation(unit, r);
    for (int k = 0; k < 3; k++) {
        const float along = r[k] * n[0] + r[3 + k] * n[1] + r[6 + k] * n[2];
        sum += along * along * expf(2 * s->log_scale[3 * (size_t)i + (size_t)k]);
    }
    return sqrtf(sum);
}

/* Keeps the order of those that stay. */
static int32_t drop_hidden(const hl_mesh_tie *tie, hl_splats *splats)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < splats->count; i++) {
        float n[3], above;
        if (nearest(tie, splats->mean + 3 * (size_t)i, DEEPEST * tie->edge, n, &above) &&
            above < -HIDDEN * tie->edge - reach_along(splats, i, n))
            continue;
        if (kept != i)
            hl_splats_copy_row(splats, kept, splats, i);
        kept++;
    }
    const int32_t dropped = splats->count - kept;
    splats->count = kept;
    return dropped;
}

/* The shortest turn of the z axis onto n. */
static void quat_of_normal(const float n[3], float q[4])
{
    if (n[2] < -0.9999f) {
        q[0] = q[2] = q[3] = 0;
        q[1] = 1;
        return;
    }
    const float from[4] = {1 + n[2], -n[1], n[0], 0};
    hl_quat_unit(from, q);
}

static void add_splat(const hl_mesh_tie *tie, hl_splats *s, const float x[3], float spacing,
                      float opacity)
{
    float n[3], above;
    if (s->count == s->capacity || !nearest(tie, x, BOUND * tie->edge, n, &above))
        return;
    const size_t i = (size_t)s->count++;
    memcpy(s->mean + 3 * i, x, 3 * sizeof *x);
    s->log_scale[3 * i] = s->log_scale[3 * i + 1] = logf(0.5f * spacing);
    s->log_scale[3 * i + 2] = logf(0.5f * NEW_FLAT * spacing);
    quat_of_normal(n, s->quat + 4 * i);
    s->logit_opa[i] = logf(opacity / (1 - opacity));
    memset(s->sh + HL_SPLAT_DIM_sh * i, 0, HL_SPLAT_DIM_sh * sizeof *s->sh);
}

/* How far apart splats may lie: h, or two deviations of a typical one (geometric mean of the
 * widest axes). */
static float spacing_of(const hl_mesh_tie *tie, const hl_splats *s)
{
    double sum = 0;
    for (int32_t i = 0; i < s->count; i++) {
        const float *l = s->log_scale + 3 * (size_t)i;
        sum += (double)fmaxf(l[0], fmaxf(l[1], l[2]));
    }
    return s->count ? fmaxf(tie->edge, 2 * expf((float)(sum / s->count))) : tie->edge;
}

hl_status hl_mesh_tie_start(const hl_mesh_tie *tie, hl_splats *splats, float opacity, uint64_t seed,
                            int32_t *dropped, int32_t *added)
{
    *dropped = drop_hidden(tie, splats);
    *added = 0;
    const float spacing = spacing_of(tie, splats);
    const double cells = hl_mesh_area(tie->mesh) / ((double)spacing * (double)spacing);
    const double most = 2.0 * splats->capacity;
    const int32_t n = (int32_t)fmin(cells, most), before = splats->count;
    if (n < 1)
        return HL_OK;
    float *points = hl_alloc((size_t)n, 3 * sizeof *points);
    float *apart = hl_alloc((size_t)n, sizeof *apart);
    hl_status s = points && apart ? HL_OK : HL_E_MEMORY;
    if (s == HL_OK)
        s = hl_mesh_sample(tie->mesh, n, seed, points);
    if (s == HL_OK)
        s = hl_points_nearest(points, n, splats->mean, before, 2 * spacing, apart);
    for (int32_t i = 0; s == HL_OK && i < n; i++)
        if (apart[i] > spacing)
            add_splat(tie, splats, points + 3 * (size_t)i, spacing, opacity);
    hl_free(points);
    hl_free(apart);
    *added = splats->count - before;
    return s;
}

/* ---- pull ----------------------------------------------------------------------------------- */

typedef struct pull_job {
    const hl_mesh_tie *tie;
    hl_splats *splats;
    hl_mesh_tie_pull_options o;
} pull_job;

/* Turns the thinnest axis towards n, or away from it where that is nearer. */
static void turn_to(const float log_scale[3], const float n[3], float share, float quat[4])
{
    const int least = hl_least3(log_scale);
    float unit[4], r[9], axis[3], by[3], turn[4], out[4];
    hl_quat_unit(quat, unit);
    hl_rotation(unit, r);
    for (int k = 0; k < 3; k++)
        axis[k] = r[3 * k + least];
    const float cosine = hl_dot3(axis, n), side = cosine < 0 ? -1.0f : 1.0f;
    const float target[3] = {side * n[0], side * n[1], side * n[2]};
    hl_cross3(axis, target, by);
    const float sine = hl_length3(by);
    if (!(sine > 1e-6f))
        return;
    const float half = 0.5f * share * atan2f(sine, fabsf(cosine)), s_half = sinf(half) / sine;
    turn[0] = cosf(half);
    for (int k = 0; k < 3; k++)
        turn[1 + k] = s_half * by[k];
    hl_quat_mul(turn, unit, out);
    memcpy(quat, out, sizeof out);
}

static void pull_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const pull_job *j = ctx;
    hl_splats *s = j->splats;
    const float h = j->tie->edge;
    const int32_t end = (block + 1) * BLOCK, last = end < s->count ? end : s->count;
    for (int32_t i = block * BLOCK; i < last; i++) {
        float *x = s->mean + 3 * (size_t)i, n[3], above;
        if (!isfinite(x[0] + x[1] + x[2]) || !nearest(j->tie, x, BOUND * h, n, &above))
            continue;
        for (int k = 0; k < 3; k++)
            x[k] -= j->o.offset * above * n[k];
        turn_to(s->log_scale + 3 * (size_t)i, n, j->o.turn, s->quat + 4 * (size_t)i);
        if (above < -FADING * h - reach_along(s, i, n))
            s->logit_opa[i] -= j->o.fade;
    }
}

void hl_mesh_tie_pull(const hl_mesh_tie *tie, hl_splats *splats,
                      const hl_mesh_tie_pull_options *options)
{
    pull_job j = {tie, splats, *options};
    hl_parallel_for(hl_block_count(splats->count, BLOCK), pull_block, &j);
}

/* ---- pictures ------------------------------------------------------------------------------- */

hl_status hl_mesh_tie_view(hl_mesh_tie *tie, const hl_raster_view *view, float window_edges,
                           hl_mesh_tie_maps *maps)
{
    const size_t pixels = (size_t)view->width * (size_t)view->height;
    if (tie->pixels < pixels) {
        hl_free(tie->maps);
        tie->pixels = 0;
        tie->maps = hl_alloc(pixels, 6 * sizeof *tie->maps);
        if (!tie->maps)
            return HL_E_MEMORY;
        tie->pixels = pixels;
    }
    const hl_mesh_view_maps draw = {.depth = tie->maps,
                                    .normal = tie->maps + pixels,
                                    .window = tie->maps + 4 * pixels,
                                    .reach = window_edges * tie->edge};
    hl_mesh_view_draw(tie->mesh, &tie->bvh, view, &draw);
    double sum = 0;
    int64_t seen = 0;
    for (size_t i = 0; i < pixels; i++) {
        sum += (double)draw.depth[i];
        seen += draw.depth[i] > 0;
    }
    *maps = (hl_mesh_tie_maps){.depth = draw.depth,
                               .normal = draw.normal,
                               .window = draw.window,
                               .mean_depth = seen ? (float)(sum / (double)seen) : 0};
    return HL_OK;
}
