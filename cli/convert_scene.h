/* SPDX-License-Identifier: MIT */
/* cli/convert_scene.h -- what helio convert makes of a scene with materials: splats with their
 * light baked in, or a mesh with textures. */
#ifndef HL_CLI_CONVERT_SCENE_H
#define HL_CLI_CONVERT_SCENE_H

#include "core/splat_io.h"

typedef struct hl_convert_scene {
    const char *input;    /* a .helio file with materials and a mesh                  */
    const char *output;   /*                                                          */
    const char *light;    /* as helio relight --env takes one; NULL for a mesh        */
    int32_t texture_size; /* texels a side; 0: materials at the vertices alone        */
    uint64_t seed;
} hl_convert_scene;

/* Splats whose colours are those of the light.  splats->count: out. */
hl_status hl_convert_baked(const hl_convert_scene *o, const hl_splat_save_options *save,
                           int32_t *splat_count);

/* The mesh as .glb or .obj. */
hl_status hl_convert_mesh(const hl_convert_scene *o, int32_t *triangle_count);

#endif /* HL_CLI_CONVERT_SCENE_H */
