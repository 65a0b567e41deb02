/* SPDX-License-Identifier: MIT */
/* core/mesh_edit.h -- cleaning of extracted meshes: stray pieces, small holes, too many triangles.
 *
 * Every function works in place, keeps the order of what stays, and gives the same bytes for the
 * same input.  All attributes are carried along.  On failure the mesh is as it was.
 */
#ifndef HL_CORE_MESH_EDIT_H
#define HL_CORE_MESH_EDIT_H

#include "core/mesh.h"

/* Drops vertices that no triangle names.  HL_E_MEMORY. */
hl_status hl_mesh_compact(hl_mesh *mesh);

/* Drops pieces (connected through shared vertices) of fewer than `triangles` triangles or of less
 * than `share` of the largest piece's; then compacts.  *pieces (may be NULL): how many stay.
 * HL_E_MEMORY. */
hl_status hl_mesh_keep_large(hl_mesh *mesh, int32_t triangles, double share, int32_t *pieces);

/* Closes each hole whose border is one loop of at most `edges` edges by a fan around the mean of
 * its vertices.  Border vertices where two holes meet are left alone.
 * *filled (may be NULL): holes closed.  HL_E_MEMORY, HL_E_ARG (mesh would grow too large). */
hl_status hl_mesh_fill_holes(hl_mesh *mesh, int32_t edges, int32_t *filled);

/* Drops triangles that lie on one another: of those with the same three vertices, one that faces
 * each way cancels one that faces the other, and at most one is left.  Such folds hang on surfaces
 * that were simplified.  Vertices stay.  *dropped (may be NULL): triangles less.  HL_E_MEMORY. */
hl_status hl_mesh_drop_folds(hl_mesh *mesh, int32_t *dropped);

/* Collapses edges until `triangles` are left or the surface would move by more than `error` scene
 * units, then drops folds; normals, where present, are computed anew.  Attributes are those of the
 * vertices that stay.  *moved (may be NULL): largest error made, scene units. HL_E_BACKEND in a
 * build without meshoptimizer, HL_E_ARG (uv: seams would tear), HL_E_MEMORY. Source: Garland and
 * Heckbert 1997, by meshoptimizer. */
hl_status hl_mesh_simplify(hl_mesh *mesh, int32_t triangles, float error, float *moved);

/* Number of edges that only one triangle has; 0 for a closed surface.  -1: out of memory. */
int32_t hl_mesh_border_edges(const hl_mesh *mesh);

#endif /* HL_CORE_MESH_EDIT_H */
