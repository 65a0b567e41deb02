/* SPDX-License-Identifier: MIT */
/* tests/raster/float_scene.h -- a random scene in float for tests of the backend alone: larger
 * than what the reference can follow, and free to hold anything.
 */
#ifndef HL_TESTS_RASTER_FLOAT_SCENE_H
#define HL_TESTS_RASTER_FLOAT_SCENE_H

#include "core/rng.h"
#include "raster/raster.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

typedef struct float_scene {
    hl_arena arena;
    hl_splats splats, grad;
    hl_adam adam;
    float *features, *feature_grad; /* (count, 2) */
    float *stat[8];
    hl_raster_stats stats;
    hl_raster_view view;
    hl_raster_options options;
    hl_raster_frame_grad frame_grad; /* a random plane for each output */
} float_scene;

/* Gradient planes for a picture of this size with 9 planes. */
static inline void float_scene_grads(float_scene *s)
{
    const size_t stride = ((size_t)s->view.width + 15) / 16 * 16;
    const size_t pixels = stride * (((size_t)s->view.height + 15) / 16 * 16);
    float *all[11];
    for (size_t p = 0; p < 11; p++) {
        all[p] = hl_arena_alloc(&s->arena, pixels, sizeof(float));
        for (size_t i = 0; i < pixels; i++) {
            hl_rng rng = hl_rng_at(77, p, i, HL_RNG_TEST);
            all[p][i] = hl_rng_normal(&rng);
        }
    }
    memcpy(s->frame_grad.plane, all, 9 * sizeof(float *));
    s->frame_grad.alpha = all[9];
    s->frame_grad.median_depth = all[10];
    float *weights = hl_arena_alloc(&s->arena, (size_t)s->splats.count + 1, sizeof(float));
    for (int32_t i = 0; i < s->splats.count; i++)
        weights[i] = sinf((float)i);
    s->frame_grad.max_weight = weights;
}

/* Colour, depth, normal, two features; extras: median and largest weight too. */
static inline void float_scene_create(float_scene *s, int32_t count, int32_t width, int32_t height,
                                      int extras)
{
    memset(s, 0, sizeof *s);
    hl_arena_init(&s->arena, 0, 0);
    const size_t n = (size_t)count;
    check_ok(hl_splats_init(&s->splats, &s->arena, count + 1));
    check_ok(hl_splats_init(&s->grad, &s->arena, count + 1));
    check_ok(hl_adam_init(&s->adam, &s->arena, count + 1, HL_ADAM_CLUSTER));
    s->splats.count = s->grad.count = count;
    s->splats.sh_degree = 3;
    s->adam.lr_mean = s->adam.lr_log_scale = s->adam.lr_quat = s->adam.lr_logit_opa = 0.003f;
    s->adam.lr_sh_dc = s->adam.lr_sh_rest = 0.002f;
    s->features = hl_arena_alloc(&s->arena, 2 * n + 1, sizeof(float));
    s->feature_grad = hl_arena_alloc(&s->arena, 2 * n + 1, sizeof(float));
    for (int k = 0; k < 8; k++)
        s->stat[k] = hl_arena_alloc(&s->arena, n + 1, sizeof(float));
    s->stats = (hl_raster_stats){s->stat[0], s->stat[1], s->stat[2], s->stat[3],
                                 s->stat[4], s->stat[5], s->stat[6], s->stat[7]};
    s->view = (hl_raster_view){.width = width,
                               .height = height,
                               .fx = (float)width,
                               .fy = (float)width,
                               .cx = (float)width / 2,
                               .cy = (float)height / 2,
                               .r = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
    s->options = (hl_raster_options){.sh_degree = 3,
                                     .background = {0.2f, 0.4f, 0.6f},
                                     .outputs = HL_RASTER_DEPTH | HL_RASTER_NORMAL,
                                     .feature_count = 2,
                                     .features = s->features};
    if (extras)
        s->options.outputs |= HL_RASTER_MEDIAN | HL_RASTER_MAX_WEIGHT;
    for (size_t i = 0; i < n; i++) {
        hl_rng rng = hl_rng_at(5, 0, i, HL_RNG_TEST);
        const float z = 2 + 4 * hl_rng_uniform(&rng);
        s->splats.mean[3 * i] = z * (1.2f * hl_rng_uniform(&rng) - 0.6f);
        s->splats.mean[3 * i + 1] = z * (1.2f * hl_rng_uniform(&rng) - 0.6f);
        s->splats.mean[3 * i + 2] = z;
        for (size_t k = 0; k < 3; k++)
            s->splats.log_scale[3 * i + k] = -3.5f + 1.2f * hl_rng_uniform(&rng);
        for (size_t k = 0; k < 4; k++)
            s->splats.quat[4 * i + k] = hl_rng_normal(&rng);
        s->splats.logit_opa[i] = 2 * hl_rng_normal(&rng);
        for (size_t k = 0; k < 48; k++)
            s->splats.sh[48 * i + k] = 0.3f * hl_rng_normal(&rng);
        for (size_t k = 0; k < 2; k++)
            s->features[2 * i + k] = hl_rng_normal(&rng);
    }
    float_scene_grads(s);
    if (!extras)
        s->frame_grad.median_depth = s->frame_grad.max_weight = NULL;
}

/* NULL, with a line, where the instruction set is absent. */
static inline hl_raster *float_scene_raster(hl_isa isa)
{
    hl_raster *r = NULL;
    if (hl_raster_create(&r, "cpu", isa) != HL_OK)
        print_message("skipped: %s\n", hl_last_error());
    return r;
}

#endif /* HL_TESTS_RASTER_FLOAT_SCENE_H */
