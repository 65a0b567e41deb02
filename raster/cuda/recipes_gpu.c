/* SPDX-License-Identifier: MIT */
/* The host's side of "mcmc" and "adc" on the device: raster/cuda/gpu_recipes.h. */
#include "raster/cuda/refine_gpu.h"

static const hl_gpu_buffer *scratch_of(const hl_gpu_refine_job *j)
{
    return &j->r->buffer[HL_GPU_B_SCRATCH];
}

/* What the device has counted so far; waits. */
static hl_status read_counters(hl_gpu_refine_job *j)
{
    HL_TRY(hl_gpu_download(&j->r->gpu, j->counters, j->refine.counters, sizeof j->counters));
    return hl_gpu_wait(&j->r->gpu);
}

/* ---- mcmc ---- */

/* Weights, and the list of the dead where they are moved. */
static hl_status mark(hl_gpu_refine_job *j, uint32_t *dead)
{
    hl_gpu_refine *f = &j->refine;
    const int64_t n = (int64_t)f->count + 1;
    HL_TRY(hl_gpu_refine_run(j, HL_GPU_K_mcmc_mark, n));
    HL_TRY(hl_gpu_scan_wide(&j->r->gpu, f->weight, f->weight_sum, n, scratch_of(j)));
    if (!dead)
        return HL_OK;
    HL_TRY(hl_gpu_scan(&j->r->gpu, f->dead, f->place, n, scratch_of(j)));
    HL_TRY(hl_gpu_refine_run(j, HL_GPU_K_refine_list, f->count));
    HL_TRY(hl_gpu_download(&j->r->gpu, dead, f->place + f->count, sizeof *dead));
    return read_counters(j);
}

static hl_status draw(hl_gpu_refine_job *j, int32_t births)
{
    HL_TRY(hl_gpu_refine_run(j, HL_GPU_K_mcmc_draw, births));
    HL_TRY(hl_gpu_refine_run(j, HL_GPU_K_mcmc_share, j->refine.count));
    return hl_gpu_refine_run(j, HL_GPU_K_mcmc_copy, births);
}

hl_status hl_gpu_refine_mcmc(hl_gpu_refine_job *j, hl_trainer *t, hl_density_report *report)
{
    hl_gpu_refine *f = &j->refine;
    uint32_t dead = 0;
    HL_TRY(mark(j, &dead));
    if ((int32_t)dead == f->count) { /* nothing to move onto */
        f->grows = 1;
        HL_TRY(hl_gpu_refine_send(j));
        return mark(j, NULL);
    }
    HL_TRY(draw(j, (int32_t)dead));
    report->removed = report->born = (int32_t)dead;

    const int32_t grown = (int32_t)(HL_MCMC_GROWTH * f->count);
    const int32_t limit = t->density.cap < t->splats.capacity ? t->density.cap : t->splats.capacity;
    const int32_t add = (grown < limit ? grown : limit) - f->count;
    if (add <= 0)
        return HL_OK;
    f->grows = 1;
    HL_TRY(hl_gpu_refine_send(j));
    HL_TRY(mark(j, NULL));
    HL_TRY(draw(j, add));
    f->total = f->kept = f->count + add;
    report->born += add;
    report->cloned = add;
    return hl_gpu_refine_send(j);
}

/* ---- adc ---- */

hl_status hl_gpu_refine_adc(hl_gpu_refine_job *j, hl_trainer *t, hl_density_report *report)
{
    hl_gpu_refine *f = &j->refine;
    const hl_density_config *c = &t->density;
    const size_t flags = ((size_t)t->splats.capacity + 1) * sizeof *f->dead;
    HL_TRY(hl_gpu_fill(&j->r->gpu, f->dead, 0, flags));
    if (t->step == c->start) /* the extra reset for white backgrounds */
        return hl_gpu_refine_run(j, HL_GPU_K_adc_reset, f->count);
    HL_TRY(hl_gpu_refine_run(j, HL_GPU_K_adc_score, f->count));
    HL_TRY(hl_gpu_refine_sort(j, f->count));
    HL_TRY(read_counters(j));
    /* The cap takes the largest gradients first. */
    const int32_t found = (int32_t)j->counters[HL_GPU_N_CANDIDATES];
    const int32_t room = c->cap > f->count ? c->cap - f->count : 0;
    f->births = found < room ? found : room;
    f->total = f->count + f->births;
    HL_TRY(hl_gpu_refine_run(j, HL_GPU_K_adc_birth, f->births));
    HL_TRY(hl_gpu_refine_run(j, HL_GPU_K_adc_prune, f->total));
    if (c->reset_every > 0 && t->step % c->reset_every == 0)
        HL_TRY(hl_gpu_refine_run(j, HL_GPU_K_adc_reset, f->total));
    HL_TRY(read_counters(j));
    report->born = f->births;
    report->removed = (int32_t)j->counters[HL_GPU_N_DEAD];
    f->kept = f->total - report->removed;
    return hl_gpu_refine_send(j);
}
