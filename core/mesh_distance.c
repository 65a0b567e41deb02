/* SPDX-License-Identifier: MIT */
#include "core/mesh_distance.h"

#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/vec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { QUERY_BLOCK = 1024 };

/* ---- even samples --------------------------------------------------------------------------- */

static double triangle_area(const hl_mesh *mesh, int32_t t, const float *p[3])
{
    float a[3], b[3], n[3];
    for (size_t k = 0; k < 3; k++)
        p[k] = mesh->positions + 3 * (size_t)mesh->triangles[3 * (size_t)t + k];
    for (int c = 0; c < 3; c++) {
        a[c] = p[1][c] - p[0][c];
        b[c] = p[2][c] - p[0][c];
    }
    hl_cross3(a, b, n);
    return 0.5 * (double)hl_length3(n);
}

hl_status hl_mesh_sample(const hl_mesh *mesh, int32_t count, uint64_t seed, float *points)
{
    const float *p[3];
    double total = 0, before = 0;
    for (int32_t t = 0; t < mesh->triangle_count; t++)
        total += triangle_area(mesh, t, p);
    if (!(total > 0))
        return hl_fail(HL_E_ARG, "a mesh of %d triangles has no area to sample",
                       mesh->triangle_count);
    int32_t made = 0;
    for (int32_t t = 0; t < mesh->triangle_count && made < count; t++) {
        before += triangle_area(mesh, t, p);
        while (made < count) {
            hl_rng rng = hl_rng_at(seed, 0, (uint64_t)made, HL_RNG_TEST);
            const double at = (made + (double)hl_rng_uniform(&rng)) / count * total;
            if (at > before && t + 1 < mesh->triangle_count)
                break;
            const float u = sqrtf(hl_rng_uniform(&rng)), v = hl_rng_uniform(&rng);
            for (int c = 0; c < 3; c++)
                points[3 * (size_t)made + (size_t)c] =
                    (1 - u) * p[0][c] + u * (1 - v) * p[1][c] + u * v * p[2][c];
            made++;
        }
    }
    return HL_OK;
}

/* ---- cells ---------------------------------------------------------------------------------- */

typedef struct cell_item {
    int32_t cell[3];
    int32_t item;
} cell_item;

static int compare_cells(const int32_t a[3], const int32_t b[3])
{
    for (int c = 0; c < 3; c++)
        if (a[c] != b[c])
            return a[c] < b[c] ? -1 : 1;
    return 0;
}

static int compare_items(const void *a, const void *b)
{
    const cell_item *x = a, *y = b;
    const int order = compare_cells(x->cell, y->cell);
    return order ? order : (x->item > y->item) - (x->item < y->item);
}

static void cell_of(const float x[3], float side, int32_t cell[3])
{
    for (int c = 0; c < 3; c++)
        cell[c] = (int32_t)floorf(hl_clamp(x[c] / side, -1e9f, 1e9f));
}

static cell_item *sorted_cells(const float *points, int32_t count, float side)
{
    cell_item *items = hl_alloc((size_t)count, sizeof *items);
    for (int32_t i = 0; items && i < count; i++) {
        cell_of(points + 3 * (size_t)i, side, items[i].cell);
        items[i].item = i;
    }
    if (items)
        qsort(items, (size_t)count, sizeof *items, compare_items);
    return items;
}

int32_t hl_points_thin(float *points, int32_t count, float cell)
{
    cell_item *items = sorted_cells(points, count, cell);
    float *kept = hl_alloc((size_t)count, 3 * sizeof *kept);
    int32_t n = items && kept ? 0 : -1;
    for (int32_t i = 0; n >= 0 && i < count; i++)
        if (i == 0 || compare_cells(items[i].cell, items[i - 1].cell) != 0)
            memcpy(kept + 3 * (size_t)n++, points + 3 * (size_t)items[i].item, 3 * sizeof *kept);
    if (n > 0)
        memcpy(points, kept, 3 * (size_t)n * sizeof *kept);
    hl_free(items);
    hl_free(kept);
    return n;
}

/* Most points have a near neighbour: small cells first, larger ones for those that have not. */
enum { PASSES = 4, REACH_GROWTH = 4 };

typedef struct nearest_job {
    const float *points, *others;
    const cell_item *items; /* of others, by cell */
    int32_t count, other_count;
    float reach;     /* how far this pass looks: side of a cell */
    float *distance; /* negative: not known yet                 */
} nearest_job;

/* First item whose cell is not before `cell`. */
static int32_t lower_bound(const nearest_job *j, const int32_t cell[3])
{
    int32_t lo = 0, hi = j->other_count;
    while (lo < hi) {
        const int32_t middle = lo + (hi - lo) / 2;
        if (compare_cells(j->items[middle].cell, cell) < 0)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

/* -1 where it is farther than this pass looks. */
static float nearest_of(const nearest_job *j, const float x[3])
{
    int32_t cell[3];
    const float most = j->reach * j->reach;
    float best = most;
    cell_of(x, j->reach, cell);
    for (int k = 0; k < 9; k++) { /* runs of three cells along the last axis */
        const int32_t from[3] = {cell[0] + k % 3 - 1, cell[1] + k / 3 - 1, cell[2] - 1};
        for (int32_t i = lower_bound(j, from); i < j->other_count; i++) {
            const cell_item *it = &j->items[i];
            if (it->cell[0] != from[0] || it->cell[1] != from[1] || it->cell[2] > cell[2] + 1)
                break;
            const float *p = j->others + 3 * (size_t)it->item;
            const float d[3] = {p[0] - x[0], p[1] - x[1], p[2] - x[2]};
            best = hl_min(best, hl_dot3(d, d));
        }
    }
    return best < most ? sqrtf(best) : -1;
}

static void nearest_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const nearest_job *j = ctx;
    const int32_t end = (block + 1) * QUERY_BLOCK < j->count ? (block + 1) * QUERY_BLOCK : j->count;
    for (int32_t i = block * QUERY_BLOCK; i < end; i++)
        if (j->distance[i] < 0)
            j->distance[i] = nearest_of(j, j->points + 3 * (size_t)i);
}

hl_status hl_points_nearest(const float *points, int32_t count, const float *others,
                            int32_t other_count, float limit, float *distance)
{
    if (!(limit > 0 && isfinite(limit)))
        return hl_fail(HL_E_ARG, "distance of points: a limit of %g, expected > 0", (double)limit);
    for (int32_t i = 0; i < count; i++)
        distance[i] = -1;
    float reach = limit / 64; /* REACH_GROWTH^(PASSES - 1) */
    for (int pass = 0; pass < PASSES; pass++, reach *= REACH_GROWTH) {
        cell_item *items = sorted_cells(others, other_count, reach);
        if (!items)
            return HL_E_MEMORY;
        nearest_job j = {points, others, items, count, other_count, reach, distance};
        hl_parallel_for(hl_block_count(count, QUERY_BLOCK), nearest_block, &j);
        hl_free(items);
    }
    for (int32_t i = 0; i < count; i++)
        distance[i] = distance[i] < 0 ? limit : hl_min(distance[i], limit);
    return HL_OK;
}
