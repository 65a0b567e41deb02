/* SPDX-License-Identifier: MIT */
/* core/mesh_distance.h -- how far two surfaces are apart: even samples of a mesh, nearest points.
 *
 * The Chamfer distance of a mesh and a surface known by points is the mean of
 * hl_points_nearest(samples of the mesh, points) and of the other way round.  Vertices are no
 * samples: where triangles are small there are many of them.
 */
#ifndef HL_CORE_MESH_DISTANCE_H
#define HL_CORE_MESH_DISTANCE_H

#include "core/mesh.h"

/* `count` points evenly over the area of the mesh: one in each of `count` equal shares of it,
 * counter-based random within.  points (count, 3): out.  HL_E_ARG (a mesh without area),
 * HL_E_MEMORY. */
hl_status hl_mesh_sample(const hl_mesh *mesh, int32_t count, uint64_t seed, float *points);

/* Keeps one point of each cell of side `cell`: the first in order.  points (count, 3): compacted in
 * place.  Returns how many are left, -1: out of memory. */
int32_t hl_points_thin(float *points, int32_t count, float cell);

/* distance (count): from each of points (count, 3) to the nearest of others (other_count, 3); more
 * than `limit` becomes `limit`.  Errors: HL_E_ARG (limit not above 0), HL_E_MEMORY. */
hl_status hl_points_nearest(const float *points, int32_t count, const float *others,
                            int32_t other_count, float limit, float *distance);

#endif /* HL_CORE_MESH_DISTANCE_H */
