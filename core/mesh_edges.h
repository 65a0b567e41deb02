/* SPDX-License-Identifier: MIT */
/* core/mesh_edges.h -- the edges of a mesh, sorted so that those between the same two vertices are
 * neighbours: what borders and adjacency are found with. */
#ifndef HL_CORE_MESH_EDGES_H
#define HL_CORE_MESH_EDGES_H

#include "core/mesh.h"

typedef struct hl_mesh_edge {
    uint32_t lo, hi; /* its vertices, lo < hi                                 */
    int32_t slot;    /* 3 * triangle + corner where it starts, as it runs there */
} hl_mesh_edge;

/* *edges gets 3 * triangle_count of them, by lo, hi and slot; the caller frees it.  HL_E_MEMORY. */
hl_status hl_mesh_edges_sorted(const hl_mesh *mesh, hl_mesh_edge **edges);

#endif /* HL_CORE_MESH_EDGES_H */
