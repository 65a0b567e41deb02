/* SPDX-License-Identifier: MIT */
#include "train_scene.h"

#include "core/rng.h"
#include "tests/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void make_truth(train_scene *s, int32_t count)
{
    hl_arena_init(&s->arena, 0, 0);
    check_ok(hl_splats_init(&s->truth, &s->arena, count));
    s->truth.count = count;
    for (int32_t i = 0; i < count; i++) {
        hl_rng rng = hl_rng_at(11, 0, (uint64_t)i, HL_RNG_TEST);
        const size_t k = (size_t)i;
        for (size_t a = 0; a < 3; a++) {
            s->truth.mean[3 * k + a] = 2 * hl_rng_uniform(&rng) - 1;
            s->truth.log_scale[3 * k + a] = logf(0.05f + 0.15f * hl_rng_uniform(&rng));
            s->truth.sh[48 * k + 16 * a] = (hl_rng_uniform(&rng) - 0.5f) / 0.2820948f;
            s->points[3 * k + a] = s->truth.mean[3 * k + a] + 0.03f * hl_rng_normal(&rng);
            s->colors[3 * k + a] = 128;
        }
        for (size_t a = 0; a < 4; a++)
            s->truth.quat[4 * k + a] = hl_rng_normal(&rng);
        s->truth.logit_opa[k] = 3 * hl_rng_uniform(&rng);
    }
}

/* A camera at distance 4 that looks at the origin: the world turned about y, then about x. */
static hl_raster_view view_at(int k, int32_t width, int32_t height)
{
    const float a = 6.2831853f * (float)k / SCENE_VIEWS, b = k % 2 ? 0.3f : -0.2f;
    const float ca = cosf(a), sa = sinf(a), cb = cosf(b), sb = sinf(b);
    return (hl_raster_view){.width = width,
                            .height = height,
                            .fx = 1.4f * (float)width,
                            .fy = 1.4f * (float)width,
                            .cx = 0.5f * (float)width,
                            .cy = 0.5f * (float)height,
                            .r = {ca, 0, -sa, -sb * sa, cb, -sb * ca, cb * sa, sb, cb * ca},
                            .t = {0, 0, 4}};
}

static uint8_t to_byte(float x)
{
    return (uint8_t)(255 * hl_clamp(x, 0, 1) + 0.5f);
}

static void take_photo(train_scene *s, hl_raster *raster, int k)
{
    hl_raster_frame f;
    const hl_raster_options options = {.sh_degree = 0};
    check_ok(hl_raster_forward(raster, &s->truth, &s->views[k], &options, &f));
    const size_t n = (size_t)s->channels;
    s->pixels[k] = malloc((size_t)(f.width * f.height) * n);
    assert_non_null(s->pixels[k]);
    for (int32_t y = 0; y < f.height; y++)
        for (int32_t x = 0; x < f.width; x++) {
            const size_t at = (size_t)y * (size_t)f.stride + (size_t)x;
            uint8_t *p = s->pixels[k] + ((size_t)y * (size_t)f.width + (size_t)x) * n;
            const float alpha = n == 4 ? 1 - f.transmittance[at] : 1;
            for (size_t c = 0; c < 3; c++)
                p[c] = to_byte(alpha > 0 ? f.plane[c][at] / alpha : 0);
            if (n == 4)
                p[3] = to_byte(alpha);
        }
}

static hl_status acquire(void *ctx, int32_t index, hl_train_photo *photo)
{
    const train_scene *s = ctx;
    *photo = (hl_train_photo){.target = {.width = s->views[index].width,
                                         .height = s->views[index].height,
                                         .channels = s->channels,
                                         .pixels = s->pixels[index]}};
    return HL_OK;
}

static void release(void *ctx, hl_train_photo *photo)
{
    (void)ctx;
    (void)photo;
}

void train_scene_make(train_scene *s, int32_t splats, int32_t width, int32_t height,
                      int32_t channels)
{
    memset(s, 0, sizeof *s);
    assert_true(splats <= SCENE_SPLATS_MAX);
    s->channels = channels;
    make_truth(s, splats);
    hl_raster *raster;
    check_ok(hl_raster_create(&raster, "cpu", HL_ISA_AUTO));
    int32_t train = 0, test = 0;
    for (int k = 0; k < SCENE_VIEWS; k++) {
        s->views[k] = view_at(k, width, height);
        s->names[k] = "photo";
        if (k % 7 == 3)
            s->test[test++] = k;
        else
            s->train[train++] = k;
        take_photo(s, raster, k);
    }
    hl_raster_destroy(&raster);
    s->scene = (hl_train_scene){.view_count = SCENE_VIEWS,
                                .views = s->views,
                                .names = s->names,
                                .train_count = train,
                                .train = s->train,
                                .test_count = test,
                                .test = s->test,
                                .point_count = splats,
                                .points = s->points,
                                .colors = s->colors,
                                .has_alpha = channels == 4,
                                .photos = {.ctx = s, .acquire = acquire, .release = release}};
}

void train_scene_release(train_scene *s)
{
    for (int k = 0; k < SCENE_VIEWS; k++)
        free(s->pixels[k]);
    hl_arena_release(&s->arena);
}
