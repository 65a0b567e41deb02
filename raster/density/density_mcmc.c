/* SPDX-License-Identifier: MIT */
/* raster/density/density_mcmc.c -- relocation, growth and noise of Kheradmand et al. 2024.
 *
 * Dead splats move onto living ones, drawn in proportion to opacity; then 5 % are added the same
 * way until the cap.  n splats at one place keep the picture of the one they replace with
 *
 *   o' = 1 - (1 - o)^(1/n)
 *   s' = s o / sum_{i=1..n} sum_{k=0..i-1} C(i-1, k) (-1)^k o'^(k+1) / sqrt(k+1)
 */
#include "core/parallel.h"
#include "core/rng.h"
#include "core/vec.h"
#include "raster/density/density_ops.h"

#include <math.h>
#include <string.h>

#define DEAD_OPACITY    0.005f
#define GROWTH          1.05
#define COPIES_MAX      51
#define OPACITY_MAX     0.99999f
#define NOISE_SHARPNESS 100.0f /* k: how fast noise fades above t */
#define NOISE_OPACITY   0.005f /* t                               */
enum { NOISE_BLOCK = 1024 };

void hl_density_relocation(double o, int n, double *opacity, double *scale_factor)
{
    const double child = 1 - pow(1 - o, 1.0 / n);
    double sum = 0;
    for (int i = 1; i <= n; i++) {
        double term = 1; /* C(i-1, k) (-1)^k o'^k */
        for (int k = 0; k < i; k++) {
            sum += term * child / sqrt(k + 1.0);
            term *= -child * (i - 1 - k) / (k + 1.0);
        }
    }
    *opacity = child;
    *scale_factor = o / sum;
}

/* Draws `wanted` of the living in proportion to opacity, with replacement; times[i] counts. */
static hl_status draw(const hl_density_config *c, const hl_splats *s, const uint8_t *dead,
                      int32_t wanted, uint64_t step, int32_t *source)
{
    double *sum = hl_alloc((size_t)s->count + 1, sizeof *sum);
    if (!sum)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < s->count; i++)
        sum[i + 1] = sum[i] + (dead[i] ? 0 : (double)hl_sigmoid(s->logit_opa[i]));
    for (int32_t k = 0; k < wanted; k++) {
        hl_rng rng = hl_rng_at(c->seed, step, (uint64_t)k, HL_RNG_REFINE);
        const double u = ((double)hl_rng_u32(&rng) + 0.5) / 4294967296.0 * sum[s->count];
        int32_t lo = 0, hi = s->count; /* sum[lo] <= u < sum[hi] */
        while (hi - lo > 1) {
            const int32_t middle = lo + (hi - lo) / 2;
            if (sum[middle] <= u)
                lo = middle;
            else
                hi = middle;
        }
        source[k] = lo;
    }
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
            const int n = times[i] + 1 < COPIES_MAX ? times[i] + 1 : COPIES_MAX;
            double opacity, factor;
            hl_density_relocation((double)hl_sigmoid(s->logit_opa[i]), n, &opacity, &factor);
            s->logit_opa[i] = hl_logit(hl_clamp((float)opacity, DEAD_OPACITY, OPACITY_MAX));
            for (size_t a = 0; a < 3; a++)
                s->log_scale[3 * (size_t)i + a] += (float)log(factor);
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
        if (work->dead[i] || hl_sigmoid(s->logit_opa[i]) <= DEAD_OPACITY) {
            work->dead[i] = 1;
            target[dead++] = i;
        }
    if (dead == s->count)
        return HL_OK; /* nothing to move onto */
    HL_TRY(draw(c, s, work->dead, dead, 2 * (uint64_t)step, source));
    relocate(state, source, target, dead, times);
    report->removed = report->born = dead;

    const int32_t grown = (int32_t)(GROWTH * s->count), old = s->count;
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

/* x += S eta weight with S = R diag(s^2) R^T. */
static void noise_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const noise_job *job = ctx;
    hl_splats *s = job->splats;
    const int32_t end = (block + 1) * NOISE_BLOCK, last = end < s->count ? end : s->count;
    for (int32_t i = block * NOISE_BLOCK; i < last; i++) {
        const float o = hl_sigmoid(s->logit_opa[i]);
        const float weight = job->scale * hl_sigmoid(-NOISE_SHARPNESS * (o - NOISE_OPACITY));
        if (!(weight > 0))
            continue;
        hl_rng rng = hl_rng_at(job->config->seed, job->step, (uint64_t)i, HL_RNG_NOISE);
        float eta[3], unit[4], r[9], local[3], world[3];
        for (int a = 0; a < 3; a++)
            eta[a] = hl_rng_normal(&rng);
        hl_quat_unit(s->quat + 4 * (size_t)i, unit);
        hl_rotation(unit, r);
        hl_mul3_t(r, eta, local);
        for (size_t a = 0; a < 3; a++)
            local[a] *= expf(2 * s->log_scale[3 * (size_t)i + a]);
        hl_mul3(r, local, world);
        for (size_t a = 0; a < 3; a++)
            s->mean[3 * (size_t)i + a] += weight * world[a];
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
