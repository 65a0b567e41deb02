/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "sfm/global/view_links.h"

#include "core/memory.h"
#include "core/vec.h"
#include "sfm/global/sets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRIANGLES_MOST = 64 }; /* looked at, per edge */

static int compare_links(const void *a, const void *b)
{
    const hl_view_link *x = a, *y = b;
    return x->other != y->other ? (x->other > y->other) - (x->other < y->other)
                                : (x->edge > y->edge) - (x->edge < y->edge);
}

hl_status hl_view_links_create(hl_view_links *g, int32_t count, const hl_turn_edge *edges,
                               int32_t edge_count)
{
    *g = (hl_view_links){.count = count, .edge_count = edge_count, .edges = edges};
    for (int32_t e = 0; e < edge_count; e++)
        if (edges[e].a < 0 || edges[e].b < 0 || edges[e].a >= count || edges[e].b >= count ||
            edges[e].a == edges[e].b)
            return hl_fail(HL_E_ARG, "rotations: edge %d joins photos %d and %d of %d", e,
                           edges[e].a, edges[e].b, count);
    g->start = hl_alloc((size_t)count + 1, sizeof *g->start);
    g->links = hl_alloc((size_t)edge_count, 2 * sizeof *g->links);
    int32_t *fill = hl_alloc((size_t)count, sizeof *fill);
    if (!g->start || !g->links || !fill) {
        hl_free(fill);
        hl_view_links_release(g);
        return HL_E_MEMORY;
    }
    for (int32_t e = 0; e < edge_count; e++) {
        g->start[edges[e].a + 1]++;
        g->start[edges[e].b + 1]++;
    }
    for (int32_t i = 0; i < count; i++)
        g->start[i + 1] += g->start[i];
    for (int32_t e = 0; e < edge_count; e++) {
        const int32_t a = edges[e].a, b = edges[e].b;
        g->links[g->start[a] + fill[a]++] = (hl_view_link){b, e};
        g->links[g->start[b] + fill[b]++] = (hl_view_link){a, e};
    }
    for (int32_t i = 0; i < count; i++)
        qsort(g->links + g->start[i], (size_t)fill[i], sizeof *g->links, compare_links);
    hl_free(fill);
    return HL_OK;
}

void hl_view_links_release(hl_view_links *g)
{
    hl_free(g->start);
    hl_free(g->links);
    *g = (hl_view_links){0};
}

hl_status hl_view_links_largest(const hl_view_links *g, bool *active, bool *has)
{
    int32_t *parent = hl_alloc((size_t)g->count, sizeof *parent);
    int32_t *size = hl_alloc((size_t)g->count, sizeof *size);
    if (!parent || !size) {
        hl_free(parent);
        hl_free(size);
        return HL_E_MEMORY;
    }
    for (int32_t i = 0; i < g->count; i++)
        parent[i] = i;
    int joined;
    for (int32_t e = 0; e < g->edge_count; e++)
        if (active[e])
            hl_set_join(parent, g->edges[e].a, g->edges[e].b, &joined);
    int32_t best = 0;
    for (int32_t i = 0; i < g->count; i++)
        size[hl_set_find(parent, i)]++;
    for (int32_t i = 0; i < g->count; i++)
        if (size[i] > size[best])
            best = i;
    for (int32_t i = 0; i < g->count; i++)
        has[i] = size[best] > 1 && hl_set_find(parent, i) == best;
    for (int32_t e = 0; e < g->edge_count; e++)
        active[e] = active[e] && has[g->edges[e].a];
    hl_free(parent);
    hl_free(size);
    return HL_OK;
}

void hl_view_links_turn(const hl_turn_edge *edge, int32_t from, double r[9])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            r[3 * i + j] = edge->b_from_a[from == edge->a ? 3 * i + j : 3 * j + i];
}

/* The turn a -> b -> c -> a is none. */
static bool closes(const hl_turn_edge *ab, const hl_turn_edge *bc, const hl_turn_edge *ca,
                   int32_t a, int32_t b, int32_t c)
{
    double first[9], second[9], third[9], two[9];
    hl_view_links_turn(ab, a, first);
    hl_view_links_turn(bc, b, second);
    hl_view_links_turn(ca, c, third);
    hl_matmul3(second, first, two);
    double trace = 0; /* of third * two */
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            trace += third[3 * i + k] * two[3 * k + i];
    return (trace - 1) / 2 >= cos(HL_TRIANGLE_DEG * 3.14159265358979323846 / 180);
}

void hl_view_links_trust(const hl_view_links *g, double *trust)
{
    for (int32_t e = 0; e < g->edge_count; e++) {
        const hl_turn_edge *ab = &g->edges[e];
        int32_t all = 0, good = 0, i = g->start[ab->a], k = g->start[ab->b];
        while (i < g->start[ab->a + 1] && k < g->start[ab->b + 1] && all < TRIANGLES_MOST) {
            const hl_view_link *ac = &g->links[i], *bc = &g->links[k];
            if (ac->other == bc->other) {
                good +=
                    closes(ab, &g->edges[bc->edge], &g->edges[ac->edge], ab->a, ab->b, ac->other);
                all++;
            }
            i += ac->other <= bc->other;
            k += bc->other <= ac->other;
        }
        trust[e] = ab->weight * (1 + good) / (2 + all);
    }
}

/* The photo of the part with most links. */
static int32_t tree_root(const hl_view_links *g, const bool *has)
{
    int32_t root = -1;
    for (int32_t i = 0; i < g->count; i++)
        if (has[i] &&
            (root < 0 || g->start[i + 1] - g->start[i] > g->start[root + 1] - g->start[root]))
            root = i;
    return root;
}

/* Prim's algorithm with a plain search for the next edge: count^2, which is less than the number
 * of matches by far. */
int32_t hl_view_links_tree(const hl_view_links *g, const double *trust, const bool *active,
                           const bool *has, int32_t *parent_edge, int32_t *order)
{
    double *best = hl_alloc((size_t)g->count, sizeof *best);
    bool *in = hl_alloc((size_t)g->count, sizeof *in);
    int32_t count = 0, at = tree_root(g, has);
    for (int32_t i = 0; i < g->count; i++)
        parent_edge[i] = -1;
    while (best && in && at >= 0) {
        in[at] = true;
        order[count++] = at;
        for (int32_t k = g->start[at]; k < g->start[at + 1]; k++) {
            const int32_t other = g->links[k].other, e = g->links[k].edge;
            if (!active[e] || in[other] || !(trust[e] > best[other]))
                continue;
            best[other] = trust[e];
            parent_edge[other] = e;
        }
        at = -1;
        for (int32_t i = 0; i < g->count; i++)
            if (!in[i] && parent_edge[i] >= 0 && (at < 0 || best[i] > best[at]))
                at = i;
    }
    const bool failed = !best || !in;
    hl_free(best);
    hl_free(in);
    return failed ? -1 : count;
}
