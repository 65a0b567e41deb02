/* SPDX-License-Identifier: MIT */
#include "core/mesh_edges.h"

#include "core/memory.h"

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
