/* SPDX-License-Identifier: MIT */
/* tests/raster/scene.h -- random little scenes and the reference's memory, in HL_REAL.
 *
 * Include after defining HL_REAL.  Everything lives in one arena; numbers come from core/rng.h,
 * so a scene is named by its seed.
 */
#ifndef HL_TESTS_RASTER_SCENE_H
#define HL_TESTS_RASTER_SCENE_H

#include "core/arena.h"
#include "core/rng.h"
#include "raster/reference.h"

typedef struct scene_size {
    int32_t splats, width, height, features, degree;
    int antialiased;
} scene_size;

static inline hl_real *scene_reals(hl_arena *arena, size_t n)
{
    return (hl_real *)hl_arena_alloc(arena, n ? n : 1, sizeof(hl_real));
}

/* A camera at the origin that looks along +z at splats in a box around (0, 0, 4), all of it turned
 * and moved by a fixed pose so that no axis is special. */
static inline void scene_camera(hl_reference *s, const scene_size *size)
{
    const hl_real phi[3] = {(hl_real)0.2, (hl_real)-0.3, (hl_real)0.1};
    const hl_real t[3] = {(hl_real)0.3, (hl_real)-0.2, (hl_real)0.5};
    const hl_real q[4] = {1, phi[0] / 2, phi[1] / 2, phi[2] / 2};
    hl_real unit[4], r[9];
    hl_quat_unit(q, unit);
    hl_rotation(unit, r);
    const hl_real wh[2] = {(hl_real)size->width, (hl_real)size->height};
    const hl_real f = (hl_real)0.9 * hl_max(wh[0], wh[1]);
    const hl_real k[4] = {f, (hl_real)1.1 * f, wh[0] / 2 + (hl_real)0.7, wh[1] / 2 - (hl_real)0.4};
    hl_projector_init(&s->projector, wh, k, r, t, size->antialiased);
}

static inline void scene_memory(hl_reference *s, hl_arena *arena, const scene_size *size)
{
    const size_t n = (size_t)size->splats, px = (size_t)size->width * (size_t)size->height;
    const size_t features = n * (size_t)size->features;
    s->footprint = (hl_footprint *)hl_arena_alloc(arena, n + 1, sizeof *s->footprint);
    s->value = scene_reals(arena, n * HL_REFERENCE_PLANES);
    s->flags = (int32_t *)hl_arena_alloc(arena, n + 1, sizeof(int32_t));
    s->order = (int32_t *)hl_arena_alloc(arena, n + 1, sizeof(int32_t));
    s->planes = scene_reals(arena, px * HL_REFERENCE_PLANES);
    s->transmittance = scene_reals(arena, px);
    s->median = scene_reals(arena, px);
    s->max_weight = scene_reals(arena, n);
    s->max_pixel = (int32_t *)hl_arena_alloc(arena, n + 1, sizeof(int32_t));
    s->d_mean = scene_reals(arena, 3 * n);
    s->d_log_scale = scene_reals(arena, 3 * n);
    s->d_quat = scene_reals(arena, 4 * n);
    s->d_logit_opa = scene_reals(arena, n);
    s->d_sh = scene_reals(arena, 48 * n);
    s->d_features = scene_reals(arena, features);
    s->rows = scene_reals(arena, n * HL_REFERENCE_ROW);
}

static inline hl_real scene_between(hl_rng *rng, double lo, double hi)
{
    return (hl_real)lo + (hl_real)(hi - lo) * hl_rng_uniform(rng);
}

