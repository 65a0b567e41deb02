/* SPDX-License-Identifier: MIT */
#include "sfm/tracks.h"

#include "core/memory.h"

#include <stdlib.h>

static hl_status check_pairs(const hl_map_input *in)
{
    for (int32_t p = 0; p < in->pair_count; p++) {
        const hl_map_pair *pair = &in->pairs[p];
        const int32_t a = pair->image_a, b = pair->image_b;
        if (a < 0 || b < 0 || a >= in->image_count || b >= in->image_count || a == b)
            return hl_fail(HL_E_ARG, "tracks: pair %d joins images %d and %d of %d", p, a, b,
                           in->image_count);
        for (int32_t i = 0; i < pair->count; i++) {
            const int32_t ka = pair->match[2 * i], kb = pair->match[2 * i + 1];
            if (ka < 0 || kb < 0 || ka >= in->images[a].keypoint_count ||
                kb >= in->images[b].keypoint_count)
                return hl_fail(
                    HL_E_ARG, "tracks: pair %d-%d, match %d: keypoints %d and %d of %d and %d", a,
                    b, i, ka, kb, in->images[a].keypoint_count, in->images[b].keypoint_count);
        }
    }
    return HL_OK;
}

static hl_status number_features(hl_track_graph *g, const hl_map_input *in)
{
    int64_t total = 0;
    g->image_count = in->image_count;
    g->base = hl_alloc((size_t)in->image_count + 1, sizeof *g->base);
    if (!g->base)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < in->image_count; i++) {
        total += in->images[i].keypoint_count;
        if (total > INT32_MAX - 1)
            return hl_fail(HL_E_ARG, "tracks: more than %d keypoints in all", INT32_MAX - 1);
        g->base[i + 1] = (int32_t)total;
    }
    g->feature_count = (int32_t)total;
    g->image_of = hl_alloc((size_t)total, sizeof *g->image_of);
    g->neighbor_start = hl_alloc((size_t)total + 1, sizeof *g->neighbor_start);
    if (!g->image_of || !g->neighbor_start)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < in->image_count; i++)
        for (int32_t f = g->base[i]; f < g->base[i + 1]; f++)
            g->image_of[f] = i;
    return HL_OK;
}

static int compare(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Sorts each list and closes the gaps that repeated matches leave. */
static void tidy(hl_track_graph *g)
{
    int64_t out = 0, first = 0;
    for (int32_t f = 0; f < g->feature_count; f++) {
        const int64_t last = g->neighbor_start[f + 1];
        qsort(g->neighbor + first, (size_t)(last - first), sizeof *g->neighbor, compare);
        for (int64_t i = first; i < last; i++)
            if (i == first || g->neighbor[i] != g->neighbor[i - 1])
                g->neighbor[out++] = g->neighbor[i];
        first = last;
        g->neighbor_start[f + 1] = out;
    }
}

static hl_status link_features(hl_track_graph *g, const hl_map_input *in)
{
    for (int32_t p = 0; p < in->pair_count; p++)
        for (int32_t i = 0; i < in->pairs[p].count; i++) {
            g->neighbor_start[g->base[in->pairs[p].image_a] + in->pairs[p].match[2 * i] + 1]++;
            g->neighbor_start[g->base[in->pairs[p].image_b] + in->pairs[p].match[2 * i + 1] + 1]++;
        }
    for (int32_t f = 0; f < g->feature_count; f++)
        g->neighbor_start[f + 1] += g->neighbor_start[f];
    g->neighbor = hl_alloc((size_t)g->neighbor_start[g->feature_count], sizeof *g->neighbor);
    int64_t *fill = hl_alloc((size_t)g->feature_count, sizeof *fill);
    if (!g->neighbor || !fill) {
        hl_free(fill);
        return HL_E_MEMORY;
    }
    for (int32_t p = 0; p < in->pair_count; p++)
        for (int32_t i = 0; i < in->pairs[p].count; i++) {
            const int32_t a = g->base[in->pairs[p].image_a] + in->pairs[p].match[2 * i];
            const int32_t b = g->base[in->pairs[p].image_b] + in->pairs[p].match[2 * i + 1];
            g->neighbor[g->neighbor_start[a] + fill[a]++] = b;
            g->neighbor[g->neighbor_start[b] + fill[b]++] = a;
        }
    hl_free(fill);
    tidy(g);
    return HL_OK;
}

hl_status hl_track_graph_create(hl_track_graph *graph, const hl_map_input *input)
{
    hl_track_graph g = {0};
    HL_TRY(check_pairs(input));
    hl_status s = number_features(&g, input);
    if (s == HL_OK)
        s = link_features(&g, input);
    if (s != HL_OK) {
        hl_track_graph_release(&g);
        return s;
    }
    *graph = g;
    return HL_OK;
}

void hl_track_graph_release(hl_track_graph *graph)
{
    hl_free(graph->base);
    hl_free(graph->image_of);
    hl_free(graph->neighbor_start);
    hl_free(graph->neighbor);
    *graph = (hl_track_graph){0};
}
