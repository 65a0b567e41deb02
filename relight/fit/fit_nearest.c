/* SPDX-License-Identifier: MIT */
/* The nearest of many points: a uniform grid, searched ring by ring. */
#include "core/memory.h"
#include "relight/fit/state.h"

#include <math.h>
#include <stdlib.h>

enum { CELLS = 64 };

typedef struct grid {
    const float *x; /* (count, 3) */
    int32_t count;
    float low[3], cell;
    int32_t size[3];
    int32_t *start; /* (cells + 1) */
    int32_t *item;  /* (count) sorted by cell */
} grid;

static int32_t cell_of(const grid *g, const float *x, int k)
{
    const float f = (x[k] - g->low[k]) / g->cell;
    return f > 0 ? (f < (float)(g->size[k] - 1) ? (int32_t)f : g->size[k] - 1) : 0;
}

static int32_t cell_index(const grid *g, const int32_t c[3])
{
    return (c[2] * g->size[1] + c[1]) * g->size[0] + c[0];
}

static hl_status grid_create(grid *g, const float *x, int32_t count)
{
    float high[3];
    g->x = x;
    g->count = count;
    for (int k = 0; k < 3; k++) {
        g->low[k] = high[k] = x[k];
        for (int32_t i = 0; i < count; i++) {
            g->low[k] = fminf(g->low[k], x[3 * (size_t)i + (size_t)k]);
            high[k] = fmaxf(high[k], x[3 * (size_t)i + (size_t)k]);
        }
    }
    const float span = fmaxf(high[0] - g->low[0], fmaxf(high[1] - g->low[1], high[2] - g->low[2]));
    g->cell = fmaxf(span / CELLS, 1e-12f);
    int32_t cells = 1;
    for (int k = 0; k < 3; k++) {
        g->size[k] = (int32_t)((high[k] - g->low[k]) / g->cell) + 1;
        cells *= g->size[k];
    }
    g->start = hl_alloc((size_t)cells + 1, sizeof *g->start);
    g->item = hl_alloc((size_t)count, sizeof *g->item);
    if (!g->start || !g->item)
        return HL_E_MEMORY;
    for (int pass = 0; pass < 2; pass++) {
        for (int32_t i = count; i-- > 0;) {
            const float *p = x + 3 * (size_t)i;
            const int32_t c[3] = {cell_of(g, p, 0), cell_of(g, p, 1), cell_of(g, p, 2)};
            if (pass == 0)
                g->start[cell_index(g, c)]++;
            else
                g->item[--g->start[cell_index(g, c)]] = i;
        }
        for (int32_t c = 1; c <= cells && pass == 0; c++)
            g->start[c] += g->start[c - 1];
    }
    return HL_OK;
}

/* The nearest so far, and the square of its distance. */
typedef struct found {
    int32_t point;
    float distance2;
} found;

static void search_cell(const grid *g, const float *x, int32_t cell, found *best)
{
    for (int32_t i = g->start[cell]; i < g->start[cell + 1]; i++) {
        const float *y = g->x + 3 * (size_t)g->item[i];
        const float d[3] = {y[0] - x[0], y[1] - x[1], y[2] - x[2]};
        const float d2 = hl_dot3(d, d);
        if (d2 < best->distance2) {
            best->distance2 = d2;
            best->point = g->item[i];
        }
    }
}

/* The cells just `ring` away. */
static void search_ring(const grid *g, const float *x, int32_t ring, found *best)
{
    int32_t at[3], lo[3], hi[3], c[3];
    for (int k = 0; k < 3; k++) {
        at[k] = cell_of(g, x, k);
        lo[k] = at[k] - ring > 0 ? at[k] - ring : 0;
        hi[k] = at[k] + ring < g->size[k] - 1 ? at[k] + ring : g->size[k] - 1;
    }
    for (c[2] = lo[2]; c[2] <= hi[2]; c[2]++)
        for (c[1] = lo[1]; c[1] <= hi[1]; c[1]++) {
            const bool side = abs(c[2] - at[2]) == ring || abs(c[1] - at[1]) == ring;
            for (c[0] = lo[0]; c[0] <= hi[0]; c[0]++)
                if (side || abs(c[0] - at[0]) == ring)
                    search_cell(g, x, cell_index(g, c), best);
        }
}

/* Nearest in rings of cells; stops one ring after the first find. */
static int32_t nearest(const grid *g, const float *x)
{
    found best = {0, INFINITY};
    int32_t last = CELLS + 1;
    for (int32_t ring = 0; ring <= last && ring <= CELLS; ring++) {
        search_ring(g, x, ring, &best);
        if (best.distance2 < INFINITY && last > CELLS)
            last = ring + 1;
    }
    return best.point;
}

hl_status hl_fit_nearest(const float *points, int32_t count, const float *targets,
                         int32_t target_count, int32_t *index)
{
    grid g = {0};
    const hl_status s = grid_create(&g, targets, target_count);
    for (int32_t i = 0; i < count && s == HL_OK; i++)
        index[i] = nearest(&g, points + 3 * (size_t)i);
    hl_free(g.start);
    hl_free(g.item);
    return s;
}
