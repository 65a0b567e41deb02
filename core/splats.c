/* SPDX-License-Identifier: MIT */
#include "core/splats.h"

#include <string.h>

hl_status hl_splats_init(hl_splats *splats, hl_arena *arena, int32_t capacity)
{
    if (capacity < 1 || capacity > HL_SPLATS_CAPACITY_MAX)
        return hl_fail(HL_E_ARG, "splats: capacity %d is not in 1..%d", capacity,
                       HL_SPLATS_CAPACITY_MAX);

    const hl_arena_mark mark = hl_arena_save(arena);
    hl_splats s = {.capacity = capacity};
#define X(name, components)                                                         \
    s.name = hl_arena_alloc(arena, (size_t)capacity, (components) * sizeof(float)); \
    if (!s.name)                                                                    \
        goto exhausted;
    HL_SPLAT_FIELDS(X)
#undef X
    *splats = s;
    return HL_OK;

exhausted:
    hl_arena_rewind(arena, mark);
    return hl_fail_context(HL_E_MEMORY, "reserving %d splats", capacity);
}

static size_t padded(size_t bytes)
{
    return (bytes + HL_ALIGN - 1) / HL_ALIGN * HL_ALIGN;
}

size_t hl_splats_bytes(int32_t capacity)
{
    size_t bytes = 0;
#define X(name, components) bytes += padded((size_t)capacity * (components) * sizeof(float));
    HL_SPLAT_FIELDS(X)
#undef X
    return bytes;
}

void hl_splats_copy_row(hl_splats *target, int32_t to, const hl_splats *source, int32_t from)
{
#define X(name, components)                                                                      \
    memcpy(target->name + (size_t)to * (components), source->name + (size_t)from * (components), \
           (components) * sizeof(float));
    HL_SPLAT_FIELDS(X)
#undef X
}

static void gather(float *field, size_t components, const int32_t *order, int32_t count,
                   float *scratch)
{
    const size_t row = components * sizeof(float);
    for (int32_t i = 0; i < count; i++)
        memcpy(scratch + (size_t)i * components, field + (size_t)order[i] * components, row);
    memcpy(field, scratch, (size_t)count * row);
}

void hl_splats_gather(hl_splats *splats, const int32_t *order, int32_t count, float *scratch)
{
#define X(name, components) gather(splats->name, components, order, count, scratch);
    HL_SPLAT_FIELDS(X)
#undef X
    splats->count = count;
}
