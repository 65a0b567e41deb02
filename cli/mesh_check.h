/* SPDX-License-Identifier: MIT */
/* cli/mesh_check.h -- a mesh against the depth maps of its capture. */
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

#endif /* HL_CLI_MESH_CHECK_H */
