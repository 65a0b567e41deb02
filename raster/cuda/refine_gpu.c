/* SPDX-License-Identifier: MIT */
/* The host's side of a refinement on the device: raster/cuda/gpu_refine.h. */
#include "raster/cuda/refine_gpu.h"

#include "raster/density/density_ops.h"

#include <string.h>

static size_t aligned(size_t bytes)
{
    return (bytes + 255) / 256 * 256;
}

/* Cuts one block into the arrays of a refinement of at most `cap` splats. */
static hl_status reserve_job(hl_gpu_refine_job *j, int32_t cap)
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
    j->refine.weight = j->key[0];
    j->refine.weight_sum = j->key[1];
    j->refine.times = j->value[0];
    j->refine.source = j->value[1];
    j->refine.key = j->key[0];
    j->refine.value = j->value[0];
    j->refine.order = j->value[1];
    j->r->work.refine = j->device;
    hl_gpu_buffer *scratch = &j->r->buffer[HL_GPU_B_SCRATCH];
    HL_TRY(hl_gpu_reserve(&j->r->gpu, scratch, hl_gpu_scratch_bytes(&j->r->gpu, (int64_t)n), 1,
                          "scratch of the sorts"));
    j->r->work.scratch = scratch->at;
    return HL_OK;
}

hl_status hl_gpu_refine_send(hl_gpu_refine_job *j)
{
    HL_TRY(hl_gpu_upload(&j->r->gpu, j->device, &j->refine, sizeof j->refine));
    return hl_gpu_wait(&j->r->gpu);
}

hl_status hl_gpu_refine_run(hl_gpu_refine_job *j, hl_gpu_kernel kernel, int64_t items)
{
    return hl_gpu_launch(&j->r->gpu, kernel, &j->r->work, items);
}

hl_status hl_gpu_refine_sort(hl_gpu_refine_job *j, int64_t count)
{
    return hl_gpu_sort_wide(&j->r->gpu, j->key, j->value, count, 3 * HL_MORTON_BITS,
                            &j->r->buffer[HL_GPU_B_SCRATCH]);
}

/* Who dies and who has children. */
static hl_status choose_budget(hl_gpu_refine_job *j, const hl_density_config *config,
                               int32_t first_count, int32_t step)
{
    hl_gpu *g = &j->r->gpu;
    hl_gpu_refine *f = &j->refine;
    uint32_t dead;
    HL_TRY(hl_gpu_refine_run(j, HL_GPU_K_refine_mark, (int64_t)f->count + 1));
    HL_TRY(hl_gpu_refine_sort(j, f->count));
    HL_TRY(
        hl_gpu_scan(g, f->dead, f->place, (int64_t)f->count + 1, &j->r->buffer[HL_GPU_B_SCRATCH]));
    HL_TRY(hl_gpu_refine_run(j, HL_GPU_K_refine_list, f->count));
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
    return hl_gpu_refine_send(j);
}

/* Removes the dead and re-sorts: every field through scratch. */
static hl_status gather_field(hl_gpu_refine_job *j, float *field, int32_t components)
{
    const size_t floats = (size_t)j->refine.kept * (size_t)components;
    j->refine.from = field;
    j->refine.to = j->scratch;
    j->refine.components = components;
    HL_TRY(hl_gpu_refine_send(j));
    HL_TRY(hl_gpu_refine_run(j, HL_GPU_K_refine_gather, (int64_t)floats));
    return hl_gpu_copy(&j->r->gpu, field, j->scratch, floats * sizeof(float));
}

static hl_status gather_all(hl_gpu_refine_job *j)
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
    HL_TRY(hl_gpu_refine_run(j, HL_GPU_K_refine_most, j->clusters));
    return hl_gpu_refine_run(j, HL_GPU_K_refine_steps, j->clusters);
}

/* Z-order of what lives; f->total, f->kept are set and dead flags are as they should be. */
static hl_status reorder(hl_gpu_refine_job *j)
{
    HL_TRY(hl_gpu_refine_run(j, HL_GPU_K_refine_bounds, j->refine.total));
    HL_TRY(hl_gpu_refine_run(j, HL_GPU_K_refine_keys, j->refine.total));
    HL_TRY(hl_gpu_refine_sort(j, j->refine.total));
    return gather_all(j);
}

