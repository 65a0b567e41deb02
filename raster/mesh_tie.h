/* SPDX-License-Identifier: MIT */
/* raster/mesh_tie.h -- splats held to a mesh of the same surface: the second step of the hybrid.
 *
 * Splats under a surface ("hidden Gaussians", Choi and Yoo 2024, Phys3DGS) colour the pictures of
 * training and spoil every other light.  With a mesh of the scene they can be kept out: they are
 * dropped at the start, no picture sees them (depth window), and what is left is drawn to the
 * mesh.  h is the mean edge of the mesh.
 *
 *   in the picture   depth against the mesh's, normals against the mesh's (raster/loss.h), and a
 *                    window of depths around the mesh outside which no splat counts
 *   on the splats    every few steps, for those within 4 h of the mesh: the distance from it and
 *                    the angle between thinnest axis and surface shrink by a share; those under
 *                    it by h and a deviation of their own fade
 *
 * Splats farther away (background, hair) stay free.  Nothing is remembered between steps, so a
 * resumed run gives the bytes of the straight one, and so does any thread count.
 */
#ifndef HL_RASTER_MESH_TIE_H
#define HL_RASTER_MESH_TIE_H

#include "core/splats.h"
#include "raster/mesh_view.h"

typedef struct hl_mesh_tie hl_mesh_tie;

/* mesh: borrowed, with normals, whose outside is where splats belong.  HL_E_ARG (no triangles, no
 * normals), HL_E_FORMAT (broken mesh), HL_E_MEMORY. */
hl_status hl_mesh_tie_create(hl_mesh_tie **out, const hl_mesh *mesh);
void hl_mesh_tie_destroy(hl_mesh_tie **tie);

float hl_mesh_tie_edge(const hl_mesh_tie *tie); /* h */

/* Makes the splats fit to be held: drops those under the mesh by 2 h and one deviation of their own
 * (down to 20 h: what is deeper is another thing), and adds flat grey ones where the mesh has none
 * within h or two deviations of a typical one, as far as the capacity allows.  opacity: of the new
 * ones.  dropped, added: out, how many.  HL_E_MEMORY. */
hl_status hl_mesh_tie_start(const hl_mesh_tie *tie, hl_splats *splats, float opacity, uint64_t seed,
                            int32_t *dropped, int32_t *added);

/* What hl_mesh_tie_pull does in one call. */
typedef struct hl_mesh_tie_pull_options {
    float offset; /* share of the distance that is taken away, 0..1 */
    float turn;   /* share of the angle                             */
    float fade;   /* taken off the logit of hidden splats' opacity  */
} hl_mesh_tie_pull_options;

void hl_mesh_tie_pull(const hl_mesh_tie *tie, hl_splats *splats,
                      const hl_mesh_tie_pull_options *options);

/* The mesh in a view.  Arrays belong to the tie until the next call.  HL_E_MEMORY. */
typedef struct hl_mesh_tie_maps {
    const float *depth, *normal, *window; /* raster/mesh_view.h */
    float mean_depth;                     /* of the pixels that see the mesh, 0: none do */
} hl_mesh_tie_maps;

hl_status hl_mesh_tie_view(hl_mesh_tie *tie, const hl_raster_view *view, float window_edges,
                           hl_mesh_tie_maps *maps);

#endif /* HL_RASTER_MESH_TIE_H */
