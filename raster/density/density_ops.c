/* SPDX-License-Identifier: MIT */
#include "raster/density/density_ops.h"

#include "raster/density/budget.h"
#include "raster/spatial.h"

#include <math.h>
#include <string.h>

hl_status hl_density_work_init(hl_density_work *work, int32_t capacity)
{
    const size_t n = (size_t)capacity;
    hl_arena_init(&work->arena, 0, 0);
    work->dead = hl_arena_alloc(&work->arena, n, sizeof *work->dead);
    work->keys = hl_arena_alloc(&work->arena, n, sizeof *work->keys);
    work->order = hl_arena_alloc(&work->arena, n, sizeof *work->order);
    work->score = hl_arena_alloc(&work->arena, n, sizeof *work->score);
    if (work->dead && work->keys && work->order && work->score)
        return HL_OK;
    hl_density_work_release(work);
    return HL_E_MEMORY;
}

void hl_density_work_release(hl_density_work *work)
{
    hl_arena_release(&work->arena);
}

size_t hl_density_bytes(int32_t capacity)
{
    const size_t work = 1 + sizeof(uint64_t) + sizeof(int32_t) + sizeof(float);
    const size_t sort = sizeof(uint64_t) + sizeof(int32_t);
    return (size_t)capacity * (work + sort + HL_SPLAT_DIM_sh * sizeof(float));
}

bool hl_density_finite(const hl_splats *splats, int32_t i)
{
    bool good = true;
#define X(name, components)                   \
    for (size_t k = 0; k < (components); k++) \
        good = good && isfinite(splats->name[(size_t)i * (components) + k]);
    HL_SPLAT_FIELDS(X)
#undef X
    return good;
}

float hl_density_max_scale(const hl_splats *splats, int32_t i)
{
    const float *s = splats->log_scale + 3 * (size_t)i;
    return expf(fmaxf(s[0], fmaxf(s[1], s[2])));
}

int32_t hl_density_mark_bad(const hl_splats *splats, uint8_t *dead)
{
    int32_t bad = 0;
    for (int32_t i = 0; i < splats->count; i++)
        if (!hl_density_finite(splats, i)) {
            dead[i] = 1;
            bad++;
        }
    return bad;
}

/* Row i becomes row order[i]: parameters and moments. */
static hl_status gather_all(const hl_density_state *state, const int32_t *order, int32_t count)
{
    float *scratch = hl_alloc((size_t)(count ? count : 1) * HL_SPLAT_DIM_sh, sizeof(float));
    if (!scratch)
        return HL_E_MEMORY;
    hl_splats_gather(state->splats, order, count, scratch);
    hl_splats_gather(&state->adam->m, order, count, scratch);
    hl_splats_gather(&state->adam->v, order, count, scratch);
    hl_free(scratch);
    return HL_OK;
}

hl_status hl_density_compact(const hl_density_state *state, const uint8_t *dead, int32_t *removed)
{
    const int32_t count = state->splats->count;
    int32_t *order = hl_alloc((size_t)count + 1, sizeof *order);
    if (!order)
        return HL_E_MEMORY;
    int32_t kept = 0;
    for (int32_t i = 0; i < count; i++)
        if (!dead[i])
            order[kept++] = i;
    *removed = count - kept;
    const hl_status s = kept == count ? HL_OK : gather_all(state, order, kept);
    hl_free(order);
    return s;
}

/* Counters for clusters whose member i was splat order[i]. */
static hl_status sort_steps(hl_adam *adam, const int32_t *order, int32_t count)
{
    int32_t *old = hl_alloc((size_t)adam->cluster_count, sizeof *old);
    if (!old)
        return HL_E_MEMORY;
    memcpy(old, adam->steps, (size_t)adam->cluster_count * sizeof *old);
    int32_t most = 0;
    for (int32_t c = 0; c < adam->cluster_count; c++)
        most = old[c] > most ? old[c] : most;
    for (int32_t c = 0; c < adam->cluster_count; c++) {
        const int32_t first = c * HL_CLUSTER;
        const int32_t last = first + HL_CLUSTER < count ? first + HL_CLUSTER : count;
        int64_t sum = 0;
        for (int32_t i = first; i < last; i++)
            sum += old[order[i] / HL_CLUSTER];
        adam->steps[c] =
            adam->mode == HL_ADAM_DENSE || first >= last ? most : (int32_t)(sum / (last - first));
    }
    hl_free(old);
    return HL_OK;
}

hl_status hl_density_sort(const hl_density_state *state, hl_density_work *work)
{
    const int32_t count = state->splats->count;
    if (count == 0)
        return HL_OK;
    hl_morton_keys(work->keys, state->splats->mean, count);
    HL_TRY(hl_morton_sort(work->order, work->keys, count));
    HL_TRY(sort_steps(state->adam, work->order, count));
    return gather_all(state, work->order, count);
}

hl_status hl_density_pick(const float *score, const uint8_t *dead, int32_t count, uint64_t seed,
                          uint64_t step, uint64_t *keys, int32_t *order, int32_t *candidates)
{
    int32_t found = 0;
    for (int32_t i = 0; i < count; i++) {
        keys[i] = dead[i] ? HL_MORTON_LAST : hl_budget_key(score[i], seed, step, (uint64_t)i);
        found += keys[i] != HL_MORTON_LAST;
    }
    HL_TRY(hl_morton_sort(order, keys, count));
    *candidates = found;
    return HL_OK;
}

int32_t hl_density_place(const hl_density_state *state, uint8_t *dead, int32_t *cursor, int32_t cap)
{
    hl_splats *s = state->splats;
    while (*cursor < s->count && !dead[*cursor])
        ++*cursor;
    if (*cursor < s->count) {
        dead[*cursor] = 0;
        return *cursor;
    }
    if (s->count >= cap || s->count >= s->capacity)
        return -1;
    dead[s->count] = 0;
    *cursor = s->count + 1;
    return s->count++;
}