/* Random splats; positions are given in the camera frame and moved to the world. */
static inline void scene_splats(hl_reference *s, hl_arena *arena, const scene_size *size,
                                uint64_t seed)
{
    const size_t n = (size_t)size->splats;
    hl_real *mean = scene_reals(arena, 3 * n), *log_scale = scene_reals(arena, 3 * n);
    hl_real *quat = scene_reals(arena, 4 * n), *logit = scene_reals(arena, n);
    hl_real *sh = scene_reals(arena, 48 * n);
    hl_real *features = scene_reals(arena, n * (size_t)size->features);
    hl_real *filter = scene_reals(arena, n);
    for (size_t i = 0; i < n; i++) {
        hl_rng rng = hl_rng_at(seed, 0, i, HL_RNG_TEST);
        hl_real x[3] = {scene_between(&rng, -1.8, 1.8), scene_between(&rng, -1.8, 1.8),
                        scene_between(&rng, 2.5, 6)};
        for (int k = 0; k < 3; k++)
            x[k] -= s->projector.t[k];
        hl_mul3_t(s->projector.r, x, mean + 3 * i);
        for (int k = 0; k < 3; k++)
            log_scale[3 * i + (size_t)k] = scene_between(&rng, -2.5, -0.3);
        for (int k = 0; k < 4; k++)
            quat[4 * i + (size_t)k] = hl_rng_normal(&rng);
        logit[i] = scene_between(&rng, -2, 2.5);
        for (size_t k = 0; k < 48; k++)
            sh[48 * i + k] = (k % 16 ? (hl_real)0.15 : (hl_real)1) * scene_between(&rng, -1, 1);
        for (size_t k = 0; k < (size_t)size->features; k++)
            features[i * (size_t)size->features + k] = hl_rng_normal(&rng);
        filter[i] = scene_between(&rng, 0, 0.05);
    }
    s->mean = mean;
    s->log_scale = log_scale;
    s->quat = quat;
    s->logit_opa = logit;
    s->sh = sh;
    s->features = features;
    s->filter_3d = filter;
}

static inline void scene_create(hl_reference *s, hl_arena *arena, scene_size size, uint64_t seed)
{
    const hl_reference zero = {0};
    *s = zero;
    s->count = size.splats;
    s->width = size.width;
    s->height = size.height;
    s->feature_count = size.features;
    s->sh_degree = size.degree;
    s->background[0] = (hl_real)0.3;
    s->background[1] = (hl_real)0.6;
    s->background[2] = (hl_real)0.1;
    scene_camera(s, &size);
    scene_splats(s, arena, &size, seed);
    scene_memory(s, arena, &size);
}

/* Random dL/d(output) for every output. */
static inline void scene_output_grads(hl_reference *s, hl_arena *arena, uint64_t seed)
{
    const size_t px = (size_t)s->width * (size_t)s->height;
    const size_t planes = (size_t)hl_reference_planes(s);
    hl_real *d[4] = {scene_reals(arena, px * planes), scene_reals(arena, px),
                     scene_reals(arena, px), scene_reals(arena, (size_t)s->count)};
    const size_t n[4] = {px * planes, px, px, (size_t)s->count};
    for (size_t k = 0; k < 4; k++)
        for (size_t i = 0; i < n[k]; i++) {
            hl_rng rng = hl_rng_at(seed, k + 1, i, HL_RNG_TEST);
            d[k][i] = hl_rng_normal(&rng);
        }
    s->d_planes = d[0];
    s->d_alpha = d[1];
    s->d_median = d[2];
    s->d_max_weight = d[3];
}

/* The scalar whose gradient hl_reference_backward gives. */
static inline hl_real scene_loss(hl_reference *s)
{
    hl_reference_forward(s);
    const size_t px = (size_t)s->width * (size_t)s->height;
    hl_real sum = 0;
    for (size_t i = 0; i < px * (size_t)hl_reference_planes(s); i++)
        sum += s->d_planes[i] * s->planes[i];
    for (size_t i = 0; i < px; i++)
        sum += s->d_alpha[i] * (1 - s->transmittance[i]) + s->d_median[i] * s->median[i];
    for (int32_t i = 0; i < s->count; i++)
        sum += s->d_max_weight[i] * s->max_weight[i];
    return sum;
}

#endif /* HL_TESTS_RASTER_SCENE_H */
