/* SPDX-License-Identifier: MIT */
/* raster/density/density_budget.c -- our own recipe: growth along a line, where it helps.
 *
 * Where a splat covers pixels that want it more opaque and pixels that want it less, one splat is
 * not enough: the variance of dL/d(alpha) over its pixels, times the pixels, times o^2, is the
 * score.  The long-axis split keeps the outline of the parent:
 *
 *   k_a = 1 - (s_a / s_max)^2 (1 - k)      children of size k_a s_a
 *   at     +-R_q (sqrt(1 - k_a^2) s_a)     so that the pair has the parent's variance per axis
 *
 * and its transmittance, 1 - o = (1 - o')^2 for two on top of each other; a split pair lies side
 * by side, so its exponent is 1/sqrt(2).  Ideas: Gao et al. 2025 (score), Brush 1.0 (split),
 * Kool et al. 2019 (sampling).
 */
#include "raster/density/budget.h"
#include "raster/density/density_ops.h"

#include <math.h>
#include <string.h>

float hl_budget_off(const hl_density_config *c, int32_t step)
{
    const float left = 1 - (float)step / (float)(c->total > 0 ? c->total : 1);
    return c->decay * hl_max(left, 0) * (float)c->every / 200;
}

static void decay_opacity(const hl_density_config *c, hl_splats *s, int32_t step)
{
    const float off = hl_budget_off(c, step);
    for (int32_t i = 0; i < s->count && off > 0; i++)
        s->logit_opa[i] = hl_budget_decayed(s->logit_opa[i], off);
}

static bool is_dead(const hl_density_state *state, int32_t i)
{
    const hl_splats *s = state->splats;
    float squared = 0;
    for (size_t a = 0; a < 3; a++) {
        const float d = s->mean[3 * (size_t)i + a] - state->center[a];
        squared += d * d;
    }
    return hl_budget_is_dead(s->logit_opa[i], state->views >= state->view_count,
                             state->stats->weight[i], squared, state->extent);
}

static void score_splats(const hl_density_state *state, float *score)
{
    const hl_raster_stats *st = state->stats;
    for (int32_t i = 0; i < state->splats->count; i++)
        score[i] = hl_budget_score(st->fragments[i], st->grad_alpha[i], st->grad_alpha_2[i],
                                   state->splats->logit_opa[i]);
}

static void share_opacity(hl_splats *s, int32_t a, int32_t b, float exponent)
{
    s->logit_opa[a] = s->logit_opa[b] = hl_budget_share(s->logit_opa[a], exponent);
}

static void split_pair(const hl_density_state *state, int32_t a, int32_t b, float radius)
{
    hl_splats *s = state->splats;
    float move[3];
    hl_budget_split(s->log_scale + 3 * (size_t)a, s->quat + 4 * (size_t)a, radius, move);
    hl_splats_copy_row(s, b, s, a);
    for (size_t i = 0; i < 3; i++) {
        s->mean[3 * (size_t)a + i] += move[i];
        s->mean[3 * (size_t)b + i] -= move[i];
    }
    share_opacity(s, a, b, (float)HL_BUDGET_CHILD_EXPONENT);
}

int32_t hl_budget_wanted(const hl_density_config *c, int32_t first_count, int32_t step)
{
    const double span = c->stop - c->start;
    const double t = span > 0 ? fmin(fmax((step - c->start) / span, 0), 1) : 1;
    return first_count + (int32_t)floor((c->cap - first_count) * t);
}

hl_status hl_density_refine_budget(const hl_density_config *config, const hl_density_state *state,
                                   int32_t step, hl_density_work *work, hl_density_report *report)
{
    hl_splats *s = state->splats;
    decay_opacity(config, s, step);
    report->bad = hl_density_mark_bad(s, work->dead);
    int32_t dead = report->bad;
    for (int32_t i = 0; i < s->count; i++)
        if (!work->dead[i] && is_dead(state, i)) {
            work->dead[i] = 1;
            dead++;
        }
    const int32_t alive = s->count - dead,
                  room = hl_budget_wanted(config, state->first_count, step) - alive;
    const int32_t wanted = room < 0 ? 0 : (room < alive ? room : alive);
    score_splats(state, work->score);
    int32_t candidates;
    HL_TRY(hl_density_pick(work->score, work->dead, s->count, config->seed, (uint64_t)step,
                           work->keys, work->order, &candidates));
    const int32_t births = candidates < wanted ? candidates : wanted;
    int32_t cursor = 0;
    for (int32_t k = 0; k < births; k++) {
        const int32_t parent = work->order[k];
        const float radius = state->stats->radius[parent];
        const int32_t child = hl_density_place(state, work->dead, &cursor, config->cap);
        if (child < 0)
            break;
        if (hl_density_max_scale(s, parent) <= config->clone_scale * state->extent) {
            hl_splats_copy_row(s, child, s, parent);
            share_opacity(s, parent, child, 0.5f);
            report->cloned++;
        } else {
            split_pair(state, parent, child, radius);
            report->split++;
        }
        hl_adam_clear_row(state->adam, parent);
        hl_adam_clear_row(state->adam, child);
        report->born++;
    }
    report->removed = dead;
    int32_t removed;
    return hl_density_compact(state, work->dead, &removed);
}
