/* SPDX-License-Identifier: MIT */
/* tests/viewer/gpu.h -- a validated Vulkan device for a test, and random splats.
 *
 * Where there is no device or no validation layer the test is skipped with a line that says why;
 * gpu_close fails the test on any message of the layer.
 */
#ifndef HL_TESTS_VIEWER_GPU_H
#define HL_TESTS_VIEWER_GPU_H

#include "core/rng.h"
#include "core/splats.h"
#include "tests/check.h"
#include "viewer/renderer.h"
#include "viewer/vk_device.h"

#include <math.h>
#include <stdio.h>

static inline hl_vk *gpu_open(void)
{
    hl_vk *vk = NULL;
    if (hl_vk_create(&vk, &(hl_vk_params){.validate = true}) != HL_OK) {
        fprintf(stderr, "skipped: %s\n", hl_last_error());
        skip();
    }
    return vk;
}

static inline void gpu_close(hl_vk **vk)
{
    const int messages = (*vk)->messages;
    if (messages)
        fprintf(stderr, "%d messages of the validation layer, the first: %s\n", messages,
                (*vk)->message);
    hl_vk_destroy(vk);
    assert_int_equal(messages, 0);
}

static inline hl_renderer *gpu_renderer(hl_raster_path path)
{
    hl_renderer *r = NULL;
    if (hl_renderer_create(
            &r, &(hl_renderer_params){.path = path, .settle = true, .validate = true}) != HL_OK) {
        fprintf(stderr, "skipped: %s\n", hl_last_error());
        skip();
    }
    return r;
}

static inline void gpu_renderer_close(hl_renderer **r)
{
    hl_renderer_stats stats;
    hl_renderer_stats_read(*r, &stats);
    hl_renderer_destroy(r);
    if (stats.messages)
        fprintf(stderr, "%d messages of the validation layer, the first: %s\n", stats.messages,
                stats.message);
    assert_int_equal(stats.messages, 0);
}

/* Splats in a box before a camera at the origin that looks along +z. */
static inline void gpu_scene(hl_splats *s, hl_arena *arena, int32_t count, int32_t degree,
                             uint64_t seed)
{
    check_ok(hl_splats_init(s, arena, count > 0 ? count : 1));
    s->count = count;
    s->sh_degree = degree;
    for (size_t i = 0; i < (size_t)count; i++) {
        hl_rng rng = hl_rng_at(seed, 0, i, HL_RNG_TEST);
        s->mean[3 * i + 2] = 2.5f + 4 * hl_rng_uniform(&rng);
        for (size_t k = 0; k < 3; k++) {
            if (k < 2)
                s->mean[3 * i + k] = 3.6f * hl_rng_uniform(&rng) - 1.8f;
            s->log_scale[3 * i + k] = logf(0.03f) + 0.8f * hl_rng_normal(&rng);
        }
        for (size_t k = 0; k < 4; k++)
            s->quat[4 * i + k] = hl_rng_normal(&rng);
        s->logit_opa[i] = 1.5f * hl_rng_normal(&rng);
        for (size_t c = 0; c < 3; c++)
            for (size_t k = 0; k < (size_t)hl_sh_coeffs(degree); k++)
                s->sh[(3 * i + c) * HL_SH_COEFFS_MAX + k] =
                    (k == 0 ? 1.2f : 0.2f) * hl_rng_normal(&rng);
    }
}

/* A camera at the origin, a little turned and moved. */
static inline hl_raster_view gpu_view(int32_t width, int32_t height)
{
    const float f = 0.9f * (float)(width > height ? width : height), phi = 0.1f;
    return (hl_raster_view){.width = width,
                            .height = height,
                            .fx = f,
                            .fy = 1.05f * f,
                            .cx = 0.5f * (float)width + 0.7f,
                            .cy = 0.5f * (float)height - 0.4f,
                            .r = {cosf(phi), 0, sinf(phi), 0, 1, 0, -sinf(phi), 0, cosf(phi)},
                            .t = {0.1f, -0.2f, 0.3f}};
}

#endif /* HL_TESTS_VIEWER_GPU_H */
