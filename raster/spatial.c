/* SPDX-License-Identifier: MIT */
#include "raster/spatial.h"

#include "core/memory.h"
#include "core/parallel.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { NEIGHBOURS = 3, QUERY_BLOCK = 512, RADIX_BITS = 11, RADIX = 1 << RADIX_BITS };

uint64_t hl_morton_code(uint32_t x, uint32_t y, uint32_t z)
{
    return hl_morton_spread(x) | hl_morton_spread(y) << 1 | hl_morton_spread(z) << 2;
}

static bool finite3(const float *p)
{
    return isfinite(p[0]) && isfinite(p[1]) && isfinite(p[2]);
}

void hl_morton_keys(uint64_t *keys, const float *points, int32_t count)
{
    float lo[3] = {INFINITY, INFINITY, INFINITY}, hi[3] = {-INFINITY, -INFINITY, -INFINITY};
    for (int32_t i = 0; i < count; i++)
        for (int a = 0; a < 3 && finite3(points + 3 * (size_t)i); a++) {
            const float x = points[3 * (size_t)i + (size_t)a];
            lo[a] = x < lo[a] ? x : lo[a];
            hi[a] = x > hi[a] ? x : hi[a];
        }
    double side = 0;
    for (int a = 0; a < 3; a++)
        side = fmax(side, (double)hi[a] - (double)lo[a]);
    const double scale = hl_morton_scale(side);
    for (int32_t i = 0; i < count; i++) {
        const float *p = points + 3 * (size_t)i;
        keys[i] = finite3(p) ? hl_morton_code(hl_morton_cell(p[0], lo[0], scale),
                                              hl_morton_cell(p[1], lo[1], scale),
                                              hl_morton_cell(p[2], lo[2], scale))
                             : HL_MORTON_LAST;
    }
}

hl_status hl_morton_sort(int32_t *order, uint64_t *keys, int32_t count)
{
    uint64_t *other_keys = hl_alloc((size_t)count, sizeof *other_keys);
    int32_t *other_order = hl_alloc((size_t)count, sizeof *other_order);
    if (!other_keys || !other_order) {
        hl_free(other_keys);
        hl_free(other_order);
        return HL_E_MEMORY;
    }
    for (int32_t i = 0; i < count; i++)
        order[i] = i;
    uint64_t *k[2] = {keys, other_keys};
    int32_t *o[2] = {order, other_order};
    int from = 0;
    /* 63 bits in 6 stable passes: even, so that the result ends where it began */
    for (int shift = 0; shift < 6 * RADIX_BITS; shift += RADIX_BITS, from ^= 1) {
        int32_t first[RADIX + 1] = {0};
        for (int32_t i = 0; i < count; i++)
            first[(k[from][i] >> shift) % RADIX + 1]++;
        for (int b = 0; b < RADIX; b++)
            first[b + 1] += first[b];
        for (int32_t i = 0; i < count; i++) {
            const int32_t to = first[(k[from][i] >> shift) % RADIX]++;
            k[!from][to] = k[from][i];
            o[!from][to] = o[from][i];
        }
    }
    hl_free(other_keys);
    hl_free(other_order);
    return HL_OK;
}

/* The tree is the array `id`: the node of a range [lo, hi) is its middle element; what lies below
 * it along `axis` is on its left. */
typedef struct kd_tree {
    const float *points;
    int32_t *id;
    uint8_t *axis;
    int32_t count;
    float *rms;
} kd_tree;

static float coordinate(const kd_tree *t, int32_t at, int axis)
{
    return t->points[3 * (size_t)t->id[at] + (size_t)axis];
}

static void swap(int32_t *a, int32_t *b)
{
    const int32_t c = *a;
    *a = *b;
    *b = c;
}

/* Partially sorts [lo, hi) so that the middle element is in its place along `axis` (Hoare 1961).
 */
