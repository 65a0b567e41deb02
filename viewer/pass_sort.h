/* SPDX-License-Identifier: MIT */
/* viewer/pass_sort.h -- stable radix sort of 32-bit keys with values, ascending. */
#ifndef HL_VIEWER_PASS_SORT_H
#define HL_VIEWER_PASS_SORT_H

#include "viewer/vk_shader.h"

typedef struct hl_pass_sort {
    hl_vk_pipeline count, scan, scatter;
    const char *name; /* of its time in reports */
} hl_pass_sort;

hl_status hl_pass_sort_create(hl_vk *vk, hl_pass_sort *out);
void hl_pass_sort_release(hl_vk *vk, hl_pass_sort *pass);

/* Sorts keys[0] and values[0] (count) by the low `bits` bits, a multiple of 16, in place; [1] is
 * scratch of the same size.  counts: 1024 bytes for each HL_RADIX_KEYS keys; totals: 1024. */
hl_status hl_pass_sort_record(hl_vk *vk, const hl_pass_sort *pass, hl_vk_buffer keys[2],
                              hl_vk_buffer values[2], hl_vk_buffer *counts, hl_vk_buffer *totals,
                              uint32_t count, uint32_t bits);

#endif /* HL_VIEWER_PASS_SORT_H */
