/* SPDX-License-Identifier: MIT */
/* viewer/bake_scene.h -- the surfaces of a bake: one mesh for the rays, and where on it every splat
 * lies. */
#ifndef HL_VIEWER_BAKE_SCENE_H
#define HL_VIEWER_BAKE_SCENE_H

#include "core/bvh.h"
#include "core/splats.h"
#include "relight/irradiance.h"

/* The point of the mesh that a splat takes its light from; HL_HIT_NONE: none is near. */
typedef struct hl_bake_place {
    uint32_t triangle;
    float u, v;
} hl_bake_place;

typedef struct hl_bake_scene {
    hl_mesh mesh; /* the seen one first; owned, with normals and albedo */
    int32_t seen_vertices;
    bool bare; /* the one that stands in came without albedo    */
    int32_t splat_count;
    float *centers, *normals; /* (splat_count, 3), owned                     */
    float *albedos;           /* (splat_count, 3) linear, owned              */
    float *reach;             /* (splat_count) largest standard deviation    */
    bool prepared;            /* what follows is there:                      */
    hl_bvh bvh;
    hl_bake_place *places; /* (splat_count), owned                        */
    float offset;          /* of rays                                     */
} hl_bake_scene;

/* Copies; the long part is left to prepare.  HL_E_MEMORY. */
hl_status hl_bake_scene_create(hl_bake_scene **scene, const hl_mesh *seen, const hl_mesh *stand_in,
                               const hl_splats *splats, const float *materials);

/* The tree, the places of the splats, the albedo that they lend.  Nothing the second time. */
hl_status hl_bake_scene_prepare(hl_bake_scene *scene);
void hl_bake_scene_destroy(hl_bake_scene **scene);

#endif /* HL_VIEWER_BAKE_SCENE_H */
