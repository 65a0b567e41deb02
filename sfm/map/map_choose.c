/* SPDX-License-Identifier: MIT */
#include "sfm/map/map_choose.h"

#include "core/memory.h"
#include "sfm/global/sets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct outcome {
    int32_t registered; /* photos of the first model  */
    double error_px;    /* median of its points       */
    bool passed;
} outcome;

/* Photos of the largest part that pairs join. */
static hl_status largest_part(const hl_map_input *in, int32_t *count)
{
    const size_t n = (size_t)in->image_count;
    int32_t *parent = hl_alloc(n, sizeof *parent), *size = hl_alloc(n, sizeof *size);
    const hl_status status = parent && size ? HL_OK : HL_E_MEMORY;
    *count = 0;
    for (int32_t i = 0; status == HL_OK && i < in->image_count; i++)
        parent[i] = i;
    for (int32_t p = 0; status == HL_OK && p < in->pair_count; p++) {
        int joined;
        hl_set_join(parent, in->pairs[p].image_a, in->pairs[p].image_b, &joined);
    }
    for (int32_t i = 0; status == HL_OK && i < in->image_count; i++) {
        const int32_t now = ++size[hl_set_find(parent, i)];
        *count = now > *count ? now : *count;
    }
    hl_free(parent);
    hl_free(size);
    return status;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static hl_status judge(const hl_mapping *mapping, int32_t part, outcome *o)
{
    *o = (outcome){.error_px = 0};
    if (mapping->model_count == 0)
        return HL_OK;
    const hl_map_model *m = &mapping->models[0];
    double *sorted = hl_alloc((size_t)m->point_count, sizeof *sorted);
    if (!sorted)
        return HL_E_MEMORY;
    if (m->point_count > 0) {
        memcpy(sorted, m->errors, (size_t)m->point_count * sizeof *sorted);
        qsort(sorted, (size_t)m->point_count, sizeof *sorted, compare);
        o->error_px = sorted[m->point_count / 2];
    }
    hl_free(sorted);
    o->registered = m->registered;
    o->passed = m->registered >= HL_MAPPER_REGISTERED * part && o->error_px < HL_MAPPER_ERROR_PX;
    return HL_OK;
}

static bool better(const outcome *a, const outcome *b)
{
    if (a->passed != b->passed)
        return a->passed;
    return a->registered != b->registered ? a->registered > b->registered
                                          : a->error_px < b->error_px;
}

static const char *name(hl_map_method method)
{
    return method == HL_MAPPER_GLOBAL ? "global" : "incremental";
}

/* Both ran: one line on what they gave. */
static hl_status explain(hl_mapping *m, const outcome *first, hl_map_method method,
                         const outcome *second, int32_t part)
{
    const hl_map_method other =
        method == HL_MAPPER_GLOBAL ? HL_MAPPER_INCREMENTAL : HL_MAPPER_GLOBAL;
    char text[256];
    snprintf(text, sizeof text,
             "the %s mapper registered %d of %d connected photos with a median error of %.2f px, "
             "the %s one %d with %.2f px: the %s model is taken",
             name(method), first->registered, part, first->error_px, name(other),
             second->registered, second->error_px, name(m->method));
    m->note = hl_arena_text(&m->arena, text, strlen(text));
    return m->note ? HL_OK : HL_E_MEMORY;
}

bool hl_map_mostly_guessed(const hl_map_input *in)
{
    int32_t guessed = 0;
    for (int32_t c = 0; in->focal_guessed && c < in->camera_count; c++)
        guessed += in->focal_guessed[c];
    return 2 * guessed > in->camera_count;
}

/* The other mapper too, and the better of both; *mapping is the first one's and is replaced. */
static hl_status try_other(hl_mapping *mapping, const hl_map_input *input,
                           const hl_map_options *options, const outcome *first, int32_t part)
{
    hl_map_options o = *options;
    hl_mapping second;
    outcome outcome_of_it;
    const hl_map_method method = options->method;
    o.method = method == HL_MAPPER_GLOBAL ? HL_MAPPER_INCREMENTAL : HL_MAPPER_GLOBAL;
    HL_TRY(hl_mapper_run(&second, input, &o));
    hl_status status = judge(&second, part, &outcome_of_it);
    if (status == HL_OK && second.method == o.method && better(&outcome_of_it, first)) {
        const hl_mapping swap = *mapping;
        *mapping = second;
        second = swap;
    }
    if (status == HL_OK)
        status = explain(mapping, first, method, &outcome_of_it, part);
    hl_mapping_release(&second);
    return status;
}

hl_status hl_map_choose(hl_mapping *mapping, const hl_map_input *input,
                        const hl_map_options *options)
{
    const bool guessed = hl_map_mostly_guessed(input);
    hl_map_options o = {0};
    hl_mapping m;
    outcome first;
    int32_t part;
    if (options)
        o = *options;
    o.method =
        input->image_count > HL_MAPPER_FEW && !guessed ? HL_MAPPER_GLOBAL : HL_MAPPER_INCREMENTAL;
    HL_TRY(hl_mapper_run(&m, input, &o));
    hl_status status = largest_part(input, &part);
    if (status == HL_OK)
        status = judge(&m, part, &first);
    /* Not where the global mapper fell back by itself. */
    const bool other = m.method == o.method && !(guessed && o.method == HL_MAPPER_INCREMENTAL);
    if (status == HL_OK && !first.passed && other && part > 2)
        status = try_other(&m, input, &o, &first, part);
    if (status != HL_OK) {
        hl_mapping_release(&m);
        return status;
    }
    *mapping = m;
    return HL_OK;
}
