/* SPDX-License-Identifier: MIT */
/* core/atlas/atlas.h -- the steps behind core/mesh_atlas.h. */
#ifndef HL_CORE_ATLAS_ATLAS_H
#define HL_CORE_ATLAS_ATLAS_H

#include "core/mesh_atlas.h"

typedef struct hl_atlas_charts {
    const hl_mesh *mesh;
    double *normals;     /* (t, 3) unit face normals, 0 where a face has no area */
    double *areas;       /* (t) */
    int32_t *neighbours; /* (t, 3) face across the edge from corner k to k + 1, -1: none */
    int32_t *chart;      /* (t) chart of each face, -1: not yet in one */
    int32_t *queue;      /* (t) scratch */
    int32_t count;       /* of charts */
} hl_atlas_charts;

/* Allocates, computes normals and neighbours; every face is still without a chart. */
hl_status hl_atlas_charts_init(hl_atlas_charts *charts, const hl_mesh *mesh);
void hl_atlas_charts_release(hl_atlas_charts *charts);
/* Grows charts until every face is in one. */
void hl_atlas_charts_grow(hl_atlas_charts *charts);

/* A chart laid flat. */
typedef struct hl_atlas_rect {
    double width, height; /* scene units, width >= height */
    int32_t x, y;         /* corner in the picture, texels, gutter included */
    int32_t chart;
} hl_atlas_rect;

/* Places all rectangles in a square; *scale gets texels per unit.  order (count) is
 * scratch.
 * HL_E_ARG where even single texels do not fit. */
hl_status hl_atlas_pack(hl_atlas_rect *rects, hl_atlas_rect *order, int32_t count, int32_t side,
                        double *scale);
/* Empty texels around each chart. */
int32_t hl_atlas_gutter(int32_t side);

/* For each texel centre the lowest face that covers it, -1: none.  ids (side, side).
 *   clash  NULL, or (t): set to 1 for a face that covers a texel well inside another one
 * Returns the number of faces set in clash. */
int32_t hl_atlas_rasterize(const hl_mesh *mesh, int32_t side, int32_t *ids, uint8_t *clash);

/* Barycentric weights of texel centre (x, y) in a face; false where the face has no area. */
bool hl_atlas_weights(const hl_mesh *mesh, int32_t face, int32_t side, const int32_t at[2],
                      double w[3]);

#endif /* HL_CORE_ATLAS_ATLAS_H */
