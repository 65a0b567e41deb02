/* SPDX-License-Identifier: MIT */
/* Exposures and poses of photos, up and down: raster/cuda/gpu_small.h. */
#include "raster/cuda/training_gpu.h"

#include <string.h>

enum { EXPOSURE = 12, POSE = 6, VIEW = 12 };

/* The arrays of a table behind `at`: values of `size` floats, moments of `moments`. */
static float *lay_out(hl_gpu_small *s, float *at, size_t photos, size_t size, size_t moments)
{
    s->value = at;
    s->m = s->value + photos * size;
    s->v = s->m + photos * moments;
    s->steps = (int32_t *)(void *)(s->v + photos * moments);
    return s->v + photos * (moments + 1);
}

hl_status hl_gpu_small_reserve(hl_gpu_raster *r, const hl_trainer *t)
{
    hl_gpu_training *g = r->training;
    const size_t n = (size_t)t->scene.train_count;
    hl_gpu_buffer *block = &r->buffer[HL_GPU_B_SMALL];
    size_t floats = t->exposure.size ? n * (3 * EXPOSURE + 1) : 0;
    floats += t->pose.size ? n * (VIEW + 2 * POSE + 1) : 0;
    memset(&g->exposure, 0, sizeof g->exposure);
    memset(&g->pose, 0, sizeof g->pose);
    if (!floats)
        return HL_OK;
    HL_TRY(hl_gpu_reserve(&r->gpu, block, floats, sizeof(float), "exposures and poses"));
    float *at = block->at;
    if (t->exposure.size)
        at = lay_out(&g->exposure, at, n, EXPOSURE, EXPOSURE);
    if (t->pose.size)
        lay_out(&g->pose, at, n, VIEW, POSE);
    return HL_OK;
}

static hl_status move(hl_gpu_raster *r, void *device, void *host, size_t bytes, bool up)
{
    return up ? hl_gpu_upload(&r->gpu, device, host, bytes)
              : hl_gpu_download(&r->gpu, host, device, bytes);
}

static hl_status move_extra(hl_gpu_raster *r, const hl_gpu_small *s, const hl_train_extra *e,
                            size_t n, bool up)
{
    const size_t bytes = n * (size_t)e->size * sizeof(float);
    HL_TRY(move(r, s->m, e->m, bytes, up));
    HL_TRY(move(r, s->v, e->v, bytes, up));
    return move(r, s->steps, e->steps, n * sizeof(int32_t), up);
}

/* r and t of a view lie one behind the other. */
static hl_status move_poses(hl_gpu_raster *r, hl_trainer *t, bool up)
{
    const hl_gpu_small *s = &r->training->pose;
    for (int32_t k = 0; k < t->scene.train_count; k++) {
        float *at = s->value + VIEW * (size_t)k;
        HL_TRY(move(r, at, t->view[k].r, 9 * sizeof(float), up));
        HL_TRY(move(r, at + 9, t->view[k].t, 3 * sizeof(float), up));
    }
    return HL_OK;
}

hl_status hl_gpu_small_move(hl_gpu_raster *r, hl_trainer *t, bool up)
{
    const hl_gpu_training *g = r->training;
    const size_t n = (size_t)t->scene.train_count;
    if (t->exposure.size) {
        HL_TRY(move(r, g->exposure.value, t->exposure.value, n * EXPOSURE * sizeof(float), up));
        HL_TRY(move_extra(r, &g->exposure, &t->exposure, n, up));
    }
    if (!t->pose.size)
        return HL_OK;
    HL_TRY(move_extra(r, &g->pose, &t->pose, n, up));
    return move_poses(r, t, up);
}
