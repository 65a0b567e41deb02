/* SPDX-License-Identifier: MIT */
/* The host's side of a refinement on the device: raster/cuda/gpu_refine.h. */
#include "raster/cuda/gpu_plan.h"
#include "raster/cuda/gpu_refine.h"
#include "raster/cuda/train_gpu.h"
#include "raster/density/density_ops.h"

#include <string.h>

typedef struct refine_job {
    hl_gpu_raster *r;
    hl_gpu_refine refine; /* the host's copy */
    hl_gpu_refine *device;
    uint64_t *key[2];
    uint32_t *value[2];
    uint32_t counters[HL_GPU_N_COUNTERS];
    float *scratch;
    int32_t clusters;
} refine_job;

static size_t aligned(size_t bytes)
{
    return (bytes + 255) / 256 * 256;
}

/* Cuts one block into the arrays of a refinement of at most `cap` splats. */
static hl_status reserve_job(refine_job *j, int32_t cap)
{
    const size_t n = (size_t)cap + 1;
    void *at[11];
    const size_t bytes[11] = {sizeof(hl_gpu_refine),
                              n * sizeof(uint32_t),
                              n * sizeof(uint32_t),
                              n * sizeof(uint32_t),
                              n * sizeof(uint64_t),
                              n * sizeof(uint64_t),
                              n * sizeof(uint32_t),
                              n * sizeof(uint32_t),
                              sizeof j->counters,
                              (size_t)j->clusters * sizeof(int32_t),
                              n * HL_SPLAT_DIM_sh * sizeof(float)};
    size_t sum = 0;
    for (int k = 0; k < 11; k++)
        sum += aligned(bytes[k]);
    hl_gpu_buffer *block = &j->r->buffer[HL_GPU_B_REFINE];
    HL_TRY(hl_gpu_reserve(&j->r->gpu, block, sum, 1, "refinement"));
    uint8_t *next = block->at;
    for (int k = 0; k < 11; k++) {
        at[k] = next;
        next += aligned(bytes[k]);
    }
    j->device = at[0];
    j->refine.dead = at[1];
    j->refine.place = at[2];
    j->refine.dead_list = at[3];
    j->key[0] = at[4];
    j->key[1] = at[5];
    j->value[0] = at[6];
    j->value[1] = at[7];
    j->refine.counters = at[8];
    j->refine.old_steps = at[9];
    j->scratch = at[10];
    j->refine.key = j->key[0];
    j->refine.value = j->value[0];
    j->refine.order = j->value[1];
    j->r->work.refine = j->device;
    return hl_gpu_reserve(&j->r->gpu, &j->r->buffer[HL_GPU_B_SCRATCH],
                          hl_gpu_scratch_bytes(&j->r->gpu, (int64_t)n), 1, "scratch of the sorts");
}

/* The host's copy to the device; waits, so that it may change again. */
static hl_status send(refine_job *j)
{
    HL_TRY(hl_gpu_upload(&j->r->gpu, j->device, &j->refine, sizeof j->refine));
    return hl_gpu_wait(&j->r->gpu);
}

static hl_status run(refine_job *j, hl_gpu_kernel kernel, int64_t items)
{
    return hl_gpu_launch(&j->r->gpu, kernel, &j->r->work, items);
}

static hl_status sort(refine_job *j, int64_t count)
{
    return hl_gpu_sort_wide(&j->r->gpu, j->key, j->value, count, 3 * HL_MORTON_BITS,
                            &j->r->buffer[HL_GPU_B_SCRATCH]);
}

