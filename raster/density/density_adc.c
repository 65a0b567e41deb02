/* SPDX-License-Identifier: MIT */
/* raster/density/density_adc.c -- adaptive density control (Kerbl et al. 2023, section 5.2).
 *
 * Splats whose mean screen-space gradient exceeds a threshold are cloned where small and replaced
 * by two samples of themselves where large; faint and huge ones are removed; opacity is reset to
 * 0.01 from time to time. */
#include "raster/density/adc.h"
#include "raster/density/density_ops.h"
#include "raster/spatial.h"

/* Replaces splat i by two samples of itself; the second goes to row `child`. */
static void split(const hl_density_config *c, const hl_density_state *state, int32_t i,
                  int32_t child, int32_t step)
{
    hl_splats *s = state->splats;
    float move[2][3];
    hl_adc_split(s->log_scale + 3 * (size_t)i, s->quat + 4 * (size_t)i, c->seed, (uint64_t)step,
                 (uint64_t)i, move);
    hl_splats_copy_row(s, child, s, i);
    for (size_t a = 0; a < 3; a++) {
        s->mean[3 * (size_t)i + a] += move[0][a];
        s->mean[3 * (size_t)child + a] += move[1][a];
    }
    hl_adam_clear_row(state->adam, i);
    hl_adam_clear_row(state->adam, child);
}

static void score_splats(const hl_density_config *c, const hl_density_state *state, float *score)
{
    const float *grad = c->grad_absolute ? state->stats->grad_2d_abs : state->stats->grad_2d;
    for (int32_t i = 0; i < state->splats->count; i++)
        score[i] = hl_adc_score(grad[i], state->stats->seen[i], c->grad_threshold);
}

static int by_score(const float *score, int32_t count, hl_density_work *work, hl_status *status)
{
    int32_t n = 0;
    for (int32_t i = 0; i < count; i++) {
        work->keys[i] = hl_adc_key(score[i]);
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
        dead[i] = !hl_density_finite(s, i) ||
                  hl_adc_is_dead(s->log_scale + 3 * (size_t)i, s->logit_opa[i], big, state->extent);
}

static void reset_opacity(const hl_density_state *state)
{
    hl_splats *s = state->splats;
    for (int32_t i = 0; i < s->count; i++) {
        s->logit_opa[i] = hl_adc_reset(s->logit_opa[i]);
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
