/* SPDX-License-Identifier: MIT */
#include "raster/adam.h"

#include <math.h>
#include <string.h>

static int32_t cluster_count(int32_t splats)
{
    return (splats + HL_CLUSTER - 1) / HL_CLUSTER;
}

hl_status hl_adam_init(hl_adam *adam, hl_arena *arena, int32_t capacity, hl_adam_mode mode)
{
    hl_adam a = {.mode = mode};
    const hl_arena_mark mark = hl_arena_save(arena);
    hl_status s = hl_splats_init(&a.m, arena, capacity);
    if (s == HL_OK)
        s = hl_splats_init(&a.v, arena, capacity);
    if (s == HL_OK) {
        a.cluster_count = cluster_count(capacity);
        a.steps = hl_arena_alloc(arena, (size_t)a.cluster_count, sizeof *a.steps);
        s = a.steps ? HL_OK : HL_E_MEMORY;
    }
    if (s != HL_OK) {
        hl_arena_rewind(arena, mark);
        return hl_fail_context(s, "Adam state");
    }
    *adam = a;
    return HL_OK;
}

void hl_adam_clear_row(hl_adam *adam, int32_t i)
{
#define X(name, components)                                                           \
    memset(adam->m.name + (size_t)i * (components), 0, (components) * sizeof(float)); \
    memset(adam->v.name + (size_t)i * (components), 0, (components) * sizeof(float));
    HL_SPLAT_FIELDS(X)
#undef X
}

void hl_adam_row_plain(float *p, float *m, float *v, const float *g, int32_t count,
                       const float step[HL_ADAM_PATTERN], float inv_sqrt_bias2)
{
    for (int32_t i = 0; i < count; i++)
        hl_adam_update(&p[i], &m[i], &v[i], g[i], step[i % HL_ADAM_PATTERN], inv_sqrt_bias2);
}

/* Regularisers on mean(o) and mean(s), added to the gradients of n splats from `first`. */
static void add_regularisers(const hl_adam *adam, const hl_splats *s, int32_t first, int32_t n,
                             const hl_adam_fields *grad)
{
    const float per_splat = 1 / (float)s->count;
    if (adam->opacity_reg > 0)
        for (int32_t k = 0; k < n; k++) {
            const float o = hl_sigmoid(s->logit_opa[first + k]);
            grad->logit_opa[k] += adam->opacity_reg * per_splat * o * (1 - o);
        }
    if (adam->scale_reg > 0)
        for (int32_t k = 0; k < 3 * n; k++)
            grad->log_scale[k] += adam->scale_reg * per_splat / 3 *
                                  hl_exp(s->log_scale[3 * (size_t)first + (size_t)k]);
}

void hl_adam_cluster(hl_adam *adam, hl_splats *splats, int32_t cluster, const hl_adam_fields *grad,
                     bool visible, hl_adam_row_fn row)
{
    if (adam->mode == HL_ADAM_CLUSTER && !visible)
        return;
    const int32_t first = cluster * HL_CLUSTER;
    const int32_t n = splats->count - first < HL_CLUSTER ? splats->count - first : HL_CLUSTER;
    add_regularisers(adam, splats, first, n, grad);
    const int32_t t = ++adam->steps[cluster];
    const float bias1 = (float)(1 / (1 - pow(HL_ADAM_BETA1, t)));
    const float inv_sqrt_bias2 = (float)(1 / sqrt(1 - pow(HL_ADAM_BETA2, t)));
    const float lr_mean = adam->lr_mean, lr_log_scale = adam->lr_log_scale, lr_quat = adam->lr_quat;
    const float lr_logit_opa = adam->lr_logit_opa, lr_sh = adam->lr_sh_rest;
#define X(name, components)                                                                        \
    {                                                                                              \
        const size_t at = (size_t)first * (components);                                            \
        float step[HL_ADAM_PATTERN];                                                               \
        for (int k = 0; k < HL_ADAM_PATTERN; k++)                                                  \
            step[k] = lr_##name * bias1;                                                           \
        if ((components) == HL_SPLAT_DIM_sh)                                                       \
            step[0] = adam->lr_sh_dc * bias1;                                                      \
        row(splats->name + at, adam->m.name + at, adam->v.name + at, grad->name, n * (components), \
            step, inv_sqrt_bias2);                                                                 \
    }
    HL_SPLAT_FIELDS(X)
#undef X
}

void hl_adam_step(hl_adam *adam, hl_splats *splats, const hl_splats *grad, const uint8_t *visible)
{
    for (int32_t c = 0; c < cluster_count(splats->count); c++) {
        const int32_t first = c * HL_CLUSTER;
        const int32_t n = splats->count - first < HL_CLUSTER ? splats->count - first : HL_CLUSTER;
        bool any = !visible;
        for (int32_t k = 0; k < n && !any; k++)
            any = visible[first + k];
        float local[HL_CLUSTER * HL_SPLAT_FLOATS];
        float *at = local;
        hl_adam_fields fields;
#define X(name, components)                               \
    fields.name = at;                                     \
    memcpy(at, grad->name + (size_t)first * (components), \
           (size_t)n * (components) * sizeof(float));     \
    at += HL_CLUSTER * (components);
        HL_SPLAT_FIELDS(X)
#undef X
        hl_adam_cluster(adam, splats, c, &fields, any, hl_adam_row_plain);
    }
}

void hl_adam_step_array(float *p, float *m, float *v, const float *g, int32_t count, float lr,
                        int32_t t)
{
    float step[HL_ADAM_PATTERN];
    for (int k = 0; k < HL_ADAM_PATTERN; k++)
        step[k] = (float)((double)lr / (1 - pow(HL_ADAM_BETA1, t)));
    hl_adam_row_plain(p, m, v, g, count, step, (float)(1 / sqrt(1 - pow(HL_ADAM_BETA2, t))));
}
