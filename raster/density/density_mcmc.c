/* SPDX-License-Identifier: MIT */
/* raster/density/density_mcmc.c -- relocation, growth and noise of Kheradmand et al. 2024.
 *
 * Dead splats move onto living ones, drawn in proportion to opacity; then 5 % are added the same
 * way until the cap.  The formulas are in mcmc.h.
 */
#include "core/parallel.h"
#include "raster/density/density_ops.h"
#include "raster/density/mcmc.h"

#include <string.h>

enum { NOISE_BLOCK = 1024 };

/* Draws `wanted` of the living in proportion to opacity, with replacement. */
static hl_status draw(const hl_density_config *c, const hl_splats *s, const uint8_t *dead,
                      int32_t wanted, uint64_t step, int32_t *source)
{
    uint64_t *sum = hl_alloc((size_t)s->count + 1, sizeof *sum);
    if (!sum)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < s->count; i++)
        sum[i + 1] = sum[i] + (dead[i] ? 0 : hl_mcmc_weight(s->logit_opa[i]));
    for (int32_t k = 0; k < wanted; k++)
        source[k] = (int32_t)hl_mcmc_draw(sum, s->count, c->seed, step, (uint64_t)k);
    hl_free(sum);
    return HL_OK;
}

/* Sources take the shared opacity and size; then every target becomes a copy of its source. */
static void relocate(const hl_density_state *state, const int32_t *source, const int32_t *target,
                     int32_t count, int32_t *times)
{
    hl_splats *s = state->splats;
    for (int32_t k = 0; k < count; k++)
        times[source[k]]++;
    for (int32_t k = 0; k < count; k++) {
        const int32_t i = source[k];
        if (times[i]) {
            hl_mcmc_share(s->log_scale + 3 * (size_t)i, &s->logit_opa[i], times[i]);
            hl_adam_clear_row(state->adam, i);
            times[i] = 0;
        }
    }
    for (int32_t k = 0; k < count; k++) {
        hl_splats_copy_row(s, target[k], s, source[k]);
        hl_adam_clear_row(state->adam, target[k]);
    }
}

static hl_status move_and_add(const hl_density_config *c, const hl_density_state *state,
                              int32_t step, hl_density_work *work, hl_density_report *report,
                              int32_t *source, int32_t *times)
{
    hl_splats *s = state->splats;
    int32_t dead = 0, *target = work->order;
    for (int32_t i = 0; i < s->count; i++)
        if (work->dead[i] || hl_mcmc_is_dead(s->logit_opa[i])) {
            work->dead[i] = 1;
            target[dead++] = i;
        }
    if (dead == s->count)
        return HL_OK; /* nothing to move onto */
    HL_TRY(draw(c, s, work->dead, dead, 2 * (uint64_t)step, source));
    relocate(state, source, target, dead, times);
    report->removed = report->born = dead;

    const int32_t grown = (int32_t)(HL_MCMC_GROWTH * s->count), old = s->count;
    const int32_t limit = c->cap < s->capacity ? c->cap : s->capacity;
    const int32_t add = (grown < limit ? grown : limit) - old;
    if (add <= 0)
        return HL_OK;
    memset(work->dead, 0, (size_t)old);
    HL_TRY(draw(c, s, work->dead, add, 2 * (uint64_t)step + 1, source));
    for (int32_t k = 0; k < add; k++)
        target[k] = old + k;
    s->count = old + add;
    relocate(state, source, target, add, times);
    report->born += add;
    report->cloned = add;
    return HL_OK;
}

hl_status hl_density_refine_mcmc(const hl_density_config *config, const hl_density_state *state,
                                 int32_t step, hl_density_work *work, hl_density_report *report)
{
    const size_t n = (size_t)state->splats->capacity;
    int32_t *source = hl_alloc(n, sizeof *source), *times = hl_alloc(n, sizeof *times);
    hl_status s = source && times ? HL_OK : HL_E_MEMORY;
    if (s == HL_OK) {
        report->bad = hl_density_mark_bad(state->splats, work->dead);
        s = move_and_add(config, state, step, work, report, source, times);
    }
    hl_free(source);
    hl_free(times);
    return s;
}

typedef struct noise_job {
    const hl_density_config *config;
    hl_splats *splats;
    float scale;
    uint64_t step;
} noise_job;

static void noise_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const noise_job *job = ctx;
    hl_splats *s = job->splats;
    const int32_t end = (block + 1) * NOISE_BLOCK, last = end < s->count ? end : s->count;
    for (int32_t i = block * NOISE_BLOCK; i < last; i++) {
        float move[3];
        hl_mcmc_noise(s->log_scale + 3 * (size_t)i, s->quat + 4 * (size_t)i, s->logit_opa[i],
                      job->scale, job->config->seed, job->step, (uint64_t)i, move);
        for (size_t a = 0; a < 3; a++)
            s->mean[3 * (size_t)i + a] += move[a];
    }
}

void hl_density_perturb(const hl_density_config *config, hl_splats *splats, float lr_mean,
                        int32_t step)
{
    if (config->kind != HL_DENSITY_MCMC || !(config->noise > 0))
        return;
    noise_job job = {config, splats, config->noise * lr_mean, (uint64_t)step};
    hl_parallel_for(hl_block_count(splats->count, NOISE_BLOCK), noise_block, &job);
}
