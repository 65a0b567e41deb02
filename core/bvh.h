/* SPDX-License-Identifier: MIT */
/* core/bvh.h -- a tree over the triangles of a mesh that answers rays and finds the nearest point.
 *
 * Built top-down with binned surface areas (Wald 2007, "On fast Construction of SAH-based
 * Bounding Volume Hierarchies"), in parallel, with the same bytes for any number of threads.
 * The tree copies what it needs: the mesh may go once it is built.  Traversal: core/bvh_hd.h.
 */
#ifndef HL_CORE_BVH_H
#define HL_CORE_BVH_H

#include "core/bvh_hd.h"
#include "core/mesh.h"

#include <stdbool.h>

typedef struct hl_bvh_wide hl_bvh_wide; /* eight children a node: core/bvh/wide.h */

typedef struct hl_bvh {
    hl_bvh_node *nodes; /* (node_count), root first, parents before children; owned */
    int32_t node_count;
    hl_bvh_triangle *triangles; /* (triangle_count), leaf by leaf; owned */
    int32_t triangle_count;
    hl_bvh_wide *wide; /* the same for AVX2; NULL where the processor has none; owned */
} hl_bvh;

/* Checks the mesh (hl_mesh_validate) and builds.  Triangles without area are kept; no ray hits
 * them.  HL_E_FORMAT for a broken mesh, HL_E_MEMORY; *bvh is then untouched. */
hl_status hl_bvh_create(hl_bvh *bvh, const hl_mesh *mesh);
void hl_bvh_release(hl_bvh *bvh);

/* The nearest hit; false and HL_HIT_NONE where there is none.  Any number of threads at once. */
bool hl_bvh_closest(const hl_bvh *bvh, const hl_ray *ray, hl_hit *hit);

/* Whether anything at all is hit: for shadows. */
bool hl_bvh_any(const hl_bvh *bvh, const hl_ray *ray);

/* The point of the surface nearest to a point. */
typedef struct hl_nearest {
    float at[3]; /* (1 - u - v) a + u b + v c                    */
    float u, v;
    float distance;
    uint32_t triangle; /* of the mesh; HL_HIT_NONE                     */
} hl_nearest;

/* false and HL_HIT_NONE where nothing is nearer than `limit`.  Any number of threads at once. */
bool hl_bvh_nearest(const hl_bvh *bvh, const float point[3], float limit, hl_nearest *nearest);

/* Embree 3 with the same questions: a second opinion and a yardstick, where it was found at
 * configure time; otherwise create fails with HL_E_BACKEND. */
typedef struct hl_embree hl_embree;
hl_status hl_embree_create(hl_embree **embree, const hl_mesh *mesh);
void hl_embree_destroy(hl_embree **embree);
bool hl_embree_closest(const hl_embree *embree, const hl_ray *ray, hl_hit *hit);
bool hl_embree_any(const hl_embree *embree, const hl_ray *ray);

#endif /* HL_CORE_BVH_H */
