/* SPDX-License-Identifier: MIT */
/* raster/tsdf.h -- depth maps in, one surface out: a sparse truncated signed distance field.
 *
 *   hl_tsdf_create -> hl_tsdf_integrate for each view -> hl_tsdf_extract -> mesh
 *
 * Samples lie on a grid of spacing `voxel`; only blocks of 8 x 8 x 8 samples near a surface exist.
 * A sample holds the weighted mean, over the views that see it, of its distance to the seen
 * surface, measured along the surface's normal: positive in front, negative behind, cut at
 * `truncation`.  Memory is bounded by `blocks_max`; views are streamed, none is kept.
 *
 * The same views in the same order give the same bytes for any number of threads.  An hl_tsdf
 * belongs to one thread at a time.
 *
 * Source: Curless and Levoy 1996; Niessner et al. 2013 (blocks in a hash table); Lorensen and
 * Cline 1987 with the table derived in raster/mesh/cubes.c.
 */
#ifndef HL_RASTER_TSDF_H
#define HL_RASTER_TSDF_H

#include "core/mesh.h"
#include "raster/raster.h"

/* Bytes that a block takes. */
#define HL_TSDF_BLOCK_BYTES (512 * 5 * sizeof(float))

typedef struct hl_tsdf_options {
    float low[3], high[3]; /* box of interest, scene units; surfaces outside are ignored      */
    float voxel;           /* grid spacing, scene units; at most 2^20 samples along each side */
    float truncation;      /* scene units; 0: 4 voxels                                        */
    int32_t blocks_max;    /* 1 .. 2^24                                                       */
} hl_tsdf_options;

/* What one view saw.  Planes are (rows >= height, stride) floats as hl_raster_frame has them. */
typedef struct hl_tsdf_view {
    const hl_raster_view *camera;
    const float *depth;     /* along z, scene units; <= 0 or not finite: nothing seen        */
    const float *normal[3]; /* world frame, towards the camera, any length; NULL: from depth */
    const float *color[3];  /* any linear or coded colour, or NULL                           */
    int32_t stride;         /* floats of a row of normals and colours                        */
    int32_t depth_stride;   /* of a row of depths; 0: the same                               */
} hl_tsdf_view;

typedef struct hl_tsdf hl_tsdf;

/* Errors: HL_E_ARG (box, voxel, blocks), HL_E_MEMORY. */
hl_status hl_tsdf_create(hl_tsdf **out, const hl_tsdf_options *options);
void hl_tsdf_destroy(hl_tsdf **tsdf);

/* Pixels are left out where the surface turns away by more than 80 degrees and where depth jumps
 * to a neighbour (silhouettes, blends of two layers).
 * Errors: HL_E_MEMORY, also when blocks_max is reached (the sentence tells the voxel that fits). */
hl_status hl_tsdf_integrate(hl_tsdf *tsdf, const hl_tsdf_view *view);

int32_t hl_tsdf_block_count(const hl_tsdf *tsdf);

/* Trilinear reads between the eight samples around p; false where one of them was not seen.
 * distance: signed, scene units, within +-truncation.  color (3) may be NULL. */
bool hl_tsdf_read(const hl_tsdf *tsdf, const float p[3], float *distance, float *color);

/* Marching cubes over all cells whose eight samples were seen.  Outside of a triangle = front.
 * Neighbouring triangles share vertices; the surface is open where nothing was seen.  With colours
 * the mesh gets albedo (clamped to 0..1).  An empty field gives an empty mesh.
 * Errors: HL_E_MEMORY, HL_E_ARG (more vertices than a mesh holds). */
hl_status hl_tsdf_extract(const hl_tsdf *tsdf, hl_mesh *mesh);

#endif /* HL_RASTER_TSDF_H */
