/* SPDX-License-Identifier: MIT */
/* cli/mesh_check.h -- a mesh against the depth maps of its capture, and against its splats. */
#ifndef HL_CLI_MESH_CHECK_H
#define HL_CLI_MESH_CHECK_H

#include "cli/scene.h"
#include "core/mesh.h"

typedef struct mesh_check {
    double size;          /* longest side of the box of the true points, scene units            */
    double mesh_to_truth; /* mean distance of even samples of the mesh, scene units             */
    double truth_to_mesh; /* of even samples of the truth                                       */
    double stray;         /* share of the mesh's samples farther than STRAY x size, 0..1        */
    int32_t samples, truth;
} mesh_check;

/* True points are those of all depth maps, thinned to one per cell of size / 512.  Samples of the
 * mesh that every view finds behind what it sees are left out: nothing is known there.
 * HL_E_FORMAT where the capture has no depth maps. */
hl_status hl_mesh_check(mesh_check *check, const hl_scene *scene, const hl_mesh *mesh);

/* Mean angle between the mesh's normals and those of the capture's maps, degrees, over the pixels
 * of all maps that hold a normal and see the mesh; NaN where the capture has no such maps.
 * HL_E_FORMAT (not a map of normals, a broken mesh), HL_E_IO, HL_E_MEMORY. */
hl_status hl_mesh_check_normals(double *degrees, const hl_scene *scene, const hl_mesh *mesh);

/* How far mesh and splats are apart, scene units. */
typedef struct mesh_gap {
    double splats[2]; /* median and 95 %: from points on the splats to the mesh */
    double mesh[2];   /* from even samples of the mesh to points on the splats  */
} mesh_gap;

/* Splats of opacity 1/2 or more, by their centre and eight points of their two longer axes at one
 * standard deviation.  `voxel` sets how dense samples of the mesh are: the distances do not fall
 * below half of it, or of the spacing of the splats, and above 16 of it they all count as 16.
 * A scene without such splats gives NaN.  HL_E_MEMORY, HL_E_ARG (a mesh without area). */
hl_status hl_mesh_gap(mesh_gap *gap, const hl_splats *splats, const hl_mesh *mesh, float voxel);

#endif /* HL_CLI_MESH_CHECK_H */