static void select_middle(kd_tree *t, int32_t lo, int32_t hi, int axis)
{
    const int32_t middle = lo + (hi - lo) / 2;
    hi--;
    while (lo < hi) {
        const float pivot = coordinate(t, lo + (hi - lo) / 2, axis);
        int32_t i = lo, j = hi;
        while (i <= j) {
            while (coordinate(t, i, axis) < pivot)
                i++;
            while (coordinate(t, j, axis) > pivot)
                j--;
            if (i <= j)
                swap(&t->id[i++], &t->id[j--]);
        }
        if (middle <= j)
            hi = j;
        else if (middle >= i)
            lo = i;
        else
            return;
    }
}

static int widest_axis(const kd_tree *t, int32_t lo, int32_t hi)
{
    int best = 0;
    float widest = -1;
    for (int a = 0; a < 3; a++) {
        float least = INFINITY, most = -INFINITY;
        for (int32_t i = lo; i < hi; i++) {
            const float x = coordinate(t, i, a);
            least = x < least ? x : least;
            most = x > most ? x : most;
        }
        if (most - least > widest) {
            widest = most - least;
            best = a;
        }
    }
    return best;
}

/* Depth is log2(count): every range is halved. */
static void build(kd_tree *t, int32_t lo, int32_t hi)
{
    if (hi - lo < 2)
        return;
    const int axis = widest_axis(t, lo, hi);
    select_middle(t, lo, hi, axis);
    const int32_t middle = lo + (hi - lo) / 2;
    t->axis[middle] = (uint8_t)axis;
    build(t, lo, middle);
    build(t, middle + 1, hi);
}

typedef struct nearest {
    const float *from;
    int32_t self;
    float squared[NEIGHBOURS]; /* upwards */
} nearest;

static void offer(nearest *n, float squared)
{
    int k = NEIGHBOURS - 1;
    if (!(squared < n->squared[k]))
        return;
    for (; k > 0 && n->squared[k - 1] > squared; k--)
        n->squared[k] = n->squared[k - 1];
    n->squared[k] = squared;
}

static void visit(const kd_tree *t, int32_t lo, int32_t hi, nearest *n)
{
    while (lo < hi) {
        const int32_t middle = lo + (hi - lo) / 2;
        const float *p = t->points + 3 * (size_t)t->id[middle];
        const float d[3] = {p[0] - n->from[0], p[1] - n->from[1], p[2] - n->from[2]};
        if (t->id[middle] != n->self)
            offer(n, d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
        const float beyond = d[t->axis[middle]];
        const bool left = beyond > 0; /* the query lies left of the node */
        visit(t, left ? lo : middle + 1, left ? middle : hi, n);
        if (beyond * beyond >= n->squared[NEIGHBOURS - 1])
            return;
        if (left)
            lo = middle + 1;
        else
            hi = middle;
    }
}

static void query_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const kd_tree *t = ctx;
    const int32_t last =
        (block + 1) * QUERY_BLOCK < t->count ? (block + 1) * QUERY_BLOCK : t->count;
    for (int32_t i = block * QUERY_BLOCK; i < last; i++) {
        nearest n = {.from = t->points + 3 * (size_t)i, .self = i};
        for (int k = 0; k < NEIGHBOURS; k++)
            n.squared[k] = INFINITY;
        visit(t, 0, t->count, &n);
        float sum = 0;
        int found = 0;
        for (; found < NEIGHBOURS && isfinite(n.squared[found]); found++)
            sum += n.squared[found];
        t->rms[i] = found ? sqrtf(sum / (float)found) : 0;
    }
}

hl_status hl_spatial_rms3(float *rms, const float *points, int32_t count)
{
    kd_tree t = {.points = points, .count = count, .rms = rms};
    t.id = hl_alloc((size_t)count, sizeof *t.id);
    t.axis = hl_alloc((size_t)count, sizeof *t.axis);
    if (t.id && t.axis) {
        for (int32_t i = 0; i < count; i++)
            t.id[i] = i;
        build(&t, 0, count);
        hl_parallel_for(hl_block_count(count, QUERY_BLOCK), query_block, &t);
    }
    const hl_status s = t.id && t.axis ? HL_OK : HL_E_MEMORY;
    hl_free(t.id);
    hl_free(t.axis);
    return s;
}
