/* SPDX-License-Identifier: MIT */
#include "core/mesh_edges.h"

#include "core/memory.h"

#include <stdbool.h>
#include <stdlib.h>

static int by_vertices(const void *a, const void *b)
{
    const hl_mesh_edge *x = a, *y = b;
    if (x->lo != y->lo)
        return x->lo < y->lo ? -1 : 1;
    if (x->hi != y->hi)
        return x->hi < y->hi ? -1 : 1;
    return x->slot < y->slot ? -1 : x->slot > y->slot;
}

hl_status hl_mesh_edges_sorted(const hl_mesh *mesh, hl_mesh_edge **edges)
{
    const int32_t n = 3 * mesh->triangle_count;
    hl_mesh_edge *made = hl_alloc((size_t)n, sizeof *made);
    if (!made)
        return HL_E_MEMORY;
    for (int32_t s = 0; s < n; s++) {
        const uint32_t a = mesh->triangles[s], b = mesh->triangles[s % 3 == 2 ? s - 2 : s + 1];
        made[s] = (hl_mesh_edge){a < b ? a : b, a < b ? b : a, s};
    }
    qsort(made, (size_t)n, sizeof *made, by_vertices);
    *edges = made;
    return HL_OK;
}

/* Whether the edge runs from its lower to its higher vertex in its triangle. */
static bool runs_up(const hl_mesh *mesh, const hl_mesh_edge *edge)
{
    return mesh->triangles[edge->slot] == edge->lo;
}

static uint32_t root_of(uint32_t *parent, uint32_t v)
{
    while (parent[v] != v) {
        parent[v] = parent[parent[v]];
        v = parent[v];
    }
    return v;
}

/* Each open edge joins what its two vertices belong to; returns whether they were apart. */
static bool join(uint32_t *parent, const hl_mesh_edge *edge)
{
    const uint32_t a = root_of(parent, edge->lo), b = root_of(parent, edge->hi);
    parent[b] = a;
    return a != b;
}

hl_status hl_mesh_count_edges(const hl_mesh *mesh, hl_mesh_edge_counts *counts)
{
    const int32_t n = 3 * mesh->triangle_count;
    hl_mesh_edge_counts c = {0};
    hl_mesh_edge *edges = NULL;
    uint32_t *parent = hl_alloc((size_t)mesh->vertex_count, sizeof *parent);
    bool *border = hl_alloc((size_t)mesh->vertex_count, sizeof *border);
    if (!parent || !border || hl_mesh_edges_sorted(mesh, &edges) != HL_OK) {
        hl_free(parent);
        hl_free(border);
        return HL_E_MEMORY;
    }
    for (int32_t v = 0; v < mesh->vertex_count; v++)
        parent[v] = (uint32_t)v;
    for (int32_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && edges[end].lo == edges[i].lo && edges[end].hi == edges[i].hi;)
            end++;
        c.edges++;
        if (end - i == 1) {
            c.open++;
            c.holes += !border[edges[i].lo] + !border[edges[i].hi];
            border[edges[i].lo] = border[edges[i].hi] = true;
            c.holes -= join(parent, &edges[i]);
        }
        c.crowded += end - i > 2;
        c.flipped += end - i == 2 && runs_up(mesh, &edges[i]) == runs_up(mesh, &edges[i + 1]);
    }
    hl_free(edges);
    hl_free(parent);
    hl_free(border);
    *counts = c;
    return HL_OK;
}