/* Who dies and who has children. */
static hl_status choose(refine_job *j, const hl_density_config *config, int32_t first_count,
                        int32_t step)
{
    hl_gpu *g = &j->r->gpu;
    hl_gpu_refine *f = &j->refine;
    uint32_t dead;
    HL_TRY(hl_gpu_fill(g, f->counters, 0, sizeof j->counters));
    HL_TRY(send(j));
    HL_TRY(run(j, HL_GPU_K_refine_mark, (int64_t)f->count + 1));
    HL_TRY(sort(j, f->count));
    HL_TRY(
        hl_gpu_scan(g, f->dead, f->place, (int64_t)f->count + 1, &j->r->buffer[HL_GPU_B_SCRATCH]));
    HL_TRY(run(j, HL_GPU_K_refine_list, f->count));
    HL_TRY(hl_gpu_download(g, j->counters, f->counters, sizeof j->counters));
    HL_TRY(hl_gpu_download(g, &dead, f->place + f->count, sizeof dead));
    HL_TRY(hl_gpu_wait(g));
    f->dead_count = (int32_t)dead;
    const int32_t alive = f->count - f->dead_count;
    const int32_t room = hl_budget_wanted(config, first_count, step) - alive;
    const int32_t wanted = room < 0 ? 0 : (room < alive ? room : alive);
    const int32_t candidates = (int32_t)j->counters[HL_GPU_N_CANDIDATES];
    const int32_t places = f->dead_count + (config->cap > f->count ? config->cap - f->count : 0);
    f->births = candidates < wanted ? candidates : wanted;
    f->births = f->births < places ? f->births : places;
    f->total = f->count + (f->births > f->dead_count ? f->births - f->dead_count : 0);
    f->kept = alive + f->births;
    return send(j);
}

/* Removes the dead and re-sorts: every field through scratch. */
static hl_status gather_field(refine_job *j, float *field, int32_t components)
{
    const size_t floats = (size_t)j->refine.kept * (size_t)components;
    j->refine.from = field;
    j->refine.to = j->scratch;
    j->refine.components = components;
    HL_TRY(send(j));
    HL_TRY(run(j, HL_GPU_K_refine_gather, (int64_t)floats));
    return hl_gpu_copy(&j->r->gpu, field, j->scratch, floats * sizeof(float));
}

static hl_status gather_all(refine_job *j)
{
    hl_gpu_work *w = &j->r->work;
    const size_t bytes = (size_t)j->clusters * sizeof(int32_t);
    hl_gpu_fields *const all[3] = {&w->p, &w->m, &w->v};
    for (int k = 0; k < 3; k++) {
#define X(name, components) HL_TRY(gather_field(j, all[k]->name, components));
        HL_SPLAT_FIELDS(X)
#undef X
    }
    HL_TRY(hl_gpu_copy(&j->r->gpu, j->refine.old_steps, w->adam_steps, bytes));
    HL_TRY(run(j, HL_GPU_K_refine_most, j->clusters));
    return run(j, HL_GPU_K_refine_steps, j->clusters);
}

hl_status hl_gpu_refine_budget(void *state, hl_trainer *t, hl_density_report *report)
{
    hl_gpu_raster *r = state;
    refine_job j = {.r = r, .clusters = t->adam.cluster_count};
    hl_gpu_refine *f = &j.refine;
    f->count = t->splats.count;
    f->all_seen = t->stats_views >= t->scene.train_count;
    f->off = hl_budget_off(&t->density, t->step);
    memcpy(f->center, t->center, sizeof f->center);
    f->extent = t->extent;
    f->clone_scale = t->density.clone_scale;
    f->seed = t->density.seed;
    f->step = (uint64_t)t->step;
    HL_TRY(reserve_job(&j, t->splats.capacity));
    HL_TRY(choose(&j, &t->density, t->first_count, t->step));
    HL_TRY(run(&j, HL_GPU_K_refine_birth, f->births));
    HL_TRY(run(&j, HL_GPU_K_refine_bounds, f->total));
    HL_TRY(run(&j, HL_GPU_K_refine_keys, f->total));
    HL_TRY(sort(&j, f->total));
    HL_TRY(gather_all(&j));
    HL_TRY(hl_gpu_fill(&r->gpu, r->buffer[HL_GPU_B_STATS].at, 0, r->buffer[HL_GPU_B_STATS].bytes));
    HL_TRY(hl_gpu_fill(&r->gpu, &r->work.state->views, 0, sizeof r->work.state->views));
    HL_TRY(hl_gpu_wait(&r->gpu));
    t->splats.count = f->kept;
    hl_gpu_training_resized(r);
    memset(report, 0, sizeof *report);
    report->born = f->births;
    report->removed = f->dead_count;
    report->bad = (int32_t)j.counters[HL_GPU_N_BAD];
    return HL_OK;
}
