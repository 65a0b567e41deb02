/* SPDX-License-Identifier: MIT */
#include "core/memory.h"
#include "core/mesh_edit.h"

#if HL_WITH_MESHOPTIMIZER

#include <string.h>

#include <meshoptimizer.h>

_Static_assert(sizeof(unsigned int) == sizeof(uint32_t), "meshoptimizer's indices are ours");

hl_status hl_mesh_simplify(hl_mesh *mesh, int32_t triangles, float error, float *moved)
{
    if (triangles < 0 || !(error >= 0) || mesh->uv)
        return hl_fail(HL_E_ARG,
                       "simplify to %d triangles within %g: expected a target of 0 or "
                       "more and a mesh without texture coordinates",
                       (int)triangles, (double)error);
    if (moved)
        *moved = 0;
    if (mesh->triangle_count <= triangles)
        return HL_OK;
    const size_t corners = 3 * (size_t)mesh->triangle_count, n = (size_t)mesh->vertex_count;
    const float scale = meshopt_simplifyScale(mesh->positions, n, 3 * sizeof(float));
    uint32_t *fewer = hl_alloc(corners, sizeof *fewer);
    if (!fewer)
        return HL_E_MEMORY;
    float made = 0;
    const size_t left =
        meshopt_simplify(fewer, mesh->triangles, corners, mesh->positions, n, 3 * sizeof(float),
                         3 * (size_t)triangles, scale > 0 ? error / scale : 0, 0, &made);
    memcpy(mesh->triangles, fewer, left * sizeof *fewer);
    mesh->triangle_count = (int32_t)(left / 3);
    hl_free(fewer);
    if (moved)
        *moved = made * scale;
    HL_TRY(hl_mesh_drop_folds(mesh, NULL));
    HL_TRY(hl_mesh_compact(mesh));
    return mesh->normals ? hl_mesh_fill_normals(mesh) : HL_OK;
}

#else

hl_status hl_mesh_simplify(hl_mesh *mesh, int32_t triangles, float error, float *moved)
{
    (void)mesh;
    (void)triangles;
    (void)error;
    (void)moved;
    return hl_fail(HL_E_BACKEND, "this build cannot simplify meshes: it was made without "
                                 "meshoptimizer (package libmeshoptimizer-dev)");
}

#endif
