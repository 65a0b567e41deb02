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

/* Whether a mesh is a closed surface: every edge between two triangles that run along it in
 * opposite directions. */
typedef struct hl_mesh_edge_counts {
    int32_t edges;   /* different ones                         */
    int32_t open;    /* of one triangle                        */
    int32_t holes;   /* connected runs of open edges           */
    int32_t crowded; /* of three or more                       */
    int32_t flipped; /* of two that run the same way along it  */
} hl_mesh_edge_counts;

/* HL_E_MEMORY. */
hl_status hl_mesh_count_edges(const hl_mesh *mesh, hl_mesh_edge_counts *counts);

#endif /* HL_CORE_MESH_EDGES_H */
