/* SPDX-License-Identifier: MIT */
/* raster/density/density_adc.c -- adaptive density control (Kerbl et al. 2023, section 5.2).
 *
 * Splats whose mean screen-space gradient exceeds a threshold are cloned where small and replaced
 * by two samples of themselves where large; faint and huge ones are removed; opacity is reset to
 * 0.01 from time to time. */
#include "core/rng.h"
#include "core/vec.h"
#include "raster/density/density_ops.h"
#include "raster/spatial.h"

#include <math.h>

#define OPACITY_MIN    0.005f
#define OPACITY_RESET  0.01f
#define SCALE_MAX      0.1f /* of extent, once opacity was reset */
#define SPLIT_DIVISOR  1.6f
#define SPLIT_CHILDREN 2

/* Replaces splat i by two samples of itself; the second goes to row `child`. */
static void split(const hl_density_config *c, const hl_density_state *state, int32_t i,
                  int32_t child, int32_t step)
{
    hl_splats *s = state->splats;
    float unit[4], r[9], size[3];
    hl_quat_unit(s->quat + 4 * (size_t)i, unit);
    hl_rotation(unit, r);
    for (size_t a = 0; a < 3; a++) {
        size[a] = expf(s->log_scale[3 * (size_t)i + a]);
        s->log_scale[3 * (size_t)i + a] -= logf(SPLIT_DIVISOR);
    }
    hl_splats_copy_row(s, child, s, i);
    hl_rng rng = hl_rng_at(c->seed, (uint64_t)step, (uint64_t)i, HL_RNG_REFINE);
    const int32_t rows[SPLIT_CHILDREN] = {i, child};
    for (int k = 0; k < SPLIT_CHILDREN; k++) {
        float local[3], world[3];
        for (int a = 0; a < 3; a++)
            local[a] = size[a] * hl_rng_normal(&rng);
        hl_mul3(r, local, world);
        for (size_t a = 0; a < 3; a++)
            s->mean[3 * (size_t)rows[k] + a] += world[a];
        hl_adam_clear_row(state->adam, rows[k]);
    }
}

static void score_splats(const hl_density_config *c, const hl_density_state *state, float *score)
{
    const float *grad = c->grad_absolute ? state->stats->grad_2d_abs : state->stats->grad_2d;
    for (int32_t i = 0; i < state->splats->count; i++) {
        const float seen = state->stats->seen[i];
        const float mean = seen > 0 ? grad[i] / seen : 0;
        score[i] = mean >= c->grad_threshold ? mean : 0;
    }
}

static int by_score(const float *score, int32_t count, hl_density_work *work, hl_status *status)
{
    int32_t n = 0;
    for (int32_t i = 0; i < count; i++) {
        /* scores are positive: their bits sort like they do */
        union {
            float f;
            uint32_t u;
        } bits = {.f = score[i]};
        work->keys[i] = (uint64_t)(0x7fffffffu - bits.u);
        n += score[i] > 0;
    }
    *status = hl_morton_sort(work->order, work->keys, count);
    return n;
}

static void prune(const hl_density_config *c, const hl_density_state *state, int32_t step,
                  uint8_t *dead)
{
    const hl_splats *s = state->splats;
    const bool big = c->reset_every > 0 && step > c->reset_every;
    for (int32_t i = 0; i < s->count; i++)
        dead[i] = !hl_density_finite(s, i) || hl_sigmoid(s->logit_opa[i]) < OPACITY_MIN ||
                  (big && hl_density_max_scale(s, i) > SCALE_MAX * state->extent);
}

static void reset_opacity(const hl_density_state *state)
{
    hl_splats *s = state->splats;
    for (int32_t i = 0; i < s->count; i++) {
        s->logit_opa[i] = hl_logit(hl_min(hl_sigmoid(s->logit_opa[i]), OPACITY_RESET));
        state->adam->m.logit_opa[i] = state->adam->v.logit_opa[i] = 0;
    }
}

hl_status hl_density_refine_adc(const hl_density_config *config, const hl_density_state *state,
                                int32_t step, hl_density_work *work, hl_density_report *report)
{
    hl_splats *s = state->splats;
    hl_status status;
    if (step == config->start) { /* the extra reset for white backgrounds */
        reset_opacity(state);
        return HL_OK;
    }
    score_splats(config, state, work->score);
    const int32_t candidates = by_score(work->score, s->count, work, &status);
    HL_TRY(status);
    /* The cap takes the largest gradients first. */
    for (int32_t k = 0; k < candidates && s->count < config->cap; k++) {
        const int32_t i = work->order[k], child = s->count++;
        if (hl_density_max_scale(s, i) <= config->clone_scale * state->extent) {
            hl_splats_copy_row(s, child, s, i);
            hl_adam_clear_row(state->adam, child);
            report->cloned++;
        } else {
            split(config, state, i, child, step);
            report->split++;
        }
        report->born++;
    }
    report->bad = hl_density_mark_bad(s, work->dead);
    prune(config, state, step, work->dead);
    HL_TRY(hl_density_compact(state, work->dead, &report->removed));
    if (config->reset_every > 0 && step % config->reset_every == 0)
        reset_opacity(state);
    return HL_OK;
}
