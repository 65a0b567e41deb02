/* SPDX-License-Identifier: MIT */
/* core/mesh.h -- triangle meshes: what rays hit, what light bounces from, what GLB files hold.
 *
 * World frame, unit of the scene.  The outside of a triangle is where its corners run
 * counter-clockwise in right-handed axes: face normal (b - a) x (c - a).  Attributes sit on the
 * vertices; every one but positions and triangles may be absent (NULL).
 *
 * Ownership: hl_mesh_create takes each array from core/memory.h and hl_mesh_release frees it; an
 * hl_mesh filled with borrowed arrays must not be released.  Functions that only read may run in
 * several threads at once.
 */
#ifndef HL_CORE_MESH_H
#define HL_CORE_MESH_H

#include "core/status.h"

#include <stdint.h>

/* Counts stay below this, so that 3 * triangle_count fits int32_t. */
#define HL_MESH_COUNT_MAX (INT32_MAX / 16)

/* Which optional arrays hl_mesh_create makes. */
enum {
    HL_MESH_NORMALS = 1 << 0,
    HL_MESH_ALBEDO = 1 << 1,
    HL_MESH_ROUGHNESS = 1 << 2,
    HL_MESH_METAL = 1 << 3,
    HL_MESH_UV = 1 << 4
};

typedef struct hl_mesh {
    int32_t vertex_count;   /* n, 0 .. HL_MESH_COUNT_MAX */
    int32_t triangle_count; /* t, 0 .. HL_MESH_COUNT_MAX */
    float *positions;       /* (n, 3)                                         */
    uint32_t *triangles;    /* (t, 3), each below n                           */
    float *normals;         /* (n, 3) unit, or NULL                           */
    float *albedo;          /* (n, 3) linear Rec.709 in [0, 1], or NULL       */
    float *roughness;       /* (n) perceptual: squared inside GGX, or NULL    */
    float *metal;           /* (n) in [0, 1], or NULL                         */
    float *uv;              /* (n, 2) origin top left, v down (glTF), or NULL */
} hl_mesh;

/* Zeroed arrays of the given sizes; `attributes` is a sum of HL_MESH_...
 * Errors: HL_E_ARG (counts), HL_E_MEMORY; *mesh is then untouched. */
hl_status hl_mesh_create(hl_mesh *mesh, int32_t vertex_count, int32_t triangle_count,
                         unsigned attributes);

/* Frees every array and zeroes *mesh. */
void hl_mesh_release(hl_mesh *mesh);

/* Counts in range, arrays present, indices below n, every number finite; materials in [0, 1].
 * HL_E_FORMAT names the first vertex or triangle that is wrong. */
hl_status hl_mesh_validate(const hl_mesh *mesh);

/* Smallest box around all vertices.  A mesh without vertices gives lo = hi = 0. */
void hl_mesh_bounds(const hl_mesh *mesh, float lo[3], float hi[3]);

/* out (3): (b - a) x (c - a) of a triangle: twice the area long, in double so that slivers keep a
 * direction. */
void hl_mesh_face_cross(const hl_mesh *mesh, int64_t triangle, double out[3]);

/* Sum of triangle areas, unit^2. */
double hl_mesh_area(const hl_mesh *mesh);

/* Mean length of the sides of all triangles, unit; there is at least one triangle. */
float hl_mesh_mean_edge(const hl_mesh *mesh);

/* Area-weighted face normals summed at the vertices and normalised, into mesh->normals, which is
 * made where it is absent.  A vertex without area keeps (0, 0, 0).  HL_E_MEMORY. */
hl_status hl_mesh_fill_normals(hl_mesh *mesh);

#endif /* HL_CORE_MESH_H */
