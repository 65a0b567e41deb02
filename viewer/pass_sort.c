/* SPDX-License-Identifier: MIT */
#include "viewer/pass_sort.h"

#include "shaders/shared.h"
#include "viewer/vk_graph.h"

typedef struct push {
    uint32_t count, groups, shift;
} push;

hl_status hl_pass_sort_create(hl_vk *vk, hl_pass_sort *out)
{
    const uint32_t bytes = sizeof(push);
    out->name = "sort";
    HL_TRY(hl_vk_compute_pipeline(vk, &out->count, HL_SHADER_radix_count_comp, "bb", bytes));
    HL_TRY(hl_vk_compute_pipeline(vk, &out->scan, HL_SHADER_radix_scan_comp, "bb", bytes));
    return hl_vk_compute_pipeline(vk, &out->scatter, HL_SHADER_radix_scatter_comp, "bbbbbb", bytes);
}

void hl_pass_sort_release(hl_vk *vk, hl_pass_sort *pass)
{
    hl_vk_pipeline_release(vk, &pass->count);
    hl_vk_pipeline_release(vk, &pass->scan);
    hl_vk_pipeline_release(vk, &pass->scatter);
}

/* From keys[from], values[from] to the other pair. */
static hl_status sort_digit(hl_vk *vk, const hl_pass_sort *pass, hl_vk_buffer keys[2],
                            hl_vk_buffer values[2], hl_vk_buffer *counts, hl_vk_buffer *totals,
                            const push *p, int from)
{
    const hl_vk_touch count[] = {{.buffer = &keys[from], .how = HL_VK_READ},
                                 {.buffer = counts, .how = HL_VK_WRITE}};
    hl_vk_barriers(vk, count, 2);
    HL_TRY(hl_vk_bind(vk, &pass->count,
                      (const hl_vk_binding[]){{.buffer = &keys[from]}, {.buffer = counts}}, p));
    hl_vk_dispatch(vk, p->groups);

    const hl_vk_touch scan[] = {{.buffer = counts, .how = HL_VK_UPDATE},
                                {.buffer = totals, .how = HL_VK_WRITE}};
    hl_vk_barriers(vk, scan, 2);
    HL_TRY(hl_vk_bind(vk, &pass->scan,
                      (const hl_vk_binding[]){{.buffer = counts}, {.buffer = totals}}, p));
    hl_vk_dispatch(vk, p->groups <= HL_RADIX_FEW ? 1 : HL_RADIX_BINS);

    const hl_vk_touch scatter[] = {{.buffer = &keys[from], .how = HL_VK_READ},
                                   {.buffer = &values[from], .how = HL_VK_READ},
                                   {.buffer = &keys[!from], .how = HL_VK_WRITE},
                                   {.buffer = &values[!from], .how = HL_VK_WRITE},
                                   {.buffer = counts, .how = HL_VK_READ},
                                   {.buffer = totals, .how = HL_VK_READ}};
    hl_vk_barriers(vk, scatter, 6);
    HL_TRY(hl_vk_bind(vk, &pass->scatter,
                      (const hl_vk_binding[]){{.buffer = &keys[from]},
                                              {.buffer = &values[from]},
                                              {.buffer = &keys[!from]},
                                              {.buffer = &values[!from]},
                                              {.buffer = counts},
                                              {.buffer = totals}},
                      p));
    hl_vk_dispatch(vk, p->groups);
    return HL_OK;
}

hl_status hl_pass_sort_record(hl_vk *vk, const hl_pass_sort *pass, hl_vk_buffer keys[2],
                              hl_vk_buffer values[2], hl_vk_buffer *counts, hl_vk_buffer *totals,
                              uint32_t count, uint32_t bits)
{
    push p = {.count = count, .groups = (count + HL_RADIX_KEYS - 1) / HL_RADIX_KEYS};
    if (count < 2)
        return HL_OK;
    hl_vk_pass_begin(vk, pass->name, NULL, 0);
    for (int from = 0; p.shift < bits; p.shift += 8, from = !from)
        HL_TRY(sort_digit(vk, pass, keys, values, counts, totals, &p, from));
    hl_vk_pass_end(vk);
    return HL_OK;
}