static hl_status refine_budget(hl_gpu_refine_job *j, hl_trainer *t, hl_density_report *report)
{
    HL_TRY(choose_budget(j, &t->density, t->first_count, t->step));
    HL_TRY(hl_gpu_refine_run(j, HL_GPU_K_refine_birth, j->refine.births));
    report->born = j->refine.births;
    report->removed = j->refine.dead_count;
    return HL_OK;
}

static void start_job(hl_gpu_refine_job *j, const hl_trainer *t)
{
    hl_gpu_refine *f = &j->refine;
    f->count = f->total = f->kept = t->splats.count;
    f->all_seen = t->stats_views >= t->scene.train_count;
    f->off = hl_budget_off(&t->density, t->step);
    memcpy(f->center, t->center, sizeof f->center);
    f->extent = t->extent;
    f->clone_scale = t->density.clone_scale;
    f->grad_threshold = t->density.grad_threshold;
    f->big = t->density.reset_every > 0 && t->step > t->density.reset_every;
    f->seed = t->density.seed;
    f->step = (uint64_t)t->step;
}

hl_status hl_gpu_refine_any(void *state, hl_trainer *t, hl_density_report *report)
{
    hl_gpu_raster *r = state;
    hl_gpu *g = &r->gpu;
    hl_gpu_refine_job j = {.r = r, .clusters = t->adam.cluster_count};
    memset(report, 0, sizeof *report);
    start_job(&j, t);
    HL_TRY(reserve_job(&j, t->splats.capacity));
    HL_TRY(hl_gpu_fill(g, j.refine.counters, 0, sizeof j.counters));
    HL_TRY(hl_gpu_refine_send(&j));
    if (t->density.kind == HL_DENSITY_BUDGET)
        HL_TRY(refine_budget(&j, t, report));
    else if (t->density.kind == HL_DENSITY_MCMC)
        HL_TRY(hl_gpu_refine_mcmc(&j, t, report));
    else
        HL_TRY(hl_gpu_refine_adc(&j, t, report));
    HL_TRY(reorder(&j));
    HL_TRY(hl_gpu_fill(g, r->buffer[HL_GPU_B_STATS].at, 0, r->buffer[HL_GPU_B_STATS].bytes));
    HL_TRY(hl_gpu_fill(g, &r->work.state->views, 0, sizeof r->work.state->views));
    HL_TRY(hl_gpu_wait(g));
    t->splats.count = j.refine.kept;
    hl_gpu_training_resized(r);
    report->bad = (int32_t)j.counters[HL_GPU_N_BAD];
    return HL_OK;
}

hl_status hl_gpu_refine_filter(void *state, hl_trainer *t, int32_t factor)
{
    hl_gpu_raster *r = state;
    hl_gpu *g = &r->gpu;
    hl_gpu_refine_job j = {.r = r, .clusters = t->adam.cluster_count};
    const size_t views = (size_t)t->scene.train_count;
    hl_gpu_buffer *block = &r->buffer[HL_GPU_B_VIEWS];
    start_job(&j, t);
    HL_TRY(reserve_job(&j, t->splats.capacity));
    HL_TRY(hl_gpu_small_move(r, t, false)); /* the poses as they are by now */
    HL_TRY(hl_gpu_wait(g));
    HL_TRY(hl_gpu_reserve(g, block, views, sizeof *t->view, "cameras"));
    HL_TRY(hl_gpu_upload(g, block->at, t->view, views * sizeof *t->view));
    j.refine.views = block->at;
    j.refine.view_count = t->scene.train_count;
    j.refine.filter = r->buffer[HL_GPU_B_FILTER].at;
    j.refine.filter_factor = (float)factor;
    HL_TRY(hl_gpu_refine_send(&j));
    return hl_gpu_refine_run(&j, HL_GPU_K_filter, t->splats.count);
}
