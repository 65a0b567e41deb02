/* SPDX-License-Identifier: MIT */
/* sfm/global/view_links.h -- the graph of photos and pairs: who is joined to whom, what hangs
 * together, which edges the triangles around them confirm, and the tree to start from. */
#ifndef HL_SFM_GLOBAL_VIEW_LINKS_H
#define HL_SFM_GLOBAL_VIEW_LINKS_H

#include "sfm/global.h"

typedef struct hl_view_link {
    int32_t other; /* photo at the far end */
    int32_t edge;
} hl_view_link;

typedef struct hl_view_links {
    int32_t count, edge_count;
    const hl_turn_edge *edges;
    int32_t *start;      /* (count + 1) into links                     */
    hl_view_link *links; /* (2 edge_count), by other, then edge        */
} hl_view_links;

/* Errors: HL_E_ARG (an edge joins photos that are not there, or one with itself), HL_E_MEMORY. */
hl_status hl_view_links_create(hl_view_links *g, int32_t count, const hl_turn_edge *edges,
                               int32_t edge_count);
void hl_view_links_release(hl_view_links *g);

/* has (count): photos of the largest part that active edges (edge_count) join; the part with the
 * lowest photo of equals.  Edges with an end outside become inactive. */
hl_status hl_view_links_largest(const hl_view_links *g, bool *active, bool *has);

/* trust (edge_count): weight times the share of triangles over the edge that close within
 * HL_TRIANGLE_DEG, (1 + good) / (2 + all). */
#define HL_TRIANGLE_DEG 5
void hl_view_links_trust(const hl_view_links *g, double *trust);

/* parent_edge (count): the edge of the heaviest spanning tree that leads to the photo; -1 for the
 * root (the photo with most links) and for photos that `has` leaves out.  order (count): photos of
 * the tree, parents first; returns how many, < 0 out of memory. */
int32_t hl_view_links_tree(const hl_view_links *g, const double *trust, const bool *active,
                           const bool *has, int32_t *parent_edge, int32_t *order);

/* Rotation of an edge out of one of its ends: other_from_photo. */
void hl_view_links_turn(const hl_turn_edge *edge, int32_t from, double r[9]);

#endif /* HL_SFM_GLOBAL_VIEW_LINKS_H */
