/* SPDX-License-Identifier: MIT */
/* raster/train/train_views.c -- what a second photo says in a step (raster/multi_view_loss.h).
 *
 * Every training photo has up to eight others that look the same way from not too near and not too
 * far (Chen et al. 2024, PGSR); lengths are relative to the extent of the cameras.  Each step takes
 * one of them, draws its planes as they are now, and holds them. */
#include "core/log.h"
#include "core/rng.h"
#include "core/vec.h"
#include "raster/train/trainer.h"

#define RADIAN   0.017453293f /* a degree */
#define NEAREST  0.01f        /* baseline, x extent             */
#define FARTHEST 1.5f         /* the same                       */

/* Their distance where b may stand by a, else -1. */
static float baseline(const hl_trainer *t, const hl_raster_view *a, const hl_raster_view *b)
{
    float eye_a[3], eye_b[3], d[3];
    hl_mul3_t(a->r, a->t, eye_a);
    hl_mul3_t(b->r, b->t, eye_b);
    for (int i = 0; i < 3; i++)
        d[i] = eye_a[i] - eye_b[i];
    const float length = hl_length3(d), extent = t->extent;
    return hl_dot3(a->r + 6, b->r + 6) > cosf(t->config.multi_view_angle * RADIAN) &&
                   length > NEAREST * extent && length < FARTHEST * extent
               ? length
               : -1;
}

/* The nearest ones, in order; of equals the first.  -1: no more. */
static int32_t find(const hl_trainer *t, int32_t k, int32_t out[HL_TRAIN_NEIGHBOURS])
{
    float length[HL_TRAIN_NEIGHBOURS];
    int32_t count = 0;
    for (int32_t other = 0; other < t->scene.train_count; other++) {
        const float d = other == k ? -1 : baseline(t, &t->view[k], &t->view[other]);
        if (d < 0 || (count == HL_TRAIN_NEIGHBOURS && !(d < length[count - 1])))
            continue;
        int32_t at = count < HL_TRAIN_NEIGHBOURS ? count++ : count - 1;
        for (; at > 0 && d < length[at - 1]; at--) {
            length[at] = length[at - 1];
            out[at] = out[at - 1];
        }
        length[at] = d;
        out[at] = other;
    }
    for (int32_t i = count; i < HL_TRAIN_NEIGHBOURS; i++)
        out[i] = -1;
    return count;
}

hl_status hl_train_views_start(hl_trainer *t)
{
    const int32_t n = t->scene.train_count;
    int32_t lonely = 0;
    if (!t->config.geometry || !t->config.multi_view)
        return HL_OK;
    t->neighbours = hl_arena_alloc(&t->arena, (size_t)n * HL_TRAIN_NEIGHBOURS, sizeof(int32_t));
    if (!t->neighbours)
        return HL_E_MEMORY;
    HL_TRY(hl_multi_view_create(&t->multi_view));
    for (int32_t k = 0; k < n; k++)
        lonely += find(t, k, t->neighbours + HL_TRAIN_NEIGHBOURS * (size_t)k) == 0;
    if (lonely)
        hl_log(HL_LOG_WARN, "multi-view: %d of %d photos have no other that looks the same way",
               lonely, n);
    return HL_OK;
}

bool hl_train_views_on(const hl_trainer *t, float at)
{
    return t->multi_view && at >= t->config.multi_view_from;
}

/* Draws training photo `near` in pictures `factor` times smaller, and holds its planes. */
static hl_status hold(hl_trainer *t, int32_t near, int32_t factor, const hl_train_photo *photo)
{
    const hl_raster_options options = {.antialiased = t->config.antialiased,
                                       .filter_3d = t->filter_3d,
                                       .outputs = HL_MULTI_VIEW_OUTPUTS};
    hl_loss_target target = photo->target;
    hl_raster_view view = t->view[near];
    hl_raster_frame frame;
    HL_TRY(hl_train_shrink(&t->shrunk_near, &target, &view, factor));
    HL_TRY(hl_raster_forward(t->raster, &t->splats, &view, &options, &frame));
    return hl_multi_view_hold(t->multi_view, &frame, &view, &target);
}

hl_status hl_train_views_hold(hl_trainer *t, int32_t k, float at, bool *held)
{
    hl_train_photo photo;
    int32_t count = 0;
    *held = false;
    if (!hl_train_views_on(t, at))
        return HL_OK;
    const int32_t *all = t->neighbours + HL_TRAIN_NEIGHBOURS * (size_t)k;
    while (count < HL_TRAIN_NEIGHBOURS && all[count] >= 0)
        count++;
    if (count == 0)
        return HL_OK;
    const double before = t->spans ? hl_wall_seconds() : 0;
    hl_rng rng = hl_rng_at((uint64_t)t->config.seed, (uint64_t)t->step, 0, HL_RNG_NEIGHBOUR);
    const int32_t near = all[hl_rng_below(&rng, (uint32_t)count)];
    HL_TRY(hl_train_acquire(t, near, &photo));
    const hl_status s = hold(t, near, hl_train_factor(t), &photo);
    t->scene.photos.release(t->scene.photos.ctx, &photo);
    *held = s == HL_OK;
    if (t->spans)
        hl_span_add(t->spans, "neighbour", hl_wall_seconds() - before);
    return s;
}

hl_status hl_train_views_run(hl_trainer *t, const hl_raster_frame *frame,
                             const hl_raster_view *view, const hl_loss_target *target,
                             hl_loss_result *result)
{
    const hl_train_config *c = &t->config;
    const double pixels = (double)view->width * view->height;
    int32_t stride = 1;
    while (pixels / ((double)stride * stride) > c->multi_view_pixels)
        stride++;
    hl_rng rng = hl_rng_at((uint64_t)c->seed, (uint64_t)t->step, 1, HL_RNG_NEIGHBOUR);
    hl_multi_view_options o = {.geometric = c->multi_view_geometric,
                               .photometric = c->multi_view_photometric,
                               .stride = stride};
    o.first_x = (int32_t)hl_rng_below(&rng, (uint32_t)stride);
    o.first_y = (int32_t)hl_rng_below(&rng, (uint32_t)stride);
    return hl_multi_view_run(t->multi_view, frame, view, target, &o, result, NULL);
}
