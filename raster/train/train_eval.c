/* SPDX-License-Identifier: MIT */
#include "core/metric.h"
#include "raster/train/trainer.h"

#include <math.h>
#include <string.h>

/* What a PNG of the picture would hold. */
static void round_to_8_bits(hl_raster_frame *frame)
{
    for (int c = 0; c < 3; c++)
        for (int32_t y = 0; y < frame->height; y++) {
            float *row = frame->plane[c] + (size_t)y * (size_t)frame->stride;
            for (int32_t x = 0; x < frame->width; x++)
                row[x] = floorf(hl_clamp(row[x], 0, 1) * 255 + 0.5f) / 255;
        }
}

static hl_status eval_view(hl_trainer *t, int32_t index, hl_train_score *score)
{
    const hl_train_config *c = &t->config;
    hl_train_photo photo;
    HL_TRY(t->scene.photos.acquire(t->scene.photos.ctx, index, &photo));
    const hl_raster_options options = {
        .sh_degree = t->splats.sh_degree,
        .antialiased = c->antialiased,
        .background = {c->background_r, c->background_g, c->background_b},
        .filter_3d = t->filter_3d};
    hl_loss_options lo = {.ssim_weight = 1};
    memcpy(lo.background, options.background, sizeof lo.background);
    hl_raster_frame frame;
    hl_loss_result result = {.loss = 0};
    hl_status s =
        hl_raster_forward(t->raster, &t->splats, &t->scene.views[index], &options, &frame);
    if (s == HL_OK) {
        round_to_8_bits(&frame);
        s = hl_loss_run(t->loss, &frame, &photo.target, &lo, &result);
    }
    t->scene.photos.release(t->scene.photos.ctx, &photo);
    score->psnr = result.mse > 0 ? fmin(-10 * log10(result.mse), 100) : 100;
    score->ssim = result.ssim;
    return s;
}

hl_status hl_trainer_eval(hl_trainer *t, hl_train_score *mean, hl_train_score *per_view)
{
    hl_train_score sum = {0, 0};
    for (int32_t k = 0; k < t->scene.test_count; k++) {
        hl_train_score score;
        HL_TRY(eval_view(t, t->scene.test[k], &score));
        sum.psnr += score.psnr / t->scene.test_count;
        sum.ssim += score.ssim / t->scene.test_count;
        if (per_view)
            per_view[k] = score;
    }
    *mean = sum;
    return HL_OK;
}

static bool worth_keeping(const hl_splats *s, int32_t i)
{
    bool good = hl_sigmoid(s->logit_opa[i]) >= (float)HL_ALPHA_MIN;
#define X(name, components)                   \
    for (size_t k = 0; k < (components); k++) \
        good = good && isfinite(s->name[(size_t)i * (components) + k]);
    HL_SPLAT_FIELDS(X)
#undef X
    return good;
}

hl_status hl_trainer_export(const hl_trainer *t, hl_splats *out, hl_arena *arena)
{
    hl_splats s;
    const int32_t room = t->splats.count > 0 ? t->splats.count : 1;
    HL_TRY(hl_splats_init(&s, arena, room));
    float *filter = t->filter_3d ? hl_arena_alloc(arena, (size_t)room, sizeof *filter) : NULL;
    if (t->filter_3d && !filter)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < t->splats.count; i++) {
        if (!worth_keeping(&t->splats, i))
            continue;
        hl_splats_copy_row(&s, s.count, &t->splats, i);
        if (filter)
            filter[s.count] = t->filter_3d[i];
        s.count++;
    }
    s.sh_degree = t->splats.sh_degree;
    s.antialiased = t->config.antialiased;
    if (filter)
        hl_train_bake_filter(&s, filter);
    *out = s;
    return HL_OK;
}
